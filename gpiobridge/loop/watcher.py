"""The watcher thread: pins, time and sockets in one selector, so the core needs no lock.

It waits for four things: an edge from a pin, bytes from a browser, an order of the application, and
the next deadline (a debounce window, a beat, a level check). `pin_feed` hands what happens at a pin
to the core, and `effects` carries out what the core orders.

Threads: any thread may use `start`, `stop`, `every`, `adopt`, `order`, `alive`, `displays`,
`shown`, `statuses`, `attendance.missing`, `dead_screens.alarms` and `dark_screens`. Everything
else runs on the watcher's own thread.
"""

import contextlib
import logging
import secrets
import selectors
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from gpiobridge.config import OutputState, Settings
from gpiobridge.core import wire
from gpiobridge.core.clock import Clock
from gpiobridge.core.core import Core
from gpiobridge.core.events import HandTimes
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.audience import SIMULATOR, Audience, Display
from gpiobridge.displays.connection import Connection, DisplayStatus, text_frame
from gpiobridge.displays.hub import Hub
from gpiobridge.displays.journey import Shown
from gpiobridge.displays.retained_messages import RetainedMessages
from gpiobridge.displays.slots import OF_THE_MACHINE, Slots
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.attendance import Attendance
from gpiobridge.loop.counts import Counts
from gpiobridge.loop.dark_screens import DarkScreens
from gpiobridge.loop.dead_screens import DeadScreens
from gpiobridge.loop.effects import Effects
from gpiobridge.loop.event_log import EventLog
from gpiobridge.loop.hours_keys import HoursKeys
from gpiobridge.loop.journeys import Journeys
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.order_queue import Order, OrderQueue
from gpiobridge.loop.pin_feed import PinFeed
from gpiobridge.loop.screens import Screens
from gpiobridge.loop.waker import Waker
from gpiobridge.outputs.keeper import Keeper
from gpiobridge.outputs.lines import OutputLines, Together
from gpiobridge.pins.source import PinSource
from gpiobridge.system.clock import RealClock

log = logging.getLogger(__name__)

EVENTS_A_TURN = 64
"""The most events told in one turn: a pin that oscillates must not hold up sockets and beats."""

ORDERS_S = 0.01
"""How long one turn may spend on orders, in seconds; edges are taken in between."""

READS_S = 0.005
"""How long one turn may spend on what displays send, in seconds."""

JOINS_S = 0.005
"""How long one turn may spend on displays that join, in seconds."""

_FAREWELL_S = 0.25
"""How long displays have to hang up when the bridge stops, in seconds; then they are left."""


