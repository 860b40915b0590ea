r"""Settled levels and time in, presses that count out: ``dwell`` and ``cooldown`` of one pin.

Pure, and in event time like `gestures`: it comes behind `debounce` and before everything that asks
what a pin does. ``dwell_s`` is how long the pin must be pressed before the press counts. A shorter
press is nothing. The release isn't held up:

    pin      ‾‾‾\__/‾‾‾‾‾‾\_________________/‾‾‾‾‾‾‾‾‾   (active low)
    events                           L      H
                          '←─dwell─→

A press that begins within ``cooldown_s`` of the release before belongs to the press before. So that
release was only an interruption. A release is told once no press can follow it within the cooldown:

    pin      ‾‾‾\______/‾\____/‾\___________/‾‾‾‾‾‾‾‾‾
    events      L                                    H   (stamped at its edge)
                                            '←cool-→
                                              down

Then the dwell is the time for which the pin was pressed, without the interruptions. So a hand that
trembles gets there, and two knocks don't: their pause isn't added.

A press is stamped at its first edge. When its dwell is over, it waits for one more debounce
window, because a release from before may still be settling. A release waits in the same way for
presses that began within the cooldown.
"""

from typing import NamedTuple

from gpiobridge.core.events import Ignored, Level


class Counted(NamedTuple):
    """A level that counts.

    Args:
        level: the level.
        at_s: the stamp of its edge, in monotonic seconds.
        clear_s: the moment that decides it: its edge, or the end of the dwell or of the cooldown.
        due_s: when it is told: a debounce window later, so that no edge from before is missing.
    """

    level: Level
    at_s: float
    clear_s: float
    due_s: float


class Dwelling(NamedTuple):
    """A press has begun that doesn't count yet.

    Args:
        at_s: the stamp of its edge, in monotonic seconds.
    """

    at_s: float


class LetGo(NamedTuple):
    """The pin was released before its press counts, and the press may still go on.

    Args:
        at_s: the stamp of the edge, in monotonic seconds.
    """

    at_s: float


class PressedAgain(NamedTuple):
    """The press that doesn't count yet goes on."""


class Dropped(NamedTuple):
    """A press that doesn't count, or that belongs to the one before.

    Args:
        why: which key says so.
        at_s: the stamp of its edge, in monotonic seconds.
    """

    why: Ignored
    at_s: float


class Interrupted(NamedTuple):
    """The pin was released after its press counts, and the press may still go on."""


class Resumed(NamedTuple):
    """The press that counts goes on.

    Args:
        due_s: when that came to count.
    """

    due_s: float


Outcome = Counted | Dwelling | LetGo | PressedAgain | Dropped | Interrupted | Resumed


class Deadline(NamedTuple):
    """A moment at which something follows without an edge.

    Args:
        due_s: when, in monotonic seconds.
        at_s: by which stamp it is ordered among what comes to count at that moment.
    """

    due_s: float
    at_s: float


class Hands:
    """Which levels of one pin count, by its dwell and cooldown.

    Args:
        active: the level of a pressed pin.
        level: the first reading. A press that is going on then has counted, and is never an event.
        dwell_s: how long the pin must be pressed for a press to count, in seconds; 0: at once.
        cooldown_s: how soon behind a release a press belongs to the one before, in seconds; 0: no
            press does.
        window_s: the pin's debounce window, in seconds.
        first: whether its first edge counts at once; then there is no dwell.
    """

    def __init__(
        self,
        active: Level,
        level: Level,
        dwell_s: float,
        cooldown_s: float,
        window_s: float,
        *,
        first: bool = False,
    ) -> None:
        self._active = active
        # A level that has settled has lasted for a window, unless the first edge counts.
        settles_s = 0.0 if first else window_s
        self._dwell_s = dwell_s if dwell_s > settles_s else 0.0
        self._cooldown_s = cooldown_s if cooldown_s > settles_s else 0.0
        self._window_s = window_s
        self._first = first
        self._pressed = level is active
        # A press is open until it is certain that it is over.
        self._open = self._counted = self._pressed
        self._began_s = 0.0
        self._since_s = 0.0  # the pin has been pressed since then, if it is
        self._lasted_s = 0.0  # how long the open press was pressed before that, without the pauses
        self._released_s = 0.0
        self._quiet_due_s = 0.0  # then no press can come any more that began within the cooldown

    @property
    def deadline(self) -> Deadline | None:
        """When `due` has something to tell; None while it waits for an edge."""
        if not self._open:
            return None
        if not self._pressed:
            return Deadline(self._quiet_due_s, self._released_s + self._cooldown_s)
        if self._counted:
            return None
        clear_s = self._since_s + (self._dwell_s - self._lasted_s)
        return Deadline(clear_s + self._window_s, clear_s)

    def take(self, level: Level, at_s: float, due_s: float) -> list[Outcome]:
        """Take a settled level: what it is, its stamp, and when it settled."""
        if level is self._active:
            return self._press(at_s, due_s)
        return self._release(at_s, due_s)

    def due(self) -> list[Outcome]:
        """Return what follows at the deadline, which has passed."""
        deadline = self.deadline
        assert deadline is not None
        if not self._pressed:
            return self._end(deadline.at_s, deadline.due_s)
        self._counted = True
        return [Counted(self._active, self._began_s, deadline.at_s, deadline.due_s)]

    def _press(self, at_s: float, due_s: float) -> list[Outcome]:
        self._pressed, self._since_s = True, at_s
        if self._open:
            if not self._counted:
                return [PressedAgain()]
            return [Dropped(Ignored.COOLDOWN, at_s), Resumed(due_s)]
        self._open, self._began_s, self._lasted_s = True, at_s, 0.0
        self._counted = not self._dwell_s
        if self._counted:
            return [Counted(self._active, at_s, at_s, due_s)]
        return [Dwelling(at_s)]

    def _release(self, at_s: float, due_s: float) -> list[Outcome]:
        self._pressed, self._released_s = False, at_s
        self._lasted_s += at_s - self._since_s
        if not self._cooldown_s:
            return self._end(at_s, due_s)
        over_s = at_s + self._cooldown_s
        self._quiet_due_s = (
            max(over_s, due_s + self._window_s) if self._first else over_s + self._window_s
        )
        return [Interrupted() if self._counted else LetGo(at_s)]

    def _end(self, clear_s: float, due_s: float) -> list[Outcome]:
        self._open = False
        if self._counted:
            return [Counted(self._active.other, self._released_s, clear_s, due_s)]
        return [Dropped(Ignored.DWELL, self._began_s)]
