"""The words of the core: levels, facts and orders.

Facts are named as facts (`RawEdge`, `PinChanged`), orders as orders (`Broadcast`,
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


@dataclass(frozen=True, slots=True)
class PinChanged:
    """A pin's level changed and stayed: a settled edge, counted in the epoch.

    Args:
        seq: rises by one with each event of this run.
        pin: the pin's name.
        level: the level it settled on.
        at_s: monotonic seconds of the edge.
    """

    seq: int
    pin: str
    level: Level
    at_s: float


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Order: send this text frame to every display."""

    text: str


@dataclass(frozen=True, slots=True)
class CloseClients:
    """Order: every display on ``page`` leaves for the page ``to`` (close code 4000)."""

    page: str
    to: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Order: what a display that joins is told first.

    Args:
        texts: text frames in order: the full state, then perhaps the edge it missed.
        to: the page it must leave for at once, or None.
    """

    texts: tuple[str, ...]
    to: str | None = None


Effect = PinChanged | Broadcast | CloseClients
