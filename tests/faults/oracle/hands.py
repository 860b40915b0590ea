r"""Presses of a pin with a dwell or a cooldown: which had to count, and was each told?

::

    pin     ‾‾‾\____/‾\____/‾‾‾‾‾‾‾‾\_/‾‾‾‾‾‾    each level is held long enough to settle
    told       low              high            the first two are one press, the last is too short

Each level was driven between two moments. So whether a press belongs to the one before, and whether
it was long enough, is sure, or may be either way. What the witness saw must be one of the ways. If
it is several of them, an event began, and came to count, between the earliest and the latest moment
of all of these: none is guessed to be the true one. ::

    pin     ‾‾‾\______/‾‾‾‾‾‾\________/‾‾‾‾‾‾    each may have been long enough, or not
    told                                low     it began with the first press, or with the second
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from faults.graph import HandTimes
from faults.oracle.edges import Candidate, PinMatch
from faults.oracle.facts import CLOCK_S, LATE_S, Drive, Event, Verdict

Span = tuple[float, float]
"""The earliest and the latest moment, or the shortest and the longest time."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event that one of the ways makes, or several.

    Args:
        level: the level.
        edge: when its edge was.
        clear: when it was clear that it counts.
        sure: whether it is the same by all ways.
    """

    level: str
    edge: Span
    clear: Span
    sure: bool = True

    def join(self, other: "Told") -> "Told":
        """The same event, if it may have been the other one, too."""
        sure = self.sure and other.sure and self.edge == other.edge
        return Told(self.level, _both(self.edge, other.edge), _both(self.clear, other.clear), sure)


@dataclass(frozen=True, slots=True)
class _Press:
    """A press that may go on.

    Args:
        began: its first edge.
        since: the newest edge to the active level.
        counted: whether it has counted.
        lasted: how long it was pressed before that edge; once it is released, in all.
        released: its newest release; None while the pin is pressed.
    """

    began: Span
    since: Span
    counted: bool = False
    lasted: Span = (0.0, 0.0)
    released: Span | None = None


Step = tuple[list[Told], _Press | None]
"""What is told before a moment, and the press that goes on then."""


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways that make just the events that were seen.

    Args:
        seen: the events, each as it is by these ways.
        unseen: what may have been told behind them.
    """

    seen: tuple[Told, ...] = ()
    unseen: frozenset[Told] = frozenset()

    def join(self, other: "Ways") -> "Ways":
        """These ways and the others."""
        seen = [mine.join(its) for mine, its in zip(self.seen, other.seen, strict=True)]
        return Ways(tuple(seen), self.unseen | other.unseen)

    def behind(self, told: Sequence[Told], seen: int) -> "Ways":
        """The same ways, behind what was told before; so much of that was seen."""
        return Ways((*told[:seen], *self.seen), self.unseen.union(told[seen:]))


