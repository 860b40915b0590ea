"""The outputs as an application sees them: what they do now, and control of them.

Any thread.
"""

from collections.abc import Callable

from gpiobridge.app.named import Named
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import OutputState
from gpiobridge.errors import GpioBridgeError
from gpiobridge.outputs.orders import checked


def order(
    running: RunningBridge, name: str, state: object, for_s: object = None, *, by: str
) -> None:
    """Order a state of an output.

    Args:
        running: the running bridge.
        name: the output's name.
        state: "on", "off", "blink" or "pulse".
        for_s: how long it counts, in seconds; None: until something else sets the output.
        by: who sets it, for the log.

    Raises:
        OutputError: there is no such output, it can't have such a state, or not for such a time.
        GpioBridgeError: the bridge has stopped.
    """
    ordered = checked(running.settings.outputs, name, state, for_s, by=by)
    if not running.watcher.alive:
        raise GpioBridgeError(f"output {name!r} is closed: the bridge is not running")
    running.watcher.order(ordered)


class LiveOutput:
    """One output of a running bridge; `bridge.outputs["lamp"]` gives it. Any thread.

    What is set here counts until a page that names the output is shown or left, or for a time. The
    calls don't wait for the line: it has its level a moment later.

    Attributes:
        name: the output's name.
    """

    def __init__(self, name: str, running: Callable[[], RunningBridge]) -> None:
        self.name = name
        self._running = running

    @property
    def state(self) -> OutputState:
        """What it does now: `"on"`, `"off"`, `"blink"` or `"pulse"`.

        After a pulse and after `max_on` it is off.
        """
        return self._running().watcher.outputs.states[self.name].state

    def on(self, for_s: float | None = None) -> None:
        """Switch it on; see `set`."""
        self.set(OutputState.ON, for_s)

    def off(self, for_s: float | None = None) -> None:
        """Switch it off; see `set`."""
        self.set(OutputState.OFF, for_s)

    def blink(self, for_s: float | None = None) -> None:
        """Let it blink, with the period of its `blink` key; see `set`."""
        self.set(OutputState.BLINK, for_s)

    def pulse(self, for_s: float | None = None) -> None:
        """Switch it on for a moment; then it does again what it did before.

        Args:
            for_s: how long, in seconds; None: as long as its `pulse` key says.

        Raises:
            OutputError: `for_s` is no such time.
            GpioBridgeError: the bridge has not been started, or has stopped.

        Example:
            ```python
            bridge.outputs["lock"].pulse(1.5)
            ```
        """
        self.set(OutputState.PULSE, for_s)

    def set(self, state: OutputState | str, for_s: float | None = None) -> None:
        """Set its state, as `POST /api/outputs/<name>` does.

        Args:
            state: `"on"`, `"off"`, `"blink"` or `"pulse"`.
            for_s: how long that counts, in seconds, at most 86,400; then the output does what it
                would do otherwise. None: until a page that names the output is shown or left.

        Raises:
            OutputError: there is no such state or time, or the output follows a pin and `for_s` is
                missing.
            GpioBridgeError: the bridge has not been started, or has stopped.
        """
        order(self._running(), self.name, state, for_s, by="the application")


class LiveOutputs(Named[LiveOutput]):
    """All outputs of a running bridge, by name.

    Args:
        running: returns the running bridge.
    """

    def __init__(self, running: Callable[[], RunningBridge]) -> None:
        super().__init__(
            "output", lambda: running().settings.outputs, lambda name: LiveOutput(name, running)
        )
