"""The kind "http": pins without a wire, whose levels the API sets (see `routes.api`).

`driving` has the rules by which they change, and keeps the watcher's promises.

Threads: `drive` on any, the rest as `source` says. `on_edge` is called on the thread that drives,
reads or looks for edges.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gpiobridge.config import Gpio, Pin
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.pins.driving import Driving
from gpiobridge.pins.pulled import PulledKind, PulledPin, PulledTable
from gpiobridge.pins.source import OnEdge, PinSource


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPin(PulledPin):
    """A pin that the API sets. Nothing pulls it, but a pull decides its active level, too."""

    source: ClassVar[str] = "http"

    @property
    def where(self) -> str:
        """Say what sets it."""
        return f"set by POST /api/pins/{self.name}"

    @property
    def closed_because(self) -> str:
        """Empty: the API may set it."""
        return ""


class HttpKind(PulledKind[PulledTable, HttpPin]):
    """The kind of pins that the API sets."""

    table = PulledTable
    pin = HttpPin

    def make(self, gpio: Gpio, pins: Mapping[str, HttpPin], clock: Clock) -> PinSource:
        """Make their source."""
        return HttpPins(pins, clock)


KIND = HttpKind()


class HttpPins(PinSource):
    """Pins that start inactive, and keep the level that they were last given.

    Args:
        pins: pin name to its settings.
        clock: stamps the edges.

    Attributes:
        simulated: False: they are what was configured, and stand for nothing else.
        loses_edges: False: every edge is handed on.
    """

    simulated = False
    loses_edges = False

    def __init__(self, pins: Mapping[str, Pin], clock: Clock) -> None:
        self._levels = {name: pin.active.other for name, pin in pins.items()}
        self._driving = Driving(pins, self._levels.__getitem__, clock)

    def open(self, on_edge: OnEdge) -> None:
        """Hand every edge to `on_edge` from now on."""

        def put(pin: str, level: Level, at_s: float) -> None:
            self._levels[pin] = level
            on_edge(RawEdge(pin, level, at_s))

        self._driving.open(put)

    def drives(self, pin: str) -> bool:
        """Whether a program may set this pin's level: always."""
        return True

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set a pin's level, for good or for the time of a press; see `Driving.drive`.

        Raises:
            DriveError: a press would be no event.
            PinError: the pins are not open.
        """
        self._driving.drive(pin, level, for_s)

    @property
    def deadline_s(self) -> float | None:
        """When the next press ends, in monotonic seconds."""
        return self._driving.deadline_s

    def read_edges(self) -> bool:
        """Hand on the ends of presses; wait for a drive that has not handed on its edge yet.

        Returns:
            False: no edge is ever lost.
        """
        self._driving.hand_on()
        return False

    def read(self, pin: str) -> Level:
        """Read a pin's level now."""
        return self._driving.read(pin)

    def check(self) -> None:
        """Nothing to do: there is nothing that could die."""

    def close(self) -> None:
        """Stop all edges; may be called twice."""
        self._driving.close()
