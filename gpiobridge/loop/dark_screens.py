"""Which screens are meant to be off, because it is closed. The watcher's thread.

A press at a pin that a display obeys wakes its screen for a while, and does nothing else: while it
is closed, no press moves a display. Kiosks ask for this (``/healthz``) and switch their screens.
"""

import logging
from collections.abc import Mapping
from typing import NamedTuple

from gpiobridge.config import Hours, Settings
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import PinEvent
from gpiobridge.displays.connection import LINES
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.observer import Observer
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

OTHERS = ""
"""The name under which all displays are kept that the configuration doesn't name."""


class Awake(NamedTuple):
    """Until when a press has woken a screen.

    Args:
        mono_s: in monotonic seconds.
        unix_s: in seconds since the Unix epoch.
    """

    mono_s: float
    unix_s: float


class DarkScreens(Observer):
    """Hears of presses, and says which screens are off on purpose.

    Any thread may call `is_dark` and `awake_until`, and read `names`.

    Args:
        settings: the configuration.
        hours: says what is open.
        clock: gives the time.

    Attributes:
        names: the displays that the configuration names, and "" for all others; none if no screen
            ever goes dark.
    """

    def __init__(self, settings: Settings, hours: Timekeeper, clock: Clock) -> None:
        self._hours = hours
        self._clock = clock
        self._actives = {name: pin.active for name, pin in settings.pins.items()}
        self._pins = {name: each.pins for name, each in settings.displays.items()}
        every = {name: settings.hours_of(name) for name in (OTHERS, *settings.displays)}
        self._of: Mapping[str, Hours] = {
            name: each for name, each in every.items() if each is not None and each.screen != "on"
        }
        self.names = tuple(every) if self._of else ()
        self._awake: dict[str, Awake] = {}
        self._lines = LogRate(log, LINES)

    def pin_event(self, event: PinEvent) -> None:
        """Wake the screens for which an event is a press."""
        if not self.names or event.event is not self._actives[event.pin]:
            return
        now = self._clock.now()
        for name, hours in self._of.items():
            pins = self._pins.get(name)
            obeys = pins is None or event.pin in pins
            if not obeys or not hours.wake_s or self._hours.page_for(name) is None:
                continue
            if self.is_dark(name):
                self._lines.info("%s wakes for a press of %s", self._who(name), event.pin)
            self._awake[name] = Awake(now.mono_s + hours.wake_s, now.unix_s + hours.wake_s)

    def is_dark(self, display: str) -> bool:
        """Whether the screen of a display is meant to be off now.

        Args:
            display: its name, or an empty string.
        """
        name = display if display in self._pins else OTHERS
        return (
            name in self._of
            and self._hours.page_for(name) is not None
            and self.awake_until(name) is None
        )

    def awake_until(self, name: str) -> float | None:
        """Say until when a press has woken a screen, in seconds since the Unix epoch.

        Args:
            name: one of `names`.

        Returns:
            None if none has, or it is open.
        """
        awake = self._awake.get(name)
        if awake is None or self._hours.page_for(name) is None:
            return None
        return awake.unix_s if self._clock.now().mono_s < awake.mono_s else None

    def _who(self, name: str) -> str:
        if name:
            return f'the screen of display "{name}"'
        return "the screen" if len(self.names) == 1 else "every other screen"
