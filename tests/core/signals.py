"""Signals of one pin, and the watcher around its debounce, for the tests of what it promises.

A signal is a list of (tick, level after the edge). `play` models the watcher: edges come with their
own stamps, in order, in time, late or never; at each wake-up all that have come are handed in
first, then the pin is read, if a level check or the debounce asks for it.
"""

import math
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from gpiobridge.core.debounce import Change, Debounce
from gpiobridge.core.events import Level
from gpiobridge.core.first_edge import FirstEdge

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
    """An event that the debounce made: its level and stamp, when it was told, and when due."""

    level: Level
    stamp: float
    told: int
    due: float = 0.0


Pin = Debounce | FirstEdge


def play(
    signal: Signal,
    arrivals: Sequence[int | None],
    stalls: Sequence[int] = (0,),
    *,
    checked: bool = True,
    read_lag: int = 0,
    kind: type[Pin] = Debounce,
) -> tuple[Pin, list[Told]]:
    """Play a signal to a debounce as the watcher would, until all is quiet.

    Args:
        signal: what the pin does.
        arrivals: the tick at which each edge is delivered, None for a lost one.
        stalls: how late the watcher wakes up, in ticks; repeated for ever.
        checked: whether there is a level check.
        read_lag: ticks between the stamp of a reading and the moment the pin is looked at.
        kind: which debounce.
    """
    pin = kind(signal.start, 0.0, signal.window * TICK_S)
    queue = [(at, edge) for at, edge in zip(arrivals, signal.edges, strict=True) if at is not None]
    end = max([0, *(tick for tick, _ in signal.edges), *(at for at, _ in queue)]) + QUIET
    check = CHECK if checked else None
    told: list[Told] = []
    now = 0

    def tell(changes: Iterable[Change]) -> None:
        told.extend(
            Told(level, at_s / TICK_S, now, due_s / TICK_S) for level, at_s, due_s in changes
        )

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
