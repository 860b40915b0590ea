"""Which page an edge leads to, and which one a display has missed."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpiobridge.core.events import Gesture, Level, PinEvent, Route, Standing
from gpiobridge.core.navigation import MAX_RECENT, Departure, Lead, Navigation

LOW, HIGH = Level.LOW, Level.HIGH
PAGES = {
    "welcome": {("button", LOW): "open"},
    "open": {("button", LOW): "welcome", ("door", HIGH): "help"},
    "help": {},
}
PAGES_WITH_HOLDS = {
    "welcome": {("button", LOW): "open", ("door", Gesture.HOLD): "help", ("door", HIGH): "open"},
}
CATCH_UP_S = 10.0


def edge(seq: int, pin: str = "button", level: Level = LOW, at_s: float = 100.0) -> PinEvent:
    """Make a settled edge."""
    return PinEvent(seq, pin, level, at_s)


def on(page: str, seq: int = 0, taking_since_s: float | None = -inf) -> Standing:
    """Make what a page says of itself that has acted on the event ``seq``."""
    return Standing(page, seq, seq, taking_since_s)


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
    departures = Navigation(PAGES, CATCH_UP_S).departures(edge(1, pin, level))
    assert {each.page: each.to for each in departures}.get(page) == target


def test_one_edge_moves_every_page_that_reacts_to_it() -> None:
    """Each page with a rule for the edge is named, with the page it leads to."""
    departures = Navigation(PAGES, CATCH_UP_S).departures(edge(1))
    assert departures == [Departure("welcome", "open", False), Departure("open", "welcome", False)]


def test_the_first_match_after_the_cursor_counts() -> None:
    """Of several missed presses the oldest one moves the page."""
    navigation = after(edge(1), edge(2, level=HIGH), edge(3), edge(4, level=HIGH), edge(5))
    missed = navigation.missed(on("welcome", 2), 100.0)
    assert missed is not None
    assert missed.event.seq == 3


def test_an_edge_up_to_the_cursor_has_counted_already() -> None:
    """A press that the display has acted on doesn't move it again."""
    assert after(edge(1), edge(2, level=HIGH)).missed(on("welcome", 1), 100.0) is None


def test_an_edge_that_the_page_ignores_is_passed_over() -> None:
    """Only what this page reacts to can have been missed by it."""
    navigation = after(edge(1, "door", HIGH), edge(2))
    assert navigation.missed(on("welcome", 0), 100.0) == Lead(edge(2), "open")
    assert navigation.missed(on("help", 0), 100.0) is None


@pytest.mark.parametrize(("age_s", "counts"), [(0.0, True), (9.9, True), (10.1, False)])
def test_only_an_edge_younger_than_the_catch_up_time_counts(age_s: float, counts: bool) -> None:
    """An old press doesn't jump a page minutes later."""
    missed = after(edge(1, at_s=100.0)).missed(on("welcome", 0), 100.0 + age_s)
    assert (missed is not None) is counts


def test_an_old_edge_does_not_hide_a_young_one() -> None:
    """The first match is the first that is still young enough."""
    navigation = after(edge(1, at_s=95.0), edge(2, at_s=104.0))
    assert navigation.missed(on("welcome", 0), 106.0) == Lead(edge(2, at_s=104.0), "open")


def test_a_flood_of_edges_keeps_the_newest() -> None:
    """However many edges come within the catch-up time, their number is limited."""
    navigation = after(*(edge(seq) for seq in range(1, MAX_RECENT + 2)))
    assert navigation.missed(on("welcome", 0), 100.0) == Lead(edge(2), "open")


def test_levels_say_where_a_display_should_be() -> None:
    """At load the level counts, not the edge that made it."""
    levels = {"welcome": {("door", LOW): "open"}}
    navigation = Navigation(PAGES, CATCH_UP_S, levels)
    assert navigation.elsewhere(on("welcome"), {"door": LOW}) == "open"
    assert navigation.elsewhere(on("welcome"), {"door": HIGH}) is None
    assert navigation.elsewhere(on("open"), {"door": LOW}) is None


