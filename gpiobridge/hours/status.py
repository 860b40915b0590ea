"""The words for what is open. Pure; any thread."""

from enum import StrEnum
from typing import NamedTuple


class HoursState(StrEnum):
    """Whether it is open."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"  # the clock may be wrong; all is as if it were open


class HoursStatus(NamedTuple):
    """What is known of the hours of the exhibit, or of one display.

    Args:
        state: whether it is open.
        next_s: when that changes next, in seconds since the Unix epoch; None: not within 400 days,
            or nobody knows.
    """

    state: HoursState
    next_s: float | None = None


class Overrule(NamedTuple):
    """Somebody's word against the timetable.

    Args:
        state: open or closed.
        until_s: until when, in seconds since the Unix epoch.
    """

    state: HoursState
    until_s: float
