"""The watcher thread: pins, time and sockets in one selector, so that the core needs no lock.

It waits for four things: an edge from a pin, bytes from a browser, an order of the application, the
next deadline (a debounce window, a beat, a level check). Everything that happens goes into
the core, and what that orders goes out through `hub`.

Threads: `start`, `stop`, `every`, `adopt`, `order`, `alive` and `displays` are for any. The pins'
callback comes on the back end's, if it has one, or on the one that drives a pin. All else runs on
the watcher's own.
"""

import contextlib
import logging
import secrets
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from math import inf

from gpiobridge.config import Settings
from gpiobridge.core import wire
from gpiobridge.core.core import Core
from gpiobridge.core.counts import Counts
from gpiobridge.core.events import Broadcast, CloseClients, Effect, Now, PinEvent, PinNoisy, RawEdge
from gpiobridge.core.noise import MAX_EVENTS_A_SECOND
from gpiobridge.displays.audience import Audience, Display, Move, Order, Push, SentMessage
from gpiobridge.displays.connection import Connection
from gpiobridge.displays.hub import LINES, Hub
from gpiobridge.displays.retained_messages import Retained
from gpiobridge.displays.slots import OF_THE_MACHINE, Slots
from gpiobridge.loop.edge_queue import EdgeQueue
from gpiobridge.loop.order_queue import OrderQueue
from gpiobridge.loop.waker import Waker
from gpiobridge.pins import PinSource
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

EDGES_A_TURN = 4096
"""So many edges are put in order in a turn: some 10 ms of work."""

EVENTS_A_TURN = 64
"""So many events are told in a turn: a pin that oscillates must not hold up sockets and beats."""

LEVEL_CHECK_S = 0.25
"""How often the levels are read with a back end that can lose edges, in seconds."""

ORDERS_S = 0.01
"""How long a turn may take with orders, in seconds: edges come in between."""

READS_S = 0.005
"""How long a turn may take with what displays send, in seconds."""

JOINS_S = 0.005
"""The same with displays that join."""

_NOISY = (
    "pin %s oscillates: over %d events a second; is it connected, and is its debounce long enough?"
)

_FAREWELL_S = 0.25
"""How long displays have to hang up when we stop, in seconds; then they are left."""


