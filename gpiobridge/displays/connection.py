"""One WebSocket after its handshake: what is known of it, and what waits to go out.

`sockets` holds all of them, on the watcher's thread. Two things wait here. The outbox has the bytes
that go out next. Behind it are messages of the application; their encoded frames are shared with
all other displays. An edge goes into the outbox at once, so a press never waits behind messages.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Any, Literal, NamedTuple

from wsproto import WSConnection
from wsproto import connection as protocol
from wsproto.events import CloseConnection, TextMessage
from wsproto.frame_protocol import Frame

from gpiobridge.core import wire
from gpiobridge.core.events import Level, Standing
from gpiobridge.core.wire import Close
from gpiobridge.displays.audience import Display, named
from gpiobridge.displays.journey import Shown
from gpiobridge.displays.slots import Slot

LINES = 100
"""How many lines of a kind, such as displays that join, are logged a minute; others are counted."""

_SEND_BUFFER_BYTES = 16 * 1024  # frames are small; a bigger buffer only hides a stalled display
_BAD_GATEWAY = (1014).to_bytes(2, "big")
_NORMAL_CLOSURE = (1000).to_bytes(2, "big")
_BEAT = wire.BEAT.encode()
_BEAT_NUMBER = int.from_bytes(_BEAT, "big")
_BEAT_HEAD = bytes((0x81, 0x80 | len(_BEAT)))  # of a client's frame: masked
BEAT_BYTES = 2 + 4 + len(_BEAT)
"""The length of a client's beat: head, mask, text."""

_USER_TIMEOUT_MS = 12_000  # if data stays unacknowledged for so long, the peer is gone (RFC 5482)


class RuleBrokenError(Exception):
    """A page has sent something forbidden; the text is the reason of the close.

    Args:
        code: the close's code.
        reason: a sentence without its full stop.
    """

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class DisplayStatus(NamedTuple):
    """What is known of an open display. Times are monotonic seconds.

    Args:
        display: the display.
        address: where it is on the network; empty behind a proxy, which alone knows it.
        on_page_s: since when it is on its page.
        heard_s: when it last sent anything.
        shown: what its page has said of being shown; None before.
    """

    display: Display
    address: str
    on_page_s: float
    heard_s: float
    shown: Shown | None


