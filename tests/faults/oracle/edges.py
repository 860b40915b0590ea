"""Waveforms to edges: which levels were held for the debounce, and was each told?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faults.oracle.facts import CLOCK_S, LATE_S, Drive, Event, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A level that was held for the debounce: surely, or perhaps. It began between two times."""

    pin: str
    level: str
    from_s: float
    to_s: float
    sure: bool


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
        if longest_s < debounce_s - CLOCK_S:
            continue
        sure = (
            drive.acked_s is not None
            and shortest_s >= debounce_s + CLOCK_S
            and to_s + debounce_s <= sure_until_s
        )
        found.append(Candidate(pin, drive.level, drive.sent_s, to_s, sure))
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
    # How many events have happened by each candidate, with the way that led there: since edges
    # alternate, that number says the settled level, too.
    ways: list[dict[int, int]] = [{0: 0}]
    fewest, most = {rest: 0}, {rest: 0}
    for candidate in found:
        ways.append(_step(candidate, ways[-1], rest, events, debounce_s))
        fewest, most = _count(candidate, fewest, min), _count(candidate, most, max)
    verdict = Verdict()
    if len(events) in ways[-1]:
        by_event, last = _trace(ways, found, len(events))
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


def _step(
    candidate: Candidate,
    before: Mapping[int, int],
    rest: str,
    events: Sequence[Event],
    debounce_s: float,
) -> dict[int, int]:
    after: dict[int, int] = {}
    for count in before:
        settled = events[count - 1].what if count else rest
        if candidate.level == settled:
            after.setdefault(count, count)
            continue
        if not candidate.sure:
            after.setdefault(count, count)
        if count < len(events):
            event = events[count]
            earliest_s = candidate.from_s + debounce_s - CLOCK_S
            in_time = earliest_s <= event.seen_s <= candidate.to_s + debounce_s + LATE_S
            if event.what == candidate.level and in_time:
                after[count + 1] = count
    return after


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


def _trace(
    ways: list[dict[int, int]], found: Sequence[Candidate], count: int
) -> tuple[list[Candidate], int]:
    """Which candidate each event was; and the place behind the last of them."""
    by_event: list[Candidate] = []
    last = 0
    for at in range(len(found), 0, -1):
        came_from = ways[at][count]
        if came_from != count:
            last = last or at
            by_event.append(found[at - 1])
        count = came_from
    return by_event[::-1], last
