"""The whole core behind one object: edges and joins in, orders for the displays out.

The way of an edge: `Core.edge` and `Core.reading` take what is known of each pin. `Core.tell` then
says what follows, over all pins, in the order in which their levels settled.

    edge ▶ debounce ▶ settled ▶ hands ▶ number, gestures ▶ navigation ▶ frames and closes

Pure: it composes `debounce`, `settled`, `hands`, `gestures`, `noise`, `navigation` and `wire`, and
knows neither sockets nor pins. Only one thread at a time may call it (the watcher's). Any thread
may read `cursor`, `levels`, `lost` and `noisy`.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf

from gpiobridge.core import wire
from gpiobridge.core.debounce import Change, Debounce
from gpiobridge.core.events import (
    Broadcast,
    CloseClients,
    Effect,
    Gesture,
    HandTimes,
    Ignored,
    Level,
    Notice,
    Now,
    PinEvent,
    PinNoisy,
    RawEdge,
    Route,
    RouteClients,
    Standing,
    Welcome,
)
from gpiobridge.core.first_edge import FirstEdge
from gpiobridge.core.gestures import Outcome, Press
from gpiobridge.core.hands import (
    Counted,
    Dropped,
    Dwelling,
    Hands,
    Interrupted,
    LetGo,
    PressedAgain,
    Resumed,
)
from gpiobridge.core.hands import Outcome as HandsOutcome
from gpiobridge.core.navigation import Lead, Navigation, Routes, Rules, WhileRules
from gpiobridge.core.noise import Noise
from gpiobridge.core.settled import Settled, SettledLevels

NOISY_LATE_S = 0.1
"""Displays skip an event of a noisy pin that is later than this, in seconds: they can't be told as
fast as the pin oscillates."""

NOISY_FRAME_S = 0.05
"""How often displays get the noisy pin's newest level instead, in seconds."""

_NOISY_AGAIN_S = 60.0

_NOTICES, _NOTICES_S = 10, 0.5
"""Displays hear of at most so many presses of a pin in this time, in seconds, that dwell or are
ignored: a pin that oscillates must not flood them."""


