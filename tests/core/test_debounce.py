"""The debounce of one pin, as tables of (time, level, what settles)."""

from typing import Literal

import pytest

from gpiobridge.core.debounce import DOUBT_S, Debounce
from gpiobridge.core.events import Level

LOW, HIGH = Level.LOW, Level.HIGH
WINDOW_S = 0.02

# Monotonic seconds, what comes in, the level, and what settles by it.
Step = tuple[float, Literal["edge", "reading"], Level, list[tuple[Level, float]]]


def run(*steps: Step, level: Level = HIGH, window_s: float = WINDOW_S) -> Debounce:
    """Play ``steps`` to a pin that first read ``level`` at 0 s, and compare each outcome."""
    pin = Debounce(level, 0.0, window_s)
    for number, (at_s, kind, step_level, settled) in enumerate(steps):
        take = pin.edge if kind == "edge" else pin.reading
        changes = [(change.level, change.at_s) for change in take(step_level, at_s)]
        assert changes == settled, f"step {number}, at {at_s} s"
    return pin


def test_a_clean_press_settles_once_a_reading_at_its_deadline_agrees() -> None:
    """Rule (b): no further edge, and the pin still reads the level when its window is over."""
    run(
        (1.0, "edge", LOW, []),
        (1.02, "reading", LOW, [(LOW, 1.0)]),
        (1.5, "edge", HIGH, []),
        (1.52, "reading", HIGH, [(HIGH, 1.5)]),
    )


def test_a_reading_before_the_deadline_settles_nothing() -> None:
    """A level has to hold for the whole window."""
    run((1.0, "edge", LOW, []), (1.019, "reading", LOW, []))


def test_a_glitch_shorter_than_the_window_leaves_no_trace() -> None:
    """A pulse that is over before its window settles neither of its edges."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.019, "edge", HIGH, []),
        (1.039, "reading", HIGH, []),
    )
    assert (pin.settled, pin.deadline_s) == (HIGH, None)
    assert (pin.missed, pin.late) == (0, 0)


def test_a_bouncing_press_settles_once_at_the_edge_that_held() -> None:
    """Bounces don't count; the press is stamped at the last of its edges."""
    run(
        (1.000, "edge", LOW, []),
        (1.003, "edge", HIGH, []),
        (1.005, "edge", LOW, []),
        (1.009, "edge", HIGH, []),
        (1.011, "edge", LOW, []),
        (1.031, "reading", LOW, [(LOW, 1.011)]),
        (1.500, "edge", HIGH, []),
        (1.520, "reading", HIGH, [(HIGH, 1.5)]),
    )


def test_a_late_batch_whose_edges_are_a_window_apart_loses_nothing() -> None:
    """Rule (a): stamps a window apart settle the level between them, without a reading."""
    run(
        (1.0, "edge", LOW, []),
        (1.02, "edge", HIGH, [(LOW, 1.0)]),
        (1.3, "edge", LOW, [(HIGH, 1.02)]),
        (9.0, "reading", LOW, [(LOW, 1.3)]),
    )


def test_a_reading_that_disagrees_at_the_deadline_settles_nothing_yet() -> None:
    """Rule (b): what the pin no longer reads hasn't settled; its next edge is on the way."""
    pin = run((1.0, "edge", LOW, []), (1.02, "reading", HIGH, []))
    assert pin.settled is HIGH


def test_a_disagreement_that_a_queued_edge_explains_is_not_counted() -> None:
    """The edge on its way arrives with its own stamp, so nothing was missed or late."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.1, "reading", HIGH, []),
        (1.09, "edge", HIGH, [(LOW, 1.0)]),
        (1.11, "reading", HIGH, [(HIGH, 1.09)]),
    )
    assert (pin.missed, pin.late) == (0, 0)


def test_a_disagreement_that_is_gone_at_the_next_reading_is_forgotten() -> None:
    """Two disagreeing readings with an agreeing one between them don't make an edge."""
    pin = run(
        (1.0, "reading", LOW, []),
        (1.1, "reading", HIGH, []),
        (1.3, "reading", LOW, []),
    )
    assert (pin.settled, pin.missed) == (HIGH, 0)


