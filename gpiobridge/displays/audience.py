"""Displays, what they send, and for whom an order of the application is.

An `Audience` is one value from the application's call to the hub. Pure; any thread.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Display:
    """An open page, as the application sees it.

    Args:
        page: the name of the page.
        name: what it calls itself (``?display=`` in its address), or an empty string.
        number: another one for each socket: it tells displays of one name apart.
        visible: whether its page can be seen, as far as the browser knows: not behind another tab.
            It is the same display, whether it is or not.
    """

    page: str
    name: str = ""
    number: int = 0
    visible: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A page has sent a message: its frame, on the way to the functions that are told.

    Args:
        text: the frame, whose data can be pushed back.
        display: who sent it.
    """

    text: str
    display: Display


@dataclass(frozen=True, slots=True)
class Message:
    """What a page has sent to the application.

    Args:
        data: whatever JSON can hold.
        display: who sent it.
    """

    data: Any
    display: Display


@dataclass(frozen=True, slots=True)
class Audience:
    """Which displays something is for; what is None leaves nobody out.

    Args:
        page: only displays on this page.
        display: only this one, or all of this name.
        exclude: all but this one, or but those of this name.
    """

    page: str | None = None
    display: str | Display | None = None
    exclude: str | Display | None = None

    def has(self, display: Display) -> bool:
        """Whether a display belongs to it."""
        return (
            self.page in (None, display.page)
            and self.display in (None, display.name, display)
            and (self.exclude is None or self.exclude not in (display.name, display))
        )


@dataclass(frozen=True, slots=True)
class Push:
    """Order of the application: send a message.

    Args:
        frame: the message, encoded.
        audience: who gets it.
        retain: under this key the newest one is kept for displays that come later; None: it isn't.
        forget: True if from now on none is kept under this key.
    """

    frame: bytes
    audience: Audience
    retain: str | None = None
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Order of the application: let displays leave for another page.

    Args:
        to: the page; those that are on it stay.
        audience: who leaves.
    """

    to: str
    audience: Audience


Order = Push | Move