class Watcher:
    """Watches the pins of ``settings`` and serves the displays.

    Args:
        settings: the checked configuration.
        pins: where edges come from.
        paths: page name to its path, as closes name it.
        on_failure: called on the watcher's thread if it dies: the service must end then.
        gestures: pins whose taps and holds are told in addition to those that a rule names.
        retained: messages that were pushed earlier, for displays that join.
        observers: hear what happens, on the watcher's thread; none may block or raise.
        clock: gives the time, also to everything below.
        lines: drives the outputs of ``settings``.
        raised: alarms of the bridge before a reload.
        hours: says what is open.

    Attributes:
        outputs: keeps the outputs; any thread may read their states.
        attendance: knows which displays are missing.
        dead_screens: raises the alarms; any thread may read them.
        dark_screens: says which screens are off on purpose; any thread may ask.
        hours: says what is open; see there what any thread may read.
        reloads: whether `stop` was called for a reload.
    """

    def __init__(
        self,
        settings: Settings,
        pins: PinSource,
        paths: Mapping[str, str],
        on_failure: Callable[[], None] = lambda: None,
        gestures: Collection[str] = (),
        retained: RetainedMessages | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock | None = None,
        lines: OutputLines | None = None,
        raised: Iterable[Alarm] = (),
        hours: Timekeeper | None = None,
    ) -> None:
        self.clock = clock or RealClock()
        self.core = Core(
            secrets.token_hex(4),
            {name: pin.debounce_s for name, pin in settings.pins.items()},
            {name: page.rules for name, page in settings.pages.items()},
            settings.server.catch_up_s,
            simulated=pins.simulated,
            while_rules={name: page.while_rules for name, page in settings.pages.items()},
            routes={name: page.routes for name, page in settings.pages.items() if page.routes},
            holds_s={name: (pin.active, pin.hold_s) for name, pin in settings.pins.items()},
            gestures={*gestures, *(pin for pin, _ in settings.hours_rules)},
            first=[name for name, pin in settings.pins.items() if pin.counts == "first"],
            hands={
                name: HandTimes(pin.active, pin.dwell_s, pin.cooldown_s)
                for name, pin in settings.pins.items()
                if pin.dwell_s or pin.cooldown_s
            },
        )
        self.pins = pins
        self.paths = paths
        self.slots = Slots(
            settings.server.max_displays,
            settings.limits.displays_per_address,
            0 if settings.server.behind_a_proxy else OF_THE_MACHINE,
            self._now_s,
        )
        self.counts = Counts()
        self._on_failure = on_failure
        self._selector = selectors.DefaultSelector()
        lamps = [name for name, output in settings.outputs.items() if output.follows]
        self.attendance = Attendance(settings.displays, self.clock)
        lines_of_events = EventLog(self.core.noisy, lamps)
        keys = HoursKeys(settings.hours_rules, self.order)
        self.hours = hours or Timekeeper(settings, self.clock)
        self.dark_screens = DarkScreens(settings, self.hours, self.clock)
        ours = (self.counts, self.attendance, lines_of_events, keys, self.dark_screens)
        everyone = (*ours, *observers)
        self._observers = everyone
        self.outputs = Keeper(
            settings.outputs,
            settings.pages,
            lines or Together(()),
            self.clock,
            self._tell_output,
        )
        self._screens = Screens((*everyone, self.outputs), self.clock)
        self.dead_screens = DeadScreens(
            settings.displays,
            settings.alarms.after_s,
            settings.pages,
            everyone,
            self.clock,
            self.dark_screens.is_dark,
            raised,
        )
        settle_s = {name: pin.settle_s for name, pin in settings.pins.items()}
        self._journeys = Journeys(self.core.epoch, settle_s, everyone)
        self._hub = Hub(
            self._selector,
            self.slots,
            settings.server.beat_s,
            everyone,
            lambda connection: self._effects.look_again(connection),
            pages=settings.pages,
            on_shown=lambda *said: self._effects.shown(*said),
            on_visible=self._screens.said,
            on_gone=self._screens.gone,
            on_output=lambda *said: self._effects.set_output(*said),
        )
        self._effects = Effects(
            self.core,
            self._hub,
            paths,
            retained or RetainedMessages(),
            everyone,
            self.clock,
            self._journeys,
            self._screens,
            self.outputs,
            self.hours,
        )
        self._orders = OrderQueue()
        self._joining: deque[Connection] = deque()
        self._waker = Waker(self._selector)
        self._rung = False
        self._pins_due_s: float | None = None
        self.clock.on_jump(self._waker.wake)
        self._feed = PinFeed(
            pins, tuple(settings.pins), self.core, self.counts, self.clock, self._waker.wake
        )
        self.reloads = False
        self._stop = threading.Event()
        self._ended = threading.Event()
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
            self._feed.open()
            self.hours.start()
            self.outputs.see_hours(closed=self.hours.is_closed)  # before a line has a level
            self.outputs.open()
            for descriptor in self.pins.descriptors():
                self._selector.register(descriptor, selectors.EVENT_READ, self.pins)
        except BaseException:
            self._close()
            raise
        self._thread.start()

    def stop(self, *, reload: bool = False) -> None:
        """Tell every display that the server stops, release the pins, and end the thread.

        Args:
            reload: whether this process starts again at once. Then outputs stay as they are.
        """
        self.reloads |= reload
        self._stop.set()
        self._waker.wake()
        if self._thread.ident is None:
            self._close()
        elif self._thread is not threading.current_thread():  # else ``on_failure`` called this
            self._thread.join(_FAREWELL_S + 1.0)

    def every(self, interval_s: float, pulse: Callable[[], None]) -> None:
        """Call ``pulse`` on the watcher's thread now, and then every ``interval_s`` seconds.

        Args:
            interval_s: seconds between two calls.
            pulse: a sign that the thread doesn't hang; it must not block or raise.
        """
        self._pulse, self._pulse_every_s = pulse, interval_s
        self._next_pulse_s = self._now_s()
        self._waker.wake()

    @property
    def alive(self) -> bool:
        """Whether the pins are watched."""
        return self._thread.is_alive() and not self._stop.is_set()

    @property
    def displays(self) -> list[Display]:
        """Every open display; none once the watcher has ended or died."""
        return [display for display, _ in self.shown]

    @property
    def shown(self) -> list[tuple[Display, Shown | None]]:
        """Every open display, and what its page has said of being shown; None before."""
        return [(status.display, status.shown) for status in self.statuses]

    @property
    def statuses(self) -> list[DisplayStatus]:
        """What is known of every open display; nothing once the watcher has ended or died."""
        if self._ended.is_set():
            return []
        return [each.status for each in tuple(self._hub.connections) if not each.closing]

    def order(self, order: Order) -> None:
        """Queue an order of the application; orders are carried out in the order of their arrival.

        While a thousand orders wait, the caller waits, too. The watcher's own thread never waits,
        because it takes the orders out. It gets here from a button of the staff, from a handler of
        the log or from ``on_failure``.
        """
        self._orders.put(order, wait=threading.current_thread() is not self._thread)
        self._waker.wake()

    def adopt(self, connection: Connection) -> None:
        """Take over a display after its handshake; its slot is already taken."""
        self._joining.append(connection)
        self._waker.wake()
        if self._ended.is_set():  # the watcher ended during the handshake
            self._hang_up_on_joining()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._turn()
            # Before the displays go: a lamp must not go dark because of a reload.
            self.outputs.close(reload=self.reloads)
            self._farewell()
        except Exception:
            log.exception("the watcher failed; no pin is watched any longer")
            self._orders.close()  # nothing takes orders now: release the threads that wait
            try:
                self._on_failure()  # before the close: a broken back end may hang in it
            finally:
                self._close()
        else:
            self._close()

    def _turn(self) -> None:
        """Wait for the next thing to happen, then do what is due."""
        self._wait(self._timeout_s())
        self._take_pins()
        # After the edges, and for a limited time: no display can hold up a press by what it sends.
        if self._hub.has_unread:
            self._hub.read(self._now_s(), self._has_time(READS_S))
        if self._joining:
            self._take_joining()
        # After the joins: so no display misses a message, or receives a retained one twice.
        if self._orders.waiting and not self._joining:
            self._take_orders()
        now_s = self._now_s()
        self._hub.tick(now_s)
        self._journeys.tick(now_s)
        self._screens.tick(now_s)
        self.dead_screens.tick(now_s, self._hub.connections)
        hours_s = self.hours.deadline_s
        if hours_s is not None and now_s >= hours_s and self.hours.tick(self.clock.now()):
            self._effects.see_hours()
        self.outputs.tick(now_s)
        if self._next_pulse_s is not None and now_s >= self._next_pulse_s:
            self._next_pulse_s = now_s + self._pulse_every_s
            self._pulse()
        self._forget_rings()

    def _now_s(self) -> float:
        return self.clock.now().mono_s

    def _tell_output(self, output: str, state: OutputState, why: str) -> None:
        for observer in self._observers:
            observer.output_changed(output, state, why)
        self._hub.push(text_frame(wire.output_frame(output, state)), Audience(page=SIMULATOR))

    def _has_time(self, for_s: float) -> Callable[[], bool]:
        """Return a function that tells whether this turn has time left, and no edge waits."""
        now, feed = self.clock.now, self._feed
        until_s = now().mono_s + for_s
        return lambda: now().mono_s < until_s and not feed.waiting

    def _wait(self, timeout_s: float | None) -> None:
        """Wait until something happens, and see which sockets are ready."""
        for key, events in self._selector.select(timeout_s):
            if isinstance(key.data, Connection):
                self._hub.handle(key.data, events)
            elif key.data is self.pins:
                self._feed.fetch()
            else:
                self._rung = True

    def _forget_rings(self) -> None:
        """Forget this turn's rings, and those that came meanwhile.

        Nothing is missed: all that rings is looked at before the next wait. This comes last in a
        turn, because each system call gives the interpreter's lock up, and an edge would wait until
        this thread has it again.
        """
        if self._rung:
            self._rung = False
            self._waker.drain()

    def _timeout_s(self) -> float | None:
        self._pins_due_s = self._pins_deadline_s()
        if self._feed.waiting or self._orders.waiting or self._joining or self._hub.has_unread:
            return 0.0
        deadlines = (
            self._pins_due_s,
            self._hub.deadline_s,
            self._journeys.deadline_s,
            self._screens.deadline_s,
            self.dead_screens.deadline_s,
            self.hours.deadline_s,
            self.outputs.deadline_s,
            self._next_pulse_s,
        )
        return self.clock.timeout_s(min((d for d in deadlines if d is not None), default=None))

    def _pins_deadline_s(self) -> float | None:
        """When something is due at the pins without an edge, in monotonic seconds."""
        deadlines_s = (self.core.deadline_s, self._feed.deadline_s)
        return min((d for d in deadlines_s if d is not None), default=None)

    def _take_joining(self) -> None:
        has_time = self._has_time(JOINS_S)
        while self._joining:
            self._effects.join(self._joining.popleft())
            if not has_time():
                return

    def _take_orders(self) -> None:
        has_time = self._has_time(ORDERS_S)
        for order in self._orders.take():
            self._effects.obey(order)
            if not has_time():
                return

    def _take_pins(self) -> None:
        """Take everything known of the pins at this moment, and tell what follows from it."""
        # Take the time first, then the edges: every edge from before that time is there.
        now = self.clock.now()
        due_s = self._pins_due_s
        if not self._feed.waiting and (due_s is None or now.mono_s < due_s):
            return  # this turn is for the displays: nothing can follow at the pins
        known_s = self._feed.take(now.mono_s)
        self._effects.carry_out(self.core.tell(now, known_s, EVENTS_A_TURN), now.mono_s)

    def _farewell(self) -> None:
        """Tell every display that the server stops, and give the live ones a moment to hang up."""
        now_s = self._now_s()
        until_s = now_s + _FAREWELL_S
        self._hub.close_all(now_s)
        while self._hub.connections and now_s < until_s:
            self._wait(self.clock.timeout_s(until_s))
            now_s = self._now_s()
            self._hub.read(now_s)
            self._forget_rings()

    def _close(self) -> None:
        self.outputs.close()
        self.pins.close()
        for connection in self._hub.connections:
            connection.sock.close()
        self._ended.set()
        self._orders.close()
        self._hang_up_on_joining()
        self._selector.close()
        self._waker.close()
        self.hours.stop()  # last: its thread may be waiting for another program

    def _hang_up_on_joining(self) -> None:
        with contextlib.suppress(IndexError):  # another thread may do the same at the same time
            while self._joining:
                self._joining.popleft().sock.close()