def test_a_repeated_level_is_no_edge_and_is_counted() -> None:
    """Between two equal levels an edge was lost."""
    pin = run(
        (1.0, "edge", HIGH, []),
        (2.0, "edge", LOW, []),
        (2.01, "edge", LOW, []),
        (2.02, "reading", LOW, [(LOW, 2.0)]),
    )
    assert pin.missed == 2


def test_two_disagreeing_readings_find_a_lost_edge() -> None:
    """The level has held since the first of them; one missed edge is counted."""
    pin = run((1.0, "reading", LOW, []), (1.25, "reading", LOW, [(LOW, 1.0)]))
    assert (pin.settled, pin.missed) == (LOW, 1)


def test_two_disagreeing_readings_too_close_together_find_nothing() -> None:
    """An edge that is still in a queue has time to arrive."""
    pin = run((1.0, "reading", LOW, []), (1.19, "reading", LOW, []))
    assert (pin.settled, pin.missed) == (HIGH, 0)


@pytest.mark.parametrize("at_s", [1.0, 1.1, 3.7, 86_400.3])
def test_a_doubt_is_resolved_by_a_reading_at_its_very_deadline(at_s: float) -> None:
    """The reading that the deadline asks for is late enough, whatever a float rounds to."""
    pin = run((at_s, "reading", LOW, []))
    assert pin.deadline_s == at_s + DOUBT_S
    pin.reading(LOW, pin.deadline_s)
    assert pin.missed == 1


def test_a_press_that_two_readings_saw_survives_a_release_right_after() -> None:
    """A pulse as long as the window isn't lost with its first edge: it was seen to hold."""
    run(
        (1.0, "reading", LOW, []),
        (1.25, "reading", LOW, [(LOW, 1.0)]),
        (1.26, "edge", HIGH, []),
        (1.28, "reading", HIGH, [(HIGH, 1.26)]),
    )


def test_a_found_edge_has_to_hold_for_the_window_too() -> None:
    """With a window longer than the level check's pause a third reading settles it."""
    run(
        (1.0, "reading", LOW, []),
        (1.25, "reading", LOW, []),
        (1.5, "reading", LOW, [(LOW, 1.0)]),
        window_s=0.5,
    )


