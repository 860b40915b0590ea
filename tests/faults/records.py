"""What a display notes about its own life, for the oracle to judge. Plain facts, no logic.

All times are seconds of the system's monotonic clock, which every process on the machine shares.
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
    """A socket's first frame came."""

    page: str
    sent_s: float
    got_s: float
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Left:
    """The server closed with 4000: from here on the display belongs to the page ``to``."""

    page: str
    to: str
    at_s: float
    seq: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A socket ended otherwise, or was given up."""

    at_s: float
    last_frame_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The tab was closed."""

    at_s: float


Record = Loaded | Joined | Left | Lost | Ended
