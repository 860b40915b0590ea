"""Bound how long a blocking call waits for a silent peer.

It imports nothing of the project. Any thread.
"""

import contextlib
import socket
import struct


def bound_waits(sock: socket.socket, option: str, seconds: float) -> None:
    """Let each blocking read or write of a socket fail if its peer is silent for too long.

    Servers that make their connections blocking, such as gunicorn, undo Python's own timeout. This
    one is the system's, and connections inherit it from a listening socket. Some systems other
    than Linux don't know it; a laptop works without it.

    Args:
        sock: the socket.
        option: "SO_RCVTIMEO" for reading, "SO_SNDTIMEO" for writing (socket(7)).
        seconds: how long to wait; 0 waits for ever.
    """
    value = int(seconds), int(seconds % 1 * 1_000_000)
    # A struct timeval has longs, or 64-bit numbers on a 32-bit system with a 64-bit clock.
    for form in ("@ll", "@qq"):
        with contextlib.suppress(OSError, AttributeError):
            number = getattr(socket, option)
            sock.setsockopt(socket.SOL_SOCKET, number, struct.pack(form, *value))
            return
