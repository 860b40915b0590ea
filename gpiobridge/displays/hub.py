"""The open sockets: adopt, broadcast, close, drop.

The hub owns every WebSocket after its handshake. The watcher's thread runs it, so there is no
lock. Writing never blocks: what the kernel doesn't take waits in the display's `Connection`, and a
display for which too much waits is dropped. A dead peer is found by ``TCP_USER_TIMEOUT`` and by
unanswered beats; WebSocket pings prove nothing about a page.

Reading takes turns: a little of each display that has sent something, one after the other, and for
as long as the watcher has time for it. Whoever sends more than its share is closed.

Nothing is sent to a display between an edge that moves it and the close: what follows an edge shows
its page that the edge led nowhere. Where something else moves it, a beat comes before the close.

It knows what a frame looks like (`wire`), and what a page says of itself; what a pin's event means,
it doesn't know.
"""

import contextlib
import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from gpiobridge.core import wire
from gpiobridge.core.events import CloseClients
from gpiobridge.core.wire import Close
from gpiobridge.displays.audience import Audience, SentMessage
from gpiobridge.displays.connection import Connection, text_frame
from gpiobridge.displays.observer import DisplayObserver, Gone, MovedBy
from gpiobridge.displays.slots import Slots
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

MAX_OUTBOX_BYTES = 64 * 1024
"""A display that is this far behind has stopped reading; it is dropped."""

MAX_MESSAGES_BYTES = 256 * 1024
"""The same for messages that the application has pushed and that wait for a display."""

MAX_FRAMES_A_SECOND = 500
"""A display that sends more is closed: each takes some 25 us of the watcher's time."""

MAX_CLIENT_FRAMES_A_SECOND = 5000
"""The same for all displays of one client together: 500 of them answer 250 beats in a second."""

MAX_CLIENT_BYTES_A_SECOND = 10 * 1024 * 1024
"""And in bytes, as long messages take more time than short ones: half a millisecond each."""

CLOSE_WAIT_S = 1.0
"""How long a peer has, in seconds, to take our close frame and hang up."""

LINES = 100
"""So many lines of a kind, such as displays that come, are logged a minute; others are counted."""

_RECEIVE_BYTES = 4096  # a turn's worth, so that one talkative peer can't hold up the others
_FRAMES_AT_ONCE = 32  # of those that came together, too: hundreds of tiny ones fit into 4 KiB


@dataclass(slots=True)
class _Tally:
    """What the open displays of one client have sent in this second."""

    displays: int = 0
    second_s: float = -inf
    work: int = 0  # frames, and pieces of frames that came alone
    second_bytes: int = 0


