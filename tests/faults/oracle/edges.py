"""Waveforms to edges: which levels were held for the debounce, and was each told?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from faults.oracle.facts import CLOCK_S, LATE_S, Drive, Event, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A level that was held for the debounce: surely, or perhaps. It began between two times.

    ``tied_s`` is how long after the level before it began, where that is known exactly.
    """

    pin: str
    level: str
    from_s: float
    to_s: float
    sure: bool
    tied_s: float | None = None


def candidates(
    pin: str, drives: Sequence[Drive], debounce_s: float, sure_until_s: float, end_s: float
) -> list[Candidate]:
    """The levels that were held for the debounce, surely or perhaps.

    Args:
        pin: its name.
        drives: in order of time.
        debounce_s: the pin's window.
        sure_until_s: a level that settles later may not have been seen (the server was killed).
        end_s: how long the last level was held, at most.
    """
    found = []
    for at, drive in enumerate(drives):
        later = drives[at + 1] if at + 1 < len(drives) else Drive("", end_s, end_s)
        to_s = drive.acked_s if drive.acked_s is not None else end_s
        longest_s = (later.acked_s if later.acked_s is not None else end_s) - drive.sent_s
        shortest_s = later.sent_s - to_s
        if later.tied_s is not None:
            shortest_s = longest_s = later.tied_s
        if longest_s < debounce_s - CLOCK_S:
            continue
        sure = (
            drive.acked_s is not None
            and shortest_s >= debounce_s + CLOCK_S
            and to_s + debounce_s <= sure_until_s
        )
        found.append(Candidate(pin, drive.level, drive.sent_s, to_s, sure, drive.tied_s))
    return found


@dataclass(slots=True)
class PinMatch:
    """The witness's events of one pin, laid over the candidates."""

    verdict: Verdict
    by_event: list[Candidate]
    after_last: list[Candidate]  # that may have settled after the last event


def match_pin(
    pin: str, rest: str, found: Sequence[Candidate], events: Sequence[Event], debounce_s: float
) -> PinMatch:
    """Lay what the witness saw over what the waveform allows.

    Args:
        pin: its name.
        rest: the level at which it began.
        found: from `candidates`.
        events: the witness's, of this pin only.
        debounce_s: the pin's window.
    """
    # How many events may have happened by each candidate: since edges alternate, that number says
    # the settled level, too.
    rules = _Rules(rest, events, debounce_s)
    ways: list[set[int]] = [{0}]
    fewest, most = {rest: 0}, {rest: 0}
    for candidate in found:
        ways.append({to for count in ways[-1] for to in rules.after(candidate, count)})
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

    def after(self, candidate: Candidate, count: int) -> Iterator[int]:
        """The numbers of events that are possible behind a candidate, if so many were before."""
        settled = self.events[count - 1].what if count else self.rest
        if candidate.level == settled or not candidate.sure:
            yield count
        if candidate.level != settled and count < len(self.events):
            event = self.events[count]
            earliest_s = candidate.from_s + self.debounce_s - CLOCK_S
            in_time = earliest_s <= event.seen_s <= candidate.to_s + self.debounce_s + LATE_S
            if event.what == candidate.level and in_time:
                yield count + 1


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
    rules: _Rules, ways: Sequence[set[int]], found: Sequence[Candidate]
) -> tuple[list[Candidate], int]:
    """What each event was, as far as it is known; and the place behind the last one's candidate.

    Where an event may have been one of several candidates, it began between the first one's
    earliest moment and the last one's latest.
    """
    possible: list[list[int]] = [[] for _ in rules.events]
    right = {len(rules.events)}  # numbers from which the rest can be explained
    for at in range(len(found) - 1, -1, -1):
        before = set()
        for count in ways[at]:
            leads = right.intersection(rules.after(found[at], count))
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
