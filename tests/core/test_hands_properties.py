"""What `dwell` and `cooldown` promise of any press, through the whole core.

What is right is computed from the settled levels alone, by `reference`. The watcher is that of
`trains`: never late, or late at random.
"""

from collections.abc import Collection
from itertools import accumulate

from harness.examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from signals import CHECK, TICK_S, Signal, alternating
from test_debounce_properties import reference as settled
from trains import HIGH, HOLD_S, LOW, Play

from gpiobridge.core.events import HandTimes, Level

HOLD = round(HOLD_S / TICK_S)
END_S = 8.0
PIN = "both"  # a rule asks for its holds, so both of its gestures are told
SECOND = 1024

Events = list[tuple[str, int]]
"""What was told, and its stamp in ticks."""

GAPS = st.integers(1, 12) | st.integers(1, 80) | st.sampled_from([20, 40, 60, 128])
TICKS = st.lists(GAPS, max_size=14).map(lambda gaps: list(accumulate(gaps)))
WINDOWS = st.sampled_from([0, 1, 5, 12])
TIMES = st.sampled_from([0, 1, 20, 40, 60, 128, 200])


def make(
    ticks: list[int],
    window: int,
    dwell: int,
    cooldown: int,
    level: Level = HIGH,
    lost: Collection[int] = (),
) -> Play:
    """A pin that is active when it is LOW, and changes at these ticks; some edges may be lost."""
    hands = {PIN: HandTimes(LOW, dwell * TICK_S, cooldown * TICK_S)}
    train = {PIN: [tick * TICK_S for tick in ticks]}
    never = [tick * TICK_S for tick in lost]
    return Play(train, {PIN: window * TICK_S}, hands, level, never)


def told(play: Play) -> Events:
    """What was told so far."""
    return [(str(what), round(at_s / TICK_S)) for _, _, what, at_s in play.told]


def in_time(
    ticks: list[int], window: int, dwell: int, cooldown: int, level: Level = HIGH
) -> Events:
    """What a watcher tells that is never late."""
    play = make(ticks, window, dwell, cooldown, level)
    play.play(END_S)
    return told(play)


def reference(
    ticks: list[int], window: int, dwell: int, cooldown: int, level: Level = HIGH
) -> Events:
    """Presses and releases of the settled signal, joined and weighed."""
    edges = settled(Signal(level, alternating(level, ticks), window))
    end = round(END_S / TICK_S)
    began = [tick for tick, what in edges if what is LOW]
    ended = [tick for tick, what in edges if what is HIGH]
    started_pressed = level is LOW
    presses = list(zip([-1, *began] if started_pressed else began, [*ended, end], strict=False))
    joined: list[list[tuple[int, int]]] = []
    for press in presses:
        if joined and press[0] < joined[-1][-1][1] + cooldown:
            joined[-1].append(press)
        else:
            joined.append([press])
    found: Events = []
    for at, parts in enumerate(joined):
        first, last = parts[0][0], parts[-1][1]
        from_start = started_pressed and at == 0
        if not from_start and sum(end - begin for begin, end in parts) < dwell:
            continue
        if not from_start:
            found.append(("low", first))
            if last - first >= HOLD:
                found.append(("hold", first + HOLD))
        if last < end:
            found.append(("high", last))
            if not from_start and last - first < HOLD:
                found.append(("tap", last))
    return found


@given(TICKS, WINDOWS, TIMES, TIMES, st.sampled_from(Level))
@examples(600)
def test_in_time_what_counts_is_as_defined(
    ticks: list[int], window: int, dwell: int, cooldown: int, level: Level
) -> None:
    """Any signal, also with a press that is going on at the start: edges, taps and holds."""
    expected = reference(ticks, window, dwell, cooldown, level)
    assert in_time(ticks, window, dwell, cooldown, level) == expected


