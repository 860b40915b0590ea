"""What the debounce promises of any signal, whatever the back end does to its edges.

A signal is a list of (tick, level after the edge). `play` models the watcher around the debounce:
edges come with their own stamps, in order, in time, late or never; at each wake-up all that have
come are handed in first, then the pin is read, if a level check or the debounce asks for it. What
is right is computed from the signal alone, by `reference`.
"""

import math
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, pairwise
from pathlib import Path

from harness.examples import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from gpiobridge.core.debounce import Debounce
from gpiobridge.core.events import Level

set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))  # not into the checkout

LOW, HIGH = Level.LOW, Level.HIGH
TICK_S = 1 / 1024  # about a millisecond, and exact in a float: no rounding blurs a boundary
CHECK = 256  # ticks between two level checks
SECOND = 1024
QUIET = 4 * SECOND  # long enough for whatever is pending to settle
LATEST = 3 * SECOND  # the longest delay
WINDOWS = st.sampled_from([1, 5, 20, 51, 300])

Edges = list[tuple[int, Level]]


@dataclass(frozen=True)
class Signal:
    """What a pin does: its first level, its edges, and the debounce window it is judged by."""

    start: Level
    edges: Edges
    window: int

    def level(self, tick: int) -> Level:
        """Return the pin's level just after ``tick``."""
        before = bisect_right(self.edges, tick, key=lambda edge: edge[0])
        return self.edges[before - 1][1] if before else self.start


@dataclass(frozen=True)
class Told:
    """An event that the debounce made: its level, its stamp, and when it was told."""

    level: Level
    stamp: float
    told: int


def reference(signal: Signal) -> Edges:
    """List the edges that settle: to another level than the last, held for the window."""
    settled, result = signal.start, []
    for (tick, level), (end, _) in pairwise([*signal.edges, (math.inf, LOW)]):
        if level is not settled and end - tick >= signal.window:
            settled = level
            result.append((tick, level))
    return result


def play(
    signal: Signal,
    arrivals: Sequence[int | None],
    stalls: Sequence[int] = (0,),
    *,
    checked: bool = True,
    read_lag: int = 0,
) -> tuple[Debounce, list[Told]]:
    """Play a signal to a debounce as the watcher would, until all is quiet.

    Args:
        signal: what the pin does.
        arrivals: the tick at which each edge is delivered, None for a lost one.
        stalls: how late the watcher wakes up, in ticks; repeated for ever.
        checked: whether there is a level check.
        read_lag: ticks between the stamp of a reading and the moment the pin is looked at.
    """
    pin = Debounce(signal.start, 0.0, signal.window * TICK_S)
    queue = [(at, edge) for at, edge in zip(arrivals, signal.edges, strict=True) if at is not None]
    end = max([0, *(tick for tick, _ in signal.edges), *(at for at, _ in queue)]) + QUIET
    check = CHECK if checked else None
    told: list[Told] = []
    now = 0

    def tell(changes: Iterable[tuple[Level, float]]) -> None:
        told.extend(Told(level, at_s / TICK_S, now) for level, at_s in changes)

    for stall in cycle(stalls):
        deadline = None if pin.deadline_s is None else math.ceil(pin.deadline_s / TICK_S)
        first_due = queue[0][0] if queue else None
        due = [tick for tick in (first_due, deadline, check) if tick is not None]
        now = max(now, min(due, default=end)) + stall
        if now >= end:
            break
        while queue and queue[0][0] <= now:
            tick, level = queue.pop(0)[1]
            tell(pin.edge(level, tick * TICK_S))
        asked = pin.deadline_s is not None and pin.deadline_s <= now * TICK_S
        if check is not None and now >= check:
            check, asked = now + CHECK, True
        if asked:
            tell(pin.reading(signal.level(now + read_lag), now * TICK_S))
            assert pin.deadline_s is None or pin.deadline_s > now * TICK_S, "the watcher spins"
    return pin, told


def alternating(start: Level, ticks: Iterable[int]) -> Edges:
    """Give each tick an edge."""
    levels = cycle([start.other, start])
    return list(zip(ticks, levels, strict=False))


@st.composite
def any_signals(draw: st.DrawFn, windows: st.SearchStrategy[int] = WINDOWS) -> Signal:
    """Any waveform, with many a pulse about as long as the window."""
    window, start = draw(windows), draw(st.sampled_from(Level))
    gap = st.integers(1, window + 1) | st.integers(window + 1, 1200) | st.just(max(window, 1))
    return Signal(start, alternating(start, accumulate(draw(st.lists(gap, max_size=12)))), window)


@st.composite
def pressed_signals(draw: st.DrawFn) -> Signal:
    """Presses and releases that bounce for less than a window, then hold for one at least."""
    window, start = draw(WINDOWS), draw(st.sampled_from(Level))
    ticks, tick = [], draw(st.integers(1, 600))
    for _ in range(draw(st.integers(1, 6))):
        offsets = sorted(draw(st.sets(st.integers(1, max(1, window - 1)), max_size=6)))
        bounces = offsets[: len(offsets) // 2 * 2] if window > 1 else []
        ticks += [tick, *(tick + offset for offset in bounces)]
        tick = ticks[-1] + window + draw(st.integers(0, 5) | st.integers(0, 800))
    return Signal(start, alternating(start, ticks), window)


@st.composite
def glitching_signals(draw: st.DrawFn) -> Signal:
    """Pulses shorter than the window, a second or more apart."""
    window, start = draw(st.sampled_from([5, 20, 51, 200])), draw(st.sampled_from(Level))
    ticks, tick = [], draw(st.integers(1, 600))
    for _ in range(draw(st.integers(1, 5))):
        ticks += [tick, tick + draw(st.integers(1, window - 1))]
        tick = ticks[-1] + draw(st.integers(SECOND, 2 * SECOND))
    return Signal(start, alternating(start, ticks), window)


STALLS = st.lists(st.just(0) | st.integers(0, 100), min_size=1, max_size=5).map(tuple)
LAGS = st.integers(0, 1)
# A back end that is hardly ever late, or for a moment, or for so long that the levels are guessed.
DELAYS = st.sampled_from([20, 150, SECOND, LATEST]).flatmap(
    lambda most: st.lists(st.just(0) | st.integers(0, most), min_size=1, max_size=7)
)
LOSSES = st.lists(st.booleans(), min_size=1, max_size=7)


def in_time(signal: Signal) -> list[int]:
    """Deliver each edge at once."""
    return [tick for tick, _ in signal.edges]


def late(signal: Signal, delays: Sequence[int]) -> list[int]:
    """Deliver each edge after its delay (repeated for ever), but never before an older one."""
    due = (tick + delay for (tick, _), delay in zip(signal.edges, cycle(delays), strict=False))
    return list(accumulate(due, max))


def lossy(arrivals: Sequence[int], losses: Sequence[bool]) -> list[int | None]:
    """Lose some of the edges, in a pattern that is repeated for ever."""
    return [None if lost else at for at, lost in zip(arrivals, cycle(losses), strict=False)]


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