@dataclass(eq=False, slots=True, weakref_slot=True)
class Connection:
    """One socket, and the display at its other end.

    Args:
        sock: the connection, non-blocking, owned from now on.
        ws: the protocol state after the handshake.
        display: the page at the other end, as the socket named it.
        root: the URL prefix under which the page was served, usually empty.
        cursors: what the page has already acted on, as it sent them.
        since: the cursor with which the page began, if it has had a socket before.
        taking_since_s: since when the page takes presses, in monotonic seconds: always (``-inf``),
            or not now (None).
        declined: pins and levels whose moves the page has declined.
        early: bytes that came right behind the handshake.
        slot: its right to be open; it also says who the client is.
        pins: the pins that the display obeys; None: all.
        address: where it is on the network; empty behind a proxy.
        of_kiosk: whether its page is on this machine's own kiosk, which has proven that in this run
            (`own_kiosks`). Neither a display's name nor a loopback address proves it. It may become
            true while the page is open: after the bridge's restart the kiosk proves itself anew.
        has_token: whether it has sent the display's own token.
        may: what the configuration lets the display's pages do beyond looking; None if it doesn't
            say.
        refused: the name that it isn't allowed to have; empty for none.
    """

    sock: socket.socket
    ws: WSConnection | protocol.Connection
    display: Display
    root: str = ""
    cursors: tuple[str, ...] = ()
    since: str = ""
    taking_since_s: float | None = -inf
    declined: frozenset[tuple[str, Level]] = frozenset()
    early: bytes = b""
    slot: Slot = field(default_factory=Slot)
    pins: frozenset[str] | None = None
    address: str = ""
    of_kiosk: bool = False
    has_token: bool = False
    may: frozenset[str] | None = None
    refused: str = ""
    # Which events count on its page; known when it joins.
    standing: Standing = field(default_factory=lambda: Standing("", 0, 0))
    behind: bool = False  # something waits in the outbox, and the selector watches for room
    outbox: bytearray = field(default_factory=bytearray)
    # A list: an empty deque takes 600 bytes, and nearly all displays have nothing that waits.
    messages: list[bytes] = field(default_factory=list)
    messages_bytes: int = 0
    second_s: float = -inf  # the second in which it sent so many frames and bytes:
    frames: int = 0
    work: int = 0  # its frames, and the pieces of frames that came separately
    second_bytes: int = 0
    # All that has come was whole short frames, one at a time: ``ws`` holds no piece of a frame.
    clean: bool = True
    unread: bool = False  # the protocol holds bytes of it that were not read yet
    received_bytes: int = 0  # of the message that is still coming in
    text: str = ""
    heard_s: float = 0.0  # when it has last sent anything, in monotonic seconds
    answers_beats: bool = False
    unanswered_beats: int = 0
    idle: bool = False  # its page has said that it leaves because nobody uses it
    # Our close frame is sent or queued, which ``ws`` doesn't know: only the peer's close counts.
    closing: bool = False
    peer_closed: bool = False  # its close frame has come
    broke_a_rule: bool = False  # it is closed for this reason

    def __post_init__(self) -> None:
        _let_1014_pass(self.ws)

    @property
    def status(self) -> "DisplayStatus":
        """What is known of the display now; any thread."""
        shown, since_s = self.slot.shown, self.slot.on_page_s
        return DisplayStatus(self.display, self.address, since_s, self.heard_s, shown)

    def __str__(self) -> str:
        return f"{named(self.display)} on {self.display.page}"

    def is_allowed(self, what: Literal["press", "outputs"]) -> bool:
        """Whether its page may do this beyond looking."""
        if self.may is None:
            return self.of_kiosk
        return what in self.may and (self.of_kiosk or self.has_token)

    def tune(self) -> None:
        """Set the socket's options.

        Raises:
            OSError: the peer has gone already.
        """
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)

    def whole_text(self, piece: TextMessage) -> str | None:
        """Take a piece of a text frame; return the whole text with the last piece.

        Raises:
            RuleBrokenError: it is too long.
        """
        self.received_bytes += len(piece.data.encode())
        if self.received_bytes > wire.MAX_MESSAGE_BYTES:
            reason = f"a message is at most {wire.MAX_MESSAGE_BYTES} bytes"
            raise RuleBrokenError(Close.TOO_BIG, reason)
        self.text += piece.data
        if not piece.message_finished:
            return None
        text, self.text, self.received_bytes = self.text, "", 0
        return text

    def answered(self) -> None:
        """Note that its page answers beats."""
        self.answers_beats = True
        self.unanswered_beats = 0

    def put(self, message: bytes) -> None:
        """Queue a message's frame until its turn comes."""
        self.messages.append(message)
        self.messages_bytes += len(message)

    def fill_outbox(self) -> None:
        """Move the next message's frame into the outbox, which is empty."""
        message = self.messages.pop(0)
        self.messages_bytes -= len(message)
        self.outbox += message


def _let_1014_pass(ws: WSConnection | protocol.Connection) -> None:
    """Let a peer close with 1014 (bad gateway), which wsproto doesn't know.

    IANA's registry of close codes lists 1014, but wsproto 1.3 answers it with 1002.
    """
    frames: Any = getattr(getattr(ws, "connection", ws), "_proto", None)
    known: Callable[[Frame], Frame] | None = getattr(frames, "_process_close", None)
    if known is None:  # a version of the library with other internals
        return

    def process_close(frame: Frame) -> Frame:
        payload = frame.payload
        if not isinstance(payload, bytes) or payload[:2] != _BAD_GATEWAY:
            return known(frame)
        # Pass it on as a known code: wsproto still checks that the reason is UTF-8.
        closed: Any = known(frame._replace(payload=_NORMAL_CLOSURE + payload[2:])).payload
        return frame._replace(payload=(1014, closed[1]))

    frames._process_close = process_close


def text_frame(text: str) -> bytes:
    """Encode a text frame, once for all displays (RFC 6455, 5.2)."""
    # A server's frames aren't masked, and without compression they don't depend on the connection.
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def is_beat(data: bytes) -> bool:
    """Whether bytes of a client are one beat, whole and as our own script sends it, and no more."""
    if data[:2] != _BEAT_HEAD:
        return False
    mask = int.from_bytes((data[2:6] * 4)[: len(_BEAT)], "big")
    return int.from_bytes(data[6:], "big") ^ mask == _BEAT_NUMBER


def is_whole_frame(data: bytes) -> bool:
    """Whether bytes of a client are one short frame, whole and not of several pieces."""
    return 6 <= len(data) < 132 and data[0] & 0x80 != 0 and data[1] == 0x80 | len(data) - 6


@lru_cache(64)
def close_frame(code: int, reason: str) -> bytes:
    """Encode a close frame, once for all displays that are sent to the same page.

    The display's own protocol object isn't told of it: `Connection.closing` says that it is sent.
    """
    closing = CloseConnection(code, reason)
    return protocol.Connection(protocol.ConnectionType.SERVER).send(closing)
