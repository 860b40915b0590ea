"""The lamp of a button: lit while a press would move a display, and blinking while one does.

It never says more than what has happened: a press that moves nobody changes nothing. Pure.
"""

from collections.abc import Collection, Hashable
from typing import Protocol

from gpiobridge.config import OutputState
from gpiobridge.core.events import PinEvent


class Seen(Protocol):
    """What a lamp must know of a display; `displays.screen.Screen` is one."""

    page: str | None
    sent_by: PinEvent | None

    def takes(self, pin: str) -> bool:
        """Whether a press of a pin would count on what it shows now."""

    def __hash__(self) -> int: ...


class Lamp:
    """The lamp of one button.

    Args:
        pin: the button's name.
        pages: the names of the pages from which an event of that pin leads away.
    """

    def __init__(self, pin: str, pages: Collection[str]) -> None:
        self._pin = pin
        self._pages = pages
        self._ready: set[Hashable] = set()
        self._sent: set[Hashable] = set()

    def see(self, screen: Seen) -> None:
        """Take note of a display whose page or whose word has changed."""
        sent = screen.sent_by is not None and screen.sent_by.pin == self._pin
        ready = screen.takes(self._pin) and screen.page in self._pages
        for those, belongs in ((self._sent, sent), (self._ready, ready)):
            (those.add if belongs else those.discard)(screen)

    def forget(self, screen: Hashable) -> None:
        """Forget a display that is lost."""
        self._sent.discard(screen)
        self._ready.discard(screen)

    @property
    def state(self) -> OutputState:
        """What the lamp says now."""
        if self._sent:
            return OutputState.BLINK
        return OutputState.ON if self._ready else OutputState.OFF
