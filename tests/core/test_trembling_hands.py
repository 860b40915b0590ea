"""A hand that trembles presses once, on any pin: a press of two seconds, and a tap.

Active LOW or HIGH, settled levels or first edges, and a contact that bounces whenever it moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from harness.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from gpiobridge.core.core import Core
from gpiobridge.core.events import Gesture, HandTimes, Level, Now, PinEvent, RawEdge

TICK_S = 1 / 1024
PIN = "button"
WINDOW = 20
HOLD = 1024
PRESS = 2048
INTERRUPTIONS = 10

Bounces = tuple[int, ...]
"""Ticks between the edges of a contact that has just moved: an even number, shorter in all than the
debounce."""

LONGEST_BOUNCE = 16
BOUNCES = st.lists(st.integers(1, 4), max_size=2).map(lambda gaps: (*gaps, *gaps))


@dataclass(frozen=True)
class Kind:
    """A pin.

    Args:
        active: its level when it is pressed.
        first: whether its first edge counts.
        dwell: in ticks.
        cooldown: in ticks.
    """

    active: Level
    first: bool
    dwell: int
    cooldown: int


@st.composite
def kinds(draw: st.DrawFn, longest_dwell: int) -> Kind:
    """Any pin with a cooldown; a dwell only where the first edge doesn't count."""
    first = draw(st.booleans())
    dwell = 0 if first else draw(st.just(0) | st.integers(1, longest_dwell))
    return Kind(draw(st.sampled_from(Level)), first, dwell, draw(st.integers(WINDOW + 21, 5120)))


def told(kind: Kind, moves: Sequence[tuple[int, Bounces]]) -> list[PinEvent]:
    """What the core tells of a contact that moves, and bounces, at these ticks."""
    core = Core(
        "ab12",
        {PIN: WINDOW * TICK_S},
        {},
        10.0,
        simulated=True,
        holds_s={PIN: (kind.active, HOLD * TICK_S)},
        gestures=[PIN],
        first=[PIN] if kind.first else [],
        hands={PIN: HandTimes(kind.active, kind.dwell * TICK_S, kind.cooldown * TICK_S)},
    )
    level = kind.active.other
    core.reading(PIN, level, 0.0)
    edges = [tick for begin, bounces in moves for tick in accumulate((begin, *bounces))]
    found: list[PinEvent] = []
    while edges or core.deadline_s is not None:
        now_s = min([tick * TICK_S for tick in edges[:1]] + [core.deadline_s or edges[0] * TICK_S])
        if edges and edges[0] * TICK_S == now_s:
            del edges[0]
            level = level.other
            core.edge(RawEdge(PIN, level, now_s))
        for pin in core.pins_to_read(now_s):
            core.reading(pin, level, now_s)
        effects = core.tell(Now(now_s, now_s), now_s, 100)
        found += [each for each in effects if isinstance(each, PinEvent)]
    return found


def pressed(moves: Sequence[tuple[int, Bounces]]) -> int:
    """How long the pin is pressed in all, at least: a press begins with its last bounce."""
    lengths = (end - begin for (begin, _), (end, _) in zip(moves[::2], moves[1::2], strict=True))
    return sum(length - LONGEST_BOUNCE for length in lengths)


@st.composite
def trembling(draw: st.DrawFn, kind: Kind) -> list[tuple[int, Bounces]]:
    """A press of two seconds with ten interruptions, each shorter than the cooldown."""
    begin = draw(st.integers(1, 100))
    moves = [(begin, draw(BOUNCES))]
    part = PRESS // (INTERRUPTIONS + 1)
    for number in range(1, INTERRUPTIONS + 1):
        # Of any length, down to one that the debounce takes for a bounce.
        length = draw(st.integers(1, min(kind.cooldown - 1, part - 2 * WINDOW)))
        moves.append((begin + number * part, draw(BOUNCES) if length > WINDOW else ()))
        # A press begins with its last bounce; that, too, must be within the cooldown.
        bounces = draw(BOUNCES) if length + LONGEST_BOUNCE < kind.cooldown else ()
        moves.append((begin + number * part + length, bounces))
    return [*moves, (begin + PRESS, draw(BOUNCES))]


@given(st.data(), kinds(longest_dwell=1500))
@examples(200)
def test_a_press_of_two_seconds_with_ten_interruptions_is_one_event(
    data: st.DataObject, kind: Kind
) -> None:
    """One press, its hold amid the shaking, one release; each part may be shorter than a dwell."""
    moves = data.draw(trembling(kind))
    assert len(moves) == 2 * (INTERRUPTIONS + 1)
    dwell = min(kind.dwell, pressed(moves))
    press, hold, release = told(replace(kind, dwell=dwell), moves)
    assert (press.event, hold.event, release.event) == (kind.active, "hold", kind.active.other)
    assert hold.press == press.seq
    assert hold.at_s == press.at_s + HOLD * TICK_S
    assert moves[-1][0] <= release.at_s / TICK_S < moves[-1][0] + WINDOW


@given(st.data(), kinds(longest_dwell=300))
@examples(200)
def test_a_tap_that_shakes_is_one_event(data: st.DataObject, kind: Kind) -> None:
    """One press, one release, one tap, however often the finger leaves the button for a moment."""
    tick, moves = 100, []
    for _ in range(data.draw(st.integers(1, 6))):
        moves.append((tick, data.draw(BOUNCES)))
        tick += data.draw(st.integers(WINDOW + LONGEST_BOUNCE, 80))
        moves.append((tick, data.draw(BOUNCES)))
        gap = data.draw(st.integers(WINDOW + LONGEST_BOUNCE, 80))
        tick += min(gap, kind.cooldown - LONGEST_BOUNCE - 1)
    events = told(replace(kind, dwell=min(kind.dwell, pressed(moves))), moves)
    assert [each.event for each in events] == [kind.active, kind.active.other, Gesture.TAP]
