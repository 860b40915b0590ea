"""The pins as an application sees them: their levels now, and a hand on those without a wire.

Any thread.
"""

from collections.abc import Callable, Iterator, Mapping

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.core.events import Level
from gpiobridge.errors import DriveError


class LivePin:
    """One pin of a running bridge.

    Args:
        name: the pin's name.
        running: gives the running bridge.
    """

    def __init__(self, name: str, running: Callable[[], RunningBridge]) -> None:
        self.name = name
        self._running = running

    @property
    def level(self) -> Level:
        """The debounced level now: ``"low"`` or ``"high"``."""
        return self._running().watcher.core.levels[self.name]

    @property
    def active(self) -> bool:
        """Whether it is at its active level: pressed, in the case of a button."""
        return self.level is self._running().settings.pins[self.name].active

    def set(self, level: Level | str) -> None:
        """Set the level, as ``POST /api/pins/<name>`` does; it stays.

        For a pin with ``source = "http"``, or a simulated one.

        Args:
            level: `Level.LOW` or `Level.HIGH`, or the text ``"low"`` or ``"high"``.

        Raises:
            DriveError: it is another level, or comes so soon that a press would be no event.
            PinError: the pin has a wire, or the bridge has stopped.
            GpioBridgeError: the bridge has not been started.
        """
        if level not in list(Level):
            raise DriveError(f"level = {level!r}: must be Level.LOW or Level.HIGH")
        self._running().watcher.pins.drive(self.name, Level(level))

    def press(self, for_s: float = 0.15) -> None:
        """Make the pin active, and inactive again after a time; it doesn't wait for that.

        For a pin with ``source = "http"``, or a simulated one. A press that is taken is an event,
        and its release another one: what would be none is refused.

        Args:
            for_s: how long it stays active, in seconds: at least the pin's debounce, at most 600.

        Raises:
            DriveError: it is too short or too long, the pin is active already, or it changed less
                than its debounce ago.
            PinError: the pin has a wire, or the bridge has stopped.
            GpioBridgeError: the bridge has not been started.
        """
        if isinstance(for_s, bool) or not isinstance(for_s, int | float):
            raise DriveError(f"for_s = {for_s!r}: must be a number of seconds, such as 0.15")
        running = self._running()
        running.watcher.pins.drive(self.name, running.settings.pins[self.name].active, for_s)


class LivePins(Mapping[str, LivePin]):
    """All pins of a running bridge, by name.

    Args:
        running: gives the running bridge.
    """

    def __init__(self, running: Callable[[], RunningBridge]) -> None:
        self._running = running

    def __getitem__(self, name: str) -> LivePin:
        if name not in self._running().settings.pins:
            raise KeyError(f"there is no pin {name!r}; pins: {', '.join(self)}")
        return LivePin(name, self._running)

    def __iter__(self) -> Iterator[str]:
        return iter(self._running().settings.pins)

    def __len__(self) -> int:
        return len(self._running().settings.pins)
