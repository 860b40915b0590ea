"""Which page an edge leads to, and which one a display has missed."""

import pytest

from gpiobridge.events import Level, PinEvent
from gpiobridge.navigation import MAX_RECENT, Navigation

LOW, HIGH = Level.LOW, Level.HIGH
PAGES = {
    "welcome": {("button", LOW): "open"},
    "open": {("button", LOW): "welcome", ("door", HIGH): "help"},
    "help": {},
}
CATCH_UP_S = 10.0


def edge(seq: int, pin: str = "button", level: Level = LOW, at_s: float = 100.0) -> PinEvent:
    """Make a settled edge."""
    return PinEvent(seq, pin, level, at_s)


def after(*edges: PinEvent) -> Navigation:
    """Make the navigation that remembers ``edges``."""
    navigation = Navigation(PAGES, CATCH_UP_S)
    for each in edges:
        navigation.remember(each)
    return navigation


@pytest.mark.parametrize(
    ("page", "pin", "level", "target"),
    [
        ("welcome", "button", LOW, "open"),
        ("welcome", "button", HIGH, None),
        ("welcome", "door", HIGH, None),
        ("open", "door", HIGH, "help"),
        ("help", "button", LOW, None),
        ("simulator", "button", LOW, None),
    ],
)
def test_the_page_decides_where_an_edge_leads(
    page: str, pin: str, level: Level, target: str | None
) -> None:
    """The same edge leads to another page, or nowhere, from each page."""
    assert Navigation(PAGES, CATCH_UP_S).target(page, edge(1, pin, level)) == target


def test_one_edge_moves_every_page_that_reacts_to_it() -> None:
    """Each page with a rule for the edge is named, with the page it leads to."""
    moves = Navigation(PAGES, CATCH_UP_S).moves(edge(1))
    assert moves == [("welcome", "open"), ("open", "welcome")]


def test_the_first_match_after_the_cursor_counts() -> None:
    """Of several missed presses the oldest one moves the page."""
    navigation = after(edge(1), edge(2, level=HIGH), edge(3), edge(4, level=HIGH), edge(5))
    missed = navigation.missed("welcome", 2, 100.0)
    assert missed is not None
    assert missed.seq == 3


def test_an_edge_up_to_the_cursor_has_counted_already() -> None:
    """A press that the display has acted on doesn't move it again."""
    assert after(edge(1), edge(2, level=HIGH)).missed("welcome", 1, 100.0) is None


def test_an_edge_that_the_page_ignores_is_passed_over() -> None:
    """Only what this page reacts to can have been missed by it."""
    navigation = after(edge(1, "door", HIGH), edge(2))
    assert navigation.missed("welcome", 0, 100.0) == edge(2)
    assert navigation.missed("help", 0, 100.0) is None


@pytest.mark.parametrize(("age_s", "counts"), [(0.0, True), (9.9, True), (10.1, False)])
def test_only_an_edge_younger_than_the_catch_up_time_counts(age_s: float, counts: bool) -> None:
    """An old press doesn't jump a page minutes later."""
    missed = after(edge(1, at_s=100.0)).missed("welcome", 0, 100.0 + age_s)
    assert (missed is not None) is counts


def test_an_old_edge_does_not_hide_a_young_one() -> None:
    """The first match is the first that is still young enough."""
    navigation = after(edge(1, at_s=95.0), edge(2, at_s=104.0))
    assert navigation.missed("welcome", 0, 106.0) == edge(2, at_s=104.0)


def test_a_flood_of_edges_keeps_the_newest() -> None:
    """However many edges come within the catch-up time, their number is limited."""
    navigation = after(*(edge(seq) for seq in range(1, MAX_RECENT + 2)))
    assert navigation.missed("welcome", 0, 100.0) == edge(2)


def test_levels_say_where_a_display_should_be() -> None:
    """At load the level counts, not the edge that made it."""
    levels = {"welcome": {("door", LOW): "open"}}
    navigation = Navigation(PAGES, CATCH_UP_S, levels)
    assert navigation.elsewhere("welcome", {"door": LOW}) == "open"
    assert navigation.elsewhere("welcome", {"door": HIGH}) is None
    assert navigation.elsewhere("open", {"door": LOW}) is None
