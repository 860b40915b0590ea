"""A toy kind of pins, which a metronome sets: all that there is to say of it."""
# ruff: noqa: D101, D102  -- its length is what it shows

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gpiobridge.config import Gpio, Pin, format_duration
from gpiobridge.config.tables import Key, PinTable
from gpiobridge.config.values import Seconds
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.pins.source import OnEdge, PinKind, PinSource


class MetronomeTable(PinTable):
    every_s = Key(Seconds(0.01, 60), "every")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetronomePin(Pin):
    source: ClassVar[str] = "metronome"
    every_s: float
    where = property(lambda self: f"set by a metronome, every {format_duration(self.every_s)}")


class Metronomes(PinSource):
    simulated = loses_edges = False

    def __init__(self, pins: Mapping[str, MetronomePin], clock: Clock) -> None:
        self._pins, self._clock = pins, clock
        self._levels = {name: pin.active.other for name, pin in pins.items()}

    def open(self, on_edge: OnEdge) -> None:
        self._on_edge, now_s = on_edge, self._clock.now().mono_s
        self._due_s = {name: now_s + pin.every_s for name, pin in self._pins.items()}

    deadline_s = property(lambda self: min(self._due_s.values()))

    def read_edges(self) -> bool:
        for name, due_s in self._due_s.items():
            if due_s <= self._clock.now().mono_s:
                self._levels[name] = self._levels[name].other
                self._on_edge(RawEdge(name, self._levels[name], due_s))
                self._due_s[name] += self._pins[name].every_s
        return False

    def read(self, pin: str) -> Level:
        return self._levels[pin]


class Metronome(PinKind[MetronomeTable, MetronomePin]):
    table, pin, needs = MetronomeTable, MetronomePin, {"every": 'has no every; write every = "1s"'}

    def make(self, gpio: Gpio, pins: Mapping[str, MetronomePin], clock: Clock) -> PinSource:
        return Metronomes(pins, clock)


KIND = Metronome()
