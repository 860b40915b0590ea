"""When the hours of a configuration are open: at a moment, and the next change.

Pure: it asks no clock. Times of day are those of a time zone. One that doesn't exist, because the
clock is set forward over it, is the next that does; one that comes twice, because the clock is set
back, is the first. Any thread.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from gpiobridge.config import Hours
from gpiobridge.config.time_zones import zone_of

AHEAD_DAYS = 400
"""How far ahead the next change is looked for, in days: over a year with its yearly closed days."""

_DAY = timedelta(days=1)


class Timetable:
    """The opening hours in their time zone.

    Args:
        hours: the hours.
    """

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._zone = zone_of(hours.timezone)

    def is_open(self, unix_s: float) -> bool:
        """Whether it is open at a moment, in seconds since the Unix epoch."""
        return any(begin <= unix_s < end for begin, end in self._around(unix_s, days=1))

    def next_change(self, unix_s: float) -> float | None:
        """Return the first moment after this one at which it opens or closes.

        Args:
            unix_s: seconds since the Unix epoch.

        Returns:
            Seconds since the Unix epoch; None if nothing changes within 400 days.
        """
        end_s: float | None = unix_s if self.is_open(unix_s) else None
        for begin, end in self._around(unix_s, days=AHEAD_DAYS):
            if end_s is None and begin > unix_s:
                return begin
            if end_s is not None:
                if begin > end_s:
                    return end_s
                end_s = max(end_s, end)
        return end_s if end_s is not None and end_s < self._horizon(unix_s) else None

    def openings(self, unix_s: float, most: int) -> list[tuple[float, float | None]]:
        """List the next openings, and when each ends; one that is going on is the first.

        Args:
            unix_s: seconds since the Unix epoch.
            most: how many.
        """
        found: list[tuple[float, float | None]] = []
        at_s: float | None = unix_s if self.is_open(unix_s) else self.next_change(unix_s)
        while at_s is not None and len(found) < most:
            end_s = self.next_change(at_s)
            found.append((at_s, end_s))
            at_s = None if end_s is None else self.next_change(end_s)
        return found

    def local(self, unix_s: float) -> datetime:
        """Give a moment as the clocks of the time zone show it."""
        local = datetime.fromtimestamp(unix_s, self._zone)
        return local if self._zone is not None else local.astimezone()

    def _around(self, unix_s: float, days: int) -> Iterator[tuple[float, float]]:
        """Give the ranges from the days before a moment on, by their beginnings.

        Two ranges may meet or overlap; none is empty.
        """
        first = self.local(unix_s).date() - 2 * _DAY  # a range may end a day after it begins
        for number in range(days + 4):
            day = first + number * _DAY
            if any(closed.has(day) for closed in self._hours.closed):
                continue
            ranges = sorted(
                (each.from_min, each.to_min)
                for each in self._hours.open
                if day.weekday() in each.days
            )
            for from_min, to_min in ranges:
                begin, end = self._at(day, from_min), self._at(day, to_min)
                if begin < end:
                    yield begin, end

    def _horizon(self, unix_s: float) -> float:
        return unix_s + AHEAD_DAYS * 86_400

    def _at(self, day: date, minutes: int) -> float:
        """Give the moment of a time of day, in seconds since the Unix epoch."""
        local = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return moment(local, self._zone)


def moment(local: datetime, zone: tzinfo | None) -> float:
    """Give the moment of a local time, in seconds since the Unix epoch.

    Args:
        local: a time of day, without a time zone.
        zone: the time zone; None: the system's.
    """
    # PEP 495: fold 0 is the first of two; in a gap, it counts with the offset before the gap.
    after_s = _stamp(local, zone, fold=0)
    if _shown(after_s, zone) == local:
        return after_s
    # In a gap: with the offset after the gap it is before it. Look for its end in between.
    before_s = _stamp(local, zone, fold=1)
    shown_before = _offset_s(before_s, zone)
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset_s(middle_s, zone) == shown_before:
            before_s = middle_s
        else:
            after_s = middle_s
    return after_s


def _stamp(local: datetime, zone: tzinfo | None, *, fold: int) -> float:
    return local.replace(tzinfo=zone, fold=fold).timestamp()


def _shown(unix_s: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(unix_s, zone).replace(tzinfo=None, fold=0)


def _offset_s(unix_s: float, zone: tzinfo | None) -> float:
    utc = datetime.fromtimestamp(unix_s, UTC).replace(tzinfo=None)
    return (_shown(unix_s, zone) - utc).total_seconds()
