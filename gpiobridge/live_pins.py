"""The pins as an application sees them: their levels now. Any thread."""

from collections.abc import Callable, Iterator, Mapping

from gpiobridge.events import Level
from gpiobridge.running import Running


class LivePin:
    """One pin of a running bridge.

    Args:
        name: the pin's name.
        running: gives the running bridge.
    """

    def __init__(self, name: str, running: Callable[[], Running]) -> None:
        self.name = name
        self._running = running

    @property
    def level(self) -> Level:
        """The debounced level now: ``"low"`` or ``"high"``."""
        return self._running().watcher.bridge.levels[self.name]

    @property
    def active(self) -> bool:
        """Whether it is at its active level: pressed, in the case of a button."""
        return self.level is self._running().settings.pins[self.name].active


class LivePins(Mapping[str, LivePin]):
    """All pins of a running bridge, by name.

    Args:
        running: gives the running bridge.
    """

    def __init__(self, running: Callable[[], Running]) -> None:
        self._running = running

    def __getitem__(self, name: str) -> LivePin:
        if name not in self._running().settings.pins:
            raise KeyError(f"there is no pin {name!r}; pins: {', '.join(self)}")
        return LivePin(name, self._running)

    def __iter__(self) -> Iterator[str]:
        return iter(self._running().settings.pins)

    def __len__(self) -> int:
        return len(self._running().settings.pins)
