r"""The order of numbers: events settle one after the other, over all pins, and are numbered so.

::

    red    ‾‾‾\________________________       settles at its stamp and the debounce: first
              ├─20 ms─┤
    green  ‾‾‾‾‾‾‾\_______/‾‾‾‾‾‾‾‾‾‾‾‾       second, whatever the server was doing meanwhile
                  ├─15 ms─┤

A tap settles with its release, a hold one debounce behind the hold time. Where the first edge
counts, an event settles at its stamp, or a debounce behind it at the latest. Each of these moments
is known to lie between two; an event that surely settled behind another must not have been told
before it. Whether the server was late, doesn't matter.

What counts only after a dwell or a cooldown says with which number it began. Its first edge settled
behind each event of a smaller number, and before all others.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faults.oracle.facts import Event

LATE_S = 0.03
"""An event that was told so much later than it settled, was held up."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An event, and between which two moments it settled."""

    event: Event
    from_s: float
    to_s: float

    @property
    def held_up(self) -> bool:
        """Whether it was told late."""
        return self.event.seen_s > self.to_s + LATE_S


def settled(
    events: Sequence[Event],
    made_s: Mapping[int, tuple[float, float]],
    debounces_s: Mapping[str, float],
    first: Collection[str] = (),
) -> list[Settled]:
    """The events of which it is known when they settled, in the order of their numbers.

    Args:
        events: of a life of the server.
        made_s: number to the earliest and latest moment at which it happened.
        debounces_s: by pin.
        first: the pins whose first edge counts.
    """
    return [
        Settled(
            event,
            made_s[event.seq][0] + (0.0 if event.pin in first else debounces_s[event.pin]),
            made_s[event.seq][1] + debounces_s[event.pin],
        )
        for event in events
        if event.seq in made_s
    ]


def disorder(found: Sequence[Settled]) -> Iterator[tuple[Settled, Settled]]:
    """Each event that was told too late, with the one before it that surely settled behind it."""
    latest: Settled | None = None
    for each in found:
        if latest is not None and each.to_s < latest.from_s:
            yield latest, each
        if latest is None or each.from_s > latest.from_s:
            latest = each


def misplaced(
    found: Sequence[Settled],
    made_s: Mapping[int, tuple[float, float]],
    debounces_s: Mapping[str, float],
    first: Collection[str] = (),
) -> Iterator[tuple[Event, Settled]]:
    """Each event that says of another one, wrongly, that it was told before it began, or after.

    Args:
        found: from `settled`.
        made_s: number to the earliest and latest moment of an event's edge.
        debounces_s: by pin.
        first: the pins whose first edge counts.
    """
    for event in (each.event for each in found if each.event.began_seq is not None):
        edge_s = made_s.get(event.seq if event.press is None else event.press)
        if edge_s is None:
            continue
        from_s, to_s = edge_s[0], edge_s[1] + debounces_s[event.pin]
        if event.pin not in first:
            from_s += debounces_s[event.pin]
        for other in found:
            before = other.event.seq < event.began
            if other.from_s > to_s if before else other.to_s < from_s:
                yield event, other


def pairs(found: Sequence[Settled]) -> int:
    """How many neighbours were held up together, of different pins and in a sure order."""
    return sum(
        a.held_up
        and b.held_up
        and a.event.pin != b.event.pin
        and (a.to_s < b.from_s or b.to_s < a.from_s)
        for a, b in pairwise(found)
    )