def test_a_page_that_takes_no_presses_misses_none() -> None:
    """Neither a press nor a level counts on it (row 1)."""
    navigation = Navigation(PAGES, CATCH_UP_S, {"welcome": {("door", LOW): "open"}})
    navigation.remember(edge(1))
    waiting = on("welcome", taking_since_s=None)
    assert navigation.missed(waiting, 100.0) is None
    assert navigation.elsewhere(waiting, {"door": LOW}) is None


@pytest.mark.parametrize(("since_s", "counts"), [(99.9, True), (100.0, True), (100.1, False)])
def test_a_press_counts_on_a_page_that_took_presses_when_it_began(
    since_s: float, counts: bool
) -> None:
    """By its own stamp, also for what is caught up with (row 1)."""
    missed = after(edge(1, at_s=100.0)).missed(on("welcome", 0, since_s), 101.0)
    assert (missed is not None) is counts


@pytest.mark.parametrize(("since_s", "counts"), [(99.9, True), (100.1, False)])
def test_a_hold_counts_by_the_moment_of_its_press(since_s: float, counts: bool) -> None:
    """One that began in the lockout doesn't count, though it is told after it (row 4)."""
    navigation = Navigation({"welcome": {("button", Gesture.HOLD): "open"}}, CATCH_UP_S)
    navigation.remember(PinEvent(2, "button", LOW, 102.0, Gesture.HOLD, 1, 100.0))
    assert (navigation.missed(on("welcome", 0, since_s), 102.0) is not None) is counts


def test_a_level_that_is_ignored_leaves_the_others() -> None:
    """Where a page declined one level, another one still leads away (row 2)."""
    levels = {"welcome": {("door", LOW): "open", ("gate", LOW): "help"}}
    navigation = Navigation(PAGES, CATCH_UP_S, levels)
    here = {"door": LOW, "gate": LOW}
    assert navigation.elsewhere(on("welcome"), here, {("door", LOW)}) == "help"


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["button", "door"]),
        st.sampled_from([LOW, HIGH, Gesture.HOLD]),
        st.floats(0.0, 3.0),  # after the one before
    ),
    max_size=30,
)


@given(EVENTS, st.integers(0, 30), st.integers(0, 30), st.one_of(st.none(), st.floats(-1.0, 50.0)))
def test_the_first_event_that_counts_is_found(
    steps: list[tuple[str, Level | Gesture, float]],
    after_seq: int,
    since_seq: int,
    taking_since_s: float | None,
) -> None:
    """The search finds what a look at every event does (row 5)."""
    navigation, events, at_s = Navigation(PAGES_WITH_HOLDS, CATCH_UP_S), [], 0.0
    pressed: dict[str, PinEvent] = {}
    for seq, (pin, kind, later_s) in enumerate(steps, 1):
        at_s += later_s
        if isinstance(kind, Level):
            event = pressed[pin] = PinEvent(seq, pin, kind, at_s)
        else:
            press = pressed.get(pin, PinEvent(0, pin, LOW, 0.0))
            event = PinEvent(seq, pin, LOW, at_s, kind, press.seq, press.at_s)
        events.append(event)
        navigation.remember(event)
    standing = Standing("welcome", after_seq, since_seq, taking_since_s)
    found = [
        event
        for event in events
        if event.seq > after_seq
        and event.began > since_seq
        and event.at_s >= at_s - CATCH_UP_S
        and standing.takes(event.began_s)
        and (event.pin, event.event) in PAGES_WITH_HOLDS["welcome"]
    ]
    missed = navigation.missed(standing, at_s)
    assert (missed and missed.event) == (found[0] if found else None)


