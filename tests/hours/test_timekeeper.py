"""What is open, from moment to moment, in time that a test makes; and what others may order."""

import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from harness.made_clock import MadeClock
from harness.scripted_pins import SETTINGS

from gpiobridge.config import Hours, NamedDisplay, Page
from gpiobridge.config.opening_times import closed_days, opening_times
from gpiobridge.errors import HoursError
from gpiobridge.hours.clerk import Clerk
from gpiobridge.hours.orders import SetHours, checked
from gpiobridge.hours.record import Record
from gpiobridge.hours.status import HoursState, Overrule
from gpiobridge.hours.timekeeper import LOOK_S, WARN_S, Timekeeper

OPEN, CLOSED, UNKNOWN = HoursState
BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S, DAY_S = 3600.0, 86_400.0

HOURS = Hours(
    open=(opening_times("Mon-Fri 09:30-17:00"),),
    closed=(closed_days("12-25"),),
    timezone="Europe/Berlin",
    page="closed",
)
LEFT = replace(HOURS, open=(opening_times("10:00-20:00"),), page="night")
ALL = replace(
    SETTINGS,
    pages={**SETTINGS.pages, **{name: Page(name=name, template=None) for name in
                                ("closed", "night")}},
    hours=HOURS,
    displays={"left": NamedDisplay(name="left", start="open", hours=LEFT),
              "right": NamedDisplay(name="right", start="closed")},
)  # fmt: skip


class MadeClerk(Clerk):
    """Knows of the clock what a test says, and keeps the record in its hands."""

    def __init__(self, found: Record | None = None, is_set: bool | None = True) -> None:
        super().__init__(ask=lambda *, patient: self.clock_is_set)
        self.clock_is_set = is_set
        self.record = found or Record()

    def begin(self) -> Record:
        """The record."""
        return self.record

    def ask_now(self) -> None:
        """Nobody else knows."""

    def start(self) -> None:
        """No thread."""

    def keep(self, wanted: Record) -> None:
        """Keep it."""
        self.record = wanted

    @property
    def boot(self) -> str:
        """This boot."""
        return "boot" if self.clock_is_set else ""


class Day:
    """A timekeeper, its clerk, and the hand on its clock."""

    def __init__(self, at: str, clerk: MadeClerk | None = None) -> None:
        self.clock = MadeClock()
        self.set_wall(at)
        self.clerk = clerk or MadeClerk()
        self.keeper = Timekeeper(ALL, self.clock, self.clerk)
        self.keeper.start()

    def set_wall(self, at: str) -> None:
        """Let the wall clock jump."""
        unix_s = datetime.fromisoformat(at).replace(tzinfo=BERLIN).timestamp()
        self.clock.unix_s = unix_s - self.clock.now_s

    def forward(self, duration_s: float) -> bool:
        """Let time pass; whether something has changed then."""
        self.clock.forward(duration_s)
        changed = self.keeper.tick(self.clock.now())
        assert self.keeper.deadline_s is not None
        assert self.clock.now_s < self.keeper.deadline_s <= self.clock.now_s + LOOK_S
        return changed

    def order(self, verb: str, for_s: float | None = None) -> bool:
        """Order something; whether something has changed by it."""
        self.keeper.set(checked(verb, for_s, by="somebody"))
        return self.keeper.tick(self.clock.now())

    @property
    def state(self) -> HoursState:
        """What holds for the exhibit."""
        return self.keeper.statuses[""].state

    @property
    def next(self) -> str:
        """When that changes."""
        next_s = self.keeper.statuses[""].next_s
        if next_s is None:
            return "never"
        return datetime.fromtimestamp(next_s, BERLIN).strftime("%Y-%m-%d %H:%M")


def test_a_year() -> None:
    """Each change comes at its second, and no other; both changes of daylight saving are in it."""
    day = Day("2028-01-01 00:00")
    begin_s = day.clock.now_s
    changes = []
    while day.clock.now_s < begin_s + 366 * DAY_S:
        due_s = day.keeper.statuses[""].next_s
        assert due_s is not None
        away_s = due_s - day.clock.now().unix_s
        day.forward(away_s - 0.5)
        before = day.state
        assert day.forward(0.5)
        assert day.state is not before
        local = datetime.fromtimestamp(day.clock.now().unix_s, BERLIN)
        changes.append((local.strftime("%a %H:%M"), day.state))
    assert {change for change in changes if change[1] is OPEN} == {
        (f"{name} 09:30", OPEN) for name in ("Mon", "Tue", "Wed", "Thu", "Fri")
    }
    assert {change[0][4:] for change in changes if change[1] is CLOSED} == {"17:00"}
    assert len(changes) == 2 * 259 + 1  # 260 weekdays, less Christmas; and the one after the year


