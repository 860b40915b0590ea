"""A Wayland compositor as the kiosk's launcher sees it: whether it has ended, or has a screen.

An unplugged or switched-off screen is no longer an output of the compositor. Chromium then opens no
page, and nobody sees an open one. This module speaks Wayland's wire protocol (The Wayland Protocol,
chapter 4 and appendix A) on a socket that it is given. It runs on the caller's thread.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from gpiobridge.errors import KioskError
from gpiobridge.system import invocation

# In every connection wl_display is object 1; the client chooses the numbers of its own objects.
_REGISTRY, _CALLBACK = 2, 3
_ASK = struct.pack("=6I", 1, 12 << 16 | 1, _REGISTRY, 1, 12 << 16 | 0, _CALLBACK)
_HEAD = struct.Struct("=2I")
_GLOBAL, _GLOBAL_REMOVE = 0, 1
_OUTPUT = b"wl_output\0"


class Screen:
    """A connection to a compositor, to wait for and to read from like a socket.

    Args:
        connection: a connected and still unused socket; the caller closes it.

    Raises:
        OSError: the compositor has already ended.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unread = b""
        self._outputs: set[int] = set()
        self._known = False
        # Ask for its outputs, now and in future, and for a sign that the list is complete.
        connection.sendall(_ASK)

    @property
    def dark(self) -> bool:
        """Whether it is certain that no screen is connected and switched on."""
        return self._known and not self._outputs

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._connection.fileno()

    def recv(self, size: int) -> bytes:
        """Read what the compositor has sent; ``b""`` if it has ended.

        Args:
            size: the most bytes to read.
        """
        try:
            data = self._connection.recv(size)
        except ConnectionError:  # it was killed before it had read all of our bytes
            data = b""
        self._unread += data
        while len(self._unread) >= _HEAD.size:
            sender, word = _HEAD.unpack_from(self._unread)
            length = max(word >> 16, _HEAD.size)
            if len(self._unread) < length:
                break
            self._hear(sender, word & 0xFFFF, self._unread[_HEAD.size : length])
            self._unread = self._unread[length:]
        return data

    def _hear(self, sender: int, event: int, said: bytes) -> None:
        if sender == _CALLBACK:
            self._known = True
        elif sender == _REGISTRY and len(said) >= 4:
            (name,) = struct.unpack_from("=I", said)
            if event == _GLOBAL and said[8:].startswith(_OUTPUT):
                self._outputs.add(name)
            elif event == _GLOBAL_REMOVE:
                self._outputs.discard(name)


@contextlib.contextmanager
def connected_screen(environ: Mapping[str, str]) -> Iterator[Screen | None]:
    """Connect to the Wayland compositor, to learn of its end and its screens; None under X11.

    When cage ends, it waits for us. It ends this connection first.

    Args:
        environ: the environment, which names the screen.

    Raises:
        KioskError: there is no screen, or no compositor answers.
    """
    display = environ.get("WAYLAND_DISPLAY")
    if not display and not environ.get("DISPLAY"):
        raise KioskError(
            "there is no screen to show the page on: neither WAYLAND_DISPLAY nor DISPLAY is set; "
            "start it in a desktop session, or with cage: cage -- " + invocation.command("kiosk")
        )
    if not display:
        yield None
        return
    path = Path(environ.get("XDG_RUNTIME_DIR", ""), display)
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            screen = Screen(connection)
        except OSError as error:
            raise KioskError(f"no compositor answers at {path}: {error}") from error
        yield screen
