"""The words of the core: levels, facts and orders.

Facts are named as facts (`RawEdge`, `PinEvent`), orders as orders (`Broadcast`,
`CloseClients`). A time is a float of seconds whose name ends in ``_s``. This module is pure and
imports nothing of the project.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """The electrical level of a pin."""

    LOW = "low"
    HIGH = "high"

    @property
    def other(self) -> "Level":
        """The opposite level."""
        return Level.HIGH if self is Level.LOW else Level.LOW


class Now(NamedTuple):
    """One moment on two clocks, handed into the core, which never reads one.

    Args:
        mono_s: monotonic seconds; everything is decided by these.
        unix_s: seconds since the Unix epoch; only shown to people, as the wall clock may jump.
    """

    mono_s: float
    unix_s: float


@dataclass(frozen=True, slots=True)
class RawEdge:
    """A pin's level changed, as the back end told it: not yet debounced.

    Args:
        pin: the pin's name in the configuration.
        level: the level after the edge.
        at_s: monotonic seconds of the edge itself, not of its arrival.
    """

    pin: str
    level: Level
    at_s: float


class Gesture(StrEnum):
    """What a press turns out to be."""

    TAP = "tap"  # released before the hold time was over
    HOLD = "hold"  # kept active for the hold time


@dataclass(frozen=True, slots=True)
class PinEvent:
    """Something happened at a pin, for sure: a settled edge, a tap or a hold.

    Args:
        seq: rises by one with each event of this run.
        pin: the pin's name.
        level: the level it settled on; with a gesture, the level it has.
        at_s: monotonic seconds of the edge, or of the moment the hold time was over.
        gesture: None for an edge.
        press: with a gesture, the number of the edge at which its press began.
    """

    seq: int
    pin: str
    level: Level
    at_s: float
    gesture: Gesture | None = None
    press: int | None = None

    @property
    def event(self) -> Level | Gesture:
        """What happened, as rules and frames name it."""
        return self.gesture or self.level

    @property
    def began(self) -> int:
        """The number of the edge at which it began: its own, or its press's."""
        return self.seq if self.press is None else self.press


@dataclass(frozen=True, slots=True)
class PinNoisy:
    """A pin oscillates; told once a minute while it does.

    Args:
        pin: the pin's name.
    """

    pin: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Order: send this text frame to every display.

    Args:
        text: the frame.
        at_s: when what it tells happened, in monotonic seconds.
    """

    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class CloseClients:
    """Order: displays on ``page`` leave for the page ``to`` (close code 4000).

    Args:
        page: the page they are on.
        to: the page they leave for.
        after: only displays that have not acted on this number yet: a press belongs to the page
            on which it began.
        first: a text frame that they have not got yet and must get before, or None.
    """

    page: str
    to: str
    after: int
    first: str | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """Order: what a display that joins is told first.

    Args:
        texts: text frames in order: the full state, then perhaps the event it missed.
        seq: the last event before its page began; only a press after it counts.
        to: the page it must leave for at once, or None.
    """

    texts: tuple[str, ...]
    seq: int
    to: str | None = None


Effect = PinEvent | PinNoisy | Broadcast | CloseClients
