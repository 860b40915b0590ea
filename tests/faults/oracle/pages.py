"""Lay the pages a display went to over those it had to go to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faults.graph import Graph
from faults.oracle.facts import Verdict
from faults.oracle.life import Stretch
from faults.oracle.pauses import Fate
from faults.oracle.steps import Due, Look, Step


def walk(
    graph: Graph, stretch: Stretch, steps: Sequence[Step], free_from: int, count: bool = True
) -> Verdict:
    """Judge where a display went.

    Args:
        graph: the rules of all pages.
        stretch: what it did.
        steps: what it met, in order.
        free_from: number of the first step at which it may have been cut off.
        count: False to leave errors uncounted: counting takes a while, and an answer may be all
            that is asked for.
    """
    visited = [stretch.page, *stretch.moves]
    states = {(0, stretch.seq)}  # how many moves, and by which event it came to the page
    stopped: set[int] = set()
    wrong = ""
    used_up: Counter[str] = Counter()
    for at, step in enumerate(steps):
        if at >= free_from:
            stopped |= {place for place, _ in states}
        after = {to for state in states for to in _ways(graph, stretch, visited, step, *state)}
        if len(states) == 1:
            used_up[step.kind] += _is_used_up(graph, visited, step, *next(iter(states)))
        if states and not after:
            place, since = max(states)
            wrong = _wrong(graph, visited, step, place, since)
        states = after
    places = {place for place, _ in states}
    if free_from >= len(steps):
        stopped |= places
    kinds = kinds_of_moves(stretch, steps)
    verdict = Verdict(made=Counter(kinds), used_up=used_up)
    if len(stretch.moves) in places | stopped:
        verdict.unsure = len(stretch.moves) not in places
        return verdict
    if not count:
        verdict.complaints.append(f"is not yet where it should be: {wrong}")
        return verdict
    errors = fewest_errors(graph, stretch, steps)
    verdict.lost, verdict.phantom = Counter(errors.lost), Counter(errors.phantom)
    beyond = f"its move {max(places, default=0) + 1} has no cause"
    should = expected_pages(graph, stretch, steps)
    verdict.complaints.append(
        f"from {stretch.page}, after event {stretch.seq} of {stretch.epoch}: {wrong or beyond}; "
        f"went {_line(stretch.moves)}; should have gone {_line(should)}"
    )
    return verdict


def _ways(
    graph: Graph, stretch: Stretch, visited: Sequence[str], step: Step, place: int, since: int
) -> Iterable[tuple[int, int]]:
    """The states to which a step may lead from one."""
    to = step.leads(graph, visited[place], place, since)
    fate = Fate.COUNTS if to is None else step.fate(graph, visited[place], place)
    stayed = step.stayed(place)
    if stayed is not None:
        if stayed == to and fate is not Fate.USED_UP:
            yield place, since
        return
    if to is None or fate is not Fate.COUNTS:
        yield place, since
    if to is not None and fate is not Fate.USED_UP and _went(stretch, step, place, to):
        yield place + 1, step.seq


def _is_used_up(graph: Graph, visited: Sequence[str], step: Step, place: int, since: int) -> bool:
    """Whether a step would lead on, if the page took presses."""
    page = visited[place]
    leads = isinstance(step, Due) and step.may and step.leads(graph, page, place, since)
    return bool(leads) and step.fate(graph, page, place) is Fate.USED_UP


def _went(stretch: Stretch, step: Step, place: int, to: str) -> bool:
    """Whether a display went from there where a step leads, and the step can be the reason."""
    return stretch.moves[place : place + 1] == [to] and step.moved(stretch, place)


def _wrong(graph: Graph, visited: Sequence[str], step: Step, place: int, since: int) -> str:
    to = step.leads(graph, visited[place], place, since)
    stayed = step.stayed(place)
    if stayed is not None:
        return f"{step} sent it to {stayed}, though it stayed on {visited[place]}, {place} moves on"
    return f"{step} did not lead from {visited[place]} to {to}, its move {place + 1}"


def kinds_of_moves(stretch: Stretch, steps: Iterable[Step]) -> list[str]:
    """What moved the display each time, of `facts.KINDS`, by what it had been told last."""
    by_seq = {step.seq: step.kind for step in steps if isinstance(step, Due)}
    others = {step.place: step.kind for step in steps if not isinstance(step, Due | Look)}
    kinds = []
    for place in range(len(stretch.moves)):
        seq = stretch.causes[place] if place < len(stretch.causes) else -1
        by_level = any(
            isinstance(step, Look) and step.place == place and step.seq == seq for step in steps
        )
        if stretch.pressed:
            by_level = not stretch.pressed[place]
        other = others.get(place, "level") if by_level else by_seq.get(seq, "edge")
        kinds.append(other)
    return kinds


@dataclass(frozen=True, slots=True)
class Errors:
    """What went wrong on the way to a page: kinds of moves that were lost, or invented.

    Args:
        since: the event by which the display came to the page.
        lost: kinds of moves, see `facts.KINDS`.
        phantom: the same.
    """

    since: int
    lost: tuple[str, ...] = ()
    phantom: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.lost) + len(self.phantom)


def fewest_errors(graph: Graph, stretch: Stretch, steps: Sequence[Step]) -> Errors:
    """The fewest lost and phantom moves that explain where a display went.

    Of the ways that lead to a page with as few errors only one is kept, so that there may be fewer
    still; there are none only if there is nothing wrong.
    """
    visited = [stretch.page, *stretch.moves]
    kinds = kinds_of_moves(stretch, steps)
    ways = {0: Errors(stretch.seq)}  # by how many moves

    def note(after: dict[int, Errors], place: int, errors: Errors) -> None:
        if place not in after or errors.count < after[place].count:
            after[place] = errors

    for step in steps:
        after: dict[int, Errors] = {}
        for place in sorted(ways):
            errors = ways[place]
            to = step.leads(graph, visited[place], place, errors.since)
            fate = Fate.COUNTS if to is None else step.fate(graph, visited[place], place)
            stayed = step.stayed(place)
            if to is not None and fate is not Fate.USED_UP and _went(stretch, step, place, to):
                note(after, place + 1, Errors(step.seq, errors.lost, errors.phantom))
            wrong = stayed is not None and (stayed != to or fate is Fate.USED_UP)
            phantom = (step.kind,) if wrong else ()
            lost = ()
            if to is not None and stayed is None and fate is Fate.COUNTS:
                lost = (step.kind,)
            note(after, place, Errors(errors.since, errors.lost + lost, errors.phantom + phantom))
        for place, kind in enumerate(kinds):
            if place in after:
                errors = after[place]
                invented = Errors(step.seq, errors.lost, (*errors.phantom, kind))
                note(after, place + 1, invented)
        best = min(errors.count for errors in after.values())
        ways = {place: errors for place, errors in after.items() if errors.count <= best + 20}
    ends = [
        Errors(errors.since, errors.lost, (*errors.phantom, *kinds[place:]))
        for place, errors in ways.items()
    ]
    return min(ends, key=lambda errors: errors.count)


def expected_pages(graph: Graph, stretch: Stretch, steps: Iterable[Step]) -> list[str]:
    """The pages to which the steps lead, one after the other."""
    page, since = stretch.page, stretch.seq
    pages: list[str] = []
    for step in steps:
        to = step.leads(graph, page, len(pages), since)
        stays = step.stayed(len(pages)) is not None
        if to is not None and not stays and step.fate(graph, page, len(pages)) is Fate.COUNTS:
            page, since = to, step.seq
            pages.append(page)
    return pages


def _line(pages: Sequence[str]) -> str:
    return " > ".join(pages) or "nowhere"
