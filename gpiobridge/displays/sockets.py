"""The open sockets, from the finished handshake to the end, and what goes out through them.

Writing never blocks. A ready frame goes to a display by one ``send``, as long as nothing waits for
it. What the kernel doesn't take waits in the display's `Connection`, and only then the selector
watches for room. A display for which too much waits is dropped. The watcher's thread.
"""

import contextlib
import logging
import selectors
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from math import inf

from wsproto.events import Event
from wsproto.utilities import LocalProtocolError

from gpiobridge.core.wire import Close
from gpiobridge.displays.connection import LINES, Connection, close_frame
from gpiobridge.displays.observer import DisplayObserver, Gone
from gpiobridge.displays.quotas import Quotas
from gpiobridge.displays.slots import Slots
from gpiobridge.system import quick_send
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

MAX_OUTBOX_BYTES = 64 * 1024
"""A display that is this far behind has stopped reading; it is dropped."""

MAX_MESSAGES_BYTES = 256 * 1024
"""The same bound for messages that the application has pushed and that wait for a display."""

CLOSE_WAIT_S = 1.0
"""How long a peer has, in seconds, to take our close frame and hang up."""


class Sockets:
    """All open sockets.

    Args:
        selector: the watcher's; each socket is registered with its `Connection` as data.
        slots: given back when a display is gone.
        quotas: counts the open displays of each client.
        observers: hear of displays that come and go.
        on_gone: called when a socket has ended.

    Attributes:
        open: the connections that are open.
        live: those of them for which frames may still go out: not the closing ones. In the order
            of their coming.
        ready: the open connections that have sent something, the longest waiting first.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        slots: Slots,
        quotas: Quotas,
        observers: Sequence[DisplayObserver],
        on_gone: Callable[[Connection], None] = lambda connection: None,
    ) -> None:
        self.open: set[Connection] = set()
        self.live: dict[Connection, None] = {}
        # A dict would walk past all that were taken out before its first one.
        self.ready: OrderedDict[Connection, None] = OrderedDict()
        self._selector = selector
        self._slots = slots
        self._quotas = quotas
        self._observers = observers
        self._on_gone = on_gone
        self._lines = LogRate(log, LINES)
        self._closing: deque[tuple[float, Connection]] = deque()  # in the order of the deadlines

    def add(self, connection: Connection) -> None:
        """Take a socket over from its handshake."""
        with contextlib.suppress(OSError):  # if the peer has already gone, the next write shows it
            connection.tune()
        before, connection.slot.instead_of = connection.slot.instead_of, None
        # Two sockets must never share a slot. Usually the one before has ended, with its slot.
        if before is not None and before.until_s == inf:
            for other in [c for c in self.open if c.slot is before]:
                self.drop(other, Gone.CAME_AGAIN)
        self.open.add(connection)
        self.live[connection] = None
        self._quotas.came(connection)
        for observer in self._observers:
            observer.display_came(connection.display)
        self._selector.register(connection.sock, selectors.EVENT_READ, connection)
        self._lines.info("%s connected, %d in all", connection, len(self.open))

    def send_to_all(self, frame: bytes) -> None:
        """Send a whole frame to every display that is not closing."""
        send, size = quick_send.send, len(frame)
        for connection in tuple(self.live):  # a display may be dropped meanwhile
            if connection.behind:
                self._queue(connection, frame)
            elif (sent := send(connection.sock, frame)) != size:
                self._begun(connection, frame, sent)

    def send(self, connection: Connection, frame: bytes) -> None:
        """Send a whole frame, or queue it behind what waits."""
        if connection not in self.open:
            return
        if connection.behind:
            self._queue(connection, frame)
        elif (sent := quick_send.send(connection.sock, frame)) != len(frame):
            self._begun(connection, frame, sent)

    def send_message(self, connection: Connection, message: bytes) -> None:
        """Send a message, or queue it behind everything that waits."""
        if not connection.behind:
            self.send(connection, message)
        elif connection in self.open:
            connection.put(message)
            if connection.messages_bytes > MAX_MESSAGES_BYTES:
                self.drop(connection, Gone.STOPPED_READING)

    def send_event(self, connection: Connection, event: Event) -> None:
        """Send the protocol's event, if the protocol still allows it."""
        # LocalProtocolError: the peer's close crossed with ours; nothing more may be sent.
        with contextlib.suppress(LocalProtocolError):
            self.send(connection, connection.ws.send(event))

    def flush(self, connection: Connection) -> None:
        """Write what the kernel takes now of what waits."""
        while connection.outbox or connection.messages:
            if not connection.outbox:
                connection.fill_outbox()
            if not (sent := self._write(connection, connection.outbox)):
                return
            del connection.outbox[:sent]
        if connection.behind:
            connection.behind = False
            self._selector.modify(connection.sock, selectors.EVENT_READ, connection)
        if connection.closing:
            self._half_close(connection)

    def close(self, connection: Connection, code: int, reason: str, now_s: float) -> None:
        """Close one display's socket with ``code`` and ``reason``."""
        if connection.closing:
            return
        if code in (Close.POLICY, Close.TOO_BIG):
            connection.broke_a_rule = True
            for observer in self._observers:
                observer.rule_broken(connection.display, reason)
            self._lines.info("%s is closed: %s", connection, reason)
        self.send(connection, close_frame(code, reason))
        self.finish(connection, now_s)

    def finish(self, connection: Connection, now_s: float) -> None:
        """Send the close frame out, and wait for the peer's."""
        if connection not in self.open:
            return
        if not connection.closing:
            connection.closing = True
            connection.slot.closed_s = now_s
            self.live.pop(connection, None)
            connection.messages.clear()  # nothing may follow a close frame
            self._closing.append((now_s + CLOSE_WAIT_S, connection))
        if not connection.outbox:
            self._half_close(connection)

    def give_up_reading(self, connection: Connection, now_s: float) -> None:
        """Discard what a peer still sends: its close frame may come after all of that."""
        connection.peer_closed = True
        self.finish(connection, now_s)

    @property
    def deadline_s(self) -> float | None:
        """When `drop_overdue` has work, in monotonic seconds; None while no socket closes."""
        return self._closing[0][0] if self._closing else None

    def drop_overdue(self, now_s: float) -> None:
        """Drop the sockets whose time to hang up is over."""
        while self._closing and self._closing[0][0] <= now_s:
            connection = self._closing.popleft()[1]
            if connection in self.open:
                self.drop(connection, Gone.NO_HANG_UP)

    def drop(self, connection: Connection, why: Gone) -> None:
        """Let go of a socket in any state."""
        if connection not in self.open:
            return
        self.open.remove(connection)
        self.live.pop(connection, None)
        self._selector.unregister(connection.sock)
        connection.sock.close()
        self.ready.pop(connection, None)
        self._quotas.gone(connection)
        self._slots.give_back(connection.slot, keep=not connection.broke_a_rule)
        for observer in self._observers:
            observer.display_gone(connection.display, why)
        self._on_gone(connection)
        self._lines.info("%s %s, %d in all", connection, why, len(self.open))

    def _begun(self, connection: Connection, frame: bytes, sent: int) -> None:
        """Go on with a frame of which ``sent`` bytes are sent; -1: none, and it's unknown why."""
        if sent < 0:
            sent = self._write(connection, frame)
        if sent < len(frame) and connection in self.open:
            connection.outbox += frame[sent:]
            connection.behind = True
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(connection.sock, both, connection)

    def _write(self, connection: Connection, data: bytes | bytearray) -> int:
        """Return how many bytes the kernel took now; a display that has gone is dropped."""
        try:
            return connection.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.drop(connection, Gone.WENT_AWAY)
            return 0

    def _queue(self, connection: Connection, frame: bytes) -> None:
        """Put a whole frame behind what waits in the outbox."""
        connection.outbox += frame
        if len(connection.outbox) > MAX_OUTBOX_BYTES:
            self.drop(connection, Gone.STOPPED_READING)

    def _half_close(self, connection: Connection) -> None:
        """End our direction once both close frames are out."""
        # A browser waits for the server to end TCP (RFC 6455, 7.1.1). The server must not do it
        # before the browser's own close frame: otherwise Firefox may leave frames unread that came
        # right before the close. Closing the socket outright could reset the connection before
        # the close frame is read.
        if not connection.peer_closed:
            return
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(connection, Gone.WENT_AWAY)
