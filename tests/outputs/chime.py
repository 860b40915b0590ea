"""A toy kind of outputs, bells that only count: all that there is to say of it."""
# ruff: noqa: D101, D102  -- its length is what it shows

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gpiobridge.config import Gpio, Output
from gpiobridge.config.tables import Key, OutputTable
from gpiobridge.config.values import Whole
from gpiobridge.core.events import Level
from gpiobridge.outputs.lines import LinesKind, OutputLines


class ChimeTable(OutputTable):
    bells = Key(Whole(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChimeOutput(Output):
    kind: ClassVar[str] = "chime"
    bells: int
    where = property(lambda self: f"a chime of {self.bells} bells")


class Chimes(OutputLines):
    simulated = False

    def open(self, levels: Mapping[str, Level]) -> None:
        self.rung = dict.fromkeys(levels, 0)

    def write(self, output: str, level: Level) -> None:
        self.rung[output] += level is Level.HIGH

    def close(self) -> None:
        pass


class Chime(LinesKind[ChimeTable, ChimeOutput]):
    table, output, needs = ChimeTable, ChimeOutput, {"bells": "has no bells; write bells = 3"}
    made: ClassVar[list[Chimes]] = []

    def make(self, gpio: Gpio, outputs: Mapping[str, ChimeOutput]) -> OutputLines:
        self.made.append(Chimes())
        return self.made[-1]


KIND = Chime()
