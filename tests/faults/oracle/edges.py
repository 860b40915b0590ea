r"""Waveforms to edges: which levels had to count, and was each told?

A pin whose first edge counts has its own rule. An edge that finds the pin quiet counts. Then none
does for a debounce; the level at its end counts if it is another one, and so on::

    pin     ‾‾‾‾\_/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾\__________
    edges       low     high           low
                ├─20 ms─┼─20 ms─┤ quiet

So a level surely counts if it was held for the debounce, or if the pin surely was quiet before it:
two debounces after its last edge. Any other may count, but not sooner than a debounce after the
last one that did.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from faults.oracle.facts import CLOCK_S, LATE_S, Drive, Event, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A level that counts: surely, or perhaps. It began between two times.

    ``tied_s`` is how long after the level before it began, where that is known exactly; ``until_s``
    is when it was over, at the latest.
    """

    pin: str
    level: str
    from_s: float
    to_s: float
    sure: bool
    tied_s: float | None = None
    until_s: float = inf


def candidates(
    pin: str,
    drives: Sequence[Drive],
    debounce_s: float,
    sure_until_s: float,
    end_s: float,
    first: bool = False,
) -> list[Candidate]:
    """The levels that count, surely or perhaps.

    Args:
        pin: its name.
        drives: in order of time.
        debounce_s: the pin's window.
        sure_until_s: a level that settles later may not have been seen (the server was killed).
        end_s: how long the last level was held, at most.
        first: whether the pin's first edge counts.
    """
    found = []
    quiet_s = -inf  # from when on the pin surely is quiet
    for at, drive in enumerate(drives):
        later = drives[at + 1] if at + 1 < len(drives) else Drive("", end_s, end_s)
        to_s = drive.acked_s if drive.acked_s is not None else end_s
        longest_s = (later.acked_s if later.acked_s is not None else end_s) - drive.sent_s
        shortest_s = later.sent_s - to_s
        if later.tied_s is not None:
            shortest_s = longest_s = later.tied_s
        if longest_s < debounce_s - CLOCK_S and not first:
            continue
        at_once = first and drive.sent_s >= quiet_s + CLOCK_S
        sure = (
            drive.acked_s is not None
            and (at_once or shortest_s >= debounce_s + CLOCK_S)
            and to_s + (0.0 if at_once else debounce_s) <= sure_until_s
        )
        until_s = later.acked_s if later.acked_s is not None else end_s
        found.append(Candidate(pin, drive.level, drive.sent_s, to_s, sure, drive.tied_s, until_s))
        quiet_s = to_s + 2 * debounce_s
    return found


@dataclass(slots=True)
class PinMatch:
    """The witness's events of one pin, laid over the candidates."""

    verdict: Verdict
    by_event: list[Candidate]
    after_last: list[Candidate]  # that may have settled after the last event


def match_pin(
    pin: str,
    rest: str,
    found: Sequence[Candidate],
    events: Sequence[Event],
    debounce_s: float,
    first: bool = False,
) -> PinMatch:
    """Lay what the witness saw over what the waveform allows.

    Args:
        pin: its name.
        rest: the level at which it began.
        found: from `candidates`.
        events: the witness's, of this pin only.
        debounce_s: the pin's window.
        first: whether the pin's first edge counts.
    """
    # How many events may have happened by each candidate: since edges alternate, that number says
    # the settled level, too. And when the last of them counted, at the earliest.
    rules = _Rules(rest, events, debounce_s, first)
    ways: list[dict[int, float]] = [{0: -inf}]
    fewest, most = {rest: 0}, {rest: 0}
    for candidate in found:
        after: dict[int, float] = {}
        for way in ways[-1].items():
            for count, due_s in rules.after(candidate, *way):
                after[count] = min(due_s, after.get(count, inf))
        ways.append(after)
        fewest, most = _count(candidate, fewest, min), _count(candidate, most, max)
    verdict = Verdict()
    if len(events) in ways[-1]:
        by_event, last = _spans(rules, ways, found)
        verdict.unsure = sum(not candidate.sure for candidate in by_event)
        after = [c for c in found[last:] if not c.sure]
        return PinMatch(verdict, by_event, after)
    low, high = min(fewest.values()), max(most.values())
    lost, phantom = max(0, low - len(events)), max(0, len(events) - high)
    if not lost and not phantom:
        lost = phantom = 1  # the number is right, the moments are not
    verdict.lost["edge"], verdict.phantom["edge"] = lost, phantom
    verdict.complaints.append(
        f"pin {pin}: {low} to {high} edges by its waveform, the server told of {len(events)}"
    )
    return PinMatch(verdict, [], [])


@dataclass(frozen=True, slots=True)
class _Rules:
    """What leads from one number of events to the next."""

    rest: str
    events: Sequence[Event]
    debounce_s: float
    first: bool

    def after(self, candidate: Candidate, count: int, last_s: float) -> Iterator[tuple[int, float]]:
        """How many events are possible behind a candidate, and when the last one counted.

        Args:
            candidate: the candidate.
            count: how many were before.
            last_s: when the last of these counted, at the earliest.
        """
        settled = self.events[count - 1].what if count else self.rest
        if candidate.level == settled or not candidate.sure:
            yield count, last_s
        if candidate.level != settled and count < len(self.events):
            event = self.events[count]
            due_s = candidate.from_s + self.debounce_s
            if self.first:
                due_s = max(candidate.from_s, last_s + self.debounce_s)
            in_time = due_s - CLOCK_S <= event.seen_s <= candidate.to_s + self.debounce_s + LATE_S
            held = due_s - CLOCK_S <= candidate.until_s or not self.first
            if event.what == candidate.level and in_time and held:
                yield count + 1, due_s


def _count(
    candidate: Candidate, by_level: dict[str, int], best: Callable[[int, int], int]
) -> dict[str, int]:
    """How many edges there are at least (``best`` is min) or at most (max), by settled level."""
    after: dict[str, int] = {}

    def note(level: str, count: int) -> None:
        after[level] = best(after[level], count) if level in after else count

    for level, count in by_level.items():
        if candidate.level == level:
            note(level, count)
        else:
            note(candidate.level, count + 1)
            if not candidate.sure:
                note(level, count)
    return after


def _spans(
    rules: _Rules, ways: Sequence[Mapping[int, float]], found: Sequence[Candidate]
) -> tuple[list[Candidate], int]:
    """What each event was, as far as it is known; and the place behind the last one's candidate.

    Where an event may have been one of several candidates, it began between the first one's
    earliest moment and the last one's latest.
    """
    possible: list[list[int]] = [[] for _ in rules.events]
    right = {len(rules.events)}  # numbers from which the rest can be explained
    for at in range(len(found) - 1, -1, -1):
        before = set()
        for count, due_s in ways[at].items():
            leads = right.intersection(to for to, _ in rules.after(found[at], count, due_s))
            if leads:
                before.add(count)
            if count + 1 in leads:
                possible[count].append(at)
        right = before
    by_event = []
    for places in possible:
        held = [found[at] for at in places]
        first = held[-1]
        from_s, to_s = min(each.from_s for each in held), max(each.to_s for each in held)
        tied_s = first.tied_s if len(held) == 1 else None
        sure = any(each.sure for each in held)
        by_event.append(Candidate(first.pin, first.level, from_s, to_s, sure, tied_s))
    last = min(possible[-1]) + 1 if possible else 0
    return by_event, last
