"""What each display shows, from page to page, for observers. The watcher's thread.

A socket is a page's, and pages come and go. Whoever cares about what people see, such as a lamp,
needs the display: it is the same from page to page by its slot, which the next page gets by its
seat.
"""

from collections import OrderedDict
from collections.abc import Sequence

from gpiobridge.core.clock import Clock
from gpiobridge.core.events import PinEvent
from gpiobridge.displays.connection import Connection
from gpiobridge.displays.observer import DisplayObserver
from gpiobridge.displays.screen import Screen
from gpiobridge.loop.journeys import NOT_SHOWN_S


class Screens:
    """All displays that have a socket, or had one a moment ago.

    Args:
        observers: those with `sees_screens` hear what screens show, and of their changes. Without
            one no screen is followed.
        clock: gives the time.
    """

    def __init__(self, observers: Sequence[DisplayObserver], clock: Clock) -> None:
        self._observers = [observer for observer in observers if observer.sees_screens]
        self._clock = clock
        # Those between two pages, and when each is given up; the earliest first.
        self._between: OrderedDict[Screen, float] = OrderedDict()

    def joined(self, connection: Connection) -> None:
        """Take note of a display that has come, before its slot is its own for good."""
        if not self._observers:
            return
        slot, display = connection.slot, connection.display
        before = slot.instead_of
        screen = before.screen if before is not None else None
        if screen is None:
            screen = Screen(slot.client, display.name, connection.pins)
        slot.screen = screen
        screen.socket, screen.name, screen.pins = connection, display.name, connection.pins
        if display.visible and _is_shown_again(screen, connection):
            self._show(screen, connection, anew=screen.page is not None)
            return
        # Without `since` the page was loaded anew, and isn't painted yet.
        screen.open = bool(connection.since) and screen.page == display.page
        self._take_word(screen, connection)

    def shown(self, connection: Connection) -> None:
        """Take a page's word that it is on the screen."""
        screen = _of(connection)
        # On each new socket a page says again what may be known already.
        if screen is not None and not connection.closing and not screen.open:
            self._show(screen, connection, anew=not _has_been_shown(screen, connection))

    def said(self, connection: Connection) -> None:
        """Take a page's word on whether it takes presses, and whether it is visible."""
        screen = _of(connection)
        if screen is None:
            return
        if connection.display.visible and _is_shown_again(screen, connection):
            self._show(screen, connection, anew=screen.page is not None)
        else:
            self._take_word(screen, connection)

    def sent(self, connection: Connection, event: PinEvent) -> None:
        """Follow a display that an event has just sent to another page."""
        screen = _of(connection)
        # A program never says what it shows, and a hidden page shows nothing.
        if screen is not None and screen.page is not None and screen.visible:
            screen.sent_by, screen.open = event, False
            self._changed(screen)

    def gone(self, connection: Connection) -> None:
        """Note that a socket has ended."""
        if (screen := _of(connection)) is not None:
            screen.socket, screen.open = None, False
            self._changed(screen)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has work, in monotonic seconds; None while no display is between pages."""
        return next(iter(self._between.values()), None)

    def tick(self, now_s: float) -> None:
        """Give up the displays that have been between two pages for too long."""
        while self._between:
            screen, due_s = next(iter(self._between.items()))
            if due_s > now_s:
                return
            del self._between[screen]
            screen.sent_by = None
            if not screen.open:  # it is lost, its page says nothing, or nobody can see it
                screen.page = None
            for observer in self._observers:
                if screen.socket is None:
                    observer.screen_lost(screen)
                    continue
                if screen.page is None:
                    observer.screen_shows(screen, anew=False)
                observer.screen_changed(screen)

    def _show(self, screen: Screen, connection: Connection, *, anew: bool) -> None:
        screen.page, screen.open, screen.sent_by = connection.display.page, True, None
        for observer in self._observers:
            observer.screen_shows(screen, anew=anew)
        self._take_word(screen, connection)

    def _take_word(self, screen: Screen, connection: Connection) -> None:
        screen.visible = connection.display.visible
        screen.taking = connection.standing.takes(None)
        # A page that was left and takes presses has not gone: it has declined. One that plays a
        # farewell has a socket, too, but takes none.
        if screen.open and screen.taking:
            screen.sent_by = None
        self._changed(screen)

    def _changed(self, screen: Screen) -> None:
        if screen.open and screen.sent_by is None:
            self._between.pop(screen, None)
        elif screen not in self._between:
            self._between[screen] = self._clock.now().mono_s + NOT_SHOWN_S
        for observer in self._observers:
            observer.screen_changed(screen)


def _of(connection: Connection) -> Screen | None:
    """Find the display of a socket; None if its next socket is here already."""
    screen = connection.slot.screen
    return screen if screen is not None and screen.socket is connection else None


def _has_been_shown(screen: Screen, connection: Connection) -> bool:
    """Whether nobody knows a display any more whose page has connected again.

    The page was on the screen already, and may not say so again.
    """
    return bool(connection.since) and screen.page is None


def _is_shown_again(screen: Screen, connection: Connection) -> bool:
    """Whether a page that has connected again is on the screen, and nobody knows.

    It says so again, but not if it is a page of a version before 0.5.
    """
    return bool(connection.since) and screen.page != connection.display.page