def test_each_display_has_its_own() -> None:
    """What has no hours of its own has those of all."""
    day = Day("2026-11-28 12:00")  # a Saturday
    page_for = day.keeper.page_for
    assert {name: page_for(name) for name in ("", "left", "right", "phone")} == {
        "": "closed", "left": None, "right": "closed", "phone": "closed"
    }  # fmt: skip
    assert day.keeper.is_closed
    day.forward(8 * HOUR_S)
    assert page_for("left") == "night"


def test_a_clock_that_jumps() -> None:
    """Forward and back: noticed within a second, whatever was planned."""
    day = Day("2026-11-27 16:00")
    assert (day.state, day.next) == (OPEN, "2026-11-27 17:00")
    day.set_wall("2026-11-27 18:00")
    assert day.state is OPEN
    assert day.forward(LOOK_S)
    assert (day.state, day.next) == (CLOSED, "2026-11-30 09:30")
    day.set_wall("2026-11-26 12:00")
    assert day.forward(LOOK_S)
    assert (day.state, day.next) == (OPEN, "2026-11-26 17:00")


def test_nothing_happens_before_the_clock_is_right(caplog: pytest.LogCaptureFixture) -> None:
    """A machine that boots in 2020 at night: all is as if it were open; the log says so once."""
    caplog.set_level(logging.INFO)
    day = Day("2020-01-01 03:00", MadeClerk(is_set=False))
    assert (day.state, day.next, day.keeper.page_for("")) == (UNKNOWN, "never", None)
    assert not any("wait" in record.message for record in caplog.records)
    for _ in range(3):
        assert not day.forward(WARN_S)
    assert sum("wait for the right time" in record.message for record in caplog.records) == 1
    assert not day.keeper.is_closed
    day.set_wall("2026-11-27 20:00")
    assert not day.forward(LOOK_S)
    day.clerk.clock_is_set = True
    assert day.forward(LOOK_S)
    assert (day.state, day.keeper.page_for("")) == (CLOSED, "closed")
    assert "the clock is right" in caplog.text
    assert day.clerk.record.set_in == "boot"


def test_the_log_says_what_an_unknown_clock_means(caplog: pytest.LogCaptureFixture) -> None:
    """Closed by hand, then left to the hours, while nobody has set the clock."""
    caplog.set_level(logging.INFO)
    day = Day("2020-01-01 03:00", MadeClerk(is_set=False))
    day.order("close")
    day.order("auto")
    sentence = "the exhibit is as if it were open: nobody has set this machine's clock yet"
    assert sentence in caplog.text
    assert "unknown" not in caplog.text


def test_a_machine_that_can_not_tell(caplog: pytest.LogCaptureFixture) -> None:
    """Its clock is taken as it is, with a line in the log."""
    day = Day("2026-11-27 20:00", MadeClerk(is_set=None))
    assert day.state is CLOSED
    assert "nobody can tell" in caplog.text


def test_open_for_a_while() -> None:
    """Then the timetable counts again."""
    day = Day("2026-11-27 18:00")
    assert day.order("open", 4 * HOUR_S)
    assert (day.state, day.next) == (OPEN, "2026-11-27 22:00")
    assert day.keeper.page_for("left") is None
    day.forward(4 * HOUR_S - 1)
    assert day.state is OPEN
    assert day.forward(1)
    assert (day.state, day.next) == (CLOSED, "2026-11-30 09:30")
    assert day.keeper.overrule is None


def test_an_overrule_that_ends_in_the_same_state() -> None:
    """The next change is that of the timetable."""
    day = Day("2026-11-27 16:00")
    assert not day.order("open", HOUR_S / 2)
    assert day.next == "2026-11-27 17:00"
    day.order("open", 2 * HOUR_S)
    assert day.next == "2026-11-27 18:00"


def test_closed_until_the_timetable_changes() -> None:
    """Whoever closes early and forgets it finds the exhibit open in the morning."""
    day = Day("2026-11-27 16:00")
    day.order("close")
    assert day.state is CLOSED
    day.forward(HOUR_S)
    assert day.keeper.overrule is None
    assert (day.state, day.next) == (CLOSED, "2026-11-30 09:30")


def test_auto() -> None:
    """The timetable counts at once."""
    day = Day("2026-11-27 16:00")
    day.order("close", DAY_S)
    assert day.order("auto")
    assert (day.state, day.keeper.overrule, day.clerk.record.overrule) == (OPEN, None, None)


