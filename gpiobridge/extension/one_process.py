"""Processes of one HTTP server that can't share the pins: several workers, or a late fork.

If one of them has said so in the log, its siblings don't repeat it: they share the log. Any HTTP
thread.
"""

import mmap
import os
import socket
import sys

from gpiobridge.errors import ServerError

SEVERAL_WORKERS = (
    "this server has several worker processes, but pins can't be shared: each would watch them for "
    "itself, and a press would move only the displays of one; start one worker with threads, which "
    "serves hundreds of displays: gunicorn -k gpiobridge.gunicorn.Worker --workers 1 --threads 8"
)

STARTED_BEFORE_FORK = (
    "the bridge was started before the server forked this process, so no pin is watched here; "
    "call start() only in the worker (in gunicorn's post_worker_init), or leave it out: "
    "the first request starts the bridge"
)

_markers: list[socket.socket] = []
_said = mmap.mmap(-1, 1)  # shared with the processes that are forked from this one


class SeveralWorkersError(ServerError):
    """The bridge can't run under a server with several worker processes."""

    def __init__(self) -> None:
        super().__init__(SEVERAL_WORKERS)


class StartedBeforeForkError(ServerError):
    """The bridge runs in the process from which this one was forked; its threads stayed there."""

    def __init__(self) -> None:
        super().__init__(STARTED_BEFORE_FORK)


def first_to_say_so() -> bool:
    """Whether no other worker, our sibling, has said it in the log yet."""
    if sys.platform != "linux":
        return True
    # Linux frees this name by itself when its owner ends (unix(7), abstract sockets).
    marker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        marker.bind(f"\0gpiobridge-workers-of-{os.getppid()}")
    except OSError:
        marker.close()
        return False
    _markers.append(marker)
    # Werkzeug can fork a process for each request; the name is free again after the request.
    first = _said[0] == 0
    _said[0] = 1
    return first
