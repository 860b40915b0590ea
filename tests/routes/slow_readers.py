"""A feeder of files, and browsers that read from it as slowly as a test says."""

import io
import random
import socket
import threading
from dataclasses import dataclass
from typing import BinaryIO

from gpiobridge.routes.file_feeder import FileFeeder
from gpiobridge.routes.files import PIECE_BYTES

DEADLINE_S = 10.0
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
FILM = random.Random(1).randbytes(3 * PIECE_BYTES)


class WatchedFile(io.BytesIO):
    """A file that says when it was closed, and so its reader cut off or done."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.done = threading.Event()

    def close(self) -> None:
        """Say so."""
        super().close()
        self.done.set()


class Readers:
    """A feeder, and the browsers that read from it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.feeder = FileFeeder(clock=lambda: self.now_s)
        self.sockets: list[socket.socket] = []

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Make a connection: the server's end and the browser's."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(DEADLINE_S)
        self.sockets += [ours, theirs]
        return ours, theirs

    def read_from(
        self, file: BinaryIO, length: int, client: str | None = None, buffer_bytes: int = 0
    ) -> socket.socket:
        """Let the feeder send ``length`` bytes of ``file``; return the browser's end."""
        ours, theirs = self.connect()
        ours.setblocking(False)
        if buffer_bytes:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        self.feeder.feed(ours, HEAD, file, length, client)
        return theirs

    def join(self, client: str | None) -> "Slow":
        """Begin to read a film, and take its head; the film itself waits in the small buffer."""
        file = WatchedFile(FILM)
        self.now_s += 0.01
        browser = self.read_from(file, len(FILM), client, buffer_bytes=4096)
        slow = Slow(self, file, browser)
        slow.take(len(HEAD))
        return slow

    def settle(self) -> None:
        """Let the feeder send at this time what it can send now, and see who is to go."""
        for _ in range(2):
            read_all(self.read_from(io.BytesIO(b"."), 1))

    def room(self, client: str | None) -> bool:
        """Ask for room as a request does."""
        return self.feeder.make_room(client)

    def close(self) -> None:
        """Stop the feeder and close every socket."""
        self.feeder.stop()
        for sock in self.sockets:
            sock.close()


@dataclass
class Slow:
    """A reader that takes what a test says."""

    readers: Readers
    file: WatchedFile
    browser: socket.socket

    def take(self, count: int) -> None:
        """Take so many bytes, and let as many follow."""
        while count:
            piece = self.browser.recv(min(count, 65536))
            assert piece, "it was cut off"
            count -= len(piece)
        self.readers.settle()

    @property
    def gone(self) -> bool:
        """Whether it was cut off; it has a while to be."""
        return self.file.done.wait(DEADLINE_S)

    @property
    def stays(self) -> bool:
        """Whether it is still there."""
        return not self.file.done.is_set()


def read_all(sock: socket.socket, piece_bytes: int = 65536) -> bytes:
    """Read until the other end closes."""
    return b"".join(iter(lambda: sock.recv(piece_bytes), b""))


def feeding() -> bool:
    """Whether there is a feeder thread."""
    return any(thread.name == "gpiobridge-files" for thread in threading.enumerate())