def test_a_pending_level_that_two_readings_deny_is_dropped() -> None:
    """A press whose release was lost before it settled leaves no trace but the count."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.05, "reading", HIGH, []),
        (1.3, "reading", HIGH, []),
    )
    assert (pin.settled, pin.deadline_s, pin.missed) == (HIGH, None, 1)


def test_a_late_edge_that_readings_have_told_is_not_told_again() -> None:
    """What two readings found settles once; its own stamp comes too late to be another press."""
    pin = run(
        (1.05, "reading", LOW, []),
        (1.3, "reading", LOW, [(LOW, 1.05)]),
        (1.0, "edge", LOW, []),
        (1.5, "edge", HIGH, []),
        (1.52, "reading", HIGH, [(HIGH, 1.5)]),
    )
    assert (pin.missed, pin.late) == (1, 0)


def test_late_edges_tell_the_pulse_that_readings_did_not_see() -> None:
    """Of the docstring: LOW told by readings, then the release and press between the two."""
    run(
        (1.05, "reading", LOW, []),
        (1.3, "reading", LOW, [(LOW, 1.05)]),
        (1.0, "edge", LOW, []),
        (1.1, "edge", HIGH, []),
        (1.2, "edge", LOW, [(HIGH, 1.1)]),
        (1.31, "reading", LOW, [(LOW, 1.2)]),
    )


def test_late_edges_are_matched_with_every_level_that_readings_told() -> None:
    """A press and its release, both found by readings, are not repeated when their edges come."""
    run(
        (1.0, "reading", LOW, []),
        (1.25, "reading", LOW, [(LOW, 1.0)]),
        (1.5, "reading", HIGH, []),
        (1.75, "reading", HIGH, [(HIGH, 1.5)]),
        (0.9, "edge", LOW, []),
        (1.4, "edge", HIGH, []),
        (2.0, "edge", LOW, []),
        (2.02, "reading", LOW, [(LOW, 2.0)]),
    )


def test_a_level_told_before_its_bounces_arrived_is_told_once() -> None:
    """A reading at the deadline agreed; the bounces within the window come late, and add nothing.

    The second of them held for the window, but is the same press.
    """
    run(
        (1.0, "edge", LOW, []),
        (1.02, "reading", LOW, [(LOW, 1.0)]),
        (1.005, "edge", HIGH, []),
        (1.01, "edge", LOW, []),
        (1.5, "edge", HIGH, []),
        (1.52, "reading", HIGH, [(HIGH, 1.5)]),
    )


def test_an_older_edge_does_not_outweigh_a_newer_reading() -> None:
    """The press is over already when its edge arrives: its release is on the way."""
    pin = run(
        (1.25, "reading", HIGH, []),
        (1.0, "edge", LOW, []),
        (1.27, "reading", HIGH, []),
        (1.1, "edge", HIGH, [(LOW, 1.0)]),
        (1.28, "reading", HIGH, [(HIGH, 1.1)]),
    )
    assert (pin.missed, pin.late) == (0, 0)


def test_what_is_left_of_two_lost_glitches_is_no_press() -> None:
    """Two readings proved that the first pulse had ended: the second's end doesn't prolong it."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.25, "reading", HIGH, []),
        (1.5, "reading", HIGH, []),
        (2.0, "edge", HIGH, []),
        (2.02, "reading", HIGH, []),
    )
    assert (pin.settled, pin.missed) == (HIGH, 2)


def test_edges_that_went_lost_leave_nothing_to_match() -> None:
    """After a press of which the back end told nothing, the next one counts as ever."""
    run(
        (1.0, "reading", LOW, []),
        (1.25, "reading", LOW, [(LOW, 1.0)]),
        (1.5, "reading", HIGH, []),
        (1.75, "reading", HIGH, [(HIGH, 1.5)]),
        (2.0, "edge", LOW, []),
        (2.1, "edge", HIGH, [(LOW, 2.0)]),
        (2.12, "reading", HIGH, [(HIGH, 2.1)]),
    )


def test_a_level_that_a_reading_denied_has_to_be_seen_anew() -> None:
    """Its edges are on their way or lost: readings alone must agree for as long as a doubt."""
    run(
        (1.0, "edge", LOW, []),
        (1.02, "reading", HIGH, []),
        (1.1, "reading", LOW, []),
        (1.29, "reading", LOW, []),
        (1.31, "reading", LOW, [(LOW, 1.1)]),
    )


def test_a_repeated_level_that_a_reading_explains_starts_a_new_pulse() -> None:
    """The edge between the two was lost, but its level was read."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.01, "reading", HIGH, []),
        (1.05, "edge", LOW, []),
        (1.07, "reading", LOW, [(LOW, 1.05)]),
    )
    assert pin.missed == 1


def test_every_lost_edge_is_counted_once() -> None:
    """Of five edges three are lost: one found by two readings, two by the edge that came."""
    pin = run(
        (1.0, "edge", LOW, []),
        (1.25, "reading", HIGH, []),
        (1.5, "reading", HIGH, []),
        (1.75, "reading", LOW, []),
        (1.76, "edge", LOW, []),
        (2.0, "reading", LOW, [(LOW, 1.75)]),
        (2.25, "reading", LOW, []),
    )
    assert pin.missed == 3


def test_an_edge_stamped_right_at_a_reading_is_in_that_reading() -> None:
    """The level that was told ended late and came back just then: it is the same press."""
    run(
        (1.0, "edge", LOW, []),
        (1.05, "reading", LOW, [(LOW, 1.0)]),
        (1.01, "edge", HIGH, []),
        (1.05, "edge", LOW, []),
        (1.07, "reading", LOW, []),
    )


def test_a_reading_may_see_an_edge_that_is_stamped_after_it() -> None:
    """A reading's stamp is taken before it: the edge between keeps its own, and isn't missed."""
    pin = run(
        (1.05, "reading", LOW, []),
        (1.3, "reading", LOW, [(LOW, 1.05)]),
        (1.0, "edge", LOW, []),
        (1.5, "reading", HIGH, []),
        (1.5001, "edge", HIGH, []),
        (1.53, "reading", HIGH, [(HIGH, 1.5001)]),
    )
    assert pin.missed == 1


def test_an_edge_older_than_a_reading_of_the_other_level_says_nothing_of_the_present() -> None:
    """Two glitches, one told late and one read, don't make a press."""
    pin = run(
        (1.25, "reading", HIGH, []),
        (1.5, "reading", LOW, []),
        (1.0, "edge", LOW, []),
        (1.51, "reading", LOW, []),
        (1.01, "edge", HIGH, []),
        (1.75, "reading", HIGH, []),
    )
    assert pin.settled is HIGH


