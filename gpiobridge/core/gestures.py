r"""A press and time in, a tap or a hold out: what each press of one pin turns out to be.

Pure, and in event time like `debounce`. A press that is released within the hold time is a tap. Any
other press is a hold:

    pin      ‾‾‾\____/‾‾‾‾‾‾‾‾‾\______________________/‾‾‾‾‾   (active low)
    events      L    H,tap     L              hold     H
                               '←── hold_s ──→'

A hold is told when every release before its time has come to count: one debounce window after its
time. If first edges count, a release counts at once; only one within the window of the press counts
at its end. So the hold is told at its time, or at that end if the hold time is shorter.

A press that may have ended, or may go on (see `hands`), becomes no hold meanwhile. If it goes on,
its hold time has been running all the same.
"""

from typing import NamedTuple

from gpiobridge.core.events import Gesture, Level


class Outcome(NamedTuple):
    """What a press was.

    Args:
        gesture: a tap or a hold.
        at_s: when that was clear, in monotonic seconds.
        press: the number of the edge at which the press began.
        press_at_s: the time of that edge, in monotonic seconds.
    """

    gesture: Gesture
    at_s: float
    press: int
    press_at_s: float


class Press:
    """What each press of one pin turns out to be.

    Args:
        active: the level of a pressed pin.
        hold_s: how long a press must last to be a hold, in seconds.
        window_s: the pin's debounce window, in seconds.
        first: whether its first edge counts at once.
    """

    def __init__(
        self, active: Level, hold_s: float, window_s: float, *, first: bool = False
    ) -> None:
        self.active = active
        self._hold_s = hold_s
        self._window_s = window_s
        self._first = first
        self._earliest_s = 0.0  # no hold is told before the press has come to count
        self._interrupted = False
        self._began: tuple[int, float] | None = None  # of an open press: neither tap nor hold yet

    @property
    def deadline_s(self) -> float | None:
        """When `due` tells a hold, in monotonic seconds; None while no press is surely going on."""
        if self.hold_at_s is None or self._interrupted:
            return None
        return max(self.hold_at_s + (0.0 if self._first else self._window_s), self._earliest_s)

    @property
    def hold_at_s(self) -> float | None:
        """When the hold time is over, in monotonic seconds; None while no press is open."""
        return None if self._began is None else self._began[1] + self._hold_s

    def begin(self, seq: int, at_s: float, due_s: float) -> None:
        """Take the edge at which a press begins: its number, its stamp, and when it counted."""
        self._began = (seq, at_s)
        self.resume(due_s)

    def interrupt(self) -> None:
        """The pin was released, and the press may still go on."""
        self._interrupted = True

    def resume(self, due_s: float) -> None:
        """The press goes on; that came to count at ``due_s``."""
        self._interrupted = False
        self._earliest_s = due_s + (self._window_s if self._first else 0.0)

    def end(self, at_s: float) -> Outcome | None:
        """Take the release at ``at_s``; return None if the press has already become a hold."""
        if self._began is None:
            return None
        (seq, began_s), self._began = self._began, None
        hold_at_s = began_s + self._hold_s
        if at_s >= hold_at_s:  # the hold was not told in time
            return Outcome(Gesture.HOLD, hold_at_s, seq, began_s)
        return Outcome(Gesture.TAP, at_s, seq, began_s)

    def due(self, now_s: float) -> Outcome | None:
        """Return the hold whose time has passed, once."""
        deadline_s = self.deadline_s
        if deadline_s is None or now_s < deadline_s:
            return None
        return self.end(now_s)