@given(TICKS, WINDOWS, TIMES, TIMES, st.lists(st.integers(1, SECOND), max_size=6))
@examples(300)
def test_a_stall_changes_nothing(
    ticks: list[int], window: int, dwell: int, cooldown: int, turns: list[int]
) -> None:
    """Whenever the watcher gets a turn: the same events with the same stamps."""
    late = make(ticks, window, dwell, cooldown)
    for tick in [*sorted(set(turns)), round(END_S / TICK_S)]:
        late.turn(tick * TICK_S)
    assert told(late) == in_time(ticks, window, dwell, cooldown)


@given(st.integers(1, 200), st.data(), WINDOWS)
@examples(200)
def test_a_press_shorter_than_the_dwell_never_counts(
    dwell: int, data: st.DataObject, window: int
) -> None:
    """However many there are."""
    ticks = [0]
    for _ in range(data.draw(st.integers(1, 6))):
        ticks.append(ticks[-1] + data.draw(st.integers(1, 300)))
        ticks.append(ticks[-1] + data.draw(st.integers(1, dwell)) - 1)
    ticks = [tick + at for at, tick in enumerate(ticks[1:])]
    assert max(b - a for a, b in zip(ticks[::2], ticks[1::2], strict=True)) <= dwell
    shorter = [b - a < dwell for a, b in zip(ticks[::2], ticks[1::2], strict=True)]
    events = in_time(ticks, 0, dwell, 0)
    assert len([what for what, _ in events if what == "low"]) == shorter.count(False)
    assert not window or all(what != "low" for what, _ in in_time(ticks, 0, dwell + 1, 0))


@example([10, 500], 5, 400)
@given(TICKS, WINDOWS, st.sampled_from([1, 20, 60]))
@examples(200)
def test_with_a_dwell_the_release_is_told_as_soon_as_without(
    ticks: list[int], window: int, dwell: int
) -> None:
    """At the same moment, for each press that has counted."""
    with_it, without = make(ticks, window, dwell, 0), make(ticks, window, 0, 0)
    for play in (with_it, without):
        play.play(END_S)
    moments = [
        {(what, at_s): when for (_, _, what, at_s), when in zip(p.told, p.told_s, strict=True)}
        for p in (with_it, without)
    ]
    releases = {key: when for key, when in moments[0].items() if key[0] == HIGH}
    assert releases.items() <= moments[1].items()


@st.composite
def losing(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """A signal, and which of its edges are lost; a level is long enough for two level checks."""
    ticks, lost, tick = [], [], 0
    for _ in range(draw(st.integers(1, 8))):
        tick += draw(st.integers(20, 300))
        ticks.append(tick)
        if draw(st.booleans()):
            lost.append(tick)
            tick += 2 * CHECK
    return ticks, lost


@example(([1000, 1020], [1020]), 5, 400, 0)
@example(([1000, 1020], [1020]), 5, 0, 0)
@given(losing(), WINDOWS, TIMES | st.just(400), TIMES | st.just(400))
@examples(300)
def test_an_edge_that_is_lost_was_when_a_reading_first_showed_it(
    signal: tuple[list[int], list[int]], window: int, dwell: int, cooldown: int
) -> None:
    """Nothing follows from what was over by then: no press from a dwell, no tap, no hold."""
    ticks, lost = signal
    seen = [-(-tick // CHECK) * CHECK if tick in lost else tick for tick in ticks]
    play = make(ticks, window, dwell, cooldown, lost=lost)
    play.play(END_S)
    assert told(play) == in_time(seen, window, dwell, cooldown)


@given(TICKS, WINDOWS, TIMES, TIMES)
@examples(200)
def test_the_level_ends_as_that_of_the_pin(
    ticks: list[int], window: int, dwell: int, cooldown: int
) -> None:
    """Once all is quiet, what is shown is what is so."""
    play = make(ticks, window, dwell, cooldown)
    play.play(END_S)
    assert play.core.levels[PIN] is (LOW if len(ticks) % 2 else HIGH)
    assert play.core.deadline_s is None
