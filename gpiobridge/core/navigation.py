"""Which page an event leads to, and the recent events kept for catching up.

Pure: no clock, no display. The page that a display is on decides where an edge leads, so the server
remembers nothing about displays. A display's cursor says what it has already acted on.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from typing import NamedTuple

from gpiobridge.core.events import Gesture, Level, PinEvent, Route, Standing

Rules = Mapping[tuple[str, Level | Gesture], str]
"""Pin name and event, to the name of the next page."""

WhileRules = Mapping[tuple[str, Level], str]
"""Pin name and level, to the name of the page where a display belongs while the pin is there."""

Routes = Mapping[tuple[str, Level | Gesture], Route]
"""Pin name and event, to the displays that it leads, and their next page."""

# At 1,000 events a second, where a pin counts as noisy, this covers the default catch-up time.
MAX_RECENT = 10_000


class Departure(NamedTuple):
    """Where an event leads.

    Args:
        page: from this page.
        to: to this page.
        by_level: whether the rule also holds when the page loads.
    """

    page: str
    to: str
    by_level: bool


class Lead(NamedTuple):
    """An event that moves a display, and where to."""

    event: PinEvent
    to: str


class Navigation:
    """The rules of all pages.

    Args:
        pages: page name to its rules.
        while_rules: page name to those of its rules, by level, that also hold when the page loads.
        catch_up_s: how old an event may be, in seconds, to move a page that was not listening.
        routes: page name to those of its rules that name displays.
    """

    def __init__(
        self,
        pages: Mapping[str, Rules],
        catch_up_s: float,
        while_rules: Mapping[str, WhileRules] | None = None,
        routes: Mapping[str, Routes] | None = None,
    ) -> None:
        self._pages = pages
        self._routes = routes or {}
        self._while_rules = while_rules or {}
        self._catch_up_s = catch_up_s
        tables = (*pages.values(), *self._routes.values())
        self._awaited = frozenset(key for table in tables for key in table)
        self._recent: deque[PinEvent] = deque()
        # The same by pin and event: within one series, numbers and times only rise.
        self._series: dict[tuple[str, Level | Gesture], deque[PinEvent]] = defaultdict(deque)
        # The routes that have counted: an event's number and the page with the rule, to both.
        self._routed: dict[tuple[int, str], tuple[PinEvent, Route]] = {}

    def departures(self, event: PinEvent) -> list[Departure]:
        """Every page that ``event`` leads away from, with the page it leads to."""
        key = (event.pin, event.event)
        return [
            Departure(page, rules[key], key in self._while_rules.get(page, {}))
            for page, rules in self._pages.items()
            if key in rules
        ]

    def routes(self, event: PinEvent) -> tuple[tuple[str, Route], ...]:
        """Every page on which ``event`` leads displays that its rule names, with the route."""
        key = (event.pin, event.event)
        return tuple((page, routes[key]) for page, routes in self._routes.items() if key in routes)

    def routed(self, page: str, event: PinEvent, route: Route) -> None:
        """Keep a route that has counted, for its displays that are loading or reconnecting."""
        self._routed[event.seq, page] = (event, route)

    def elsewhere(
        self,
        standing: Standing,
        levels: Mapping[str, Level],
        ignored: Collection[tuple[str, Level]] = (),
    ) -> str | None:
        """Return the page where a display belongs at these levels, or None.

        Args:
            standing: what its page says of itself; a page that takes no presses stays.
            levels: pin name to its level.
            ignored: pins and levels that don't count.
        """
        if not standing.takes(None):
            return None
        for (pin, level), target in self._while_rules.get(standing.page, {}).items():
            if levels.get(pin) is level and (pin, level) not in ignored and standing.obeys(pin):
                return target
        return None

    def remember(self, event: PinEvent) -> None:
        """Keep an event that some page reacts to, for displays that are loading or reconnecting."""
        key = (event.pin, event.event)
        if key not in self._awaited:
            return
        self._recent.append(event)
        self._series[key].append(event)
        oldest_s = event.certain_s - self._catch_up_s
        while len(self._recent) > MAX_RECENT or self._recent[0].certain_s < oldest_s:
            old = self._recent.popleft()
            self._series[old.pin, old.event].popleft()
        first_seq = self._recent[0].seq
        while self._routed and (oldest := next(iter(self._routed)))[0] < first_seq:
            del self._routed[oldest]

    def missed(self, standing: Standing, now_s: float) -> Lead | None:
        """Return the first event that a display has missed and must act on.

        Args:
            standing: what its page says of itself.
            now_s: monotonic seconds; events older than the catch-up time don't count.
        """
        rules = self._pages.get(standing.page, {})
        leads = [
            Lead(event, rules[key])
            for key in rules
            if standing.obeys(key[0]) and (event := self._first_missed(key, standing, now_s))
        ]
        for key, route in self._routes.get(standing.page, {}).items():
            if standing.name in route.displays:
                event = self._first_missed(key, standing, now_s)
                leads += [Lead(event, route.to)] if event else []
        # Routes of other pages, for events that this page has no rule for.
        leads += [
            Lead(event, route.to)
            for event, route in self._routed.values()
            if standing.name in route.displays
            and route.to != standing.page
            and self._counts(event, standing, now_s)
        ]
        return min(leads, key=lambda lead: lead.event.seq, default=None)

    def missed_routes(
        self, standing: Standing, now_s: float
    ) -> list[tuple[PinEvent, tuple[str, Route]]]:
        """Return the events that a display has missed, and that lead others by its page's rules.

        Args:
            standing: what its page says of itself.
            now_s: monotonic seconds; events older than the catch-up time don't count.
        """
        page = standing.page
        found = [
            (event, (page, route))
            for key, route in self._routes.get(page, {}).items()
            if standing.has_part_in(key[0], route)
            for event in self._series.get(key, ())
            if (event.seq, page) not in self._routed and self._counts(event, standing, now_s)
        ]
        return sorted(found, key=lambda each: each[0].seq)

    def _first_missed(
        self, key: tuple[str, Level | Gesture], standing: Standing, now_s: float
    ) -> PinEvent | None:
        """Find the first event of a series that still counts on a page."""
        # If one event of a series counts, all later ones do. So bisect: a page may ask often, and
        # there are thousands of events.
        series = self._series.get(key, ())
        first = bisect_left(series, True, key=lambda each: self._counts(each, standing, now_s))
        return series[first] if first < len(series) else None

    def _counts(self, event: PinEvent, standing: Standing, now_s: float) -> bool:
        """Whether an event still counts on a page, if its rules react to it."""
        # A level that has changed counts on any page, whenever its press began.
        by_level = (event.pin, event.event) in self._while_rules.get(standing.page, {})
        began = event.seq if by_level else event.began
        new = event.seq > standing.after_seq and began > standing.since_seq
        recent = event.certain_s >= now_s - self._catch_up_s
        return new and recent and standing.takes(event.began_s)