Known = dict[tuple[int, int, _Press | None], Ways | None]
"""The ways from each place: how many levels and events are left, and the press that goes on."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the presses of a pin are judged by.

    Args:
        rest: its level at rest.
        times: its dwell and cooldown.
        debounce_s: its window, in seconds; 0 if its first edge counts.
        sure_until_s: what came to count later may not have been seen.
        end_s: until when the last level was held, at most.
    """

    rest: str
    times: HandTimes
    debounce_s: float
    sure_until_s: float
    end_s: float

    def ways(
        self,
        drives: Sequence[Drive],
        events: Sequence[Event],
        press: _Press | None = None,
        known: Known | None = None,
    ) -> Ways | None:
        """Find all ways that make just these events; None: there is none."""
        known = {} if known is None else known
        key = (len(drives), len(events), press)
        if key not in known:
            found = list(self._each(drives, events, press, known))
            known[key] = reduce(Ways.join, found) if found else None
        return known[key]

    def _each(
        self,
        drives: Sequence[Drive],
        events: Sequence[Event],
        press: _Press | None,
        known: Known,
    ) -> Iterator[Ways]:
        drive = drives[0] if drives else None
        at = (self.end_s, self.end_s)
        if drive is not None:
            at = (drive.sent_s, self.end_s if drive.acked_s is None else drive.acked_s)
        for told, then in self._until(press, at):
            if not self._fits(told, events):
                continue
            if drive is None:
                if len(told) >= len(events):
                    yield Ways().behind(told, len(events))
                continue
            for after in self._taken(drive, at, then):
                more = self.ways(drives[1:], events[len(told) :], after, known)
                if more is not None:
                    yield more.behind(told, len(events) - len(more.seen))

    def _fits(self, told: Sequence[Told], events: Sequence[Event]) -> bool:
        for at, each in enumerate(told):
            if at >= len(events):
                if each.clear[1] + self.debounce_s <= self.sure_until_s:
                    return False
                continue
            seen_s = events[at].seen_s
            first_s, last_s = each.clear[0] - CLOCK_S, each.clear[1] + LATE_S
            if each.level != events[at].what:
                return False
            if not first_s <= seen_s - self.debounce_s <= last_s:
                return False
        return True

    def _taken(self, drive: Drive, at: Span, press: _Press | None) -> Iterator[_Press | None]:
        yield self._take(drive.level, at, press)
        if drive.acked_s is None:  # the server was gone before, or behind it
            yield press

    def _take(self, level: str, at: Span, press: _Press | None) -> _Press | None:
        if level != self.rest:
            if press is None:
                return _Press(at, at)
            return replace(press, since=at, released=None) if press.released else press
        if press is None or press.released is not None:
            return press
        return replace(press, lasted=_lasted(press, at), released=at)

    def _until(self, press: _Press | None, at: Span) -> Iterator[Step]:
        """Give each way of what is told before the next level, which is driven at a time."""
        if press is None:
            yield [], None
        elif press.released is None:
            yield from self._while_pressed(press, at)
        else:
            gap = _between(press.released, at)
            if gap[0] < self.times.cooldown_s + CLOCK_S and self.times.cooldown_s:
                yield [], press
            if gap[1] >= self.times.cooldown_s - CLOCK_S:
                first_s, last_s = (each + self.times.cooldown_s for each in press.released)
                release = Told(self.rest, press.released, (first_s, last_s))
                yield [release] if press.counted else [], None

    def _while_pressed(self, press: _Press, at: Span) -> Iterator[Step]:
        dwell_s = self.times.dwell_s
        if press.counted:
            yield [], press
            return
        shortest_s, longest_s = _lasted(press, at)
        if longest_s >= dwell_s - CLOCK_S or not dwell_s:
            left_s = max(0.0, dwell_s - press.lasted[1]), max(0.0, dwell_s - press.lasted[0])
            clear = press.since[0] + left_s[0], min(press.since[1] + left_s[1], at[1])
            active = "low" if self.rest == "high" else "high"
            yield [Told(active, press.began, clear)], replace(press, counted=True)
        if dwell_s and shortest_s < dwell_s + CLOCK_S:
            yield [], press


def match_hands(
    pin: str, hands: Hands, drives: Sequence[Drive], events: Sequence[Event]
) -> tuple[PinMatch, list[Span]]:
    """Lay what the witness saw over the ways.

    Args:
        pin: its name.
        hands: what it is judged by.
        drives: in order of time.
        events: the witness's edges, of this pin only.

    Returns:
        The match, and for each event when it was clear that it counts. What may be unseen has the
        latter as its time.
    """
    found = hands.ways(drives, events)
    if found is None:
        verdict = Verdict()
        verdict.lost["edge"] = verdict.phantom["edge"] = 1
        told = ", ".join(f"{event.what} {event.seq} at {event.seen_s:.4f}" for event in events)
        driven = ", ".join(
            f"{drive.level} from {drive.sent_s:.4f} to {drive.acked_s or hands.end_s:.4f}"
            for drive in drives
        )
        verdict.complaints.append(
            f"pin {pin}: the server told of {told or 'nothing'}, which is impossible by its "
            f"waveform, its dwell and its cooldown: {driven or 'nothing was driven'}"
        )
        return PinMatch(verdict, [], []), []
    verdict = Verdict(unsure=sum(not each.sure for each in found.seen))
    by_event = [Candidate(pin, each.level, *each.edge, sure=each.sure) for each in found.seen]
    # These are put in order with those of other pins: by the moment from which each counts.
    unseen = sorted(found.unseen, key=lambda told: told.clear)
    after = [Candidate(pin, each.level, *each.clear, sure=False) for each in unseen]
    return PinMatch(verdict, by_event, after), [each.clear for each in found.seen]


def _lasted(press: _Press, until: Span) -> Span:
    more = _between(press.since, until)
    return press.lasted[0] + more[0], press.lasted[1] + more[1]


def _between(start: Span, end: Span) -> Span:
    return max(0.0, end[0] - start[1]), max(0.0, end[1] - start[0])


def _both(one: Span, other: Span) -> Span:
    return min(one[0], other[0]), max(one[1], other[1])