def test_an_overrule_is_kept_over_a_restart() -> None:
    """It ends when it would have ended."""
    day = Day("2026-11-27 18:00")
    day.order("open", 4 * HOUR_S)
    again = Day("2026-11-27 21:00", day.clerk)
    assert (again.state, again.next) == (OPEN, "2026-11-27 22:00")
    late = Day("2026-11-27 22:00", day.clerk)
    assert (late.state, late.clerk.record.overrule) == (CLOSED, None)


def test_an_overrule_counts_before_the_clock_is_right() -> None:
    """And ends by the right clock, once there is one."""
    until_s = datetime(2026, 11, 27, 22, tzinfo=BERLIN).timestamp()
    kept = Record(Overrule(CLOSED, until_s))
    day = Day("2026-11-27 18:00", MadeClerk(kept, is_set=False))
    assert day.state is CLOSED
    day.set_wall("2026-11-27 21:59")
    day.clerk.clock_is_set = True
    day.forward(LOOK_S)
    assert day.next == "2026-11-30 09:30"
    day.forward(59)
    assert day.keeper.overrule is None


def test_a_jump_does_not_make_an_overrule_longer() -> None:
    """It is for so many hours; what is kept of it follows the clock."""
    day = Day("2026-11-27 18:00")
    day.order("open", 4 * HOUR_S)
    day.set_wall("2026-11-27 12:00")
    day.forward(LOOK_S)
    kept = day.clerk.record.overrule
    assert kept is not None
    assert datetime.fromtimestamp(kept.until_s, BERLIN).hour == 16
    day.forward(4 * HOUR_S)
    assert day.keeper.overrule is None


def test_a_clock_that_is_slowed_keeps_nobody_busy() -> None:
    """An overrule that is over by the wall clock, and not yet by the other one, is waited for."""
    day = Day("2026-11-27 18:00")
    day.order("open", HOUR_S)
    day.forward(HOUR_S - 1.5)
    day.clock.unix_s += 0.8
    assert not day.forward(1.0)
    assert day.forward(0.5)
    assert day.state is CLOSED


def test_a_record_of_far_ahead_is_bounded() -> None:
    """A wrong clock has written it, or somebody has."""
    day = Day("2026-11-27 18:00", MadeClerk(Record(Overrule(OPEN, 1e18))))
    assert day.state is OPEN
    day.forward(7 * DAY_S)
    assert day.keeper.overrule is None


def test_where_a_display_that_comes_must_go() -> None:
    """To the page while it is closed; to its start if it has missed the opening."""
    day = Day("2026-11-27 16:59:59")
    leads = day.keeper.leads

    def where(display: str, page: str, *, again: bool = False) -> str | None:
        now_s = day.clock.now().mono_s
        return leads(display, page, comes_again=again, now_s=now_s)

    day.forward(31)
    assert where("", "open") == "closed"
    assert where("", "closed") is None
    day.order("open")
    assert where("", "open") is None
    assert where("", "closed") == "welcome"
    assert where("right", "closed") is None  # it begins there
    day.forward(31)
    assert where("", "closed") is None  # somebody looks at it
    assert where("", "closed", again=True) == "welcome"
    assert where("left", "night", again=True) == "open"


@pytest.mark.parametrize(
    ("verb", "for_s", "sentence"),
    [
        ("opened", None, '"hours" = "opened": must be "open", "close" or "auto"; did you mean '
         '"open"?'),
        (3, None, '"hours" = 3: must be "open", "close" or "auto"'),
        (None, None, '"hours" = NoneType: must be "open", "close" or "auto"'),
        ("auto", 3.0, '"auto" is for good; leave "for" out'),
    ],
)  # fmt: skip
def test_what_can_not_be_ordered(verb: object, for_s: float | None, sentence: str) -> None:
    """With the words that can."""
    with pytest.raises(HoursError) as caught:
        checked(verb, for_s, by="somebody")
    assert str(caught.value) == sentence


def test_no_hours() -> None:
    """Nothing is asked, and nothing changes."""
    keeper = Timekeeper(SETTINGS, MadeClock())
    keeper.start()
    keeper.set(SetHours(CLOSED))
    assert (keeper.statuses, keeper.deadline_s, keeper.page_for("")) == ({}, None, None)
    keeper.stop()


def test_the_record_lies_where_it_may(tmp_path: Path) -> None:
    """See `test_record`; here: a timekeeper with a real clerk leaves no thread."""
    clock = MadeClock()
    file = tmp_path / "hours.json"
    keeper = Timekeeper(ALL, clock, Clerk(file, ask=lambda *, patient: True, boot="b"))
    keeper.start()
    keeper.set(SetHours(CLOSED, HOUR_S))
    keeper.tick(clock.now())
    keeper.stop()
    assert '"state": "closed"' in file.read_text()
