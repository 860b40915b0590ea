"""The debounce of a pin whose first edge counts, as tables of (time, level, what counts)."""

from typing import Literal

from gpiobridge.core.events import Level
from gpiobridge.core.first_edge import FirstEdge

LOW, HIGH = Level.LOW, Level.HIGH
WINDOW_S = 0.25  # this and all times are exact in a float: no rounding blurs a boundary

# Monotonic seconds, what comes in, the level, and what counts: level, stamp, and when it counts.
Step = tuple[float, Literal["edge", "reading"], Level, list[tuple[Level, float, float]]]


def run(*steps: Step, level: Level = HIGH) -> FirstEdge:
    """Play ``steps`` to a pin that first read ``level`` at 0 s, and compare each outcome."""
    pin = FirstEdge(level, 0.0, WINDOW_S)
    for number, (at_s, kind, step_level, counts) in enumerate(steps):
        take = pin.edge if kind == "edge" else pin.reading
        assert take(step_level, at_s) == counts, f"step {number}, at {at_s} s"
    return pin


def test_a_press_counts_at_its_edge_and_its_window_ends_quietly() -> None:
    """The reading at the end agrees with what has counted: nothing is pending then."""
    pin = run((1.0, "edge", LOW, [(LOW, 1.0, 1.0)]))
    assert (pin.settled, pin.deadline_s) == (LOW, 1.25)
    assert pin.reading(LOW, 1.25) == []
    assert pin.deadline_s is None


def test_no_edge_counts_within_the_window() -> None:
    """Bounces leave no trace if the level is the same in the end."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.0625, "edge", HIGH, []),
        (1.125, "edge", LOW, []),
        (1.25, "reading", LOW, []),
    )


def test_a_quick_release_counts_when_the_window_ends_and_begins_the_next() -> None:
    """It is stamped by its edge."""
    pin = run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.0625, "edge", HIGH, []),
        (1.25, "reading", HIGH, [(HIGH, 1.0625, 1.25)]),
        (1.375, "edge", LOW, []),
    )
    assert pin.deadline_s == 1.5
    assert pin.reading(LOW, 1.5) == [(LOW, 1.375, 1.5)]


def test_an_edge_at_the_end_of_the_window_finds_the_pin_quiet() -> None:
    """It is the first one behind it, and needs no reading in between."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.25, "edge", HIGH, [(HIGH, 1.25, 1.25)]),
    )


def test_edges_that_come_together_count_as_they_would_have_in_time() -> None:
    """A window that ended between two stamps ended there, however late both arrive."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.0625, "edge", HIGH, []),
        (2.0, "edge", LOW, [(HIGH, 1.0625, 1.25), (LOW, 2.0, 2.0)]),
        (9.0, "reading", LOW, []),
    )


def test_a_reading_that_disagrees_at_the_end_decides_nothing_yet() -> None:
    """Its edge is on the way, and shows on which side of the end it was."""
    pin = run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.25, "reading", HIGH, []),
    )
    assert (pin.unsure, pin.deadline_s) == (True, 1.5)
    assert pin.edge(HIGH, 1.125) == []
    assert pin.reading(HIGH, 1.3125) == [(HIGH, 1.125, 1.25)]
    assert pin.missed == 0


def test_an_edge_that_only_readings_find_counts_after_two() -> None:
    """It is stamped by the first, and counts as missed."""
    pin = run(
        (5.0, "reading", LOW, []),
        (5.25, "reading", LOW, [(LOW, 5.0, 5.0)]),
        (5.5, "reading", LOW, []),
    )
    assert (pin.missed, pin.deadline_s) == (1, None)


def test_a_lost_release_within_the_window_counts_after_two_readings_of_it() -> None:
    """At the moment of the first: the window had ended by then."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (1.25, "reading", HIGH, []),
        (1.5, "reading", HIGH, [(HIGH, 1.25, 1.25)]),
    )


def test_what_readings_have_told_is_not_told_again_by_its_edges() -> None:
    """The late edges are matched with it; the release between them is told."""
    run(
        (5.0, "reading", LOW, []),
        (5.25, "reading", LOW, [(LOW, 5.0, 5.0)]),
        (4.0, "edge", LOW, []),
        (4.5, "edge", HIGH, [(HIGH, 5.0, 5.0)]),  # no stamp is before one that was told
        (4.75, "edge", LOW, [(LOW, 5.0, 5.0)]),
    )


def test_a_late_release_and_press_are_both_told_though_a_reading_saw_neither() -> None:
    """The level was the same before and after: only the edges know of a pulse this long."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0, 1.0)]),
        (2.0, "reading", LOW, []),
        (1.125, "edge", HIGH, []),
        (1.75, "edge", LOW, [(HIGH, 1.125, 1.25), (LOW, 1.75, 1.75)]),
    )


def test_after_a_back_end_that_delivered_nothing_the_first_edge_counts() -> None:
    """However many levels the readings told without edges, nothing is held against it."""
    pin = FirstEdge(HIGH, 0.0, WINDOW_S)
    for second in range(1, 302):
        level = LOW if second % 2 else HIGH
        pin.reading(level, float(second))
        assert pin.reading(level, second + 0.25) == [(level, second, second)]
    assert pin.missed == 301
    assert pin.edge(HIGH, 400.0) == [(HIGH, 400.0, 400.0)]


def test_stamps_older_than_the_first_reading_are_dropped() -> None:
    """An edge between arming and the first reading is already in that reading."""
    pin = run((-0.25, "edge", HIGH, []), level=LOW)
    assert (pin.settled, pin.deadline_s, pin.late) == (LOW, None, 1)
