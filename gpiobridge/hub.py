"""The open sockets: adopt, broadcast, close, drop.

The hub owns every WebSocket after its handshake. The watcher's thread runs it, so there is no
lock; only `Slots` is shared with the HTTP threads. Writing never blocks: what the kernel doesn't
take waits in the display's outbox, and a display whose outbox overflows is dropped. A dead peer
is found by ``TCP_USER_TIMEOUT`` and by unanswered beats; WebSocket pings prove nothing about a
page.

Nothing is sent to a display between an edge that moves it and the close: what follows an edge shows
its page that the edge led nowhere.

It knows what a frame looks like (`wire`), not what it means.
"""

import contextlib
import logging
import selectors
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from wsproto import WSConnection
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from gpiobridge import wire
from gpiobridge.counts import Counts
from gpiobridge.wire import Close

log = logging.getLogger(__name__)

MAX_OUTBOX_BYTES = 64 * 1024
"""A display that is this far behind has stopped reading; it is dropped."""

MAX_FRAMES_A_SECOND = 500
"""A display that sends more is closed: each takes some 25 us of the watcher's time."""

CLOSE_WAIT_S = 1.0
"""How long a peer has, in seconds, to take our close frame and hang up."""

_SEND_BUFFER_BYTES = 16 * 1024  # frames are small; a big buffer only hides a stalled display
_USER_TIMEOUT_MS = 12_000  # unacknowledged for this long: the peer is gone (RFC 5482)
_RECEIVE_BYTES = 4096  # a turn's worth, so that one talkative peer can't hold up the others


class Gone(StrEnum):
    """Why a socket ended, as the log and the metrics say it."""

    LEFT = "left"
    WENT_AWAY = "went away"
    STOPPED_READING = "stopped reading"
    NO_ANSWER = "no longer answers"
    BROKE_A_RULE = "broke a rule"
    NO_HANG_UP = "did not hang up"


class Slots:
    """How many sockets may be open: taken before a handshake, given back when one is gone.

    HTTP threads and the watcher's share it.

    Args:
        limit: the most that may be taken at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one; False when none is left."""
        with self._lock:
            if self._taken >= self._limit:
                return False
            self._taken += 1
            return True

    def give_back(self) -> None:
        """Give one back."""
        with self._lock:
            self._taken -= 1


@dataclass(eq=False, slots=True)
class Display:
    """One socket, and the page at its other end.

    Args:
        sock: the connection, non-blocking; the display owns it.
        ws: the protocol state after the handshake.
        page: the name of the page that the socket named.
        root: the URL prefix under which the page was served, usually empty.
        cursors: what the page has already acted on, as it sent them.
        since: the cursor with which the page began, if it has had a socket before.
        name: what the page calls itself (``display=``), or an empty string.
    """

    sock: socket.socket
    ws: WSConnection
    page: str
    root: str = ""
    cursors: tuple[str, ...] = ()
    since: str = ""
    name: str = ""
    since_seq: int = 0  # the last event before its page began
    early: bytes = b""  # what came right behind the handshake
    outbox: bytearray = field(default_factory=bytearray)
    since_s: float = 0.0  # the second in which it sent so many frames:
    frames: int = 0
    received_bytes: int = 0  # of the message that is still coming in
    text: str = ""
    answers_beats: bool = False
    unanswered_beats: int = 0
    closing: bool = False  # our close frame is sent or queued: what still comes in is discarded

    def __str__(self) -> str:
        return f"{self.name or 'display'} on {self.page}"


