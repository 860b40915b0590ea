"""What a display met, in order: events, levels when it joined or took presses again, orders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar

from faults.graph import Graph
from faults.oracle.facts import Event
from faults.oracle.life import Landing, Stretch
from faults.oracle.orders import Sent
from faults.oracle.pauses import Fate, Pause, worst

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
        began_s: between which two moments it began.
        clear_s: the earliest moment at which it was one.
        pauses: by place: when the page took no presses.
        stays: by place: the page to which it was to lead, and the page stayed.
    """

    event: Event
    must: bool = True
    may: bool = True
    reloaded: frozenset[int] = frozenset()
    began_s: tuple[float, float] = (-inf, inf)
    clear_s: float = -inf
    pauses: Mapping[int, Sequence[Pause]] = field(default_factory=dict)
    stays: Mapping[int, str] = field(default_factory=dict)
    by_press: ClassVar[bool] = True

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
        rule = (self.event.pin, self.event.what)
        # A level that has changed just now counts on any page, whenever its press began.
        began = self.event.seq if rule in graph.levels.get(page, {}) else self.event.began
        return graph.events[page].get(rule) if began > since else None

    def fate(self, graph: Graph, page: str, place: int) -> Fate:
        """Whether a display that has made so many moves must or may be moved by it."""
        by_level = (self.event.pin, self.event.what) in graph.levels.get(page, {})
        pauses = self.pauses.get(place, ())
        fate = worst(pauses, self.event, self.began_s, self.clear_s, by_level)
        if not self.may or fate is Fate.USED_UP:
            return Fate.USED_UP
        if not self.must or place in self.reloaded:
            return Fate.OPEN
        return fate

    def moved(self, stretch: Stretch, place: int) -> bool:
        """Whether it can be what made a display's move from there, whose page is right."""
        return not stretch.pressed or (
            stretch.pressed[place] and stretch.causes[place] == self.event.seq
        )

    def stayed(self, place: int) -> str | None:
        """The page to which the display was to go from there by it, but stayed."""
        return self.stays.get(place)

    def told(self, stretch: Stretch, until_s: float) -> bool:
        """Whether the display had surely met it by the time its stretch was cut short."""
        return stretch.told(self.event, until_s, DELIVERY_S)

    def __str__(self) -> str:
        return f"event {self.event.seq} ({self.event.pin} {self.event.what})"


@dataclass(frozen=True, slots=True)
class Look:
    """The levels at the moment when a display joined, or took presses again.

    Args:
        landing: that moment.
        seq: the newest event then.
        levels: by pin, at each moment that it may have been, but those that the page had declined;
            empty where they can't be known.
        must: False if it may come to nothing.
        may: False if it must come to nothing.
        ordered: whether an order may be the reason for what followed.
    """

    landing: Landing
    seq: int
    levels: Sequence[Mapping[str, str]]
    must: bool = True
    may: bool = True
    ordered: bool = False
    kind: ClassVar[str] = "level"

    @property
    def place(self) -> int:
        """How many moves the display had made."""
        return self.landing.place

    def leads(self, graph: Graph, page: str, place: int, since: int) -> str | None:
        """Where they lead from ``page``, if the display has made ``place`` moves."""
        if place != self.place:
            return None
        found = self._targets(graph, page)
        if self.landing.sent_to is not None and (not self.levels or self.landing.sent_to in found):
            return self.landing.sent_to
        return found[0] if found else None

    def _targets(self, graph: Graph, page: str) -> list[str | None]:
        """Where they led at each moment."""
        rules = graph.levels.get(page, {}).items()
        return [
            next((to for (pin, level), to in rules if levels.get(pin) == level), None)
            for levels in self.levels
        ]

    def fate(self, graph: Graph, page: str, place: int) -> Fate:
        """Whether the display must or may be moved by them."""
        if not self.may:
            return Fate.USED_UP
        sure = self.must and len(set(self._targets(graph, page))) == 1
        return Fate.COUNTS if sure else Fate.OPEN

    def moved(self, stretch: Stretch, place: int) -> bool:
        """Whether they can be what made a display's move from there, whose page is right."""
        if not stretch.pressed:
            return True
        return not stretch.pressed[place] and self.landing.sent_to is not None

    def stayed(self, place: int) -> str | None:
        """The page to which the display was to go from there by them, but stayed."""
        here = place == self.place and self.landing.stayed and not self.ordered
        return self.landing.sent_to if here else None

    def told(self, stretch: Stretch, until_s: float) -> bool:
        """Whether the display had surely met it by the time its stretch was cut short."""
        until_s = min(until_s, stretch.live_to_s - DELIVERY_S)
        return self.place < len(stretch.moves) or self.landing.got_s + DELIVERY_S <= until_s

    def __str__(self) -> str:
        return f"the levels after event {self.seq}"


