"""What the oracle says of pins with a dwell or a cooldown, tried on what the core itself tells.

Hands are drawn, and a watcher that is late now and then. The oracle knows each level only as the
suite does: when it was asked for, and when that was answered. So the truth must be one of its ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge

from harness.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from faults.graph import PINS, Graph, HandTimes
from faults.judge import Judge
from faults.oracle.facts import Drive, Event, Verdict
from faults.oracle.hands import Hands, match_hands
from faults.report import Report
from gpiobridge.core.core import Core
from gpiobridge.core.events import Gesture, Level, Now, PinEvent, RawEdge
from gpiobridge.core.events import HandTimes as CoreHandTimes

TICK_S = 1 / 1024
SETTLING = 62  # three debounces of 20 ms
DELIVERY_S = 0.0005

DWELLS = HandTimes(123 * TICK_S, 0.0)
SHAKES = HandTimes(0.0, 154 * TICK_S)
BOTH = HandTimes(123 * TICK_S, 154 * TICK_S)
LONG = HandTimes(300 * TICK_S, 154 * TICK_S)  # of several parts
TIMES = st.sampled_from([DWELLS, SHAKES, BOTH, LONG])


@dataclass(frozen=True)
class Moved:
    """A contact moved, in ticks.

    Args:
        sent: when that was asked for.
        at: when it was.
        acked: when it was answered.
    """

    sent: int
    at: int
    acked: int


@st.composite
def hands(draw: st.DrawFn) -> list[Moved]:
    """Presses as the suite makes them: each level is held long enough to settle once answered."""
    moved: list[Moved] = []
    sent = draw(st.integers(100, 200))
    for _ in range(2 * draw(st.integers(1, 6))):
        took = draw(st.integers(0, 3) | st.integers(0, 3) | st.integers(0, 400))
        moved.append(Moved(sent, sent + draw(st.integers(0, took)), sent + took))
        pause = st.integers(SETTLING, 2 * SETTLING) | st.integers(SETTLING, 500)
        sent += took + draw(pause)
    return moved


Movements = Mapping[str, Sequence[Moved]]

STALLS = st.lists(st.just(0) | st.integers(0, 10) | st.integers(0, 1500), min_size=1, max_size=8)


def level_of(pin: str, number: int) -> Level:
    """The level of a pin after so many movements."""
    rest = next(Level(its.rest) for its in PINS if its.name == pin)
    return rest.other if number % 2 else rest


def told_by_core(
    graph: Graph, movements: Movements, stalls: Sequence[int]
) -> list[tuple[float, PinEvent]]:
    """What the core tells, and when; its watcher wakes up late by these ticks, again and again."""
    pins = [pin for pin in PINS if pin.name in movements]
    core = Core(
        "ab12",
        {pin.name: pin.debounce_s for pin in pins},
        {},
        10.0,
        simulated=True,
        holds_s={pin.name: (Level(pin.rest).other, pin.hold_s) for pin in pins},
        gestures=graph.gesture_pins,
        first=graph.first,
        hands={
            name: CoreHandTimes(level_of(name, 1), its.dwell_s, its.cooldown_s)
            for name, its in graph.hands.items()
        },
    )
    levels = {pin.name: Level(pin.rest) for pin in pins}
    for pin, level in levels.items():
        core.reading(pin, level, 0.0)
    edges = list(
        merge(
            *(
                [(each.at * TICK_S, pin, level_of(pin, at + 1)) for at, each in enumerate(moved)]
                for pin, moved in movements.items()
            )
        )
    )
    told: list[tuple[float, PinEvent]] = []
    now_s, turn = 0.0, 0
    while edges or core.deadline_s is not None:
        due_s = [*(at_s for at_s, _, _ in edges[:1]), *filter(None, [core.deadline_s])]
        now_s = max(now_s, min(due_s)) + stalls[turn % len(stalls)] * TICK_S
        turn += 1
        while edges and edges[0][0] <= now_s:
            at_s, pin, levels[pin] = edges.pop(0)
            core.edge(RawEdge(pin, levels[pin], at_s))
        for pin in core.pins_to_read(now_s):
            core.reading(pin, levels[pin], now_s)
        effects = core.tell(Now(now_s, now_s), now_s, 1000)
        told += [(now_s, each) for each in effects if isinstance(each, PinEvent)]
    return told


def drives(pin: str, moved: Sequence[Moved]) -> list[Drive]:
    """What the suite knows of these movements."""
    return [
        Drive(level_of(pin, at + 1), each.sent * TICK_S, each.acked * TICK_S)
        for at, each in enumerate(moved)
    ]


def witnessed(told: Sequence[tuple[float, PinEvent]]) -> list[Event]:
    """The same as the witness is told it."""
    return [
        Event(e.seq, e.pin, e.event, now_s + DELIVERY_S, e.press, e.began_seq) for now_s, e in told
    ]


def judged(graph: Graph, movements: Movements, events: list[Event]) -> Verdict:
    """What the judge says of a server that has told these events."""
    judge = Judge(graph, 0, Report(0))
    judge.begin("ab12", 0)
    for pin, moved in movements.items():
        judge.life.drives[pin] = drives(pin, moved)
    judge.life.events = events
    return judge.judge()[0]


@given(hands(), TIMES, STALLS)
@examples(200)
def test_no_event_is_taken_for_its_neighbour(
    moved: list[Moved], times: HandTimes, stalls: list[int]
) -> None:
    """Each began, and came to count, between the moments that the oracle gives."""
    told = told_by_core(Graph({}, {}, hands={"red": times}), {"red": moved}, stalls)
    end_s = moved[-1].acked * TICK_S + 10.0
    its = Hands("high", times, 0.02, end_s, end_s)
    match, clear = match_hands("red", its, drives("red", moved), witnessed(told))
    assert match.verdict.well, match.verdict.complaints
    for (_, event), held, (from_s, to_s) in zip(told, match.by_event, clear, strict=True):
        assert held.from_s <= event.at_s <= held.to_s
        assert from_s <= event.certain_s <= to_s


SEVERAL = ("red", "green", "blue", "knob")
RULES = {"page": {("knob", str(gesture)): "page" for gesture in Gesture}}


@given(st.tuples(hands(), hands(), hands(), hands()), st.tuples(TIMES, TIMES), STALLS)
@examples(150)
def test_what_the_core_tells_of_several_pins_is_right(
    moved: tuple[list[Moved], ...], times: tuple[HandTimes, HandTimes], stalls: list[int]
) -> None:
    """Edges, taps, holds and their numbers; one pin has no hand, one counts its first edge."""
    its = {"red": times[0], "knob": times[1], "blue": SHAKES}
    graph = Graph(RULES, {}, first=frozenset({"blue"}), hands=its)
    movements = dict(zip(SEVERAL, moved, strict=True))
    verdict = judged(graph, movements, witnessed(told_by_core(graph, movements, stalls)))
    assert verdict.well, verdict.complaints
