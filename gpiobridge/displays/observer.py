"""What displays do, as facts for observers.

The methods run on the watcher's thread. `gpiobridge.loop.observer` adds what pins do.
"""

from enum import StrEnum

from gpiobridge.core.events import PinEvent
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.audience import Display, Push, SentMessage
from gpiobridge.displays.journey import Shown
from gpiobridge.displays.screen import Screen


class Gone(StrEnum):
    """Why a socket ended, in the words of the log and the metrics."""

    LEFT = "left"
    WENT_AWAY = "went away"
    STOPPED_READING = "stopped reading"
    NO_ANSWER = "no longer answers"
    BROKE_A_RULE = "broke a rule"
    NO_HANG_UP = "did not hang up"
    CAME_AGAIN = "came again"


class MovedBy(StrEnum):
    """What moves displays to another page."""

    PIN = "pin"  # an event that was just told
    CATCHING_UP = "catching up"  # an event or a level, when the page joins or takes presses again
    APPLICATION = "application"
    HOURS = "hours"  # it closes or opens, or a display comes while it is closed
    IDLE = "idle"  # the page itself, because nobody uses it


class DisplayObserver:
    """Hears of displays. Each method does nothing unless it is overridden.

    No method may block or raise: all pins and displays wait for it, and an exception ends the
    service, like any other failure of the watcher.

    Attributes:
        sees_screens: whether it is told of screens. If nobody is, none is followed: that costs a
            press that moves many displays.
    """

    sees_screens = False

    def display_came(self, display: Display) -> None:
        """A page is open: its socket was taken over, and nothing has been sent yet."""

    def display_gone(self, display: Display, why: Gone) -> None:
        """Its socket has ended. Sockets that are open when the watcher ends are not reported."""

    def rule_broken(self, display: Display, rule: str) -> None:
        """A page has sent something forbidden: its socket is about to be closed."""

    def message_came(self, message: SentMessage) -> None:
        """A page has sent a message to the application."""

    def message_sent(self, push: Push, displays: int) -> None:
        """The application's message is on its way to ``displays`` displays."""

    def displays_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        """``displays`` displays were moved from one page to another; 0 if none was open."""

    def page_shown(self, display: Display, shown: Shown) -> None:
        """A page is on the screen, as it says itself; told once for each page."""

    def screen_shows(self, screen: Screen, *, anew: bool) -> None:
        """A display shows another page, or the same one again; `screen.page` is None for no page.

        ``anew`` is False if the page has been on the screen before its socket came.
        """

    def screen_changed(self, screen: Screen) -> None:
        """What a display says of itself has changed: its page is left, or no longer takes presses.

        The page that it shows is still the same.
        """

    def screen_lost(self, screen: Screen) -> None:
        """A display has had no socket for a while; if it comes again, it is another one."""

    def press_not_shown(self, event: PinEvent, display: Display, to: str) -> None:
        """A press has sent ``display`` from its page to ``to``, and nothing was shown in time."""

    def alarm_raised(self, alarm: Alarm) -> None:
        """Nobody has seen a live page on a named display for a while; told once for each alarm."""

    def alarm_over(self, alarm: Alarm) -> None:
        """The display of an alarm has been well for a while."""
