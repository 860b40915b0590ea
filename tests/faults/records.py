"""What a display notes about its own life, for the oracle to judge. Plain facts, no logic.

All times are seconds of the system's monotonic clock, which every process on the machine shares.
A page is the one that the display belongs to: from the moment when it is told to leave, the next
one, whatever is still on its screen.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page was loaded; the cursor is the one that it was rendered with.

    ``fresh`` is True when the tab had no cursor of its own for this page.
    """

    page: str
    sent_s: float
    got_s: float
    epoch: str
    seq: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """A socket's first frame came.

    Args:
        page: the display's.
        sent_s: when the socket was asked for.
        got_s: when the frame came.
        epoch: of the server.
        seq: the number in the frame.
        on: the page that the socket named; another one during a farewell.
        takes: whether the socket said, as it was asked for, that the page takes presses.
        declined: the pins and levels that it said the page has declined.
        acted: the event of this server that it said the page has acted on.
        leaving: whether the page says farewell.
        since: whether the page had a socket before.
        visible: whether it can be seen.
    """

    page: str
    sent_s: float
    got_s: float
    epoch: str
    seq: int
    on: str = ""
    takes: bool = True
    declined: tuple[tuple[str, str], ...] = ()
    acted: int = -1
    leaving: bool = False
    since: bool = True
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Left:
    """The server closed with 4000: from here on the display belongs to the page ``to``.

    ``pressed`` is True when the close came right behind an edge frame, the one of ``seq``: then it
    is a press's. ``seq`` is the number that the display was told last. ``at_once`` is True when
    nothing came between the socket's first frame and the close. ``again`` is True when the edge
    was told for the second time.
    """

    page: str
    to: str
    at_s: float
    seq: int
    pressed: bool = True
    at_once: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Stayed:
    """The server closed with 4000, and the page stayed; otherwise as `Left`.

    ``declined`` is True when the page declined, False when it took no presses just then.
    """

    page: str
    to: str
    at_s: float
    seq: int
    pressed: bool
    at_once: bool
    declined: bool
    again: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """From here on the page takes no presses.

    Args:
        number: of this statement; a display's rise.
        at_s: when; minus infinity for a page that takes none from its load on.
        seq: the event that the page had acted on.
        alone: whether the server could close no socket of the page's just then.
    """

    number: int
    at_s: float
    seq: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Took:
    """Presses count again, if they began at ``at_s`` or later."""

    number: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Said:
    """The server was told on an open socket that presses count again; ``seq`` as of `Left`."""

    number: int
    sent_s: float
    seq: int


@dataclass(frozen=True, slots=True)
class Known:
    """The server surely knows the statement ``number``, and all before; ``seq`` as of `Left`."""

    number: int
    sent_s: float
    at_s: float
    seq: int


@dataclass(frozen=True, slots=True)
class Word:
    """The server was told on an open socket what people see; ``what`` is one of `WORDS`."""

    number: int
    what: str
    sent_s: float


WORDS = ("shown", "visible", "hidden")


@dataclass(frozen=True, slots=True)
class Heard:
    """The server surely knows the word ``number``, and all before on the same socket."""

    number: int
    at_s: float


@dataclass(frozen=True, slots=True)
class Tried:
    """A socket was asked for, and given up before its first frame; as of `Joined`."""

    on: str
    sent_s: float
    at_s: float
    since: bool


@dataclass(frozen=True, slots=True)
class Got:
    """A message of the application came; ``seq`` as of `Left`."""

    number: int
    at_s: float
    seq: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A socket ended otherwise, or was given up.

    ``followed`` is True when the server sent something behind the first frame.
    """

    at_s: float
    last_frame_s: float
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The tab was closed."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was on the screen of a stage when it was looked at: the path of the shown page."""

    path: str
    at_s: float


Note = Loaded | Joined | Left | Stayed | Stopped | Took | Said | Known | Got | Lost | Ended | Seen
"""What says where a display is."""

Sight = Word | Heard | Tried
"""What says what people see; only outputs depend on that."""

Record = Note | Sight
