"""The pins as an application sees them: their levels now, and control of those without a wire.

Any thread.
"""

from collections.abc import Callable

from gpiobridge.app.named import Named
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.core.events import Level
from gpiobridge.errors import DriveError


class LivePin:
    """One pin of a running bridge; `bridge.pins["button"]` gives it. Any thread.

    Attributes:
        name: the pin's name.
    """

    def __init__(self, name: str, running: Callable[[], RunningBridge]) -> None:
        self.name = name
        self._running = running

    @property
    def level(self) -> Level:
        """The level that counts now: `Level.LOW` (equal to `"low"`) or `Level.HIGH` (`"high"`)."""
        return self._running().watcher.core.levels[self.name]

    @property
    def active(self) -> bool:
        """Whether the pin is at its active level. For a button: whether it is pressed."""
        return self.level is self._running().settings.pins[self.name].active

    def set(self, level: Level | str) -> None:
        """Set the level, as `POST /api/pins/<name>` does. The pin keeps it.

        Only for a pin with `source = "http"`, or a simulated one. A set level ends a press that is
        still going on. `level` follows after the pin's debounce, dwell and cooldown.

        Args:
            level: `Level.LOW` or `Level.HIGH`, or the text `"low"` or `"high"`.

        Raises:
            DriveError: `level` is anything else, or the call comes so soon that a press would be no
                event.
            PinError: the pin has a wire, or the bridge has stopped.
            GpioBridgeError: the bridge has not been started.
        """
        if level not in list(Level):
            raise DriveError(f"level = {level!r}: must be Level.LOW or Level.HIGH")
        self._running().watcher.pins.drive(self.name, Level(level))

    def press(self, for_s: float = 0.15) -> None:
        """Make the pin active, then inactive again after a time. The call doesn't wait for the end.

        Only for a pin with `source = "http"`, or a simulated one. An accepted press is one event,
        and its release another. A press that would be no event is refused.

        Args:
            for_s: how long the pin stays active, in seconds: at least its debounce and its dwell,
                at most 600.

        Raises:
            DriveError: `for_s` is too short or too long, the pin is already active, or it changed
                less than its debounce or its cooldown ago.
            PinError: the pin has a wire, or the bridge has stopped.
            GpioBridgeError: the bridge has not been started.

        Example:
            ```python
            bridge.pins["doorbell"].press(for_s=0.3)
            ```
        """
        if isinstance(for_s, bool) or not isinstance(for_s, int | float):
            raise DriveError(f"for_s = {for_s!r}: must be a number of seconds, such as 0.15")
        running = self._running()
        running.watcher.pins.drive(self.name, running.settings.pins[self.name].active, for_s)


class LivePins(Named[LivePin]):
    """All pins of a running bridge, by name.

    Args:
        running: returns the running bridge.
    """

    def __init__(self, running: Callable[[], RunningBridge]) -> None:
        super().__init__(
            "pin", lambda: running().settings.pins, lambda name: LivePin(name, running)
        )