class Hub:
    """All displays.

    Args:
        selector: the watcher's; each socket is registered with its `Display` as data.
        slots: given back when a display is gone.
        beat_s: after this many seconds without a frame every display gets a beat.
        counts: where connections are counted.
    """

    def __init__(
        self, selector: selectors.BaseSelector, slots: Slots, beat_s: float, counts: Counts
    ) -> None:
        self.displays: set[Display] = set()
        self._selector = selector
        self._slots = slots
        self._beat_s = beat_s
        self._counts = counts
        self._beat_frame = _text_frame(wire.BEAT)
        self._last_sent_s = 0.0
        self._closing: deque[tuple[float, Display]] = deque()  # by deadline

    def adopt(self, display: Display, texts: tuple[str, ...], now_s: float) -> None:
        """Take a display over from its handshake and tell it ``texts``."""
        with contextlib.suppress(OSError):  # a peer that has gone already shows when we write
            _tune(display.sock)
        if not self.displays:
            self._last_sent_s = now_s
        self.displays.add(display)
        self._counts.connected += 1
        self._selector.register(display.sock, selectors.EVENT_READ, display)
        log.info("%s connected, %d in all", display, len(self.displays))
        for text in texts:
            self._send(display, _text_frame(text))
        if display.early and display in self.displays:
            self._take_bytes(display, display.early, now_s)

    def broadcast(self, text: str, now_s: float) -> None:
        """Send a text frame, encoded once, to every display."""
        self._broadcast(_text_frame(text), now_s)

    def navigate(
        self, page: str, path: str, after: int, now_s: float, first: str | None = None
    ) -> int:
        """Let displays on ``page`` leave for ``path``.

        Args:
            page: a page's name.
            path: the path of the next page, without the display's URL prefix.
            after: only displays whose page began before this event.
            now_s: monotonic seconds.
            first: a text frame for them before the close.

        Returns:
            How many there were.
        """
        leaving = [
            display
            for display in self.displays
            if display.page == page and display.since_seq < after and not display.closing
        ]
        frame = b"" if first is None or not leaving else _text_frame(first)
        for display in leaving:
            if frame:
                self._send(display, frame)
            self.leave(display, path, now_s)
        return len(leaving)

    def leave(self, display: Display, path: str, now_s: float) -> None:
        """Close one display's socket with the path of its next page."""
        self.close(display, Close.NAVIGATE, display.root + path, now_s)

    def close(self, display: Display, code: int, reason: str, now_s: float) -> None:
        """Close one display's socket with ``code`` and ``reason``."""
        if display.closing:
            return
        if code in (Close.POLICY, Close.TOO_BIG):
            self._counts.gone[Gone.BROKE_A_RULE] += 1
            log.info("%s is closed: %s", display, reason)
        self._send_event(display, CloseConnection(code, reason))
        self._finish(display, now_s)

    def close_all(self, now_s: float) -> None:
        """Tell every display that the server stops."""
        for display in list(self.displays):
            self.close(display, Close.GOING_AWAY, "the server stops", now_s)

    def handle(self, display: Display, events: int, now_s: float) -> None:
        """Serve a display whose socket the selector reports as ready."""
        if events & selectors.EVENT_WRITE and display in self.displays:
            self._flush(display)
        if events & selectors.EVENT_READ and display in self.displays:
            self._receive(display, now_s)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due, in monotonic seconds; None while there is nothing to do."""
        if not self.displays:
            return None
        beat_s = self._last_sent_s + self._beat_s
        return min(beat_s, self._closing[0][0]) if self._closing else beat_s

    def tick(self, now_s: float) -> None:
        """Do what is due: beats, and the end of displays that don't hang up."""
        while self._closing and self._closing[0][0] <= now_s:
            display = self._closing.popleft()[1]
            if display in self.displays:
                self._drop(display, Gone.NO_HANG_UP)
        if self.displays and now_s >= self._last_sent_s + self._beat_s:
            for display in list(self.displays):
                display.unanswered_beats += 1
                if display.answers_beats and display.unanswered_beats > wire.MISSED_BEATS:
                    self._drop(display, Gone.NO_ANSWER)
            self._broadcast(self._beat_frame, now_s)

    def _broadcast(self, frame: bytes, now_s: float) -> None:
        self._last_sent_s = now_s
        for display in list(self.displays):
            if not display.closing:
                self._send(display, frame)

    def _send_event(self, display: Display, event: Event) -> None:
        # LocalProtocolError: the peer's close crossed with ours, and there is no more to say.
        with contextlib.suppress(LocalProtocolError):
            self._send(display, display.ws.send(event))

    def _send(self, display: Display, frame: bytes) -> None:
        """Queue a whole frame and write what the kernel takes now."""
        if display not in self.displays:
            return
        waiting = bool(display.outbox)
        display.outbox += frame
        if len(display.outbox) > MAX_OUTBOX_BYTES:
            self._drop(display, Gone.STOPPED_READING)
        elif not waiting:
            self._flush(display)

    def _flush(self, display: Display) -> None:
        try:
            sent = display.sock.send(display.outbox)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._drop(display, Gone.WENT_AWAY)
            return
        del display.outbox[:sent]
        if display.closing and not display.outbox:
            self._half_close(display)
            if display not in self.displays:
                return
        events = selectors.EVENT_READ
        if display.outbox:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(display.sock).events != events:
            self._selector.modify(display.sock, events, display)

    def _receive(self, display: Display, now_s: float) -> None:
        try:
            data = display.sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(display, Gone.LEFT)
        elif not display.closing:
            self._take_bytes(display, data, now_s)

    def _take_bytes(self, display: Display, data: bytes, now_s: float) -> None:
        if now_s >= display.since_s + 1.0:
            display.since_s, display.frames = now_s, 0
        display.ws.receive_data(data)
        for event in display.ws.events():
            display.frames += getattr(event, "frame_finished", True)  # not each piece
            if display.frames > MAX_FRAMES_A_SECOND:
                reason = f"at most {MAX_FRAMES_A_SECOND} frames a second"
                self.close(display, Close.POLICY, reason, now_s)
                return
            self._take(display, event, now_s)
            if display.closing or display not in self.displays:
                return

    def _take(self, display: Display, event: Event, now_s: float) -> None:
        if isinstance(event, TextMessage):
            self._take_text(display, event, now_s)
        elif isinstance(event, BytesMessage):
            self.close(display, Close.POLICY, "messages are JSON text", now_s)
        elif isinstance(event, Ping):
            self._send_event(display, event.response())
        elif isinstance(event, CloseConnection):
            # The peer's own close, or wsproto's word that the peer broke the protocol.
            self._send_event(display, event.response())
            self._finish(display, now_s)

    def _take_text(self, display: Display, event: TextMessage, now_s: float) -> None:
        display.received_bytes += len(event.data.encode())
        if display.received_bytes > wire.MAX_MESSAGE_BYTES:
            reason = f"a message is at most {wire.MAX_MESSAGE_BYTES} bytes"
            self.close(display, Close.TOO_BIG, reason, now_s)
            return
        display.text += event.data
        if not event.message_finished:
            return
        kind = wire.message_type(display.text)
        display.text = ""
        display.received_bytes = 0
        if kind is None:
            self.close(display, Close.POLICY, "a message is a JSON object with a type", now_s)
            return
        display.unanswered_beats = 0
        # Any other type is for a later version: a newer page may talk to an older server.
        if kind == "beat":
            display.answers_beats = True

    def _finish(self, display: Display, now_s: float) -> None:
        """Let the close frame out, then end our direction and wait for the peer's."""
        if display not in self.displays or display.closing:
            return
        display.closing = True
        self._closing.append((now_s + CLOSE_WAIT_S, display))
        if not display.outbox:
            self._half_close(display)

    def _half_close(self, display: Display) -> None:
        # A browser waits for the server to end TCP (RFC 6455, 7.1.1); closing outright could
        # reset the connection before the close frame is read.
        try:
            display.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(display, Gone.WENT_AWAY)

    def _drop(self, display: Display, why: Gone) -> None:
        if display not in self.displays:
            return
        self.displays.remove(display)
        self._selector.unregister(display.sock)
        display.sock.close()
        self._slots.give_back()
        self._counts.gone[why] += 1
        log.info("%s %s, %d in all", display, why, len(self.displays))


def _text_frame(text: str) -> bytes:
    # A server's frames aren't masked and, without compression, don't depend on the connection:
    # a fresh one encodes for all.
    return Connection(ConnectionType.SERVER).send(TextMessage(text))


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
