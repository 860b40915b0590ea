"""Opening hours as people write them: `"Mon-Fri 09:30-17:00"`, days on which all is closed, orders.

Owns their words. What they mean at a moment is `gpiobridge.hours.timetable`'s. Any thread.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from gpiobridge.config.words import nearest

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""The days of the week, as they are written and shown."""

DAY_MIN = 24 * 60

_WHOLE_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_LEAP_YEAR = 2000  # a yearly day may be February 29


@dataclass(frozen=True, slots=True)
class OpeningTimes:
    """One range of times, on some days of the week.

    Args:
        days: the days on which it begins; 0 is Monday.
        from_min: when it begins, in minutes after midnight.
        to_min: when it ends, in minutes after the midnight before it begins; over 1,440 if it ends
            on the next day.
        text: how it is written.
    """

    days: frozenset[int]
    from_min: int
    to_min: int
    text: str


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days on which nothing opens.

    Args:
        first: the first one: year, month and day; the year is 0 for every year.
        last: the last one.
        text: how they are written.
    """

    first: tuple[int, int, int]
    last: tuple[int, int, int]
    text: str

    def has(self, day: date) -> bool:
        """Whether a day is one of them."""
        given = (day.year, day.month, day.day) if self.first[0] else (0, day.month, day.day)
        if self.first <= self.last:
            return self.first <= given <= self.last
        return given >= self.first or given <= self.last  # over the end of the year


class ToHours(NamedTuple):
    """What a rule orders against the opening hours; it leads nowhere.

    Args:
        verb: "open", "close" or "auto".
        for_s: for how long, in seconds; None: until the opening hours change next.
    """

    verb: str
    for_s: float | None = None


HOURS_VERBS = ("open", "close", "auto")
"""What may be ordered against the opening hours."""

MAX_HOURS_S = 7 * 86_400.0
"""The longest time for which they can be overruled, in seconds."""


def opening_times(text: str) -> OpeningTimes:
    """Read a range such as `Mon-Fri 09:30-17:00`, `Sat,Sun 10:00-24:00` or `Fri 20:00-02:00`.

    Without days it counts on every day. If it doesn't end after it begins, it ends on the next day.

    Raises:
        ValueError: it is none. The message has the reason and a remedy.
    """
    match = re.fullmatch(r"\s*(?:(\D*?[A-Za-z])\s+)?([0-9].*?)\s*", text)
    span = _SPAN.fullmatch(match[2]) if match else None
    if match is None or span is None:
        raise ValueError('must be days and times; write it like "Mon-Fri 09:30-17:00"')
    begin, end = _minutes(span[1], span[2]), _minutes(span[3], span[4])
    if begin == DAY_MIN:
        raise ValueError('24:00 can only be an end; write "00:00" for the beginning of a day')
    if begin == end:
        raise ValueError('begins and ends at one time; write "00:00-24:00" for the whole day')
    days = frozenset(range(7)) if match[1] is None else _days(match[1])
    return OpeningTimes(days, begin, end if end > begin else end + DAY_MIN, text.strip())


def closed_days(text: str) -> ClosedDays:
    """Read a day such as `2026-12-25`, or `12-25` for every year, or a range of either with `..`.

    Raises:
        ValueError: it is none. The message has the reason and a remedy.
    """
    first, dots, last = (part.strip() for part in text.partition(".."))
    begin = _date(first)
    end = _date(last) if dots else begin
    if bool(begin[0]) is not bool(end[0]):
        raise ValueError('has one year; write "2026-12-24..2027-01-06", or "12-24..01-06"')
    if begin[0] and end < begin:
        raise ValueError("ends before it begins; write the earlier day first")
    return ClosedDays(begin, end, text.strip())


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > DAY_MIN:
        raise ValueError(f'{hour}:{minute} is no time of day; write one from "00:00" to "24:00"')
    return minutes


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = (name.strip() for name in part.partition("-"))
        begin = _day(first)
        end = _day(last) if dash else begin
        days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}  # Sat-Mon, too
    return frozenset(days)


def _day(name: str) -> int:
    for names in (DAYS, _WHOLE_NAMES):
        if name.title() in names:
            return names.index(name.title())
    close = (nearest(name.title(), (*_WHOLE_NAMES, *DAYS)) or "")[:3]
    remedy = f"did you mean {close}?" if close else f"write one of {', '.join(DAYS)}"
    raise ValueError(f'there is no day named "{name}"; {remedy}')


def _date(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})", text)
    if found is None:
        raise ValueError('must be a date; write it like "2026-12-25", or "12-25" for every year')
    year, month, day = int(found[1] or 0), int(found[2]), int(found[3])
    try:
        date(year or _LEAP_YEAR, month, day)
    except ValueError:
        raise ValueError(
            'there is no such day; write a date like "2026-12-25", or "12-25" for every year'
        ) from None
    return year, month, day
