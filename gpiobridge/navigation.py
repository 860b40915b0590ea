"""Which page a settled edge leads to, and the recent edges kept for catching up.

Pure: no clock, no display. The page that a display is on decides where an edge leads, so the
server remembers nothing about displays; what one has already acted on is in its cursor.
"""

from collections import deque
from collections.abc import Mapping

from gpiobridge.events import Level, PinChanged

Rules = Mapping[tuple[str, Level], str]
"""Pin name and level of the edge, to the name of the next page."""

# At 1,000 events a second, where a pin counts as noisy, this is the longest default catch-up.
MAX_RECENT = 10_000


class Navigation:
    """The rules of all pages.

    Args:
        pages: page name to its rules.
        catch_up_s: how old an edge may be, in seconds, to move a page that was not listening.
    """

    def __init__(self, pages: Mapping[str, Rules], catch_up_s: float) -> None:
        self._pages = pages
        self._catch_up_s = catch_up_s
        self._recent: deque[PinChanged] = deque(maxlen=MAX_RECENT)

    def target(self, page: str, edge: PinChanged) -> str | None:
        """The page that ``edge`` leads to from ``page``, or None."""
        return self._pages.get(page, {}).get((edge.pin, edge.level))

    def moves(self, edge: PinChanged) -> list[tuple[str, str]]:
        """Every page that ``edge`` leads away from, with the page it leads to."""
        key = (edge.pin, edge.level)
        return [(page, rules[key]) for page, rules in self._pages.items() if key in rules]

    def remember(self, edge: PinChanged) -> None:
        """Keep an edge for the displays that are loading or reconnecting."""
        self._recent.append(edge)
        while self._recent[0].at_s < edge.at_s - self._catch_up_s:
            self._recent.popleft()

    def missed(self, page: str, after_seq: int, now_s: float) -> PinChanged | None:
        """The first edge that a display on ``page`` has missed and must act on.

        Args:
            page: the page the display is on.
            after_seq: the last event it has already acted on.
            now_s: monotonic seconds; edges older than the catch-up time don't count.
        """
        oldest_s = now_s - self._catch_up_s
        for edge in self._recent:
            if edge.seq > after_seq and edge.at_s >= oldest_s and self.target(page, edge):
                return edge
        return None
