"""Events of several pins are told in the order in which they settle, however late that is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trains import STEP_S, WINDOWS_S, Play, Trains, events

from gpiobridge.core.events import Level, Now, RawEdge
from gpiobridge.core.settled import SettledLevels

LOW, HIGH = Level.LOW, Level.HIGH


def trains() -> st.SearchStrategy[Trains]:
    """Draw the moments at which some pins change."""
    steps = st.lists(st.integers(1, 60), min_size=1, max_size=30, unique=True)
    moments = steps.map(lambda numbers: [n * STEP_S for n in sorted(numbers)])
    return st.dictionaries(st.sampled_from(list(WINDOWS_S)), moments, min_size=1)


@example({"c": [0.005, 0.01], "b": [0.005, 0.015]}, [(2, 1)])
@given(trains(), st.lists(st.tuples(st.integers(1, 80), st.integers(0, 3)), max_size=6))
def test_a_stall_changes_no_event_and_no_order(
    changes: Trains, turns: list[tuple[int, int]]
) -> None:
    """Whenever the watcher gets a turn, and reads the pins: all is told as in time (row 6)."""
    in_time = Play(changes).play(until_s=1.0)
    late = Play(changes)
    last = 0
    for number, lag in [*sorted(turns), (200, 0)]:
        if number > last:
            late.turn(number * STEP_S, lag * STEP_S)
            last = number + lag
    assert late.told == in_time


def test_the_wrong_one_does_not_win_the_quiz() -> None:
    """One settles first, though another is proven by two edges before it is read (row 6)."""
    play = Play({"c": [1.0], "d": [1.05, 1.09]}, {"c": 0.02, "d": 0.02})
    play.turn(1.15)
    assert [(pin, event) for _, pin, event, _ in play.told] == [
        ("c", "low"),
        ("d", "low"),
        ("d", "high"),
    ]


def test_what_has_gone_again_when_its_pin_is_read_comes_first_all_the_same() -> None:
    """The edge by which it went comes with the next turn, and shows that it had settled (row 6)."""
    play = Play({"c": [1.0, 1.06], "d": [1.01]}, {"c": 0.02, "d": 0.02})
    play.turn(1.05, lag_s=0.02)
    assert play.told == []
    play.turn(1.07)
    assert [(pin, event) for _, pin, event, _ in play.told] == [("c", "low"), ("d", "low")]


def test_no_press_waits_for_a_pin_that_bounces() -> None:
    """A pin that bounces for ever, with a long window, delays nobody (row 6)."""
    bouncing = [0.1 + n * 0.003 for n in range(600)]
    play = Play({"a": bouncing, "b": [1.0]}, {"a": 1.0, "b": 0.005})
    for at_s in (at_s for at_s in bouncing if at_s <= 1.005):
        play.turn(at_s)
    play.turn(1.005)
    assert play.told == [(1, "b", "low", 1.0)]


def test_what_settles_behind_an_edge_that_waits_is_not_told_yet() -> None:
    """Of another pin an edge is missing that may settle before it."""
    play = Play({})
    play.core.edge(RawEdge("c", LOW, 1.0))
    assert play.core.tell(Now(2.0, 2.0), 0.9, 1000) == []
    assert play.core.deadline_s == 1.0
    assert events(play.core.tell(Now(2.0, 2.0), 1.0, 1000)) == [(1, "c", "low", 1.0)]


def test_what_settles_behind_a_level_that_wants_its_reading_is_not_told_yet() -> None:
    """The reading may make an event that was before."""
    play = Play({}, {"c": 0.0, "d": 0.02})
    play.core.edge(RawEdge("d", LOW, 1.0))
    play.core.edge(RawEdge("c", LOW, 1.5))
    assert play.core.tell(Now(2.0, 2.0), 2.0, 1000) == []
    play.core.reading("d", LOW, 2.0)
    told = events(play.core.tell(Now(2.0, 2.0), 2.0, 1000))
    assert [pin for _, pin, _, _ in told] == ["d", "c"]


def test_a_window_that_ends_quietly_delays_nobody() -> None:
    """Its reading agrees with what has counted: what settled behind it is told in the same turn."""
    play = Play({"f": [1.0], "c": [1.022]})
    play.turn(1.005)
    play.turn(1.023)
    assert [(pin, event) for _, pin, event, _ in play.told] == [("f", "low"), ("c", "low")]


def test_many_events_are_told_over_several_turns() -> None:
    """So that an oscillating pin doesn't hold up all else; the state has what was told."""
    play = Play({})
    for number in range(10):
        play.core.edge(RawEdge("c", (LOW, HIGH)[number % 2], 1.0 + number))
    assert len(events(play.core.tell(Now(20.0, 20.0), 20.0, 7))) == 7
    assert (play.core.levels["c"], play.core.seq) == (LOW, 7)
    assert play.core.deadline_s == 8.0
    assert len(events(play.core.tell(Now(20.0, 20.0), 20.0, 7))) == 3
    assert (play.core.levels["c"], play.core.seq) == (HIGH, 10)


@pytest.mark.parametrize(
    ("levels", "order"),
    [
        ([("a", 1.0, 1.02), ("b", 1.01, 1.015)], "ba"),  # by when they settled
        ([("a", 1.015, 1.02), ("b", 1.0, 1.02)], "ba"),  # equal ones by stamp
        ([("b", 1.0, 1.02), ("a", 1.0, 1.02)], "ba"),  # then as they came
    ],
)
def test_levels_are_told_in_the_order_in_which_they_settle(
    levels: list[tuple[str, float, float]], order: str
) -> None:
    """By the end of the debounce, then by stamp, then as they were handed in."""
    settled = SettledLevels()
    for pin, at_s, due_s in levels:
        settled.put(pin, LOW, at_s, due_s)
    assert "".join(settled.take().pin for _ in levels) == order
    assert settled.next is None
