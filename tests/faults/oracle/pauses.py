r"""When a page took no presses, and which events that uses up.

::

    page      takes presses     ┆  none: a film         ┆  takes presses
    ────────────────────────────D───────────────────────T──────────────────▶
    server                        k  knows it by here      k'  and this

What began before D and was dealt with counts as ever. What became an event between k and D's
other end, and began before T, is used up. What began from T on counts, once the server knows: its
own T is later by as much as the page's word was on its way. Between D and k, and between T and k',
both is right.

A rule by level has no beginning: it counts if it settles while the page takes presses. But one
that is caught up with has: if it began before T, the page is told by the level itself, or not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from faults.oracle.facts import CLOCK_S, Event


class Fate(Enum):
    """What a pause does to an event."""

    COUNTS = auto()
    OPEN = auto()
    USED_UP = auto()


@dataclass(slots=True)
class Pause:
    """A time in which a page took no presses.

    Args:
        number: of the page's word for its begin.
        from_s: when it began; minus infinity if that was with the page's load.
        known_s: from when on the server surely knew, or could close no socket of the page.
        acted: the event that the page had acted on when it began; or one before, if that was told
            a second time and its close crossed.
        to_s: a press that began before this is none.
        counts_s: one that began after this surely counts.
        told: up to this event, a rule by level may not have counted yet.
        end: number of the page's word for its end.
        delay_s: how long that word was on its way to the server, at most.
    """

    number: int
    from_s: float
    known_s: float
    acted: int
    to_s: float = inf
    counts_s: float = inf
    told: float = inf
    end: float = inf
    delay_s: float = 0.0

    def know(self, number: int, delay_s: float, at_s: float, seq: int) -> None:
        """Take note that the server knows the page's words up to one.

        Args:
            number: of that word.
            delay_s: how long it was on its way, at most.
            at_s: when the server knew it, at the latest.
            seq: the event that the display had been told last then.
        """
        if self.number <= number:
            self.known_s = min(self.known_s, at_s)
        if self.end < number and self.counts_s == inf:
            delay_s = at_s - self.to_s  # its own word was overtaken by the next one
        if self.end <= number:
            self.delay_s = max(self.delay_s, delay_s)
            self.counts_s = self.to_s + self.delay_s
            self.told = min(self.told, seq)

    @property
    def carried(self) -> "Pause":
        """The same for a life of the server that begins in it, or behind it."""
        return Pause(self.number, -inf, -inf, -1, self.to_s, end=self.end)

    def fate(
        self, event: Event, began_s: tuple[float, float], clear_s: float, by_level: bool
    ) -> Fate:
        """What it does to an event.

        Args:
            event: the event.
            began_s: between which two moments it began.
            clear_s: the earliest moment at which it was one.
            by_level: whether a rule by level says where it leads.
        """
        if event.seq <= self.acted:
            return Fate.COUNTS
        # A level that began before may be missed with its socket: then only how it is counts.
        if began_s[0] > self.counts_s and not (by_level and event.seq <= self.told):
            return Fate.COUNTS
        ended = event.seen_s < self.to_s if by_level else began_s[1] < self.to_s - CLOCK_S
        if clear_s > self.known_s and ended:
            return Fate.USED_UP
        return Fate.OPEN


def worst(
    pauses: Iterable[Pause],
    event: Event,
    began_s: tuple[float, float],
    clear_s: float,
    by_level: bool,
) -> Fate:
    """What all pauses of a page do to an event; arguments as of `Pause.fate`."""
    fates = {pause.fate(event, began_s, clear_s, by_level) for pause in pauses}
    return next((fate for fate in (Fate.USED_UP, Fate.OPEN) if fate in fates), Fate.COUNTS)
