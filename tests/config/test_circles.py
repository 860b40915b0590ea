"""Circles of levels: every real one is found, a sentence for each knot, in bounded time."""

import itertools
import random
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpiobridge.config import circles
from gpiobridge.config.check import check
from gpiobridge.config.circles import Circle, Step, find_circles
from gpiobridge.core.events import Level
from gpiobridge.errors import ConfigError

LOW, HIGH = Level.LOW, Level.HIGH


def goes_round(steps: Iterable[Step]) -> bool:
    """Whether some levels let a display go round for ever, by trying all of them."""
    steps = list(steps)
    pins = sorted({step.pin for step in steps})
    for levels in itertools.product(Level, repeat=len(pins)):
        now = dict(zip(pins, levels, strict=True))
        left = [step for step in steps if now[step.pin] is step.level]
        # Pages that lead nowhere are taken out, until none is left, or all lead on.
        while left:
            pages = {step.page for step in left}
            onward = [step for step in left if step.target in pages]
            if len(onward) == len(left):
                return True
            left = onward
    return False


def rule(table: dict[tuple[str, str, Level], str]) -> list[Step]:
    """Make steps of a table from page, pin and level to the next page."""
    return [Step(*key, target) for key, target in table.items()]


PAGES, PINS = st.sampled_from("ABCDE"), st.sampled_from("wxyz")
STEPS = st.dictionaries(
    st.tuples(PAGES, PINS, st.sampled_from(list(Level))), PAGES, max_size=12
).map(rule)


@given(STEPS)
@settings(max_examples=400)
def test_a_circle_is_found_if_and_only_if_there_is_one(steps: list[Step]) -> None:
    """The search agrees with trying all levels, on any small exhibit (row 7)."""
    assert bool(find_circles(steps, len(steps))) is goes_round(steps)


@given(STEPS)
@settings(max_examples=200)
def test_what_is_told_is_a_circle(steps: list[Step]) -> None:
    """It leads from step to step, and back, at levels that can be at one time (row 7)."""
    for circle in find_circles(steps, len(steps)):
        assert circle.certain
        assert set(circle.steps) <= set(steps)
        following = (*circle.steps[1:], circle.steps[0])
        for step, after in zip(circle.steps, following, strict=True):
            assert step.target == after.page
        assert len({step.pin for step in circle.steps}) == len(
            {(step.pin, step.level) for step in circle.steps}
        )


@given(STEPS)
@settings(max_examples=200)
def test_no_page_is_told_of_twice(steps: list[Step]) -> None:
    """One sentence a knot of pages; a page that leads to itself has one of its own (row 7)."""
    knots = [c for c in find_circles(steps, len(steps)) if len(c.steps) > 1]
    pages = [page for c in knots for page in (*(step.page for step in c.steps), *c.more)]
    assert len(pages) == len(set(pages))


@given(STEPS)
@settings(max_examples=200)
def test_without_budget_no_real_circle_is_let_pass(steps: list[Step]) -> None:
    """What can't be finished is taken for a circle, and said to be perhaps one (row 7)."""
    search = circles._Search(0)
    parts = circles._strong_parts(s for s in steps if s.page != s.target)
    found = [circle for part in parts for circle in search.circles_of(part)]
    if goes_round(s for s in steps if s.page != s.target):
        assert found


def doors(count: int) -> list[Step]:
    """A page for each door, where a display is while it is open: no circle."""
    return [
        step
        for door in range(count)
        for step in (
            Step("welcome", f"d{door}", LOW, f"p{door}"),
            Step(f"p{door}", f"d{door}", HIGH, "welcome"),
        )
    ]


def doors_of_every_page(count: int) -> list[Step]:
    """The same, but each open door leads from each other door's page, too: a knot."""
    between = [
        Step(f"p{one}", f"d{other}", LOW, f"p{other}")
        for one, other in itertools.permutations(range(count), 2)
    ]
    return [*doors(count), *between]


def test_pages_of_doors_are_no_circle() -> None:
    """Each leads away and back, but never at one time, however many there are (row 7)."""
    assert find_circles(doors(100), 200) == []


