"""Several worker processes of one HTTP server, which can't share the pins."""

import os
import socket
import sys

from gpiobridge.errors import ServerError

SEVERAL_WORKERS = (
    "this server has several worker processes, but pins can't be shared: each would watch them for "
    "itself, and a press would move only the displays of one; start one worker with threads "
    "(gunicorn --workers 1 --threads 8), which serves hundreds of displays"
)

_markers: list[socket.socket] = []


class SeveralWorkersError(ServerError):
    """The bridge can't run under a server with several worker processes."""

    def __init__(self) -> None:
        super().__init__(SEVERAL_WORKERS)


def first_to_say_so() -> bool:
    """Whether none of the other workers, our siblings, has said it in the log already."""
    if sys.platform != "linux":
        return True
    # A name that Linux frees by itself when its owner ends (unix(7), abstract sockets).
    marker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        marker.bind(f"\0gpiobridge-workers-of-{os.getppid()}")
    except OSError:
        marker.close()
        return False
    _markers.append(marker)
    return True
