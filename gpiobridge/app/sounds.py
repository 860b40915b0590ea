"""The sounds as an application sees them. Any thread."""

from collections.abc import Callable

from gpiobridge.app.named import Named
from gpiobridge.app.running_bridge import RunningBridge


class LiveSound:
    """One sound of a running bridge; `bridge.sounds["rain"]` gives it. Any thread.

    Attributes:
        name: the sound's name.
    """

    def __init__(self, name: str, running: Callable[[], RunningBridge]) -> None:
        self.name = name
        self._running = running

    def play(self) -> None:
        """Play the sound on every display, each once, as `POST /api/sounds/<name>` does.

        A sound that still plays begins anew. One with `loop = true` plays on until `stop`, or until
        a page that has it is left. A display that changes its page at this moment plays it, too. A
        display that is opened later doesn't.

        Raises:
            GpioBridgeError: the bridge has not been started.
        """
        self._order(play=True)

    def stop(self) -> None:
        """End the sound on every display: it fades out within half a second.

        Raises:
            GpioBridgeError: the bridge has not been started.
        """
        self._order(play=False)

    def _order(self, *, play: bool) -> None:
        running = self._running()
        running.orders.sound(running.settings.sounds[self.name], play=play)


class LiveSounds(Named[LiveSound]):
    """All sounds of a running bridge, by name.

    Args:
        running: returns the running bridge.
    """

    def __init__(self, running: Callable[[], RunningBridge]) -> None:
        super().__init__(
            "sound", lambda: running().settings.sounds, lambda name: LiveSound(name, running)
        )
