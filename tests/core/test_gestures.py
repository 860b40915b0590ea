"""Taps and holds, as tables of what happens to one pin."""

import pytest

from gpiobridge.core.events import Gesture, Level
from gpiobridge.core.gestures import Outcome, Press

HOLD_S, WINDOW_S = 2.0, 0.02


def press_at(at_s: float, seq: int = 1) -> Press:
    """Make the press of a pin whose active edge was at ``at_s``."""
    press = Press(Level.LOW, HOLD_S, WINDOW_S)
    press.begin(seq, at_s, at_s + WINDOW_S)
    return press


@pytest.mark.parametrize("released_s", [10.0, 10.1, 11.999])
def test_a_press_released_before_the_hold_time_is_a_tap(released_s: float) -> None:
    """It is clear at the release, and names the press."""
    assert press_at(10.0, 7).end(released_s) == Outcome(Gesture.TAP, released_s, 7, 10.0)


def test_a_press_kept_for_the_hold_time_is_a_hold() -> None:
    """It is told one debounce window late, stamped at its time, and once."""
    press = press_at(10.0, 7)
    assert press.deadline_s == pytest.approx(12.02)
    assert press.due(12.01) is None
    assert press.due(12.03) == Outcome(Gesture.HOLD, 12.0, 7, 10.0)
    assert (press.due(13.0), press.deadline_s) == (None, None)


@pytest.mark.parametrize(("counted_s", "told_s"), [(10.0, 12.0), (11.985, 12.005)])
def test_a_hold_of_a_pin_whose_first_edge_counts_waits_for_no_release(
    counted_s: float, told_s: float
) -> None:
    """It is told at its time, unless the window of its press is still open then."""
    press = Press(Level.LOW, HOLD_S, WINDOW_S, first=True)
    press.begin(7, 10.0, counted_s)
    assert press.deadline_s == pytest.approx(told_s)
    assert press.due(told_s - 0.001) is None
    assert press.due(told_s + 0.001) == Outcome(Gesture.HOLD, 12.0, 7, 10.0)


def test_a_hold_that_was_told_has_no_tap() -> None:
    """Its release is only an edge."""
    press = press_at(10.0)
    assert press.due(12.03) is not None
    assert press.end(12.5) is None


def test_a_hold_that_was_not_told_in_time_is_told_at_the_release() -> None:
    """The stamps decide, however late they are looked at."""
    assert press_at(10.0).end(12.5) == Outcome(Gesture.HOLD, 12.0, 1, 10.0)


def test_a_release_just_before_the_hold_time_is_a_tap() -> None:
    """Though it settles only after that time: the hold waits for one window."""
    press = press_at(10.0)
    assert press.due(12.0) is None
    outcome = press.end(11.99)
    assert outcome is not None
    assert outcome.gesture is Gesture.TAP


def test_a_release_without_a_press_is_nothing() -> None:
    """A pin that was active at the start has no press to end."""
    assert Press(Level.LOW, HOLD_S, WINDOW_S).end(10.0) is None


def test_the_next_press_starts_anew() -> None:
    """Each press is told apart by itself."""
    press = press_at(10.0, 1)
    assert press.end(10.5) is not None
    press.begin(3, 20.0, 20.02)
    assert press.due(22.1) == Outcome(Gesture.HOLD, 22.0, 3, 20.0)
