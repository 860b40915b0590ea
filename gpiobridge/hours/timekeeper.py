"""What is open at this moment, for the exhibit and for each display with hours of its own.

By the timetable, or by what somebody has ordered against it. The timetable counts only once the
clock is known to be right; before, all is as if it were open. It is looked at every second, so a
clock that jumps is noticed. The watcher's thread; any thread may read `statuses`, `overrule` and
`page_for`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf

from gpiobridge.config import Hours, Settings
from gpiobridge.config.opening_times import DAYS
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Now
from gpiobridge.hours.clerk import Clerk
from gpiobridge.hours.orders import MAX_FOR_S, SetHours
from gpiobridge.hours.record import Record
from gpiobridge.hours.status import HoursState, HoursStatus, Overrule
from gpiobridge.hours.timetable import Timetable
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the clock is looked at, in seconds."""

JUST_OPENED_S = 30.0
"""How long after an opening a display may still be on its way to the page of before, in seconds."""

WARN_S = 10.0
"""How long after the start the log says that the clock isn't right yet, in seconds."""

_DAY_S = 86_400.0
_LINES = 100  # a minute: a pin without a button may order something all the time

EXHIBIT = ""
"""The name under which the hours of the whole exhibit are kept."""

_UNKNOWN = HoursStatus(HoursState.UNKNOWN)


@dataclass(slots=True)
class _Table:
    """One timetable, and what it says at the moment."""

    hours: Hours
    timetable: Timetable
    says: HoursState = HoursState.UNKNOWN
    next_s: float | None = None
    from_s: float = inf  # what it says holds from here
    until_s: float = -inf  # to here, in seconds since the Unix epoch
    opened_s: float = -inf  # in monotonic seconds
    overruled: tuple[Overrule, HoursStatus] | None = None  # what the overrule means for it

    def look(self, unix_s: float) -> None:
        """Find out what it says; only if that may have changed."""
        if self.from_s <= unix_s < self.until_s:
            return
        is_open = self.timetable.is_open(unix_s)
        self.says = HoursState.OPEN if is_open else HoursState.CLOSED
        self.next_s = self.timetable.next_change(unix_s)
        self.from_s = unix_s
        # Far ahead, there may be something that can't be seen yet.
        self.until_s = min(inf if self.next_s is None else self.next_s, unix_s + _DAY_S)