class Watcher:
    """Watches the pins of ``settings`` and serves the displays.

    Args:
        settings: the checked configuration.
        pins: where edges come from.
        paths: page name to its path, as closes name it.
        on_failure: called on the watcher's thread if it dies: the service must end then.
        on_event: called there with each event of a pin; it must not block or raise.
        on_message: the same with each message of a page.
        gestures: pins whose taps and holds are told, beside those that a rule is for.
        retained: messages that were pushed before this, for displays that come.
    """

    def __init__(
        self,
        settings: Settings,
        pins: PinSource,
        paths: Mapping[str, str],
        on_failure: Callable[[], None] = lambda: None,
        on_event: Callable[[PinEvent], None] = lambda event: None,
        on_message: Callable[[SentMessage], None] = lambda message: None,
        gestures: Collection[str] = (),
        retained: Retained | None = None,
    ) -> None:
        self.core = Core(
            secrets.token_hex(4),
            {name: pin.debounce_s for name, pin in settings.pins.items()},
            {name: page.rules for name, page in settings.pages.items()},
            settings.server.catch_up_s,
            simulated=pins.simulated,
            while_rules={name: page.while_rules for name, page in settings.pages.items()},
            holds_s={name: (pin.active, pin.hold_s) for name, pin in settings.pins.items()},
            gestures=gestures,
        )
        self.pins = pins
        self.paths = paths
        self.slots = Slots(
            settings.server.max_displays,
            settings.limits.displays_per_address,
            0 if settings.server.behind_a_proxy else OF_THE_MACHINE,
        )
        self.counts = Counts()
        self._pin_names = tuple(settings.pins)
        self._on_failure = on_failure
        self._on_event = on_event
        self._selector = selectors.DefaultSelector()
        self._hub = Hub(
            self._selector,
            self.slots,
            settings.server.beat_s,
            self.counts,
            on_message,
            self._look_again,
            pages=settings.pages,
        )
        self._lines = LogRate(log, LINES)
        self._edges = EdgeQueue()
        self._orders = OrderQueue()
        self._retained = retained or Retained()
        self._joining: deque[Connection] = deque()
        self._waker = Waker(self._selector)
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._next_check_s: float | None = None
        self._pulse: Callable[[], None] = lambda: None
        self._pulse_every_s = 0.0
        self._next_pulse_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="gpiobridge-watcher", daemon=True)

    def start(self) -> None:
        """Open the pins, arm them, read them, and start watching.

        Raises:
            PinError: the pins can't be opened.
        """
        try:
            # Arm first, read second: an edge between the two is in the queue, not lost.
            self.pins.open(self._on_edge)
            descriptor = self.pins.fileno()
            if descriptor is not None:
                self._selector.register(descriptor, selectors.EVENT_READ, self.pins)
            for pin in self._pin_names:
                self._read(pin)
        except BaseException:
            self._close()
            raise
        if self.pins.loses_edges:
            self._next_check_s = time.monotonic() + LEVEL_CHECK_S
        self._thread.start()

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, end the thread."""
        self._stop.set()
        self._waker.wake()
        if self._thread.ident is None:
            self._close()
        elif self._thread is not threading.current_thread():  # else ``on_failure`` stops us
            self._thread.join(_FAREWELL_S + 1.0)

    def every(self, interval_s: float, pulse: Callable[[], None]) -> None:
        """Call ``pulse`` on the watcher's thread now, and from then on every so many seconds.

        Args:
            interval_s: seconds between two calls.
            pulse: a sign that the thread doesn't hang; it must not block or raise.
        """
        self._pulse, self._pulse_every_s = pulse, interval_s
        self._next_pulse_s = time.monotonic()
        self._waker.wake()

    @property
    def alive(self) -> bool:
        """Whether the pins are watched."""
        return self._thread.is_alive() and not self._stop.is_set()

    @property
    def displays(self) -> list[Display]:
        """Every open display; none when the watcher has ended, or died."""
        if self._ended.is_set():
            return []
        return [c.display for c in tuple(self._hub.connections) if not c.closing]

    def order(self, order: Order) -> None:
        """Let an order of the application be carried out: all in the order in which they come.

        While a thousand wait, the caller does, too; but not our own thread, which takes them out.
        It comes here from a handler of the log, or from ``on_failure``.
        """
        self._orders.put(order, wait=threading.current_thread() is not self._thread)
        self._waker.wake()

    def adopt(self, connection: Connection) -> None:
        """Take over a display after its handshake; its slot is already taken."""
        self._joining.append(connection)
        self._waker.wake()
        if self._ended.is_set():  # its handshake crossed with our end
            self._hang_up_on_joining()

    def _on_edge(self, edge: RawEdge) -> None:
        # Perhaps on a thread of the back end's, which an exception would kill: no I/O that can
        # block or fail.
        self._edges.put(edge)
        self._waker.wake()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._turn()
            self._farewell()
        except Exception:
            log.exception("the watcher failed; no pin is watched any longer")
            self._orders.close()  # nobody takes any: let those go that wait
            try:
                self._on_failure()  # first: a broken back end may hang when it is closed
            finally:
                self._close()
        else:
            self._close()

    def _turn(self) -> None:
        """Wait for the next thing to happen, then do what is due."""
        self._wait(self._timeout_s())
        self._take_pins()
        # After the edges, and for a while only: whatever displays send, a press is not held up.
        until_s = time.monotonic() + READS_S
        self._hub.read(time.monotonic(), lambda: time.monotonic() < until_s)
        self._take_joining()
        # After those who join, so that nobody misses a message, or gets a retained one twice.
        if not self._joining:
            self._take_orders()
        self._hub.tick(time.monotonic())
        if self._next_pulse_s is not None and time.monotonic() >= self._next_pulse_s:
            self._next_pulse_s = time.monotonic() + self._pulse_every_s
            self._pulse()

    def _wait(self, timeout_s: float | None) -> None:
        """Wait until something happens, and see which sockets are ready."""
        for key, events in self._selector.select(timeout_s):
            if isinstance(key.data, Connection):
                self._hub.handle(key.data, events)
            elif key.data is self.pins:
                self._fetch_edges()
            else:
                self._waker.drain()

    def _fetch_edges(self) -> None:
        """Put the edges that wait at the source's descriptor, if it has one, into the queue."""
        # With no room for more they stay with the kernel, which numbers what it drops.
        if self._edges.full or not self.pins.read_edges():
            return
        # Some were lost: what are the levels? A check that is due already is not put off.
        now_s = time.monotonic()
        if self._next_check_s is None or now_s < self._next_check_s:
            self._next_check_s = now_s

    def _timeout_s(self) -> float | None:
        if self._edges.waiting or self._orders.waiting or self._joining or self._hub.has_unread:
            return 0.0
        deadlines = (
            self.core.deadline_s,
            self._hub.deadline_s,
            self.pins.deadline_s,
            self._next_check_s,
            self._next_pulse_s,
        )
        due_s = min((d for d in deadlines if d is not None), default=None)
        return None if due_s is None else max(0.0, due_s - time.monotonic())

    def _take_joining(self) -> None:
        until_s = time.monotonic() + JOINS_S
        while self._joining:
            self._join(self._joining.popleft())
            if time.monotonic() >= until_s:
                return

    def _take_orders(self) -> None:
        until_s = time.monotonic() + ORDERS_S
        for order in self._orders.take():
            match order:
                case Push(frame, audience):
                    self._retained.keep(order)
                    self._hub.push(frame, audience)
                case Move(to, audience):
                    self._move(to, audience)
            if time.monotonic() >= until_s:
                return

    def _move(self, to: str, audience: Audience) -> None:
        """Let the displays of an audience leave for a page, but not those that are on it."""
        # The simulator's page is no page of the exhibit: nothing moves it.
        pages = [page for page in self.paths if page != to and audience.page in (None, page)]
        for page in pages:
            those = replace(audience, page=page)
            sent = self._hub.move(self.paths[to], those, time.monotonic())
            self.counts.navigations[page, to] += sent
            if sent:
                log.info("the application: %s leads to %s, displays sent: %d", page, to, sent)

    def _join(self, connection: Connection) -> None:
        """Tell a display that has come what it must know, or where it must go."""
        display = connection.display
        self._carry_out(self.core.tell_newest(_now()))  # it is in the state that it gets
        welcome = self.core.join(
            display.page,
            connection.cursors,
            _now(),
            connection.since,
            connection.taking_since_s,
            connection.declined,
            connection.slot.seat,
        )
        connection.standing = welcome.standing
        messages = () if welcome.to is not None else self._retained.of(display)
        texts = welcome.texts
        if welcome.to is None and connection.taking_since_s != -inf:
            # Its answer shows that what it says of presses arrives: who doesn't go on answering is
            # dropped, and would else wait for a page that is locked for ever.
            texts = (*texts, wire.BEAT)
        self._hub.adopt(connection, texts, time.monotonic(), messages)
        self._lead(connection, welcome.to)

    def _look_again(self, connection: Connection) -> None:
        """Let a display leave for which a press or a level counts, now that its page takes them."""
        welcome = self.core.look_again(connection.standing, _now())
        if welcome.to is None:  # all displays would be told, as often as a page says something
            return
        self._carry_out(self.core.tell_newest(_now()))  # a close by a level comes behind it
        self._hub.tell(connection, welcome.texts)
        self._lead(connection, welcome.to, by_level=not welcome.texts)

    def _lead(self, connection: Connection, to: str | None, *, by_level: bool = False) -> None:
        """Let a display leave at once, if it is to."""
        if to is None:
            return
        leave = self._hub.send_away if by_level else self._hub.leave
        if leave(connection, self.paths[to], time.monotonic()):
            self.counts.navigations[connection.display.page, to] += 1
            self._lines.info("%s is sent to %s at once", connection, to)

    def _take_pins(self) -> None:
        """Take all that is known of the pins at this moment, and tell what follows from it."""
        # The moment comes first, then a look at the edges: each that was before it is there.
        now = _now()
        self._fetch_edges()
        for edge in self._edges.take(EDGES_A_TURN):
            self.counts.raw_edges[edge.pin] += 1
            self.core.edge(edge)
        self._read_pins(now.mono_s)
        known_s = min(now.mono_s, self._edges.oldest_s)
        self._carry_out(self.core.tell(now, known_s, EVENTS_A_TURN))

    def _read_pins(self, now_s: float) -> None:
        """Read the pins whose debounce window is over, or all at a level check."""
        # A reading comes after every edge that was before it: a pin that has any waits a turn.
        behind = self._edges.pins()
        if self._edges.full:
            behind = set(self._pin_names)
        pins: Iterable[str] = self.core.pins_to_read(now_s)
        if self._next_check_s is not None and now_s >= self._next_check_s:
            again = self.pins.loses_edges or behind
            self._next_check_s = now_s + LEVEL_CHECK_S if again else None
            self.pins.check()
            pins = self._pin_names
        for pin in pins:
            if pin not in behind:
                self._read(pin)

    def _read(self, pin: str) -> None:
        at_s = time.monotonic()  # before the reading: an edge stamped later may not be in it
        self.core.reading(pin, self.pins.read(pin), at_s)

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        line = ""  # of the log: an event, and where it led
        for effect in effects:
            match effect:
                case PinEvent():
                    _say(line)
                    line = self._count(effect)
                    self._on_event(effect)
                case PinNoisy(pin):
                    log.warning(_NOISY, pin, MAX_EVENTS_A_SECOND)
                case Broadcast(text, at_s):
                    self._hub.broadcast(text, time.monotonic())
                    self.counts.latency.take(time.monotonic() - at_s)
                case CloseClients(page, to):
                    sent = self._hub.navigate(self.paths[to], effect, time.monotonic())
                    self.counts.navigations[page, to] += sent
                    if sent and line:
                        line += f"; {page} leads to {to}, displays sent: {sent}"
        _say(line)

    def _count(self, event: PinEvent) -> str:
        """Count an event; return its line for the log, or nothing if its pin is noisy."""
        self.counts.events[event.pin, event.event] += 1
        self.counts.last_event_s = event.at_s
        if self.core.noisy(event.pin, event.at_s):
            return ""
        return f"#{event.seq} {event.pin}: {event.event}"

    def _farewell(self) -> None:
        """Tell every display, and give the live ones a moment to hang up."""
        until_s = time.monotonic() + _FAREWELL_S
        self._hub.close_all(time.monotonic())
        while self._hub.connections and (left_s := until_s - time.monotonic()) > 0:
            self._wait(left_s)
            self._hub.read(time.monotonic())

    def _close(self) -> None:
        self.pins.close()
        for connection in self._hub.connections:
            connection.sock.close()
        self._ended.set()
        self._orders.close()
        self._hang_up_on_joining()
        self._selector.close()
        self._waker.close()

    def _hang_up_on_joining(self) -> None:
        with contextlib.suppress(IndexError):  # another thread may do the same at once
            while self._joining:
                self._joining.popleft().sock.close()


def _say(line: str) -> None:
    if line:
        log.info("%s", line)


def _now() -> Now:
    return Now(time.monotonic(), time.time())