class Hub:
    """All displays.

    Args:
        selector: the watcher's; each socket is registered with its `Connection` as data.
        slots: given back when a display is gone.
        beat_s: after this many seconds without a frame every display gets a beat.
        observers: whoever is told what displays do.
        on_taking: is called when a page has said whether it takes presses.
        pages: the names of all pages.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        slots: Slots,
        beat_s: float,
        observers: Sequence[DisplayObserver] = (),
        on_taking: Callable[[Connection], None] = lambda connection: None,
        pages: Collection[str] = (),
    ) -> None:
        self.connections: set[Connection] = set()
        self._selector = selector
        self._slots = slots
        self._beat_s = beat_s
        self._observers = observers
        self._on_taking = on_taking
        self._pages = pages
        self._log = LogRate(log, LINES)
        self._beat_frame = text_frame(wire.BEAT)
        self._last_sent_s = 0.0
        self._closing: deque[tuple[float, Connection]] = deque()  # by deadline
        self._ready: dict[Connection, None] = {}  # those that have sent something, in order
        self._tallies: dict[str | None, _Tally] = {}  # by client

    def adopt(
        self,
        connection: Connection,
        texts: Iterable[str],
        now_s: float,
        messages: Iterable[bytes] = (),
    ) -> None:
        """Take a display over from its handshake; tell it ``texts``, then ``messages``."""
        with contextlib.suppress(OSError):  # a peer that has gone already shows when we write
            connection.tune()
        if not self.connections:
            self._last_sent_s = now_s
        before, connection.slot.instead_of = connection.slot.instead_of, None
        if before is not None:  # two sockets must not share a slot
            for other in [c for c in self.connections if c.slot is before]:
                self._drop(other, Gone.CAME_AGAIN)
        self.connections.add(connection)
        self._tallies.setdefault(connection.slot.client, _Tally()).displays += 1
        for observer in self._observers:
            observer.display_came(connection.display)
        self._selector.register(connection.sock, selectors.EVENT_READ, connection)
        self._log.info("%s connected, %d in all", connection, len(self.connections))
        self.tell(connection, texts)
        for message in messages:
            self._send_message(connection, message)
        if connection.early and connection in self.connections:
            self._take_in(connection, connection.early, now_s)
            self._ready[connection] = None
            connection.early = b""

    def broadcast(self, text: str, now_s: float) -> None:
        """Send a text frame, encoded once, to every display."""
        self._broadcast(text_frame(text), now_s)

    def push(self, message: bytes, audience: Audience) -> int:
        """Send a message's frame to the displays it is for, behind those they still wait for.

        Returns:
            How many that are.
        """
        # No sign of life for the others: beats go on as if it had not been sent.
        connections = self._of(audience)
        for connection in connections:
            self._send_message(connection, message)
        return len(connections)

    def move(self, path: str, audience: Audience, now_s: float) -> int:
        """Let the displays of an audience leave for ``path``; return how many were sent there."""
        return sum(self.send_away(connection, path, now_s) for connection in self._of(audience))

    def navigate(self, path: str, order: CloseClients, now_s: float) -> int:
        """Let the displays leave that an order of the core is for.

        Args:
            path: the path of the next page, without the display's URL prefix.
            order: who leaves.
            now_s: monotonic seconds.

        Returns:
            How many were sent there.
        """
        leaving = [
            connection
            for connection in self.connections
            if connection.display.page == order.page
            and connection.standing.since_seq < order.after
            and connection.standing.takes(order.began_s)
            and not connection.closing
        ]
        frame = b"" if order.first is None or not leaving else text_frame(order.first)
        for connection in leaving:
            if frame:
                self._send(connection, frame)
        return sum(self.leave(connection, path, now_s) for connection in leaving)

    def leave(self, connection: Connection, path: str, now_s: float) -> bool:
        """Close one display's socket with the path of its next page; False if it has gone."""
        if connection not in self.connections or connection.closing:
            return False
        self.close(connection, Close.NAVIGATE, connection.root + path, now_s)
        return connection in self.connections

    def send_away(self, connection: Connection, path: str, now_s: float) -> bool:
        """Do as `leave` does, where it is no press that leads there."""
        # A close right behind an edge is that press's, which a page may decline, or use up.
        self._send(connection, self._beat_frame)
        return self.leave(connection, path, now_s)

    def tell(self, connection: Connection, texts: Iterable[str]) -> None:
        """Send text frames to one display."""
        for text in texts:
            self._send(connection, text_frame(text))

    def close(self, connection: Connection, code: int, reason: str, now_s: float) -> None:
        """Close one display's socket with ``code`` and ``reason``."""
        if connection.closing:
            return
        if code in (Close.POLICY, Close.TOO_BIG):
            connection.broke_a_rule = True
            for observer in self._observers:
                observer.rule_broken(connection.display, reason)
            self._log.info("%s is closed: %s", connection, reason)
        self._send_event(connection, CloseConnection(code, reason))
        self._finish(connection, now_s)

    def _of(self, audience: Audience) -> list[Connection]:
        return [c for c in self.connections if not c.closing and audience.has(c.display)]

    def close_all(self, now_s: float) -> None:
        """Tell every display that the server stops."""
        for connection in list(self.connections):
            self.close(connection, Close.GOING_AWAY, "the server stops", now_s)

    def handle(self, connection: Connection, events: int) -> None:
        """Write to a display whose socket is ready for it; remember one that can be read."""
        if events & selectors.EVENT_WRITE and connection in self.connections:
            self._flush(connection)
        if events & selectors.EVENT_READ and connection in self.connections:
            self._ready[connection] = None

    @property
    def has_unread(self) -> bool:
        """Whether there is something for `read`."""
        return bool(self._ready)

    def read(self, now_s: float, has_time: Callable[[], bool] = lambda: True) -> None:
        """Read a little of each display that has sent something, the longest waiting first.

        Args:
            now_s: monotonic seconds.
            has_time: asked after each one; what is left is for the next call.
        """
        for _ in range(len(self._ready)):
            connection = next(iter(self._ready), None)
            if connection is None:  # a display that was read has let others go
                return
            del self._ready[connection]
            self._receive(connection, now_s)
            if not has_time():
                return

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due, in monotonic seconds; None while there is nothing to do."""
        if not self.connections:
            return None
        beat_s = self._last_sent_s + self._beat_s
        return min(beat_s, self._closing[0][0]) if self._closing else beat_s

    def tick(self, now_s: float) -> None:
        """Do what is due: beats, and the end of displays that don't hang up."""
        while self._closing and self._closing[0][0] <= now_s:
            connection = self._closing.popleft()[1]
            if connection in self.connections:
                self._drop(connection, Gone.NO_HANG_UP)
        if self.connections and now_s >= self._last_sent_s + self._beat_s:
            for connection in list(self.connections):
                connection.unanswered_beats += 1
                if connection.answers_beats and connection.unanswered_beats > wire.MISSED_BEATS:
                    self._drop(connection, Gone.NO_ANSWER)
            self._broadcast(self._beat_frame, now_s)

    def _broadcast(self, frame: bytes, now_s: float) -> None:
        self._last_sent_s = now_s
        for connection in list(self.connections):
            if not connection.closing:
                self._send(connection, frame)

    def _send_event(self, connection: Connection, event: Event) -> None:
        # LocalProtocolError: the peer's close crossed with ours, and there is no more to say.
        with contextlib.suppress(LocalProtocolError):
            self._send(connection, connection.ws.send(event))

    def _send(self, connection: Connection, frame: bytes) -> None:
        """Queue a whole frame and write what the kernel takes now."""
        if connection not in self.connections:
            return
        waiting = bool(connection.outbox)
        connection.outbox += frame
        if len(connection.outbox) > MAX_OUTBOX_BYTES:
            self._drop(connection, Gone.STOPPED_READING)
        elif not waiting:
            self._flush(connection)

    def _send_message(self, connection: Connection, message: bytes) -> None:
        """Write a message when all that waits has gone out; until then let it wait."""
        if connection not in self.connections:
            return
        connection.put(message)
        if connection.messages_bytes > MAX_MESSAGES_BYTES:
            self._drop(connection, Gone.STOPPED_READING)
        elif not connection.outbox:
            self._flush(connection)

    def _flush(self, connection: Connection) -> None:
        """Write what the kernel takes now."""
        while connection.outbox or connection.messages:
            if not connection.outbox:
                connection.fill_outbox()
            try:
                sent = connection.sock.send(connection.outbox)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._drop(connection, Gone.WENT_AWAY)
                return
            del connection.outbox[:sent]
        if connection.closing and not connection.outbox:
            self._half_close(connection)
            if connection not in self.connections:
                return
        events = selectors.EVENT_READ
        if connection.outbox:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(connection.sock).events != events:
            self._selector.modify(connection.sock, events, connection)

    def _receive(self, connection: Connection, now_s: float) -> None:
        if connection.unread and not connection.peer_closed:
            self._take_frames(connection, now_s)
            return
        try:
            data = connection.sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection, Gone.LEFT)
        elif not connection.peer_closed:  # what comes behind a close frame is nothing
            self._take_in(connection, data, now_s)
            self._take_frames(connection, now_s)

    def _take_in(self, connection: Connection, data: bytes, now_s: float) -> None:
        """Count bytes that came, and let the protocol have them."""
        tally = self._tally(connection, now_s)
        connection.second_bytes += len(data)
        tally.second_bytes += len(data)
        connection.ws.receive_data(data)
        connection.unread = True

    def _take_frames(self, connection: Connection, now_s: float) -> None:
        """Take some of the frames that have come; the rest waits for another turn."""
        tally = self._tally(connection, now_s)
        connection.unread = False
        # A piece of a frame that comes alone takes the time of one.
        connection.work += 1
        tally.work += 1
        taken = 0
        for event in islice(connection.ws.events(), _FRAMES_AT_ONCE):
            connection.frames += getattr(event, "frame_finished", True)  # not each piece
            connection.work += taken > 0
            tally.work += taken > 0
            taken += 1
            if self._stop_excess(connection, tally, now_s):
                return
            self._take(connection, event, now_s)
            if connection.peer_closed or connection not in self.connections:
                return
        if taken == _FRAMES_AT_ONCE:
            connection.unread = True
            self._ready[connection] = None
        elif not taken:
            self._stop_excess(connection, tally, now_s)

    def _stop_excess(self, connection: Connection, tally: _Tally, now_s: float) -> bool:
        """Close a display that sends too much; whether it does."""
        reason = _excess(connection, tally)
        if reason:
            self.close(connection, Close.POLICY, reason, now_s)
            self._give_up_reading(connection, now_s)
        return bool(reason)

    def _tally(self, connection: Connection, now_s: float) -> _Tally:
        """What its client has sent in this second; a new one begins for all of its displays."""
        tally = self._tallies[connection.slot.client]
        if now_s >= tally.second_s + 1.0:
            tally.second_s, tally.work, tally.second_bytes = now_s, 0, 0
        if connection.second_s != tally.second_s:
            connection.second_s = tally.second_s
            connection.frames = connection.work = connection.second_bytes = 0
        return tally

    def _take(self, connection: Connection, event: Event, now_s: float) -> None:
        if isinstance(event, CloseConnection):
            # The peer's own close, or wsproto's word that the peer broke the protocol.
            connection.peer_closed = True
            self._send_event(connection, event.response())
            self._finish(connection, now_s)
        elif connection.closing:
            pass  # it was sent before our close frame was read
        elif isinstance(event, TextMessage):
            self._take_text(connection, event, now_s)
        elif isinstance(event, BytesMessage):
            self.close(connection, Close.POLICY, "messages are JSON text", now_s)
        elif isinstance(event, Ping):
            self._send_event(connection, event.response())

    def _take_text(self, connection: Connection, event: TextMessage, now_s: float) -> None:
        connection.received_bytes += len(event.data.encode())
        if connection.received_bytes > wire.MAX_MESSAGE_BYTES:
            reason = f"a message is at most {wire.MAX_MESSAGE_BYTES} bytes"
            self.close(connection, Close.TOO_BIG, reason, now_s)
            return
        connection.text += event.data
        if not event.message_finished:
            return
        text, connection.text = connection.text, ""
        connection.received_bytes = 0
        message = wire.read_message(text)
        if message is None:
            self.close(connection, Close.POLICY, "a message is a JSON object with a type", now_s)
            return
        connection.unanswered_beats = 0
        # Any other type is for a later version: a newer page may talk to an older server.
        if message["type"] == "beat":
            connection.answers_beats = True
        elif message["type"] == "message" and "data" in message:
            self._take_message(connection, text, message["data"], now_s)
        elif message["type"] == "taking":
            self._take_taking(connection, message, now_s)
        elif message["type"] == "visible":
            self._take_visible(connection, message.get("visible"), now_s)
        elif message["type"] == "idle":
            self._note_idle(connection, message.get("to"))

    def _take_message(self, connection: Connection, text: str, data: object, now_s: float) -> None:
        """Hand a message on that can be pushed back as it is."""
        try:
            wire.message_frame(data)
        except wire.TooBigError:  # numbers may take more digits as Python writes them
            reason = f"as JSON is written here, it takes more than {wire.MAX_MESSAGE_BYTES} bytes"
            self.close(connection, Close.TOO_BIG, reason, now_s)
        except ValueError:
            reason = "data is no JSON: finite numbers, and text that is UTF-8"
            self.close(connection, Close.POLICY, reason, now_s)
        else:
            for observer in self._observers:
                observer.message_came(SentMessage(text, connection.display))

    def _take_taking(
        self, connection: Connection, message: Mapping[str, object], now_s: float
    ) -> None:
        try:
            since_s = wire.taking_since_s(message.get("since_ms", ""), now_s)
        except ValueError as error:
            self.close(connection, Close.POLICY, f"since_ms {error}", now_s)
            return
        connection.standing = replace(connection.standing, taking_since_s=since_s)
        self._on_taking(connection)

    def _take_visible(self, connection: Connection, visible: object, now_s: float) -> None:
        if isinstance(visible, bool):
            connection.display = replace(connection.display, visible=visible)
        else:
            self.close(connection, Close.POLICY, "visible must be true or false", now_s)

    def _note_idle(self, connection: Connection, to: object) -> None:
        """Log that a page leaves because nobody uses it; it does so by itself."""
        page = connection.display.page
        # Once a socket, and only a page that there is: a page can send anything, and often.
        if connection.idle or not isinstance(to, str) or to not in self._pages:
            return
        connection.idle = True
        for observer in self._observers:
            observer.displays_moved(page, to, 1, MovedBy.IDLE)
        name = f', display "{connection.display.name}"' if connection.display.name else ""
        self._log.info("idle: %s leads to %s%s", page, to, name)

    def _finish(self, connection: Connection, now_s: float) -> None:
        """Let the close frame out, and wait for the peer's."""
        if connection not in self.connections:
            return
        if not connection.closing:
            connection.closing = True
            connection.messages.clear()  # nothing comes behind a close frame
            self._closing.append((now_s + CLOSE_WAIT_S, connection))
        if not connection.outbox:
            self._half_close(connection)

    def _give_up_reading(self, connection: Connection, now_s: float) -> None:
        """Discard what still comes from a peer: its close frame may be behind all that."""
        connection.peer_closed = True
        self._finish(connection, now_s)

    def _half_close(self, connection: Connection) -> None:
        """End our direction, once both close frames are out."""
        # A browser waits for the server to end TCP (RFC 6455, 7.1.1), but not before it has closed
        # itself: Firefox then may leave frames unread that came right before the close. Closing
        # outright could reset the connection before the close frame is read.
        if not connection.peer_closed:
            return
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection, Gone.WENT_AWAY)

    def _drop(self, connection: Connection, why: Gone) -> None:
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        self._selector.unregister(connection.sock)
        connection.sock.close()
        self._ready.pop(connection, None)
        tally = self._tallies[connection.slot.client]
        tally.displays -= 1
        if not tally.displays:
            del self._tallies[connection.slot.client]
        self._slots.give_back(connection.slot, keep=not connection.broke_a_rule)
        for observer in self._observers:
            observer.display_gone(connection.display, why)
        self._log.info("%s %s, %d in all", connection, why, len(self.connections))


def _excess(connection: Connection, tally: _Tally) -> str:
    """Say of what a display sends too much; nothing while it doesn't."""
    if connection.frames > MAX_FRAMES_A_SECOND:
        return f"at most {MAX_FRAMES_A_SECOND} frames a second"
    if connection.slot.client is None:  # the machine itself, or a proxy that speaks for others
        return ""
    # A display that sends less than its share of what all may send is not to blame.
    share = 1 / tally.displays
    most = MAX_CLIENT_FRAMES_A_SECOND
    if tally.work > most and connection.work > most * share:
        return f"at most {most} frames a second from one address"
    most = MAX_CLIENT_BYTES_A_SECOND
    if tally.second_bytes > most and connection.second_bytes > most * share:
        return f"at most {most // 2**20} MiB a second from one address"
    return ""
