"""How long a blocking call waits for a peer that is silent.

It imports nothing of the project; any thread.
"""

import contextlib
import socket
import struct


def bound_waits(sock: socket.socket, option: str, seconds: float) -> None:
    """Let each blocking read or write of a socket fail when its peer is silent for so long.

    Python's own timeout is undone by servers that make their connections blocking, such as
    gunicorn; this one is the system's, and connections inherit it from a listening socket. Where it
    is unknown, as off Linux, a laptop does without.

    Args:
        sock: the socket.
        option: "SO_RCVTIMEO" for reading, "SO_SNDTIMEO" for writing (socket(7)).
        seconds: 0 is for ever.
    """
    value = int(seconds), int(seconds % 1 * 1_000_000)
    # A struct timeval: of longs, or of 64 bits on a 32-bit system with a 64-bit clock.
    for form in ("@ll", "@qq"):
        with contextlib.suppress(OSError, AttributeError):
            number = getattr(socket, option)
            sock.setsockopt(socket.SOL_SOCKET, number, struct.pack(form, *value))
            return
