"""What the debounce promises of any signal, whatever the back end does to its edges.

What is right is computed from the signal alone, by `reference`.
"""

import math
from itertools import pairwise

from harness.examples import examples
from hypothesis import given
from hypothesis import strategies as st
from signals import (
    DELAYS,
    LAGS,
    LOSSES,
    LOW,
    STALLS,
    WINDOWS,
    Edges,
    Signal,
    Told,
    any_signals,
    glitching_signals,
    in_time,
    late,
    lossy,
    play,
    pressed_signals,
)


def reference(signal: Signal) -> Edges:
    """List the edges that settle: to another level than the last, held for the window."""
    settled, result = signal.start, []
    for (tick, level), (end, _) in pairwise([*signal.edges, (math.inf, LOW)]):
        if level is not settled and end - tick >= signal.window:
            settled = level
            result.append((tick, level))
    return result


@given(any_signals(), STALLS, LAGS, st.booleans())
@examples(500)
def test_in_time_the_settled_edges_are_those_of_the_definition(
    signal: Signal, stalls: tuple[int, ...], lag: int, checked: bool
) -> None:
    """Any waveform: a level settles if and only if it held for the window, at its edge's stamp."""
    pin, told = play(signal, in_time(signal), stalls, checked=checked, read_lag=lag)
    assert [(event.stamp, event.level) for event in told] == reference(signal)
    assert (pin.missed, pin.late) == (0, 0)


@given(any_signals(st.just(0)), STALLS, st.booleans())
@examples(100)
def test_a_window_of_zero_tells_every_edge(
    signal: Signal, stalls: tuple[int, ...], checked: bool
) -> None:
    """Without a debounce every edge is an event, at its own stamp."""
    _, told = play(signal, in_time(signal), stalls, checked=checked)
    assert [(event.stamp, event.level) for event in told] == signal.edges


@given(any_signals(st.just(0) | WINDOWS), DELAYS, LOSSES, STALLS)
@examples(300)
def test_under_any_delay_and_loss_the_settled_level_ends_as_the_pin(
    signal: Signal, delays: list[int], losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """The level check mends whatever the edges did not tell."""
    pin, _ = play(signal, lossy(late(signal, delays), losses), stalls)
    assert pin.settled is signal.level(10**9)
    assert pin.deadline_s is None


@given(any_signals(st.just(0) | WINDOWS), DELAYS, STALLS, LAGS, st.booleans())
@examples(500)
def test_under_any_delay_no_pulse_as_long_as_the_window_is_lost(
    signal: Signal, delays: list[int], stalls: tuple[int, ...], lag: int, checked: bool
) -> None:
    """Any waveform: at least as many events as settled edges, and the same level in the end."""
    pin, told = play(signal, late(signal, delays), stalls, checked=checked, read_lag=lag)
    assert len(told) >= len(reference(signal))
    assert pin.settled is signal.level(10**9)


@given(pressed_signals(), DELAYS, STALLS, st.booleans())
@examples(500)
def test_under_any_delay_a_press_that_bounces_makes_one_event(
    signal: Signal, delays: list[int], stalls: tuple[int, ...], checked: bool
) -> None:
    """None lost, none invented, if it bounces for less than the window and then holds for one."""
    _, told = play(signal, late(signal, delays), stalls, checked=checked)
    expected = reference(signal)
    assert [event.level for event in told] == [level for _, level in expected]
    for event, (settled_at, _) in zip(told, expected, strict=True):
        assert event.told >= settled_at - signal.window  # not before its first bounce


@given(glitching_signals(), DELAYS, STALLS)
@examples(200)
def test_under_any_delay_a_glitch_shorter_than_the_window_makes_no_event(
    signal: Signal, delays: list[int], stalls: tuple[int, ...]
) -> None:
    """A pulse too short to count, without another close to it, never navigates."""
    assert play(signal, late(signal, delays), stalls)[1] == []


@given(glitching_signals(), LOSSES, STALLS)
@examples(200)
def test_a_glitch_of_which_an_edge_is_lost_makes_no_event(
    signal: Signal, losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """What is left of lost pulses doesn't add up to one that is long enough."""
    assert play(signal, lossy(in_time(signal), losses), stalls)[1] == []


@given(any_signals(st.just(0) | WINDOWS), DELAYS, LOSSES, STALLS)
@examples(200)
def test_a_level_is_never_told_before_the_pin_had_it(
    signal: Signal, delays: list[int], losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """A pin that is LOW at start makes no LOW event before it was HIGH, whatever is lost."""
    _, told = play(signal, lossy(late(signal, delays), losses), stalls)
    for before, event in pairwise([Told(signal.start, 0, 0), *told]):
        assert event.level is before.level.other
        assert any(level is event.level and tick <= event.told for tick, level in signal.edges)


@given(any_signals(st.just(0) | WINDOWS), DELAYS, LOSSES, STALLS)
@examples(200)
def test_stamps_never_go_backwards_nor_into_the_future(
    signal: Signal, delays: list[int], losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """Stamps come in order, and none is later than the moment it is told."""
    _, told = play(signal, lossy(late(signal, delays), losses), stalls)
    assert [event.stamp for event in told] == sorted(event.stamp for event in told)
    assert all(event.stamp <= event.told for event in told)


@given(any_signals(), LOSSES, STALLS)
@examples(200)
def test_in_time_no_more_edges_are_missed_than_were_lost(
    signal: Signal, losses: list[bool], stalls: tuple[int, ...]
) -> None:
    """The count never accuses a back end that delivers in time of more than it did."""
    arrivals = lossy(in_time(signal), losses)
    pin, _ = play(signal, arrivals, stalls)
    assert pin.missed <= arrivals.count(None)
    assert pin.late == 0
