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

# In every connection wl_display is object 1; the client chooses the numbers of its own objects, one
# after the other.
_REGISTRY, _CALLBACK = 2, 3
_HEAD = struct.Struct("=2I")
_ASK_FOR_ALL = struct.pack("=3I", 1, 12 << 16 | 1, _REGISTRY)
_GLOBAL, _GLOBAL_REMOVE = 0, 1
_OUTPUT = b"wl_output\0"
_TELL_S = 10.0  # a compositor answers at once, unless the machine has much to do
_NAMED, _NAME = 4, 4  # the version in which an output says its name, and the event that says it


class Screen:
    """A connection to a compositor, to wait for and to read from like a socket.

    Args:
        connection: a connected and still unused socket; the caller closes it.
        connector: the one output that counts, such as "HDMI-A-1"; empty: every output does.

    Raises:
        OSError: the compositor has already ended.
    """

    def __init__(self, connection: socket.socket, connector: str = "") -> None:
        self._connection = connection
        self._connector = connector
        self._unread = b""
        self._outputs: dict[int, str] = {}  # the compositor's number of each -> its name
        self._asked: dict[int, int] = {}  # our number of an output -> the compositor's
        self._next = _CALLBACK
        self._answers = 0
        # Ask for its outputs, now and in future, and for a sign that the list is complete.
        connection.sendall(_ASK_FOR_ALL + self._sync())

    @property
    def dark(self) -> bool:
        """Whether it is certain that no screen is connected and switched on."""
        # An output of an old compositor has no name, and may be the right one.
        right = {"", self._connector}
        there = right & set(self._outputs.values()) if self._connector else self._outputs
        return self.known and not there

    @property
    def known(self) -> bool:
        """Whether the compositor has told of every output that it had at first."""
        return self._answers > (1 if self._connector else 0)

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
        if sender == self._callback:
            self._answers += 1
            if self._connector and self._answers == 1:
                self._send(self._sync())  # when this is answered, every output has said its name
        elif sender == _REGISTRY and len(said) >= 4:
            (number,) = struct.unpack_from("=I", said)
            if event == _GLOBAL and said[8:].startswith(_OUTPUT):
                self._outputs[number] = ""
                (version,) = struct.unpack_from("=I", said[-4:])
                if self._connector and version >= _NAMED:
                    self._send(self._bind(number))
            elif event == _GLOBAL_REMOVE:
                self._outputs.pop(number, None)
        elif event == _NAME and self._asked.get(sender) in self._outputs:
            self._outputs[self._asked[sender]] = said[4:].split(b"\0")[0].decode(errors="replace")

    def _sync(self) -> bytes:
        """Ask for a sign that all until now was answered."""
        self._callback = self._new()
        return struct.pack("=3I", 1, 12 << 16 | 0, self._callback)

    def _bind(self, number: int) -> bytes:
        """Ask an output for what it has to say of itself."""
        ours = self._new()
        self._asked[ours] = number
        text = _OUTPUT.ljust(12, b"\0")
        head = struct.pack("=4I", _REGISTRY, 36 << 16 | 0, number, len(_OUTPUT))
        return head + text + struct.pack("=2I", _NAMED, ours)

    def _new(self) -> int:
        """Take the number of a new object."""
        self._next += 1
        return self._next - 1

    def _send(self, request: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # it has ended: `recv` will say so
            self._connection.sendall(request)


@contextlib.contextmanager
def connected_screen(environ: Mapping[str, str], connector: str = "") -> Iterator[Screen | None]:
    """Connect to the Wayland compositor, to learn of its end and its screens; None under X11.

    When cage ends, it waits for us. It ends this connection first.

    Args:
        environ: the environment, which names the screen.
        connector: the one output that counts; empty: every output does.

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
            screen = Screen(connection, connector)
            # Of several kiosks, one whose screen is missing must not begin on that of another.
            connection.settimeout(_TELL_S)
            while connector and not screen.known and screen.recv(4096):
                pass
            connection.settimeout(None)
        except OSError as error:
            raise KioskError(f"no compositor answers at {path}: {error}") from error
        yield screen
