"""Which page an event leads to, and the recent events kept for catching up.

Pure: no clock, no display. The page that a display is on decides where an edge leads, so the server
remembers nothing about displays. A display's cursor says what it has already acted on.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from typing import NamedTuple

from gpiobridge.core.events import Gesture, Level, PinEvent, Standing

Rules = Mapping[tuple[str, Level | Gesture], str]
"""Pin name and event, to the name of the next page."""

WhileRules = Mapping[tuple[str, Level], str]
"""Pin name and level, to the name of the page where a display belongs while the pin is there."""

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


class Navigation:
    """The rules of all pages.

    Args:
        pages: page name to its rules.
        while_rules: page name to those of its rules, by level, that also hold when the page loads.
        catch_up_s: how old an event may be, in seconds, to move a page that was not listening.
    """

    def __init__(
        self,
        pages: Mapping[str, Rules],
        catch_up_s: float,
        while_rules: Mapping[str, WhileRules] | None = None,
    ) -> None:
        self._pages = pages
        self._while_rules = while_rules or {}
        self._catch_up_s = catch_up_s
        self._recent: deque[PinEvent] = deque()
        # The same by pin and event: within one series, numbers and times only rise.
        self._series: dict[tuple[str, Level | Gesture], deque[PinEvent]] = defaultdict(deque)

    def target(self, page: str, event: PinEvent) -> str | None:
        """The page that ``event`` leads to from ``page``, or None."""
        return self._pages.get(page, {}).get((event.pin, event.event))

    def departures(self, event: PinEvent) -> list[Departure]:
        """Every page that ``event`` leads away from, with the page it leads to."""
        key = (event.pin, event.event)
        return [
            Departure(page, rules[key], key in self._while_rules.get(page, {}))
            for page, rules in self._pages.items()
            if key in rules
        ]

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
        if standing.taking_since_s is None:
            return None
        for (pin, level), target in self._while_rules.get(standing.page, {}).items():
            if levels.get(pin) is level and (pin, level) not in ignored and standing.obeys(pin):
                return target
        return None

    def remember(self, event: PinEvent) -> None:
        """Keep an event that some page reacts to, for displays that are loading or reconnecting."""
        if not self.departures(event):
            return
        self._recent.append(event)
        self._series[event.pin, event.event].append(event)
        oldest_s = event.certain_s - self._catch_up_s
        while len(self._recent) > MAX_RECENT or self._recent[0].certain_s < oldest_s:
            old = self._recent.popleft()
            self._series[old.pin, old.event].popleft()

    def missed(self, standing: Standing, now_s: float) -> PinEvent | None:
        """Return the first event that a display has missed and must act on.

        Args:
            standing: what its page says of itself.
            now_s: monotonic seconds; events older than the catch-up time don't count.
        """
        oldest_s = now_s - self._catch_up_s
        while_rules = self._while_rules.get(standing.page, {})

        def counts(event: PinEvent) -> bool:
            # A level that has changed counts on any page, whenever its press began.
            began = event.seq if (event.pin, event.event) in while_rules else event.began
            new = event.seq > standing.after_seq and began > standing.since_seq
            return new and event.certain_s >= oldest_s and standing.takes(event.began_s)

        # If one event of a series counts, all later ones do. So bisect: a page may ask often, and
        # there are thousands of events.
        found = []
        for key in self._pages.get(standing.page, {}):
            if not standing.obeys(key[0]):
                continue
            series = self._series.get(key, ())
            first = bisect_left(series, True, key=counts)
            if first < len(series):
                found.append(series[first])
        return min(found, key=lambda event: event.seq, default=None)