class Timekeeper:
    """Keeps the opening hours of a configuration.

    Args:
        settings: the configuration.
        clock: gives the time.
        clerk: knows whether the clock is right, and keeps the record.

    Attributes:
        statuses: "" for the exhibit, and the name of each display with hours of its own -> what is
            known of them; another mapping after each change. Without hours it is empty.
        overrule: somebody's word against all timetables; None: there is none.
    """

    def __init__(self, settings: Settings, clock: Clock, clerk: Clerk | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._clerk = clerk or Clerk()
        own = {name: each.hours for name, each in settings.displays.items()}
        tables = {EXHIBIT: settings.hours, **own}
        self._tables = {
            name: _Table(hours, Timetable(hours))
            for name, hours in tables.items()
            if hours is not None
        }
        self._trusts = any(each.hours.trust_clock for each in self._tables.values())
        self._lines = LogRate(log, _LINES)
        self._warn_s = inf
        self._said_unsure = False
        self._known = False
        self._recalled = False  # the overrule is that of the process before
        self._until_s: float | None = None  # of the overrule, in monotonic seconds
        self._noted = Record()
        self._look_s: float | None = None
        self._changed: frozenset[str] = frozenset()  # whose state the newest `tick` has changed
        self.statuses: Mapping[str, HoursStatus] = dict.fromkeys(self._tables, _UNKNOWN)
        self.overrule: Overrule | None = None

    def start(self) -> None:
        """Take up what the process before has left, and see what is open."""
        if not self._tables:
            return
        self._noted = found = self._clerk.begin()
        now = self._clock.now()
        self._warn_s = now.mono_s + WARN_S
        if found.overrule is not None:
            self._recall(found.overrule, now)
        if self._trusts:
            self._clerk.trust()
        else:
            self._clerk.ask_now()
        self._clerk.start()
        self.tick(now)

    def stop(self) -> None:
        """End the clerk's thread."""
        self._clerk.stop()

    # ---------------------------------------------------------------- what is asked of it

    def page_for(self, display: str) -> str | None:
        """Give the page that a display must show now, because it is closed; None: any page.

        Args:
            display: its name, or an empty string.
        """
        key = self._key(display)
        status = self.statuses.get(key)
        if status is None or status.state is not HoursState.CLOSED:
            return None
        return self._tables[key].hours.page

    def leads(self, display: str, page: str, *, comes_again: bool, now_s: float) -> str | None:
        """Say where a display that comes must go, because of the hours; None: it may stay.

        Args:
            display: its name, or an empty string.
            page: the page that it is on.
            comes_again: whether this page has had a socket before, and may have missed a change.
            now_s: monotonic seconds.
        """
        closed = self.page_for(display)
        if closed is not None:
            return closed if page != closed else None
        table = self._tables.get(self._key(display))
        if table is None or page != table.hours.page:
            return None
        # It was led there, and has missed the opening. Whoever just looks at the page may.
        missed = comes_again or now_s < table.opened_s + JUST_OPENED_S
        return self.start_of(display) if missed and self._is_open(display) else None

    def was_led(self, display: str, page: str) -> bool:
        """Whether a page is the one that a display shows while it is closed, and it just opened."""
        key = self._key(display)
        table = self._tables.get(key)
        if table is None or page != table.hours.page:
            return False
        return key in self._changed and self._is_open(display)

    def start_of(self, display: str) -> str | None:
        """Give the page at which a display begins; None if that is the one while it is closed."""
        start = self._settings.start_of(display)
        table = self._tables.get(self._key(display))
        return None if table is not None and table.hours.page == start else start

    @property
    def is_closed(self) -> bool:
        """Whether the exhibit is closed: what counts for its outputs."""
        status = self.statuses.get(EXHIBIT)
        return status is not None and status.state is HoursState.CLOSED

    # ---------------------------------------------------------------- what happens

    def set(self, order: SetHours) -> None:
        """Overrule the timetables, or let them count again; `tick` says what follows."""
        if not self._tables:
            return
        now = self._clock.now()
        self._recalled = False
        if order.state is None:
            self._end_overrule(f"{order.by} says so")
        else:
            until_s = self._until(order, now)
            self.overrule = Overrule(order.state, until_s)
            self._until_s = now.mono_s + until_s - now.unix_s
            self._lines.info("%s says: %s, until %s", order.by, order.state, self._shown(until_s))
        self._look_s = now.mono_s

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has work, in monotonic seconds; None: there are no hours."""
        return self._look_s

    def tick(self, now: Now) -> bool:
        """See what is open; whether something has changed."""
        if not self._tables or (self._look_s is not None and now.mono_s < self._look_s):
            return False
        self._see_clock(now)
        if self._until_s is not None and now.mono_s >= self._until_s:
            self._end_overrule("its time is over")
        self._note(now)
        statuses = {name: self._judge(table, now) for name, table in self._tables.items()}
        now_s = now.unix_s
        changes_s = (each.next_s for each in statuses.values())
        next_s = min((at_s for at_s in changes_s if at_s and at_s > now_s), default=inf)
        due_s = now.mono_s + next_s - now_s
        ends_s = inf if self._until_s is None else self._until_s
        self._look_s = min(now.mono_s + LOOK_S, due_s, ends_s)
        before, self.statuses = self.statuses, statuses
        changed = [
            name for name, status in statuses.items() if status.state is not before[name].state
        ]
        for name in changed:
            if before[name].state is HoursState.CLOSED:
                self._tables[name].opened_s = now.mono_s
            self._say(name, statuses[name])
        self._changed = frozenset(changed)
        return bool(changed)

    def _key(self, display: str) -> str:
        return display if display in self._tables else EXHIBIT

    def _is_open(self, display: str) -> bool:
        status = self.statuses.get(self._key(display))
        return status is not None and status.state is HoursState.OPEN

    def _recall(self, overrule: Overrule, now: Now) -> None:
        """Go on with the overrule of the process before."""
        self.overrule, self._recalled = overrule, True
        self._until_s = now.mono_s + min(overrule.until_s - now.unix_s, MAX_FOR_S)

    def _see_clock(self, now: Now) -> None:
        """Find out whether the clock is right; say so once."""
        if self._known:
            return
        is_set = self._clerk.clock_is_set
        if is_set is False:
            if not self._said_unsure and now.mono_s >= self._warn_s:
                self._said_unsure = True
                log.warning(
                    "the opening hours wait for the right time: nobody has set this machine's "
                    "clock yet; if it has a battery and no network, write trust_clock = true below "
                    "[hours]"
                )
            return
        self._known = True
        for table in self._tables.values():
            table.overruled = None
        if self._recalled and self.overrule is not None:
            self._recall(self.overrule, now)  # it ends by the right time
        if is_set is None:
            log.warning(
                "nobody can tell whether this machine's clock is right: the opening hours take it "
                "as it is"
            )
        elif self._said_unsure:
            log.info("the clock is right: the opening hours count")

    def _judge(self, table: _Table, now: Now) -> HoursStatus:
        """Say what counts for a timetable: the overrule, or its own word."""
        if self._known:
            table.look(now.unix_s)
        if self.overrule is None:
            return HoursStatus(table.says, table.next_s)
        if table.overruled is None or table.overruled[0] is not self.overrule:
            table.overruled = self.overrule, self._overruled(table, self.overrule)
        return table.overruled[1]

    def _overruled(self, table: _Table, overrule: Overrule) -> HoursStatus:
        """Say what an overrule means for a timetable, and when that changes next."""
        state, until_s = overrule
        if self._known and table.timetable.is_open(until_s) is (state is HoursState.OPEN):
            return HoursStatus(state, table.timetable.next_change(until_s))
        return HoursStatus(state, until_s)

    def _until(self, order: SetHours, now: Now) -> float:
        """Say until when an order counts, in seconds since the Unix epoch."""
        if order.for_s is not None:
            return now.unix_s + order.for_s
        if not self._known:
            return now.unix_s + _DAY_S
        changes_s = [each.timetable.next_change(now.unix_s) for each in self._tables.values()]
        next_s = min((each for each in changes_s if each is not None), default=inf)
        return min(next_s, now.unix_s + MAX_FOR_S)

    def _end_overrule(self, why: str) -> None:
        if self.overrule is not None:
            self._lines.info("the opening hours count again: %s", why)
        self.overrule = self._until_s = None

    def _note(self, now: Now) -> None:
        """Keep the record up to date, also after a jump of the clock."""
        overrule = self.overrule
        if overrule is not None and self._until_s is not None and self._known:
            until_s = now.unix_s + self._until_s - now.mono_s
            if abs(until_s - overrule.until_s) > 1:
                self.overrule = overrule = Overrule(overrule.state, until_s)
        wanted = Record(overrule, "" if self._trusts else self._clerk.boot)
        if wanted != self._noted:
            self._noted = wanted
            self._clerk.keep(wanted)

    def _say(self, name: str, status: HoursStatus) -> None:
        what = f'display "{name}" is' if name else "the exhibit is"
        if status.state is HoursState.UNKNOWN:
            log.info("%s as if it were open: nobody has set this machine's clock yet", what)
            return
        until = "" if status.next_s is None else f" until {self._shown(status.next_s)}"
        self._lines.info("%s %s%s", what, status.state, until)

    def _shown(self, unix_s: float) -> str:
        return shown(self.local(EXHIBIT, unix_s))

    def local(self, name: str, unix_s: float) -> datetime:
        """Give a moment as the clocks of a timetable's time zone show it.

        Args:
            name: "" for the exhibit, or the name of a display.
            unix_s: seconds since the Unix epoch.
        """
        table = self._tables.get(name) or next(iter(self._tables.values()))
        return table.timetable.local(unix_s)


def shown(local: datetime) -> str:
    """Write a moment for people: `Mon 2026-11-30 09:30`."""
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M}"
