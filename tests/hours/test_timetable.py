"""When hours are open: a year at a time, and every minute beside a slow reading of the words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpiobridge.config import Hours
from gpiobridge.config.opening_times import DAYS, closed_days, opening_times
from gpiobridge.hours.timetable import AHEAD_DAYS, Timetable

MINUTE_S, DAY_S = 60, 86_400


def made(*open_: str, closed: tuple[str, ...] = (), timezone: str = "Europe/Berlin") -> Hours:
    """Opening hours as the file has them."""
    return Hours(
        open=tuple(map(opening_times, open_)),
        closed=tuple(map(closed_days, closed)),
        timezone=timezone,
        page="closed",
    )


def at(text: str, timezone: str = "Europe/Berlin", *, fold: int = 0) -> float:
    """A moment by its local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone), fold=fold).timestamp()


def shown(unix_s: float | None, timezone: str = "Europe/Berlin") -> str:
    """A moment as the clocks there show it."""
    if unix_s is None:
        return "never"
    return datetime.fromtimestamp(unix_s, ZoneInfo(timezone)).isoformat(" ", "minutes")


def changes(timetable: Timetable, from_s: float, to_s: float) -> Iterator[float]:
    """Every change within a time, one by one, as a bridge sees them."""
    at_s = timetable.next_change(from_s)
    while at_s is not None and at_s < to_s:
        yield at_s
        at_s = timetable.next_change(at_s)


def slowly(hours: Hours, from_s: int, to_s: int) -> list[int]:
    """The same, minute by minute, from what people read on the clocks there.

    A range begins when the clocks show its beginning for the first time, or anything later, and
    ends so. Clocks that are set back show what they have shown.
    """
    zone = ZoneInfo(hours.timezone)
    latest = datetime.min
    found: list[int] = []
    was_open: bool | None = None
    begun: dict[date, list[tuple[datetime, datetime]]] = {}
    for unix_s in range(from_s - 3 * DAY_S, to_s, MINUTE_S):
        latest = max(latest, datetime.fromtimestamp(unix_s, zone).replace(tzinfo=None, fold=0))
        is_open = False
        for before in (0, 1):
            day = latest.date() - timedelta(days=before)
            if day not in begun:
                midnight = datetime(day.year, day.month, day.day)
                begun[day] = [
                    (midnight + timedelta(minutes=each.from_min),
                     midnight + timedelta(minutes=each.to_min))
                    for each in hours.open
                    if day.weekday() in each.days
                    and not any(closed.has(day) for closed in hours.closed)
                ]  # fmt: skip
            is_open = is_open or any(begin <= latest < end for begin, end in begun[day])
        if was_open is not None and is_open is not was_open and unix_s > from_s:
            found.append(unix_s)
        was_open = is_open
    return found


ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo", "America/Havana", "UTC",
)  # fmt: skip
WEEK = ("Mon-Fri 09:30-17:00", "Fri 20:00-02:00", "Sat,Sun 10:00-24:00", "Sun 01:30-02:30")


@pytest.mark.parametrize(
    "timezone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
)
def test_a_leap_year_minute_by_minute(timezone: str) -> None:
    """Both changes of daylight saving, February 29, half hours; 366 days in seconds."""
    hours = made(*WEEK, closed=("2028-02-28", "12-24..01-06", "05-01"), timezone=timezone)
    from_s = int(datetime(2028, 1, 1, tzinfo=UTC).timestamp())
    to_s = from_s + 366 * DAY_S
    timetable = Timetable(hours)
    found = list(changes(timetable, from_s, to_s))
    assert len(found) > 600
    assert found == slowly(hours, from_s, to_s)


def test_a_day_that_does_not_exist() -> None:
    """Samoa went from December 29 to 31, 2011: who opens on the 30th doesn't open."""
    hours = made("Fri 10:00-12:00", "Sat 09:00-10:00", timezone="Pacific/Apia")
    timetable = Timetable(hours)
    from_s = at("2011-12-28 12:00", "Pacific/Apia")
    assert shown(timetable.next_change(from_s), "Pacific/Apia").startswith("2011-12-31 09:00")


def test_a_time_that_does_not_exist_is_the_next_that_does() -> None:
    """In Berlin the clocks go from 2 to 3 on March 29, 2026."""
    timetable = Timetable(made("Sun 02:30-04:00"))
    assert shown(timetable.next_change(at("2026-03-28 12:00"))) == "2026-03-29 03:00+02:00"
    timetable = Timetable(made("Sat 22:00-02:30"))
    assert shown(timetable.next_change(at("2026-03-28 23:00"))) == "2026-03-29 03:00+02:00"
    timetable = Timetable(made("Sun 02:15-02:45"))
    assert shown(timetable.next_change(at("2026-03-28 12:00"))) == "2026-04-05 02:15+02:00"


