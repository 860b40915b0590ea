"""What makes a Python server broadcast: a datagram, which one thread waits for."""

import socket
import threading
from collections.abc import Callable

TEXT = "x" * 100
"""What is broadcast: 100 bytes."""

PIN = "button-of-the-exhibit-hall"
"""The name of gpiobridge's pin, so long that an edge's frame has 100 bytes, too."""


def listen(port: int) -> socket.socket:
    """The socket to which the client sends a datagram for each broadcast."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    return sock


def start(port: int, broadcast: Callable[[bytes], None]) -> None:
    """Call ``broadcast`` with each datagram, on a thread of its own."""
    sock = listen(port)

    def wait() -> None:
        while True:
            broadcast(sock.recv(100))

    threading.Thread(target=wait, daemon=True, name="trigger").start()
