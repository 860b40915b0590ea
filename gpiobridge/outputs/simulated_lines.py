"""Lines that are only remembered: for `pin_factory = "mock"`, and where there is no Raspberry Pi.

The watcher's thread.
"""

from collections.abc import Mapping

from gpiobridge.core.events import Level
from gpiobridge.outputs.lines import OutputLines


class SimulatedLines(OutputLines):
    """Lines without a wire.

    Attributes:
        simulated: True.
        levels: output name to the level of its line, while it is open.
    """

    simulated = True

    def __init__(self) -> None:
        self.levels: dict[str, Level] = {}

    def open(self, levels: Mapping[str, Level]) -> None:
        """Begin with these levels."""
        self.levels.update(levels)

    def write(self, output: str, level: Level) -> None:
        """Set a line's level."""
        self.levels[output] = level

    def close(self) -> None:
        """Forget the levels."""
        self.levels.clear()
