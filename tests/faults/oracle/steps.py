"""What a display met, in order: the events, and the levels at the moments when it joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from faults.graph import Graph
from faults.oracle.facts import Event
from faults.oracle.life import Landing, Stretch

CATCH_UP_MARGIN_S = 0.5

DELIVERY_S = 1.0
"""How long a display without a fault takes, at most, to be told something."""


@dataclass(frozen=True, slots=True)
class Due:
    """An event as a display meets it.

    Args:
        event: the event.
        must: False if it may come to nothing.
        may: False if it must come to nothing.
        reloaded: places (numbers of moves made) at which a reload leaves open whether it counts.
    """

    event: Event
    must: bool = True
    may: bool = True
    reloaded: frozenset[int] = frozenset()

    @property
    def seq(self) -> int:
        """What is past once it has moved a display."""
        return self.event.seq

    @property
    def kind(self) -> str:
        """Which of `facts.KINDS` it is."""
        return self.event.kind

    def leads(self, graph: Graph, page: str, place: int, since: int) -> str | None:
        """Where it leads from ``page``, which the display came to by the event ``since``."""
        if self.event.began <= since:
            return None
        return graph.events[page].get((self.event.pin, self.event.what))

    def must_at(self, place: int) -> bool:
        """Whether a display that has made so many moves must be moved by it."""
        return self.must and place not in self.reloaded

    def told(self, stretch: Stretch, until_s: float) -> bool:
        """Whether the display had surely met it by the time its stretch was cut short."""
        return stretch.told(self.event, until_s, DELIVERY_S)

    def __str__(self) -> str:
        return f"event {self.event.seq} ({self.event.pin} {self.event.what})"


@dataclass(frozen=True, slots=True)
class Look:
    """The levels at the moment when a display joined.

    Args:
        place: how many moves it had made.
        seq: the newest event then.
        got_s: when the display was told.
        levels: by pin; None where they can't be known.
        must: False if it may come to nothing.
        may: False if it must come to nothing.
    """

    place: int
    seq: int
    got_s: float
    levels: Mapping[str, str] | None
    must: bool = True
    may: bool = True
    kind: ClassVar[str] = "level"

    def leads(self, graph: Graph, page: str, place: int, since: int) -> str | None:
        """Where they lead from ``page``, if the display has made ``place`` moves."""
        if place != self.place:
            return None
        for (pin, level), to in graph.levels.get(page, {}).items():
            if self.levels is None or self.levels[pin] == level:
                return to
        return None

    def must_at(self, place: int) -> bool:
        """Whether a display that has made so many moves must be moved by them."""
        return self.must

    def told(self, stretch: Stretch, until_s: float) -> bool:
        """Whether the display had surely met it by the time its stretch was cut short."""
        until_s = min(until_s, stretch.live_to_s - DELIVERY_S)
        return self.place < len(stretch.moves) or self.got_s + DELIVERY_S <= until_s

    def __str__(self) -> str:
        return f"the levels after event {self.seq}"


Step = Due | Look


def steps_of(
    graph: Graph,
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    rests: Mapping[str, str],
    catch_up_s: float,
) -> list[Step]:
    """What a display met in a stretch, in order.

    Args:
        graph: all rules.
        stretch: a part of a display's life.
        events: of that life of the server, in order; all pins are at rest before them.
        made_s: event number to the earliest and latest moment at which it happened.
        rests: pin name to its level at rest.
        catch_up_s: how long an event is remembered for those who are away.
    """
    steps: list[Step] = []
    looks = _looks(graph, stretch, events, made_s, rests)
    for due in dues_of(stretch, events, made_s, catch_up_s):
        while looks and looks[0].seq < due.seq:
            steps.append(looks.pop(0))
        steps.append(due)
    return [*steps, *looks]


def dues_of(
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    catch_up_s: float,
) -> list[Due]:
    """The events of a stretch, each with whether it must count; arguments as of `steps_of`."""
    dues = []
    for event in events:
        if event.seq <= stretch.seq:
            continue
        earliest_s, latest_s = made_s.get(event.seq, (event.seen_s, event.seen_s))
        must = may = True
        for since_s, asked_s, joined_s in stretch.gaps:
            if since_s - DELIVERY_S <= latest_s and earliest_s <= joined_s:
                must &= joined_s - earliest_s < catch_up_s - CATCH_UP_MARGIN_S
                may &= asked_s - latest_s < catch_up_s + CATCH_UP_MARGIN_S
        dues.append(Due(event, must, may, _reloaded(stretch, event, made_s)))
    return dues


def _reloaded(
    stretch: Stretch, event: Event, made_s: Mapping[int, tuple[float, float]]
) -> frozenset[int]:
    """The places at which the page was loaded again behind the begin of a tap or hold.

    Whether its press is past for the new page depends on what the old one had been told.
    """
    if event.press is None:
        return frozenset()
    began_s = made_s.get(event.press, (float("-inf"), 0.0))[0]
    return frozenset(
        reload.place
        for reload in stretch.reloads
        if began_s <= reload.asked_s and reload.away_s - DELIVERY_S <= event.seen_s
    )


def _looks(
    graph: Graph,
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    rests: Mapping[str, str],
) -> list[Look]:
    visited = [stretch.page, *stretch.moves]
    newest = events[-1].seq if events else stretch.seq
    looks = []
    for place, landing in sorted(stretch.landings.items()):
        # A number that the witness was never told: the server ended just then.
        levels = None if landing.seq > newest else levels_after(rests, events, landing.seq)
        must, may = not landing.lost and levels is not None, True
        following = next((event for event in events if event.seq > landing.seq), None)
        if following is not None:
            caught_up, current = _before(landing, following, made_s)
            leads = (following.pin, following.what) in graph.events[visited[place]]
            must &= not (caught_up and leads)
            may &= current
        looks.append(Look(place, landing.seq, landing.got_s, levels, must, may))
    return sorted(looks, key=lambda look: (look.seq, look.place))


def _before(
    landing: Landing, following: Event, made_s: Mapping[int, tuple[float, float]]
) -> tuple[bool, bool]:
    """Whether the next event may have been told before a display joined, and may not.

    If it was, the number in the first frame is that of the event before one to be caught up.
    """
    earliest_s = made_s.get(following.seq, (following.seen_s, 0.0))[0]
    return earliest_s <= landing.got_s, following.seen_s >= landing.sent_s


def levels_after(rests: Mapping[str, str], events: Sequence[Event], seq: int) -> dict[str, str]:
    """The settled levels after an event, by pin.

    Args:
        rests: pin name to its level at rest.
        events: in order, from when all pins were at rest.
        seq: the event's number.
    """
    levels = dict(rests)
    levels.update({e.pin: e.what for e in events if e.kind == "edge" and e.seq <= seq})
    return levels