class Core:
    """Pins on one side, pages on the other.

    Args:
        epoch: a random name of this run, in lower-case hexadecimal digits.
        windows_s: pin name to its debounce window in seconds.
        first: the pins whose first edge counts at once; of all others a level counts once it has
            settled. A window of 0 settles at once anyway.
        pages: page name to its rules.
        catch_up_s: how old an event may be, in seconds, to move a page that was not listening.
        simulated: True if the pins are not real; every display receives this.
        holds_s: pin name to its active level and hold time in seconds. Only the pins in
            ``gestures``, and those that a rule for taps or holds names, have taps and holds; all
            others have only edges.
        while_rules: page name to those of its rules that also hold when the page loads.
        gestures: pins whose taps and holds an application's function waits for.
        hands: pin name to its dwell and cooldown, for the pins that have one of them.
        routes: page name to those of its rules that name displays.
    """

    def __init__(
        self,
        epoch: str,
        windows_s: Mapping[str, float],
        pages: Mapping[str, Rules],
        catch_up_s: float,
        *,
        simulated: bool,
        holds_s: Mapping[str, tuple[Level, float]] | None = None,
        while_rules: Mapping[str, WhileRules] | None = None,
        gestures: Collection[str] = (),
        first: Collection[str] = (),
        hands: Mapping[str, HandTimes] | None = None,
        routes: Mapping[str, Routes] | None = None,
    ) -> None:
        self.epoch = epoch
        self.seq = 0
        self._windows_s = windows_s
        self._first = frozenset(pin for pin in first if windows_s[pin])
        self._simulated = simulated
        self._navigation = Navigation(pages, catch_up_s, while_rules, routes)
        self._pins: dict[str, Debounce | FirstEdge] = {}
        self._settled = SettledLevels()
        self._hand_times = hands or {}
        self._hands: dict[str, Hands] = {}  # of these pins, once they have been read
        # The pins of whose dwelling press displays know, in order, and whether the pin is pressed.
        self._dwelling: dict[str, bool] = {}
        self._notices_s: dict[str, deque[float]] = {}  # a pin's last presses that they heard of
        # The number that came next when a pin was pressed or released, if that may count later; and
        # when its press began that has counted.
        self._began_seq: dict[str, int] = {}
        self._press_began_seq: dict[str, int | None] = {}
        self._doubted_s = inf  # the first debounce deadline that a reading of this turn denied
        # What was told: the levels, and the number of each pin's newest edge.
        self._levels: dict[str, Level] = {}
        self._changed_seq: dict[str, int] = {}
        tables = (*pages.values(), *(routes or {}).values())
        used = {*gestures} | {
            pin for rules in tables for pin, event in rules if isinstance(event, Gesture)
        }
        self._presses = {
            pin: Press(active, hold_s, windows_s[pin], first=pin in self._first)
            for pin, (active, hold_s) in (holds_s or {}).items()
            if pin in used
        }
        self._noise = {pin: Noise() for pin in windows_s}
        self._said_noisy_s: dict[str, float] = {}
        # Of each noisy pin, the newest event not yet sent to displays; and when it will be sent.
        self._untold: dict[str, PinEvent] = {}
        self._untold_due_s = inf

    @property
    def cursor(self) -> str:
        """The newest event's cursor, for a page that is rendered now."""
        return wire.cursor(self.epoch, self.seq)

    @property
    def levels(self) -> dict[str, Level]:
        """Pin name to its settled level as last told, for the pins that have been read."""
        return dict(self._levels)

    def lost(self, pin: str) -> tuple[int, int]:
        """Return a pin's missed edges and its late ones, which came before its first reading."""
        debounce = self._pins.get(pin)
        return (debounce.missed, debounce.late) if debounce else (0, 0)

    def edge(self, edge: RawEdge) -> None:
        """Take a raw edge; `tell` says what follows from it."""
        pin = self._pins[edge.pin]
        self._put(edge.pin, pin.edge(edge.level, edge.at_s))

    def reading(self, pin: str, level: Level, at_s: float) -> None:
        """Take a fresh reading, made just after ``at_s``, in monotonic seconds.

        The first reading of a pin sets its level and is never an edge.
        """
        if pin not in self._pins:
            debounce: type[Debounce | FirstEdge] = FirstEdge if pin in self._first else Debounce
            self._pins[pin] = debounce(level, at_s, self._windows_s[pin])
            self._levels[pin] = level
            if (times := self._hand_times.get(pin)) is not None:
                window_s, first = self._windows_s[pin], pin in self._first
                self._hands[pin] = Hands(
                    times.active, level, times.dwell_s, times.cooldown_s, window_s, first=first
                )
            return
        known = self._pins[pin]
        due_s = known.deadline_s
        changes = known.reading(level, at_s)
        if due_s is not None and due_s <= at_s and not changes and known.unsure:
            # The level has changed since. Its edge is on its way, and may prove that it settled.
            self._doubted_s = min(self._doubted_s, due_s)
        self._put(pin, changes)

    def tell(self, now: Now, known_s: float, most: int) -> list[Effect]:
        """Return, in order, what follows from everything handed in and from the time.

        Args:
            now: this moment.
            known_s: every edge stamped before this moment has been handed in. What settles later is
                not told yet, because an event of another pin may come before it.
            most: how many settled levels to tell at most; if more remain, `deadline_s` has passed.
        """
        effects: list[Effect] = []
        if now.mono_s >= self._untold_due_s:
            effects += self.tell_newest(now)
        # Don't tell what comes after a level that still needs its reading, or was denied by one.
        before_s = min([self._doubted_s, *(due_s for due_s, _ in self._due(now.mono_s))])
        self._doubted_s = inf  # either the next turn has that edge, or it is lost
        for _ in range(most):
            hold, hands, settled = self._next_hold(), self._next_hands(), self._settled.next
            following = min((each for each in (hold, hands, settled) if each), default=None)
            if following is None or following.due_s > known_s or following.due_s >= before_s:
                break
            if hold is not None and following is hold:
                outcome = self._presses[hold.pin].due(now.mono_s)
                certain_s = max(hold.at_s, hold.due_s - self._windows_s[hold.pin])
                effects += self._gesture(hold.pin, outcome, hold.level, now, certain_s)
            elif hands is not None and following is hands:
                effects += self._follow(hands.pin, self._hands[hands.pin].due(), now)
            else:
                effects += self._settle(self._settled.take(), now)
        return effects

    def tell_newest(self, now: Now) -> list[Effect]:
        """Order the newest level of each noisy pin to be sent, before any later event."""
        effects: list[Effect] = [
            Broadcast(_frame(event, now), event.certain_s) for event in self._untold.values()
        ]
        self._untold.clear()
        self._untold_due_s = inf
        return effects

    def join(
        self,
        page: str,
        cursors: Iterable[str],
        now: Now,
        since: str = "",
        taking_since_s: float | None = -inf,
        declined: Collection[tuple[str, Level]] = (),
        seat: str = "",
        pins: frozenset[str] | None = None,
        name: str = "",
        *,
        shut: bool = False,
    ) -> Welcome:
        """Return what a display that joins or rejoins receives first.

        Args:
            page: the page it is on.
            cursors: what it has already acted on, the tab's cursor before the page's.
            now: this moment.
            since: the cursor with which its page began, if the page has joined before: a press that
                is still going on belongs to this page.
            taking_since_s: since when its page takes presses, in monotonic seconds; None: it
                doesn't now.
            declined: pins and levels whose moves the page has declined.
            seat: what its state frame carries for the next socket.
            pins: the pins that it obeys; None: all.
            name: its name, or an empty string.
            shut: whether nothing counts on it now, because it is closed.
        """
        after_seq = wire.resume_after(cursors, self.epoch)
        if after_seq is None or after_seq > self.seq:
            after_seq = since_seq = self.seq
        else:
            began_seq = wire.resume_after((since,), self.epoch)
            since_seq = after_seq if began_seq is None else min(began_seq, after_seq)
        standing = Standing(
            page, after_seq, since_seq, taking_since_s, frozenset(declined), pins, name, shut
        )
        missed = self._navigation.missed(standing, now.mono_s)
        if missed is None:
            texts: tuple[str, ...] = (self._state(self.seq, seat, pins),)
            to = self._elsewhere(standing)
            if to is None:  # nothing comes between the state and a close by the levels in it
                texts += tuple(self._dwelling_frame(pin) for pin in self._dwelling)
        else:
            texts = (self._state(missed.event.seq - 1, seat, pins), _frame(missed.event, now))
            to = missed.to
        return self._welcome(texts, standing, missed, to, now)

    def look_again(self, standing: Standing, now: Now) -> Welcome:
        """Return what counts on a page that takes presses again, as if it had just joined.

        Args:
            standing: what it says of itself now.
            now: this moment.
        """
        missed = self._navigation.missed(standing, now.mono_s)
        if missed is None:
            return self._welcome((), standing, missed, self._elsewhere(standing), now)
        # Repeat the edge's frame: a close right behind an edge belongs to that press.
        return self._welcome((_frame(missed.event, now),), standing, missed, missed.to, now)

    def routed(self, page: str, event: PinEvent, route: Route) -> None:
        """Take note that a route has counted: its displays that are loading follow it, too.

        Args:
            page: the page with the rule.
            event: the press.
            route: the route.
        """
        self._navigation.routed(page, event, route)

    def pins_to_read(self, now_s: float) -> list[str]:
        """Return the pins whose debounce deadline is over, earliest first; each needs a reading."""
        return [name for _, name in sorted(self._due(now_s))]

    @property
    def deadline_s(self) -> float | None:
        """The next moment, in monotonic seconds, at which `pins_to_read` or `tell` has work."""
        following = (self._next_hold(), self._next_hands(), self._settled.next)
        deadlines_s = [each.due_s for each in following if each is not None]
        deadlines_s += [p.deadline_s for p in self._pins.values() if p.deadline_s is not None]
        if self._untold:
            deadlines_s.append(self._untold_due_s)
        return min(deadlines_s, default=None)

    def noisy(self, pin: str, at_s: float) -> bool:
        """Whether a pin oscillates at ``at_s``, in monotonic seconds."""
        return self._noise[pin].at(at_s)

    def _put(self, pin: str, changes: Iterable[Change]) -> None:
        for level, at_s, due_s in changes:
            self._settled.put(pin, level, at_s, due_s)

    def _due(self, now_s: float) -> list[tuple[float, str]]:
        """The debounce deadlines that have passed, each with its pin."""
        return [
            (pin.deadline_s, name)
            for name, pin in self._pins.items()
            if pin.deadline_s is not None and pin.deadline_s <= now_s
        ]

    def _next_hold(self) -> Settled | None:
        """The next press that becomes a hold; it goes before a level that settles just then."""
        return min(
            (
                Settled(press.deadline_s, press.hold_at_s, 0, pin, press.active)
                for pin, press in self._presses.items()
                if press.deadline_s is not None
                and press.hold_at_s is not None
                and not self._changed_before(pin, press.hold_at_s)
            ),
            default=None,
        )

    def _next_hands(self) -> Settled | None:
        """The next press or release that counts without an edge, or comes to nothing."""
        return min(
            (
                Settled(*deadline, 0, pin, self._levels[pin])
                for pin, hands in self._hands.items()
                if (deadline := hands.deadline) is not None
                and not self._changed_before(pin, deadline.at_s)
            ),
            default=None,
        )

    def _changed_before(self, pin: str, at_s: float) -> bool:
        """Whether a level began before a moment, and has not settled yet.

        In time it settles before anything follows from that moment. But if its edge is lost, two
        readings must show it first.
        """
        changed_s = self._pins[pin].changed_s
        return changed_s is not None and changed_s < at_s

    def _settle(self, settled: Settled, now: Now) -> list[Effect]:
        """Take a settled level; without a dwell and a cooldown it counts."""
        due_s, at_s, _, pin, level = settled
        hands = self._hands.get(pin)
        if hands is None:
            return self._count(pin, Counted(level, at_s, at_s, due_s), now)
        return self._follow(pin, hands.take(level, at_s, due_s), now)

    def _follow(self, pin: str, outcomes: Iterable[HandsOutcome], now: Now) -> list[Effect]:
        """Tell what a pin's dwell and cooldown have made of its levels."""
        effects: list[Effect] = []
        press = self._presses.get(pin)
        for outcome in outcomes:
            match outcome:
                case Counted():
                    self._dwelling.pop(pin, None)
                    effects += self._count(pin, outcome, now)
                case Dwelling(at_s):
                    self._began_seq[pin] = self.seq + 1
                    if self._may_notify(pin, at_s):
                        effects += self._notify_dwelling(pin, pressed=True)
                case LetGo(at_s):
                    if pin in self._dwelling and self._may_notify(pin, at_s):
                        effects += self._notify_dwelling(pin, pressed=False)
                case PressedAgain():
                    if self._dwelling.get(pin) is False:
                        effects += self._notify_dwelling(pin, pressed=True)
                case Dropped(Ignored.DWELL):
                    del self._began_seq[pin]
                    if pin in self._dwelling:
                        del self._dwelling[pin]
                        effects.append(Notice(wire.ignored_frame(pin, Ignored.DWELL)))
                case Dropped(Ignored.COOLDOWN, at_s):
                    if self._may_notify(pin, at_s):
                        effects.append(Notice(wire.ignored_frame(pin, Ignored.COOLDOWN)))
                case Interrupted():
                    self._began_seq[pin] = self.seq + 1
                    if press is not None:
                        press.interrupt()
                case Resumed(due_s):
                    del self._began_seq[pin]
                    if press is not None:
                        press.resume(due_s)
        return effects

    def _may_notify(self, pin: str, at_s: float) -> bool:
        """Whether displays may hear of one more press that doesn't count; then it is counted."""
        heard_s = self._notices_s.setdefault(pin, deque(maxlen=_NOTICES))
        if len(heard_s) == _NOTICES and at_s < heard_s[0] + _NOTICES_S:
            return False
        heard_s.append(at_s)
        return True

    def _notify_dwelling(self, pin: str, *, pressed: bool) -> list[Effect]:
        self._dwelling[pin] = pressed
        return [Notice(self._dwelling_frame(pin))]

    def _dwelling_frame(self, pin: str) -> str:
        return wire.dwelling_frame(pin, self._hand_times[pin].dwell_s, self._dwelling[pin])

    def _count(self, pin: str, counted: Counted, now: Now) -> list[Effect]:
        """Tell a level that counts, and the tap that ends with it."""
        level, at_s, certain_s, due_s = counted
        self._levels[pin] = level
        press = self._presses.get(pin)
        outcome = press.end(at_s) if press is not None and level is not press.active else None
        began_seq = self._began_seq.pop(pin, None)
        edge = PinEvent(
            self.seq + 1,
            pin,
            level,
            at_s,
            began_seq=began_seq,
            certain_at_s=certain_s if pin in self._hands else None,
        )
        effects = self._tell_event(edge, now)
        self._changed_seq[pin] = self.seq
        effects += self._gesture(pin, outcome, level, now, certain_s)
        if press is not None and level is press.active:
            self._press_began_seq[pin] = began_seq
            press.begin(self.seq, at_s, due_s)
        return effects

    def _gesture(
        self,
        pin: str,
        outcome: Outcome | None,
        level: Level,
        now: Now,
        certain_s: float,
    ) -> list[Effect]:
        if outcome is None:
            return []
        event = PinEvent(
            self.seq + 1,
            pin,
            level,
            outcome.at_s,
            outcome.gesture,
            outcome.press,
            outcome.press_at_s,
            self._press_began_seq.get(pin),
            certain_s if pin in self._hands else None,
        )
        return self._tell_event(event, now)

    def _tell_event(self, event: PinEvent, now: Now) -> list[Effect]:
        """Number an event; every display receives it, and those whose page reacts to it leave."""
        self.seq = event.seq
        self._navigation.remember(event)
        self._noise[event.pin].take(event.at_s)
        if not self.noisy(event.pin, event.at_s):
            return [*self.tell_newest(now), event, *self._tell_now(event, now)]
        noise: list[Effect] = [event]
        if now.mono_s >= self._said_noisy_s.get(event.pin, -inf) + _NOISY_AGAIN_S:
            self._said_noisy_s[event.pin] = now.mono_s
            noise.append(PinNoisy(event.pin))
        if now.mono_s <= event.certain_s + self._windows_s[event.pin] + NOISY_LATE_S:
            return [*self.tell_newest(now), *noise, *self._tell_now(event, now)]
        return [*noise, *self._tell_later(event, now)]

    def _tell_now(self, event: PinEvent, now: Now) -> list[Effect]:
        return [Broadcast(_frame(event, now), event.certain_s), *self._closes(event)]

    def _tell_later(self, event: PinEvent, now: Now) -> list[Effect]:
        """Tell only the displays that it moves; `tell` sends the others the newest level."""
        self._untold_due_s = min(self._untold_due_s, now.mono_s + NOISY_FRAME_S)
        self._untold.pop(event.pin, None)  # to the end: events stay in the order of their numbers
        self._untold[event.pin] = event
        return [*self._closes(event, first=_frame(event, now))]

    def _closes(
        self, event: PinEvent, first: str | None = None
    ) -> Iterator[CloseClients | RouteClients]:
        """Order what an event leads to: a page's own rule first, then the routes of others."""
        for page, to, by_level in self._navigation.departures(event):
            # A level that has changed just now counts on any page, whenever its press began.
            began, began_s = (event.seq, None) if by_level else (event.began, event.began_s)
            yield CloseClients(page, to, event.pin, began, began_s, first)
        if routes := self._navigation.routes(event):
            yield RouteClients(event, routes, first)

    def _welcome(
        self,
        texts: tuple[str, ...],
        standing: Standing,
        missed: Lead | None,
        to: str | None,
        now: Now,
    ) -> Welcome:
        """Add what a display's page leads others to, up to the event that leads itself away."""
        event = None if missed is None else missed.event
        routes = tuple(
            RouteClients(routed, (route,))
            for routed, route in self._navigation.missed_routes(standing, now.mono_s)
            if event is None or routed.seq <= event.seq
        )
        return Welcome(texts, standing, to, event, routes)

    def _elsewhere(self, standing: Standing) -> str | None:
        # A level that a page declined counts again once its pin has changed.
        ignored = {
            (pin, level)
            for pin, level in standing.declined
            if self._changed_seq.get(pin, 0) <= standing.after_seq
        }
        return self._navigation.elsewhere(standing, self.levels, ignored)

    def _state(self, seq: int, seat: str, obeys: Collection[str] | None) -> str:
        return wire.state_frame(
            self.epoch, seq, self.levels, simulated=self._simulated, seat=seat, obeys=obeys
        )


def _frame(event: PinEvent, now: Now) -> str:
    return wire.edge_frame(event, now.unix_s - (now.mono_s - event.at_s))
