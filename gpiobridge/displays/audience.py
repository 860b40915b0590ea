"""Displays, what they send, and which displays an order of the application is for.

An `Audience` is one value, from the application's call to the hub. Pure; any thread.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Display:
    """A browser tab that is connected, as the application sees it. Immutable.

    Attributes:
        page: the name of the page that it shows.
        name: the display's name (`?display=` in the page's address), or an empty string.
        number: a different number for each socket; it tells displays of one name apart.
        visible: False if the browser says that the page can't be seen, such as behind another tab.
            It doesn't affect equality: a display stays the same when this changes.
        group: the group of its name in the configuration, or an empty string. It doesn't affect
            equality, either.
    """

    page: str
    name: str = ""
    number: int = 0
    visible: bool = field(default=True, compare=False)
    group: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A page has sent a message: its frame, on the way to the functions that hear of it.

    Args:
        text: the frame; its data can be pushed back.
        display: the display that sent it.
    """

    text: str
    display: Display


@dataclass(frozen=True, slots=True)
class Message:
    """What a page has sent to the application. Immutable.

    Attributes:
        data: anything that JSON can hold; each function receives its own copy.
        display: the display that sent it.
    """

    data: Any
    display: Display


@dataclass(frozen=True, slots=True)
class Audience:
    """Which displays something is for; a field that is None leaves no display out.

    Args:
        page: only displays on this page.
        display: only this display, or all displays of this name.
        exclude: all displays except this one, or except those of this name.
        group: only displays of this group.
    """

    page: str | None = None
    display: str | Display | None = None
    exclude: str | Display | None = None
    group: str | None = None

    def has(self, display: Display) -> bool:
        """Whether a display belongs to it."""
        return (
            self.page in (None, display.page)
            and self.display in (None, display.name, display)
            and self.group in (None, display.group)
            and (self.exclude is None or self.exclude not in (display.name, display))
        )


EVERYONE = Audience()
"""All displays."""

SIMULATOR = "simulator"
"""The page of the simulator's socket: it sees every pin and output, and no rule moves it."""


def named(display: Display) -> str:
    """Say which display, for the log: by its name, if it has one."""
    return f'display "{display.name}"' if display.name else "display"


@dataclass(frozen=True, slots=True)
class Push:
    """Order of the application: send a message.

    Args:
        frame: the message, encoded.
        audience: who receives it.
        retain: the newest message under this key is kept for displays that join later; None: it
            isn't.
        forget: True if from now on no message is kept under this key.
    """

    frame: bytes
    audience: Audience
    retain: str | None = None
    forget: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Order of the application: make displays leave for another page.

    Args:
        to: the page; displays already on it stay.
        audience: who leaves.
    """

    to: str
    audience: Audience


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Order of the application: have every display play a sound, or end it.

    Args:
        sound: its name.
        play: whether it begins.
        frame: what displays receive, encoded.
        lasting: whether it matters later, too: a sound that repeats begins, or a sound ends.
    """

    sound: str
    play: bool
    frame: bytes
    lasting: bool
