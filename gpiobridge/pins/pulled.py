"""What kinds of pins with a pull share: the key, and the active level that follows from it.

Pure; any thread.
"""

from dataclasses import dataclass
from typing import TypeVar

from gpiobridge.config import Pin, Pull
from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import Key, PinTable
from gpiobridge.config.values import Choice
from gpiobridge.config.written import Written
from gpiobridge.core.events import Level
from gpiobridge.pins.source import PinKind

_ACTIVE = {Pull.UP: Level.LOW, Pull.DOWN: Level.HIGH}


class PulledTable(PinTable):
    """What may stand in `[pins.<name>]` of a pin with a pull."""

    pull = Key(Choice(("up", "down", "none"), Pull))


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledPin(Pin):
    """A pin with a pull, which may have no effect.

    Args:
        pull: the Pi's own resistor that holds the open pin at a level.
    """

    pull: Pull = Pull.UP


TableT = TypeVar("TableT", bound=PulledTable)
PinT = TypeVar("PinT", bound=PulledPin)


class PulledKind(PinKind[TableT, PinT]):
    """A kind of pins with a pull."""

    def active(self, written: Written[TableT], problems: Problems) -> Level | None:
        """Find the active level: against the pull, unless it is given."""
        table = written.table
        if table.active is not None:
            return Level(table.active)
        active = _ACTIVE.get(Pull.UP if table.pull is None else Pull(table.pull))
        if active is None and not written.has("active"):
            sentence = 'is needed with pull = "none"; write active = "low" (or "high")'
            problems.add((*written.key, "active"), sentence)
        return active
