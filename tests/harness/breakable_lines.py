"""Lines of outputs that do what a test says, and an output for them."""

from collections.abc import Mapping
from queue import SimpleQueue

from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs.lines import OutputLines


class BreakableLines(OutputLines):
    """Lines that can break, and that tell each level that they get.

    Attributes:
        broken: the outputs whose line doesn't answer.
        written: each level that a line has got, and each try; a broken line tells None.
    """

    simulated = True

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.levels: dict[str, Level] = {}
        self.written: SimpleQueue[tuple[str, Level | None]] = SimpleQueue()

    def open(self, levels: Mapping[str, Level]) -> None:
        """Begin with these levels."""
        self.levels.update(levels)

    def write(self, output: str, level: Level) -> None:
        """Set a level, or fail."""
        if output in self.broken:
            self.written.put((output, None))
            raise PinError(f"output {output!r} can't be set: [Errno 5] Input/output error")
        self.levels[output] = level
        self.written.put((output, level))

    def close(self) -> None:
        """Do nothing: the levels stay, for the test."""
