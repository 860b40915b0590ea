"""What `FirstEdge` promises of any signal, whatever the back end does to its edges.

What is right is computed from the signal alone, by `reference`.
"""

from itertools import pairwise

from harness.examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from signals import (
    DELAYS,
    LAGS,
    LOSSES,
    LOW,
    STALLS,
    Signal,
    Told,
    alternating,
    any_signals,
    glitching_signals,
    in_time,
    late,
    lossy,
    play,
    pressed_signals,
)

from gpiobridge.core.events import Level
from gpiobridge.core.first_edge import FirstEdge

Counted = list[tuple[int, Level, int]]
"""Stamp, level, and the tick at which it counts."""


def reference(signal: Signal) -> Counted:
    """List what counts: the first edge that finds the pin quiet, and levels at a window's end."""
    counted, quiet_from, result = signal.start, 0, Counted()
    while first := next((edge for edge in signal.edges if edge[0] >= quiet_from), None):
        counted, quiet_from = first[1], first[0] + signal.window
        result.append((*first, first[0]))
        while True:
            newest = [edge for edge in signal.edges if edge[0] < quiet_from][-1]
            if newest[1] is counted:
                break
            counted = newest[1]
            result.append((*newest, quiet_from))
            quiet_from += signal.window
    return result


def pulses(signal: Signal) -> int:
    """Count the levels, other than the one before, that held for a window or longer."""
    held = [signal.start]
    for (tick, level), (end, _) in pairwise([*signal.edges, (10**9, signal.start)]):
        if level is not held[-1] and end - tick >= signal.window:
            held.append(level)
    return len(held) - 1


@given(any_signals(), STALLS, LAGS, st.booleans())
@examples(500)
def test_in_time_what_counts_is_as_defined(
    signal: Signal, stalls: tuple[int, ...], lag: int, checked: bool
) -> None:
    """Any waveform, stalled or not: the same levels, stamps and moments; none is missed."""
    pin, told = play(signal, in_time(signal), stalls, checked=checked, read_lag=lag, kind=FirstEdge)
    assert [(each.stamp, each.level, each.due) for each in told] == reference(signal)
    assert (pin.missed, pin.late) == (0, 0)


@given(any_signals())
@examples(200)
def test_in_time_the_first_edge_is_told_at_once(signal: Signal) -> None:
    """Nothing waits: each event is told at the very tick at which it counts."""
    _, told = play(signal, in_time(signal), kind=FirstEdge)
    assert [each.told for each in told] == [due for _, _, due in reference(signal)]


@given(any_signals(), STALLS)
@examples(200)
def test_in_time_two_events_are_a_window_apart(signal: Signal, stalls: tuple[int, ...]) -> None:
    """By the moments at which they count."""
    _, told = play(signal, in_time(signal), stalls, kind=FirstEdge)
    assert all(later.due - each.due >= signal.window for each, later in pairwise(told))


@given(any_signals(), DELAYS, STALLS, st.booleans())
@examples(500)
def test_under_any_delay_the_levels_that_count_are_those_of_the_definition(
    signal: Signal, delays: list[int], stalls: tuple[int, ...], checked: bool
) -> None:
    """Any waveform, as long as no edge is lost: no pulse is lost, and none is invented."""
    _, told = play(signal, late(signal, delays), stalls, checked=checked, kind=FirstEdge)
    assert [each.level for each in told] == [level for _, level, _ in reference(signal)]


@given(any_signals(), DELAYS, STALLS, LAGS, st.booleans())
@examples(300)
def test_under_any_delay_no_pulse_as_long_as_the_window_is_lost(
    signal: Signal, delays: list[int], stalls: tuple[int, ...], lag: int, checked: bool
) -> None:
    """At least one event for each level that held, and the pin's own level in the end."""
    arrivals = late(signal, delays)
    pin, told = play(signal, arrivals, stalls, checked=checked, read_lag=lag, kind=FirstEdge)
    assert len(told) >= pulses(signal)
    assert pin.settled is signal.level(10**9)
    assert pin.deadline_s is None


@given(any_signals(), DELAYS, LOSSES, STALLS)
@examples(500)
def test_under_any_delay_and_loss_the_level_ends_as_the_pin(
    signal: Signal, delays: list[int], losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """The level check mends whatever the edges did not tell; levels alternate."""
    pin, told = play(signal, lossy(late(signal, delays), losses), stalls, kind=FirstEdge)
    assert pin.settled is signal.level(10**9)
    assert pin.deadline_s is None
    for before, each in pairwise([Told(signal.start, 0, 0), *told]):
        assert each.level is before.level.other
        assert any(level is each.level and tick <= each.told for tick, level in signal.edges)


# A reading at the very moment of an edge that has not arrived: it has shown that edge.
@example(
    Signal(LOW, alternating(LOW, [1, 2, 3, 4, 5, 30, 31, 32, 33, 41, 61]), 20),
    [0, 0, 0, 0, 26],
    (9,),
    False,
)
@given(pressed_signals(), DELAYS, STALLS, st.booleans())
@examples(300)
def test_under_any_delay_a_press_that_bounces_makes_one_event(
    signal: Signal, delays: list[int], stalls: tuple[int, ...], checked: bool
) -> None:
    """None lost, none invented, if it bounces for less than the window and then holds for one."""
    _, told = play(signal, late(signal, delays), stalls, checked=checked, kind=FirstEdge)
    assert len(told) == pulses(signal)


@given(glitching_signals(), STALLS)
@examples(200)
def test_a_spike_makes_a_press_and_a_release(signal: Signal, stalls: tuple[int, ...]) -> None:
    """A pulse shorter than the window counts; its second edge counts at the window's end."""
    _, told = play(signal, in_time(signal), stalls, kind=FirstEdge)
    assert [each.stamp for each in told] == [tick for tick, _ in signal.edges]
    for press, release in zip(told[::2], told[1::2], strict=True):
        assert release.due == press.due + signal.window


@given(any_signals(), DELAYS, LOSSES, STALLS)
@examples(200)
def test_stamps_never_go_backwards_nor_into_the_future(
    signal: Signal, delays: list[int], losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """Stamps come in order, none is later than the moment it counts, nor that than it is told."""
    _, told = play(signal, lossy(late(signal, delays), losses), stalls, kind=FirstEdge)
    assert [each.stamp for each in told] == sorted(each.stamp for each in told)
    assert all(each.stamp <= each.due <= each.told for each in told)


@given(any_signals(), LOSSES, STALLS)
@examples(200)
def test_in_time_no_more_edges_are_missed_than_were_lost(
    signal: Signal, losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """The count never accuses a back end that delivers in time of more than it did."""
    arrivals = lossy(in_time(signal), losses)
    pin, _ = play(signal, arrivals, stalls, kind=FirstEdge)
    assert pin.missed <= arrivals.count(None)
    assert pin.late == 0