def test_a_stamp_older_than_the_edge_before_it_counts_as_its_time() -> None:
    """A pin's edges come in order: a stamp from another clock doesn't lengthen a pulse."""
    run(
        (1.0, "edge", LOW, []),
        (0.5, "edge", HIGH, []),
        (1.019, "edge", LOW, []),
        (1.039, "reading", LOW, [(LOW, 1.019)]),
        (1.5, "edge", HIGH, []),
        (1.4, "edge", LOW, []),
        (1.52, "reading", LOW, []),
    )


def test_after_a_back_end_that_delivered_nothing_the_first_edge_counts() -> None:
    """However many levels the readings told without edges, nothing is held against it."""
    pin = Debounce(HIGH, 0.0, WINDOW_S)
    for second in range(1, 302):
        level = LOW if second % 2 else HIGH
        pin.reading(level, float(second))
        assert pin.reading(level, second + 0.25) == [(level, second, second + WINDOW_S)]
    assert pin.missed == 301
    pin.edge(HIGH, 400.0)
    assert pin.edge(LOW, 401.0) == [(HIGH, 400.0, 400.0 + WINDOW_S)]


def test_stamps_older_than_the_first_reading_are_dropped() -> None:
    """An edge between arming and the first reading is already in that reading."""
    pin = run((-0.001, "edge", HIGH, []), level=LOW)
    assert (pin.settled, pin.deadline_s, pin.late) == (LOW, None, 1)


def test_a_window_of_zero_settles_every_edge() -> None:
    """Without a debounce each edge settles at once, at its own stamp."""
    run(
        (1.0, "edge", LOW, [(LOW, 1.0)]),
        (1.0001, "edge", HIGH, [(HIGH, 1.0001)]),
        (1.0002, "edge", LOW, [(LOW, 1.0002)]),
        window_s=0,
    )


def test_a_pin_that_is_active_at_start_makes_no_edge() -> None:
    """The first reading sets the level; only the release and the next press are edges."""
    run(
        (0.5, "reading", LOW, []),
        (1.0, "edge", HIGH, []),
        (1.02, "reading", HIGH, [(HIGH, 1.0)]),
        (2.0, "edge", LOW, []),
        (2.02, "reading", LOW, [(LOW, 2.0)]),
        level=LOW,
    )


def test_a_reading_is_wanted_at_the_end_of_the_window() -> None:
    """The deadline is a window after the last edge, and None while nothing is pending."""
    pin = Debounce(HIGH, 0.0, WINDOW_S)
    deadlines = [pin.deadline_s]
    for at_s, level in [(1.0, LOW), (1.01, HIGH), (1.015, LOW)]:
        pin.edge(level, at_s)
        deadlines.append(pin.deadline_s)
    pin.reading(LOW, 1.04)
    assert [*deadlines, pin.deadline_s] == [None, 1.02, None, 1.015 + WINDOW_S, None]
