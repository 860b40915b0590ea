"""Lines of outputs that note what they are set to, and fail if a test wants it."""

from collections.abc import Mapping, Sequence

from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs.handover import HeldLine
from gpiobridge.outputs.lines import OutputLines


class ScriptedLines(OutputLines):
    """Lines in time that a test makes.

    Attributes:
        levels: output -> its level; empty once the lines are released.
        changes: when each line was set to which level: output, seconds since the start, level.
        broken: the outputs whose line doesn't answer.
        handed_over: whether the lines were left to the process after a reload.
    """

    simulated = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin_s = clock.now().mono_s
        self.levels: dict[str, Level] = {}
        self.changes: list[tuple[str, float, Level]] = []
        self.broken: set[str] = set()
        self.handed_over = False

    def open(self, levels: Mapping[str, Level]) -> None:
        """Claim every line."""
        self.levels = dict(levels)

    def write(self, output: str, level: Level) -> None:
        """Set a line, or fail."""
        if output in self.broken:
            raise PinError(f"output {output!r} doesn't answer")
        self.levels[output] = level
        at_s = round(self._clock.now().mono_s - self._begin_s, 3)
        self.changes.append((output, at_s, level))

    def close(self) -> None:
        """Release every line."""

    def hand_over(self) -> Sequence[HeldLine]:
        """Leave every line as it is."""
        self.handed_over = True
        return ()

    def of(self, output: str) -> list[tuple[float, str]]:
        """List the changes of one output, with a HIGH line as on."""
        return [
            (at_s, "on" if level is Level.HIGH else "off")
            for name, at_s, level in self.changes
            if name == output
        ]