def test_a_time_that_comes_twice_is_the_first() -> None:
    """In Berlin the clocks go from 3 back to 2 on October 25, 2026."""
    timetable = Timetable(made("Sun 02:30-04:00"))
    assert shown(timetable.next_change(at("2026-10-24 12:00"))) == "2026-10-25 02:30+02:00"
    timetable = Timetable(made("Sat 22:00-02:30"))
    assert shown(timetable.next_change(at("2026-10-24 23:00"))) == "2026-10-25 02:30+02:00"
    assert not timetable.is_open(at("2026-10-25 02:15", fold=1))


def test_a_closed_day() -> None:
    """Nothing opens on it; what has opened the day before ends as on any day."""
    timetable = Timetable(made("Thu,Fri,Sat 20:00-02:00", closed=("2026-12-25",)))
    assert shown(timetable.next_change(at("2026-12-24 21:00"))) == "2026-12-25 02:00+01:00"
    assert shown(timetable.next_change(at("2026-12-25 02:00"))) == "2026-12-26 20:00+01:00"


def test_ranges_that_meet_are_one() -> None:
    """Nobody is shown out at midnight."""
    timetable = Timetable(made("Mon-Sun 00:00-12:00", "12:00-24:00", closed=("2026-12-25",)))
    assert shown(timetable.next_change(at("2026-12-01 21:00"))) == "2026-12-25 00:00+01:00"


def test_hours_that_never_change() -> None:
    """Always open, never open, and closed for longer than anybody looks ahead."""
    now_s = at("2026-01-01 12:00")
    always, never = Timetable(made("00:00-24:00")), Timetable(made())
    assert (always.is_open(now_s), always.next_change(now_s)) == (True, None)
    assert (never.is_open(now_s), never.next_change(now_s)) == (False, None)
    assert always.openings(now_s, 3) == [(now_s, None)]
    assert never.openings(now_s, 3) == []
    later = Timetable(made("09:00-10:00", closed=("2026-01-01..2028-01-01",)))
    assert later.next_change(now_s) is None
    assert later.next_change(now_s + AHEAD_DAYS * DAY_S) is not None


def test_the_next_openings() -> None:
    """The one that is going on comes first."""
    timetable = Timetable(made("Mon-Fri 09:30-17:00", "Fri 20:00-02:00"))
    found = timetable.openings(at("2026-11-27 16:00"), 3)
    assert [(shown(begin), shown(end)) for begin, end in found] == [
        ("2026-11-27 16:00+01:00", "2026-11-27 17:00+01:00"),
        ("2026-11-27 20:00+01:00", "2026-11-28 02:00+01:00"),
        ("2026-11-30 09:30+01:00", "2026-11-30 17:00+01:00"),
    ]


def test_the_systems_own_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name; its changes count, too."""
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        own = Timetable(made(*WEEK, timezone=""))
        named = Timetable(made(*WEEK, timezone="America/New_York"))
        from_s = at("2026-01-01 00:00")
        to_s = from_s + 365 * DAY_S
        assert list(changes(own, from_s, to_s)) == list(changes(named, from_s, to_s))
    finally:
        monkeypatch.undo()
        time.tzset()


times = st.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")
ranges = st.builds(
    lambda days, begin, end: f"{','.join(sorted(days))} {begin}-{end}",
    st.sets(st.sampled_from(DAYS), min_size=1),
    times,
    times,
).filter(lambda text: text.rpartition(" ")[2].split("-")[0] != text.rpartition("-")[2])
days_of_2026 = st.dates(date(2026, 1, 1), date(2026, 12, 31))
closings = st.one_of(
    days_of_2026.map(date.isoformat),
    days_of_2026.map(lambda day: day.isoformat()[5:]),
    st.tuples(days_of_2026, days_of_2026).map(
        lambda pair: "..".join(day.isoformat() for day in sorted(pair))
    ),
    st.tuples(days_of_2026, days_of_2026).map(
        lambda pair: "..".join(day.isoformat()[5:] for day in pair)
    ),
)
# The days around a change of daylight saving somewhere, and any others.
beginnings = st.one_of(
    days_of_2026,
    st.sampled_from([date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 10, 3),
                     date(2026, 10, 24), date(2026, 10, 31), date(2026, 4, 23)]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ranges, max_size=4),
    st.lists(closings, max_size=2),
    st.sampled_from(ZONES),
    beginnings,
)
def test_any_hours_minute_by_minute(
    open_: list[str], closed: list[str], timezone: str, day: date
) -> None:
    """Whatever the words, the same as reading the clocks."""
    hours = made(*open_, closed=tuple(closed), timezone=timezone)
    timetable = Timetable(hours)
    from_s = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    to_s = from_s + 4 * DAY_S
    found = list(changes(timetable, from_s, to_s))
    assert found == slowly(hours, from_s, to_s)
    for at_s in found:
        assert timetable.is_open(at_s) is not timetable.is_open(at_s - 1)
