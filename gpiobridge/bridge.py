"""The whole core behind one object: edges and joins in, orders for the displays out.

Pure: it composes `debounce`, `press`, `noise`, `navigation` and `wire`, and knows neither sockets
nor pins. One thread at a time may call it (the watcher's); `cursor`, `levels`, `lost` and `noisy`
may be read from any.
"""

from collections.abc import Collection, Iterable, Mapping
from math import inf

from gpiobridge import wire
from gpiobridge.debounce import Debounce
from gpiobridge.events import (
    Broadcast,
    CloseClients,
    Effect,
    Gesture,
    Level,
    Now,
    PinEvent,
    PinNoisy,
    RawEdge,
    Welcome,
)
from gpiobridge.navigation import Navigation, Rules, WhileRules
from gpiobridge.noise import Noise
from gpiobridge.press import Outcome, Press

NOISY_LATE_S = 0.1
"""A noisy pin's event that could be told only so much later, in seconds, is left out: displays
can't be told as fast as it oscillates."""

NOISY_FRAME_S = 0.05
"""How often they are told its newest level instead, in seconds."""

_NOISY_AGAIN_S = 60.0


class Bridge:
    """Pins on one side, pages on the other.

    Args:
        epoch: a random name of this run, in lower-case hexadecimal digits.
        windows_s: pin name to its debounce window in seconds.
        pages: page name to its rules.
        catch_up_s: how old an event may be, in seconds, to move a page that was not listening.
        simulated: True with pins that are not real; every display is told.
        holds_s: pin name to its active level and hold time in seconds. Only pins that a rule for
            taps or holds names, and those of ``gestures``, are told apart: for all others an edge
            is all there is.
        while_rules: page name to those of its rules that hold at load, too.
        gestures: pins whose taps and holds somebody else wants to know.
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
    ) -> None:
        self.epoch = epoch
        self.seq = 0
        self._windows_s = windows_s
        self._simulated = simulated
        self._navigation = Navigation(pages, catch_up_s, while_rules)
        self._pins: dict[str, Debounce] = {}
        used = {*gestures} | {
            pin
            for rules in pages.values()
            for pin, event in rules
            if event in (Gesture.TAP, Gesture.HOLD)
        }
        self._presses = {
            pin: Press(active, hold_s, windows_s[pin])
            for pin, (active, hold_s) in (holds_s or {}).items()
            if pin in used
        }
        self._noise = {pin: Noise() for pin in windows_s}
        self._said_noisy_s: dict[str, float] = {}
        # Of noisy pins, the newest event that displays were not told; and when they will be.
        self._untold: dict[str, PinEvent] = {}
        self._untold_due_s = inf

    @property
    def cursor(self) -> str:
        """The newest event's cursor, for a page that is rendered now."""
        return wire.cursor(self.epoch, self.seq)

    @property
    def levels(self) -> dict[str, Level]:
        """Pin name to its settled level, of the pins that have been read."""
        return {name: pin.settled for name, pin in list(self._pins.items())}

    def lost(self, pin: str) -> tuple[int, int]:
        """Count a pin's missed edges and its late ones, which came before the first reading."""
        debounce = self._pins.get(pin)
        return (debounce.missed, debounce.late) if debounce else (0, 0)

    def edge(self, edge: RawEdge, now: Now) -> list[Effect]:
        """Take a raw edge and say what follows from it, in order."""
        return self._settle(edge.pin, self._pins[edge.pin].edge(edge.level, edge.at_s), now)

    def reading(self, pin: str, level: Level, now: Now) -> list[Effect]:
        """Take a fresh reading; ``now`` is the moment just before it.

        The first reading of a pin sets its level and is never an edge.
        """
        if pin not in self._pins:
            self._pins[pin] = Debounce(level, now.mono_s, self._windows_s[pin])
            return []
        return self._settle(pin, self._pins[pin].reading(level, now.mono_s), now)

    def due(self, now: Now, behind: Collection[str] = ()) -> list[Effect]:
        """Say what follows from the time: holds that are over, levels of noisy pins.

        Args:
            now: this moment.
            behind: pins that have edges which were not handed in yet: one may be the release.
        """
        effects: list[Effect] = []
        if now.mono_s >= self._untold_due_s:
            effects += self.tell_newest(now)
        for pin, press in self._presses.items():
            outcome = None if pin in behind else press.due(now.mono_s)
            if outcome is not None:
                effects += self._gesture(pin, outcome, press.active, now)
        return effects

    def tell_newest(self, now: Now) -> list[Effect]:
        """Tell the newest level of each noisy pin: before what comes later is told."""
        effects: list[Effect] = [
            Broadcast(_frame(event, now), event.at_s) for event in self._untold.values()
        ]
        self._untold.clear()
        self._untold_due_s = inf
        return effects

    def join(self, page: str, cursors: Iterable[str], now: Now, since: str = "") -> Welcome:
        """Say what a display that joins or rejoins is told first.

        Args:
            page: the page it is on.
            cursors: what it has already acted on, the tab's own before the page's.
            now: this moment.
            since: the cursor with which its page began, if it has joined on it before: a press
                that goes on meanwhile is still this page's.
        """
        after_seq = wire.resume_after(cursors, self.epoch)
        if after_seq is None or after_seq > self.seq:
            since_seq, missed = self.seq, None
        else:
            began_seq = wire.resume_after((since,), self.epoch)
            since_seq = after_seq if began_seq is None else min(began_seq, after_seq)
            missed = self._navigation.missed(page, after_seq, now.mono_s, since_seq)
        if missed is not None:
            texts = (self._state(missed.seq - 1), _frame(missed, now))
            return Welcome(texts, since_seq, to=self._navigation.target(page, missed))
        elsewhere = self._navigation.elsewhere(page, self.levels)
        return Welcome((self._state(self.seq),), since_seq, to=elsewhere)

    def pins_to_read(self, now_s: float) -> list[str]:
        """The pins whose debounce deadline has come, the first one first: each wants a reading."""
        due = [
            (pin.deadline_s, name)
            for name, pin in self._pins.items()
            if pin.deadline_s is not None and pin.deadline_s <= now_s
        ]
        return [name for _, name in sorted(due)]

    @property
    def deadline_s(self) -> float | None:
        """The next moment, in monotonic seconds, at which `pins_to_read` or `due` has work."""
        waiting: Iterable[Debounce | Press] = (*self._pins.values(), *self._presses.values())
        deadlines_s = [w.deadline_s for w in waiting if w.deadline_s is not None]
        if self._untold:
            deadlines_s.append(self._untold_due_s)
        return min(deadlines_s, default=None)

    def noisy(self, pin: str, at_s: float) -> bool:
        """Whether a pin oscillates at ``at_s``, in monotonic seconds."""
        return self._noise[pin].at(at_s)

    def _settle(self, pin: str, changes: Iterable[tuple[Level, float]], now: Now) -> list[Effect]:
        effects: list[Effect] = []
        press = self._presses.get(pin)
        for level, at_s in changes:
            outcome = None
            if press is not None and level is not press.active:
                outcome = press.end(at_s)
                if outcome is not None and outcome.gesture is Gesture.HOLD:
                    # Its time was over before this release, though we come to it only now.
                    effects += self._gesture(pin, outcome, press.active, now)
                    outcome = None
            effects += self._tell(PinEvent(self.seq + 1, pin, level, at_s), now)
            if outcome is not None:
                effects += self._gesture(pin, outcome, level, now)
            if press is not None and level is press.active:
                press.begin(self.seq, at_s)
        return effects

    def _gesture(self, pin: str, outcome: Outcome, level: Level, now: Now) -> list[Effect]:
        event = PinEvent(
            self.seq + 1,
            pin,
            level,
            outcome.at_s,
            outcome.gesture,
            outcome.press,
        )
        return self._tell(event, now)

    def _tell(self, event: PinEvent, now: Now) -> list[Effect]:
        """Count an event; every display is told, and those whose page reacts to it leave."""
        self.seq = event.seq
        self._navigation.remember(event)
        self._noise[event.pin].take(event.at_s)
        moves = self._navigation.moves(event)
        if not self.noisy(event.pin, event.at_s):
            return [*self.tell_newest(now), event, *self._tell_now(event, moves, now)]
        noise: list[Effect] = [event]
        if now.mono_s >= self._said_noisy_s.get(event.pin, -inf) + _NOISY_AGAIN_S:
            self._said_noisy_s[event.pin] = now.mono_s
            noise.append(PinNoisy(event.pin))
        if now.mono_s <= event.at_s + self._windows_s[event.pin] + NOISY_LATE_S:
            return [*self.tell_newest(now), *noise, *self._tell_now(event, moves, now)]
        return [*noise, *self._tell_later(event, moves, now)]

    def _tell_now(
        self, event: PinEvent, moves: Iterable[tuple[str, str]], now: Now
    ) -> list[Effect]:
        closes = [CloseClients(page, to, event.began) for page, to in moves]
        return [Broadcast(_frame(event, now), event.at_s), *closes]

    def _tell_later(
        self, event: PinEvent, moves: Iterable[tuple[str, str]], now: Now
    ) -> list[Effect]:
        """Tell at once only the displays that leave by it; `due` tells the others the newest."""
        self._untold_due_s = min(self._untold_due_s, now.mono_s + NOISY_FRAME_S)
        self._untold.pop(event.pin, None)  # at the end: in the order of their numbers
        self._untold[event.pin] = event
        return [CloseClients(page, to, event.began, first=_frame(event, now)) for page, to in moves]

    def _state(self, seq: int) -> str:
        return wire.state_frame(self.epoch, seq, self.levels, simulated=self._simulated)


def _frame(event: PinEvent, now: Now) -> str:
    return wire.edge_frame(event, now.unix_s - (now.mono_s - event.at_s))
