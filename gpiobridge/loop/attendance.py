"""Which of the displays that the configuration names are missing. The watcher's thread writes it.

A display between two pages has no socket for a moment, and after a start of the bridge none is
there yet. So one is missing only after a while.
"""

from collections import Counter
from collections.abc import Collection

from gpiobridge.core.clock import Clock
from gpiobridge.displays.audience import SIMULATOR, Display
from gpiobridge.displays.observer import Gone
from gpiobridge.loop.observer import Observer

MISSING_S = 10.0
"""How long a display may be without a socket, in seconds."""


class Attendance(Observer):
    """Takes note of who comes and goes.

    Args:
        names: the displays that the configuration names.
        clock: gives the time.
    """

    def __init__(self, names: Collection[str], clock: Clock) -> None:
        self._clock = clock
        self._open = Counter(dict.fromkeys(names, 0))
        self._gone_s = dict.fromkeys(names, clock.now().mono_s)

    def display_came(self, display: Display) -> None:
        """Count a display that is there."""
        if display.name in self._gone_s and display.page != SIMULATOR:
            self._open[display.name] += 1

    def display_gone(self, display: Display, why: Gone) -> None:
        """Count one less."""
        if display.name in self._gone_s and display.page != SIMULATOR:
            self._open[display.name] -= 1
            self._gone_s[display.name] = self._clock.now().mono_s

    def missing(self, now_s: float) -> list[str]:
        """List the displays that are missing, in the order of the configuration. Any thread.

        Args:
            now_s: monotonic seconds.
        """
        since_s = now_s - MISSING_S
        return [
            name
            for name, gone_s in self._gone_s.items()
            if not self._open[name] and gone_s <= since_s
        ]
