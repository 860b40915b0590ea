"""Circles of levels: pages that lead to each other without end, while no pin changes.

A circle needs levels that can exist at the same time. A pin that must be LOW for one of its steps
and HIGH for another breaks it. So an open door's page and a closed door's page are no circle.

In general nobody can find out quickly whether there is a circle. With pages as clauses and pins as
variables it is the question whether a formula can be true (3-SAT), which no known method answers in
less than exponential time. The usual shapes are easy, though. So the search is exact, and has a
budget. A search that the budget ends is reported as a circle: no real circle is ever accepted.

Pure; imports nothing of the project but `events`.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gpiobridge.core.events import Level


class Step(NamedTuple):
    """One rule by a level.

    Args:
        page: the page that has the rule.
        pin: the pin.
        level: the level at which the rule moves a display.
        target: the page that it leads to.
    """

    page: str
    pin: str
    level: Level
    target: str


class Circle(NamedTuple):
    """Pages that lead to each other without end.

    Args:
        steps: the way round; each step starts at the page that the step before leads to.
        more: other pages that are part of it: at the levels of the circle, a display gets from it
            to them and back.
        certain: False if the budget ended before it was clear that there is a circle.
    """

    steps: tuple[Step, ...]
    more: tuple[str, ...] = ()
    certain: bool = True


class _BudgetSpentError(Exception):
    """The budget is spent."""


def find_circles(steps: Sequence[Step], written: int) -> list[Circle]:
    """Find the circles, one for each group of pages that lead to each other.

    Args:
        steps: the rules by level of all pages, in the order of the file.
        written: how many rules the file has; one rule of `[every_page]` is a step of many pages.
            The search takes at most the square of that number.
    """
    search = _Search(50_000 + 5 * written * written)
    to_itself = [step for step in steps if step.page == step.target]
    found = [Circle((step,)) for step in {step.page: step for step in to_itself}.values()]
    for part in _strong_parts(step for step in steps if step.page != step.target):
        found += search.circles_of(part)
    place = {page: number for number, page in enumerate(dict.fromkeys(s.page for s in steps))}
    return sorted(found, key=lambda circle: place[circle.steps[0].page])


class _Search:
    """The search for circles, in parts where each page leads to each other page.

    Args:
        budget: how many steps may be looked at, in all parts together.
    """

    def __init__(self, budget: int) -> None:
        self._left = budget

    def circles_of(self, part: list[Step]) -> Iterator[Circle]:
        """Find the circles of a part, one for each group of pages."""
        waiting = [part]
        while waiting:
            part = waiting.pop()
            try:
                levels = self._levels_of_a_circle(part)
            except _BudgetSpentError:
                yield Circle(_shortest(part), certain=False)
                continue
            if levels is None:
                continue
            # All pages that these levels connect are one group; its shortest circle is reported.
            for knot in _strong_parts([s for s in part if levels[s.pin] is s.level]):
                pages = dict.fromkeys(step.page for step in knot)
                steps = _shortest(knot)
                told = {step.page for step in steps}
                yield Circle(steps, tuple(page for page in pages if page not in told))
                part = [s for s in part if s.page not in pages and s.target not in pages]
            waiting += _strong_parts(part)

    def _levels_of_a_circle(self, part: list[Step]) -> dict[str, Level] | None:
        """Find levels of all pins at which some pages of a part form a circle; None without one.

        Raises:
            _BudgetSpentError: the budget is spent.
        """
        usual = _usual_levels(part)
        if _strong_parts([s for s in part if usual[s.pin] is s.level]):
            return usual
        for here, there in _pairs(part):
            return usual | {here.pin: here.level, there.pin: there.level}
        waiting, seen = [part], set()
        while waiting:
            for smaller in self._pruned(waiting.pop()):
                mixed = _mixed(smaller)
                if not mixed:  # no two of its steps exclude each other
                    return usual | {step.pin: step.level for step in smaller}
                if (key := frozenset(smaller)) in seen:
                    continue
                seen.add(key)
                pin = mixed[0]
                waiting += ([s for s in smaller if (s.pin, s.level) != (pin, level)]
                            for level in Level)  # fmt: skip
        return None

    def _pruned(self, part: list[Step]) -> Iterator[list[Step]]:
        """Leave out the steps that are in no circle at either level of a single pin."""
        waiting = _strong_parts(part)
        while waiting:
            part = waiting.pop()
            for pin in _mixed(part):
                self._spend(2 * len(part))
                left = {
                    step
                    for level in Level
                    for smaller in _strong_parts(
                        [s for s in part if s.pin != pin or s.level is level]
                    )
                    for step in smaller
                }
                if len(left) < len(part):
                    waiting += _strong_parts([step for step in part if step in left])
                    break
            else:
                yield part

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _BudgetSpentError


def _mixed(part: Iterable[Step]) -> list[str]:
    """List the pins that some steps need LOW and others HIGH."""
    wanted = dict.fromkeys((step.pin, step.level) for step in part)
    return [pin for pin, level in wanted if level is Level.LOW and (pin, Level.HIGH) in wanted]


def _usual_levels(part: Iterable[Step]) -> dict[str, Level]:
    """Find the level of each pin that most steps need."""
    wanted = Counter((step.pin, step.level) for step in part)
    return {
        pin: max(Level, key=lambda level: wanted[pin, level])
        for pin in dict.fromkeys(pin for pin, _ in wanted)
    }


def _pairs(part: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """Find two pages that lead to each other at levels that can exist at the same time."""
    ways: dict[tuple[str, str], list[Step]] = {}
    for step in part:
        ways.setdefault((step.page, step.target), []).append(step)
    for (page, target), there in ways.items():
        for back in ways.get((target, page), ())[:2]:
            # Two of each are enough: among three steps, two never exclude the same one.
            for step in there[:2]:
                if step.pin != back.pin or step.level is back.level:
                    yield step, back


def _strong_parts(steps: Iterable[Step]) -> list[list[Step]]:
    """Split steps into parts where each page leads to each other page; leave out all others.

    Tarjan's algorithm (SIAM Journal on Computing 1, 1972, p. 146), without recursion: there may be
    more pages than Python's stack is deep.
    """
    ways: dict[str, list[str]] = {}
    steps = list(steps)
    for step in steps:
        ways.setdefault(step.page, []).append(step.target)
    part_of = _part_of_each_page(ways)
    parts: dict[int, list[Step]] = {}
    for step in steps:
        # A target that leads nowhere is in no circle.
        if part_of[step.page] == part_of.get(step.target):
            parts.setdefault(part_of[step.page], []).append(step)
    return list(parts.values())


def _part_of_each_page(ways: dict[str, list[str]]) -> dict[str, int]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    part_of: dict[str, int] = {}
    open_pages: list[str] = []
    for first in ways:
        if first in index:
            continue
        index[first] = low[first] = len(index)
        open_pages.append(first)
        calls = [(first, iter(ways[first]))]
        while calls:
            page, targets = calls[-1]
            for target in targets:
                if target not in ways:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    open_pages.append(target)
                    calls.append((target, iter(ways[target])))
                    break
                if target not in part_of and index[target] < low[page]:
                    low[page] = index[target]
            else:
                calls.pop()
                if calls and low[page] < low[calls[-1][0]]:
                    low[calls[-1][0]] = low[page]
                if low[page] == index[page]:
                    while page not in part_of:
                        part_of[open_pages.pop()] = index[page]
    return part_of


def _shortest(part: Sequence[Step]) -> tuple[Step, ...]:
    """Find a shortest way round from the first page of a part."""
    ways: dict[str, list[Step]] = {}
    for step in part:
        ways.setdefault(step.page, []).append(step)
    first = part[0].page
    came_by: dict[str, Step] = {}
    waiting = deque([first])
    while first not in came_by:
        for step in ways[waiting.popleft()]:
            if step.target not in came_by:
                came_by[step.target] = step
                waiting.append(step.target)
    way = [came_by[first]]
    while way[-1].page != first:
        way.append(came_by[way[-1].page])
    return tuple(reversed(way))