def test_an_every_page_rule_over_many_pages_of_doors_is_no_circle() -> None:
    """A closed exhibit leads away from each page, and back once it is open (row 7)."""
    steps = doors(40)
    pages = dict.fromkeys(step.page for step in steps)
    steps += [Step(page, "closed", LOW, "closed") for page in pages]
    assert find_circles([*steps, Step("closed", "closed", HIGH, "welcome")], 82) == []


def test_a_knot_is_told_once() -> None:
    """Nine doors that lead to each other are one circle with all others knotted in (row 7)."""
    assert find_circles(doors_of_every_page(9), 18) == [
        Circle(
            (Step("p0", "d1", LOW, "p1"), Step("p1", "d0", LOW, "p0")),
            tuple(f"p{door}" for door in range(2, 9)),
        )
    ]


def test_circles_that_only_a_door_joins_are_told_both() -> None:
    """They don't go round together, so each has a sentence of its own (row 7)."""
    steps = rule(
        {
            ("A", "x", LOW): "B", ("B", "x", LOW): "A", ("B", "door", LOW): "C",
            ("C", "y", LOW): "D", ("D", "y", LOW): "C", ("D", "door", HIGH): "A",
        }
    )  # fmt: skip
    told = [[step.page for step in circle.steps] for circle in find_circles(steps, 6)]
    assert told == [["A", "B"], ["C", "D"]]


@pytest.mark.parametrize("make", [doors, doors_of_every_page])
def test_a_hundred_pins_and_pages_take_a_moment(make: object) -> None:
    """Processor time, so that a busy machine doesn't count (row 7)."""
    assert callable(make)
    steps = make(100)
    began_s = time.process_time()
    find_circles(steps, 200)
    assert time.process_time() - began_s < 2


def test_even_a_riddle_takes_a_moment() -> None:
    """Pages made as clauses of a formula, the hardest case: given up in time, refused (row 7)."""
    chance = random.Random(1)
    steps = [
        Step(f"c{clause}", f"x{pin}", chance.choice(list(Level)), f"c{(clause + 1) % 141}")
        for clause in range(141)
        for pin in chance.sample(range(33), 3)
    ]
    began_s = time.process_time()
    found = find_circles(steps, len(steps))
    assert time.process_time() - began_s < 10
    assert [circle.certain for circle in found] == [False]


# --------------------------------------------------------------------- in words


def problems(text: str, views: Iterable[str]) -> list[str]:
    """All the problems of a configuration whose pages are views."""
    with pytest.raises(ConfigError) as caught:
        check(tomllib.loads(text), source="config.toml", folder=Path("/nowhere"), views=list(views))
    return list(caught.value.problems)


def test_a_knot_is_one_sentence_with_its_true_place() -> None:
    """The rule of every page is named where it stands, with the way out of it (row 7)."""
    pins = "".join(f"d_{i} = {i}\n" for i in range(9))
    every = "".join(f'while_low.d_{i} = "p-{i}"\n' for i in range(9))
    pages = "".join(f'[pages.p-{i}]\nwhile_high.d_{i} = "welcome"\n' for i in range(9))
    text = f"[pins]\n{pins}[every_page]\n{every}[pages.welcome]\n{pages}"
    assert problems(text, ["welcome", *(f"p-{i}" for i in range(9))]) == [
        'config.toml: every_page.while_low.d_0 = "p-0": leads from p-0 to p-1 to p-0 without end '
        "(p-2, p-3, p-4 and 4 more are part of it, too); leave one of these rules out, or write "
        "while_low.d_0 = false below [pages.p-1]"
    ]


def test_false_takes_a_rule_out_of_a_circle() -> None:
    """The remedy that the sentence names is one (rows 7 and 10)."""
    text = """
        [pins]
        a = 4
        b = 5
        [every_page]
        while_low.a = "a"
        while_low.b = "b"
        [pages.a]
        [pages.b]
        """
    assert len(problems(text, ["a", "b"])) == 1
    mended = f"{text}while_low.a = false\n"
    pages = check(
        tomllib.loads(mended), source="config.toml", folder=Path("/nowhere"), views=["a", "b"]
    ).pages
    assert dict(pages["a"].while_rules) == {("b", LOW): "b"}
    assert dict(pages["b"].while_rules) == {}
