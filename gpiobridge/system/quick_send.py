"""Send on a non-blocking socket without giving up the interpreter's lock.

`socket.socket.send` gives the lock up for each call, although it never waits here. If another
thread computes, that thread takes the lock, and keeps it for the switch interval (`sys`, 5 ms by
default): with 200 displays the last one waited 870 ms for its frame, and 2 ms with this. Nothing
else in the standard library sends without giving the lock up.

Only on Linux, where a Pi needs it. Elsewhere, and where Python has no ctypes, nothing is sent here,
and the caller's ordinary `send` does it.
"""

import socket
import sys
from collections.abc import Callable
from typing import Any


def _find() -> tuple[Callable[..., int] | None, Callable[[int], Any]]:
    """Find the C library's ``send``, and the type of its length."""
    if sys.platform != "linux":
        return None, int
    try:
        import ctypes

        # PyDLL is CDLL that keeps the lock. It needs no memory that is both writable and
        # executable (only callbacks do), so MemoryDenyWriteExecute= allows it.
        send = ctypes.PyDLL(None).send
    except (ImportError, OSError, AttributeError, MemoryError):
        return None, int
    send.restype = ctypes.c_ssize_t
    return send, ctypes.c_size_t


_send, _size = _find()
_FLAGS = 0 if _send is None else socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


def send(sock: socket.socket, frame: bytes) -> int:
    """Send a frame on a non-blocking socket.

    Returns:
        How many bytes the kernel took. -1: none, and the socket's own ``send`` will say why.
    """
    if _send is None:
        return -1
    # A closed socket has the descriptor -1, never that of another one.
    return _send(sock.fileno(), frame, _size(len(frame)), _FLAGS)