Step = Due | Look | Sent


def steps_of(
    graph: Graph,
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    rests: Mapping[str, str],
    catch_up_s: float,
    sent: Sequence[Sent] = (),
    clear_s: Mapping[int, tuple[float, float]] | None = None,
) -> list[Step]:
    """What a display met in a stretch, in order.

    Args:
        graph: all rules.
        stretch: a part of a display's life.
        events: of that life of the server, in order; all pins are at rest before them.
        made_s: event number to the earliest and latest moment at which it happened.
        rests: pin name to its level at rest.
        catch_up_s: how long an event is remembered for those who are away.
        sent: the orders by which it was sent away.
        clear_s: of events that came to count later than they happened, by a dwell or a cooldown:
            event number to the earliest and latest moment of that.
    """
    clear_s = {**made_s, **(clear_s or {})}
    steps: list[Step] = []
    others: list[Look | Sent] = [*_looks(graph, stretch, events, clear_s, rests, sent), *sent]
    others.sort(key=lambda other: (other.seq, other.place))
    for due in dues_of(stretch, events, made_s, catch_up_s, clear_s):
        while others and others[0].seq < due.seq:
            steps.append(others.pop(0))
        steps.append(due)
    return [*steps, *others]


def dues_of(
    stretch: Stretch,
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    catch_up_s: float,
    clear_s: Mapping[int, tuple[float, float]] | None = None,
) -> list[Due]:
    """The events of a stretch, each with whether it must count; arguments as of `steps_of`."""
    dues = []
    for event in events:
        if event.seq <= stretch.seq:
            continue
        earliest_s, latest_s = made_s.get(event.seq, (event.seen_s, event.seen_s))
        clear_from_s, clear_to_s = (clear_s or made_s).get(event.seq, (earliest_s, latest_s))
        must = may = True
        for since_s, asked_s, joined_s in stretch.gaps:
            if since_s - DELIVERY_S <= clear_to_s and clear_from_s <= joined_s:
                must &= joined_s - clear_from_s < catch_up_s - CATCH_UP_MARGIN_S
                may &= asked_s - clear_to_s < catch_up_s + CATCH_UP_MARGIN_S
        stays = {place: to for (place, seq), to in stretch.stays.items() if seq == event.seq}
        dues.append(
            Due(
                event,
                must,
                may,
                _reloaded(stretch, event, made_s),
                made_s.get(event.seq if event.press is None else event.press, (-inf, inf)),
                clear_from_s if event.seq in made_s else -inf,
                stretch.pauses,
                stays,
            )
        )
    return dues


def _reloaded(
    stretch: Stretch, event: Event, made_s: Mapping[int, tuple[float, float]]
) -> frozenset[int]:
    """The places at which the page was loaded again behind the begin of what counts only later.

    Whether it is past for the new page depends on what the old one had been told.
    """
    if event.press is None and event.began_seq is None:
        return frozenset()
    began = event.seq if event.press is None else event.press
    began_s = made_s.get(began, (float("-inf"), 0.0))[0]
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
    sent: Sequence[Sent],
) -> Iterator[Look]:
    visited = [stretch.page, *stretch.moves]
    newest = events[-1].seq if events else stretch.seq
    for landing in stretch.landings:
        # By an order, or by the levels: both can be right.
        ordered = any(order.explains(landing) for order in sent)
        must, may = not landing.lost and not ordered and landing.got_s < inf, True
        following = next((event for event in events if event.seq > landing.seq), None)
        if following is not None and landing.joined:
            caught_up, current = _before(landing, following, made_s)
            leads = (following.pin, following.what) in graph.events[visited[landing.place]]
            must &= not (caught_up and leads)
            may &= current
        # A number that the witness was never told: the server ended just then.
        known = landing.seq <= newest
        low = landing.seq if landing.joined else min(landing.low, landing.seq)
        high = max(landing.low, landing.seq)
        between = (event.seq for event in events if low < event.seq <= high)
        levels = [_asked(landing, rests, events, seq) for seq in (low, *between)] if known else []
        yield Look(landing, landing.seq, levels, must and known, may, ordered)


def _asked(
    landing: Landing, rests: Mapping[str, str], events: Sequence[Event], seq: int
) -> dict[str, str]:
    """The levels after an event, but those that the page has declined and that are still so."""
    changed = {e.pin for e in events if e.kind == "edge" and landing.acted < e.seq <= seq}
    declined = {(pin, level) for pin, level in landing.declined if pin not in changed}
    levels = levels_after(rests, events, seq).items()
    return {pin: level for pin, level in levels if (pin, level) not in declined}


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
