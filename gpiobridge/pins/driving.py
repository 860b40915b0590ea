"""Levels that a program sets, where no wire does: for good, or for the time of a press.

Owns when a press ends, and which presses are refused. The end of a press is known when it begins.
So no timer ends it: a timer would be late in a process that is held up. The end has its own stamp,
and each call that looks for edges, reads a level or drives a pin handles it first.

A press that is accepted is an event: the debounce sees the level before it, the press, and the
level after it, each for the pin's window, and as long as the pin's dwell and cooldown ask for. A
press that would be no event is refused, with the reason. A level without an end may bounce, as a
wire does, but it never spoils a press.

It keeps two promises that the watcher relies on (`core.debounce` says why). A reading is never
older than the moment before it. An edge that was stamped before a moment has reached the watcher
once the watcher has looked for edges after that moment. So a level and its edge are made in one
step, under the lock; `read` and `hand_on` run before that step or after it, never in its middle.

Any thread. `put` is called with the lock held, so edges come in the order of their stamps; it must
not block.
"""

import math
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gpiobridge.config import Pin, format_duration
from gpiobridge.config.settings import MAX_HOLD_S
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level
from gpiobridge.errors import DriveError, PinError

MAX_PRESS_S = MAX_HOLD_S
"""The longest press, in seconds: as long as the longest hold time."""

# With it no press is shorter than was asked for, by any clock and rounding. It is smaller than any
# difference that people write.
_SPARE_S = 0.0005

Put = Callable[[str, Level, float], None]


class _Change(NamedTuple):
    at_s: float
    of_press: bool


class _End(NamedTuple):
    at_s: float
    level: Level


class Driving:
    """The driven levels of some pins.

    Args:
        pins: pin name to its settings.
        read: gives a pin's level now.
        clock: stamps the edges.
    """

    def __init__(
        self,
        pins: Mapping[str, Pin],
        read: Callable[[str], Level],
        clock: Clock,
    ) -> None:
        self._pins = pins
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._put: Put | None = None  # None while they are closed
        self._changes: dict[str, _Change] = {}  # the newest of each pin
        self._ends: dict[str, _End] = {}  # of the presses that last

    def open(self, put: Put) -> None:
        """Let pins be driven from now on.

        Args:
            put: sets a pin to another level, and hands on the edge with this stamp.
        """
        with self._lock:
            self._put = put

    def close(self) -> None:
        """Stop all edges; may be called twice."""
        with self._lock:
            self._put = None
            self._ends.clear()

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set a pin's level, for good or for the time of a press.

        Args:
            pin: the pin's name.
            level: the level; the present level makes no edge.
            for_s: seconds after which the pin returns to the level before, at most `MAX_PRESS_S`;
                None: it stays, and a present press ends.

        Raises:
            DriveError: a press would be no event, because of its time or of another press.
            PinError: the pins are not open.
        """
        with self._lock:
            if self._put is None:
                raise PinError(f"pin {pin!r} is closed: the bridge is not running")
            now_s = self._clock.now().mono_s
            self._end_presses_locked(now_s)
            if for_s is None:
                self._set_locked(pin, level, now_s)
            else:
                self._press_locked(pin, level, for_s, now_s)

    def read(self, pin: str) -> Level:
        """Read a pin's level now; a press whose time is over has ended."""
        with self._lock:
            self._end_presses_locked(self._clock.now().mono_s)
            return self._read(pin)

    def hand_on(self) -> None:
        """Hand on the ends of presses whose time is over; wait for an edge that is on its way."""
        with self._lock:
            self._end_presses_locked(self._clock.now().mono_s)

    @property
    def deadline_s(self) -> float | None:
        """When the next press ends, in monotonic seconds; None while none lasts."""
        with self._lock:
            return min((end.at_s for end in self._ends.values()), default=None)

    def _set_locked(self, pin: str, level: Level, now_s: float) -> None:
        if level is not self._read(pin):
            newest = self._changes.get(pin)
            if newest is not None and newest.of_press:
                self._spare_locked(pin, now_s, "that press would be no event")
            self._change_locked(pin, level, now_s, of_press=False)
        self._ends.pop(pin, None)

    def _press_locked(self, pin: str, level: Level, for_s: float, now_s: float) -> None:
        key, shortest_s = self._pins[pin].shortest(level)
        if not 0 < for_s <= MAX_PRESS_S:
            raise DriveError(
                f"pin {pin!r}: a press can't last {for_s} s; give it a time above 0 and of at most "
                f"{format_duration(MAX_PRESS_S)}"
            )
        # If its first edge counts, a shorter press is an event: it ends with the window.
        by_window = key == "debounce" and self._pins[pin].counts == "first"
        if for_s < shortest_s - _SPARE_S and not by_window:
            raise DriveError(
                f"pin {pin!r}: a press of {format_duration(for_s)} is shorter than the pin's "
                f"{key} of {format_duration(shortest_s)}, so it would be no event: make it "
                f"{format_duration(shortest_s)} or longer, or the {key} shorter"
            )
        if (end := self._ends.get(pin)) is not None:
            raise DriveError(
                f"pin {pin!r} is pressed already, for another {_at_least(end.at_s - now_s)}: a "
                f"press meanwhile would be no event; set it to {end.level} to end that one now"
            )
        if level is self._read(pin):
            raise DriveError(
                f"pin {pin!r} is {level} already, so a press to {level} would be no event: set it "
                f"to {level.other} first, or press it to {level.other}"
            )
        self._spare_locked(pin, now_s, "a press now would be no event")
        self._change_locked(pin, level, now_s, of_press=True)
        self._ends[pin] = _End(now_s + max(for_s, shortest_s) + _SPARE_S, level.other)

    def _spare_locked(self, pin: str, now_s: float, why: str) -> None:
        """Refuse a change so soon after the last one that the level between them doesn't count."""
        newest = self._changes.get(pin)
        key, shortest_s = self._pins[pin].shortest(self._read(pin))
        if newest is not None and now_s < newest.at_s + shortest_s:
            raise DriveError(
                f"pin {pin!r} changed less than its {key} of {format_duration(shortest_s)} ago, "
                f"so {why}: try again in {_at_least(newest.at_s + shortest_s - now_s)}"
            )

    def _end_presses_locked(self, now_s: float) -> None:
        """Make the changes that are due, in the order of their stamps."""
        due = [(end, pin) for pin, end in self._ends.items() if end.at_s <= now_s]
        for end, pin in sorted(due):
            del self._ends[pin]
            self._change_locked(pin, end.level, end.at_s, of_press=True)

    def _change_locked(self, pin: str, level: Level, at_s: float, *, of_press: bool) -> None:
        assert self._put is not None
        self._changes[pin] = _Change(at_s, of_press)
        self._put(pin, level, at_s)


def _at_least(duration_s: float) -> str:
    """Write a time to wait, in whole milliseconds and never too short."""
    return format_duration(max(1, math.ceil(duration_s * 1000)) / 1000)