def test_a_page_that_asks_costs_little_however_much_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page may ask 500 times a second, and 10,000 events are remembered (row 5)."""
    navigation, looked = after(*(edge(seq) for seq in range(1, MAX_RECENT + 1))), []
    takes = Standing.takes
    monkeypatch.setattr(Standing, "takes", lambda s, at_s: looked.append(at_s) or takes(s, at_s))
    assert navigation.missed(on("welcome", 0, taking_since_s=200.0), 100.0) is None
    assert 0 < len(looked) < 20


ROUTE = Route("open", frozenset({"left"}))


def routing() -> Navigation:
    """Make the navigation of a page `desk` whose rule for the button leads the display left."""
    navigation = Navigation(PAGES, CATCH_UP_S, routes={"desk": {("button", LOW): ROUTE}})
    navigation.remember(edge(1))
    return navigation


def named(page: str, name: str, pins: frozenset[str] | None = None, seq: int = 0) -> Standing:
    """Make what the page of a named display says of itself."""
    return Standing(page, seq, seq, pins=pins, name=name)


def test_the_pages_with_a_route_are_named() -> None:
    """Those with a rule for this event only; a page's own rules are no routes."""
    navigation = routing()
    assert navigation.routes(edge(1)) == (("desk", ROUTE),)
    assert navigation.routes(edge(1, level=HIGH)) == ()
    assert [each.page for each in navigation.departures(edge(1))] == ["welcome", "open"]


@pytest.mark.parametrize("pins", [None, frozenset[str]()])
def test_a_display_on_the_page_itself_misses_a_route_that_names_it(
    pins: frozenset[str] | None,
) -> None:
    """As if it were a rule of its own, whichever pins it obeys; no other display does."""
    navigation = routing()
    assert navigation.missed(named("desk", "left", pins), 100.0) == Lead(edge(1), "open")
    assert navigation.missed(named("desk", "right", pins), 100.0) is None


def test_a_display_elsewhere_misses_only_a_route_that_has_counted() -> None:
    """And not if it is there already, or if it has acted on that press."""
    navigation = routing()
    assert navigation.missed(named("help", "left"), 100.0) is None
    navigation.routed("desk", edge(1), ROUTE)
    assert navigation.missed(named("help", "left"), 100.0) == Lead(edge(1), "open")
    assert navigation.missed(named("help", "right"), 100.0) is None
    assert navigation.missed(named("help", "left", seq=1), 100.0) is None
    assert navigation.missed(named("help", "left"), 100.0 + CATCH_UP_S + 0.1) is None
    routed = Route("help", frozenset({"left"}))
    navigation.routed("desk", edge(1), routed)
    assert navigation.missed(named("help", "left"), 100.0) is None


def test_a_page_goes_before_the_route_of_another() -> None:
    """The page that a display is on decides where an event leads; unless it obeys no such pin."""
    navigation = routing()
    navigation.routed("desk", edge(1), Route("help", frozenset({"left"})))
    assert navigation.missed(named("welcome", "left"), 100.0) == Lead(edge(1), "open")
    deaf = named("welcome", "left", frozenset())
    assert navigation.missed(deaf, 100.0) == Lead(edge(1), "help")


def test_a_display_that_joins_brings_about_the_route_that_it_has_missed() -> None:
    """Once, and only if a press of this pin counts on it."""
    navigation = routing()
    missed = [(edge(1), ("desk", ROUTE))]
    assert navigation.missed_routes(named("desk", "right"), 100.0) == missed
    assert navigation.missed_routes(named("desk", "right", frozenset()), 100.0) == []
    assert navigation.missed_routes(named("desk", "left", frozenset()), 100.0) == missed
    assert navigation.missed_routes(named("desk", "right", seq=1), 100.0) == []
    assert navigation.missed_routes(named("help", "right"), 100.0) == []
    navigation.routed("desk", edge(1), ROUTE)
    assert navigation.missed_routes(named("desk", "right"), 100.0) == []


def test_routes_that_are_too_old_are_forgotten() -> None:
    """As events are."""
    navigation = routing()
    navigation.routed("desk", edge(1), ROUTE)
    navigation.remember(edge(2, at_s=200.0))
    assert navigation._routed == {}
