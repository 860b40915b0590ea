"""What displays do, as facts for whoever wants to hear of them.

All of it is told on the watcher's thread. `gpiobridge.loop.observer` adds what pins do.
"""

from enum import StrEnum

from gpiobridge.displays.audience import Display, Push, SentMessage


class Gone(StrEnum):
    """Why a socket ended, as the log and the metrics say it."""

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
    CATCHING_UP = "catching up"  # an event or a level, as the page comes or takes presses again
    APPLICATION = "application"
    IDLE = "idle"  # the page itself, as nobody uses it


class DisplayObserver:
    """Hears of displays. Each method does nothing unless it is overridden.

    No method may block or raise: all pins and displays wait for it, and what it raises ends the
    service, as any other failure of the watcher does.
    """

    def display_came(self, display: Display) -> None:
        """A page is open: its socket was taken over, and nothing has been sent yet."""

    def display_gone(self, display: Display, why: Gone) -> None:
        """Its socket has ended. Those that are open when the watcher ends are not told."""

    def rule_broken(self, display: Display, rule: str) -> None:
        """A page has sent what it must not: its socket is about to be closed."""

    def message_came(self, message: SentMessage) -> None:
        """A page has sent a message to the application."""

    def message_sent(self, push: Push, displays: int) -> None:
        """The application's message is on its way to so many displays."""

    def displays_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        """So many displays were sent from a page to another one; none, if none was open."""
