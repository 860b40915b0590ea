"""Levels that a program sets: which presses there are, and when they end."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from harness.examples import examples
from harness.made_clock import MadeClock
from harness.scripted_pins import PATHS, SETTINGS
from hypothesis import given
from hypothesis import strategies as st

from gpiobridge.config import Gpio, Pin
from gpiobridge.core.debounce import Change, Debounce
from gpiobridge.core.events import Gesture, Level, PinEvent, RawEdge
from gpiobridge.core.gestures import Press
from gpiobridge.errors import DriveError, PinError
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.watcher import Watcher
from gpiobridge.pins.driving import MAX_PRESS_S, Driving
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.http import HttpPin, HttpPins
from gpiobridge.pins.source import PinSource
from gpiobridge.pins.sources import Sources
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
BELL = HttpPin(name="bell", active=LOW, debounce_s=0.02, hold_s=0.3)
CHIME = replace(BELL, name="chime")


class Hand(MadeClock):
    """Driven pins with a clock that stands still until it is moved."""

    def __init__(self, *pins: Pin) -> None:
        super().__init__(100.0)
        self.levels = {pin.name: pin.active.other for pin in pins}
        self.edges: list[RawEdge] = []
        by_name = {pin.name: pin for pin in pins}
        self.driving = Driving(by_name, self.levels.__getitem__, self)
        self.driving.open(self._put)
        self.drive = self.driving.drive

    def _put(self, pin: str, level: Level, at_s: float) -> None:
        self.levels[pin] = level
        self.edges.append(RawEdge(pin, level, at_s))

    @property
    def told(self) -> list[tuple[str, Level, float]]:
        """The edges that were handed on: pin, level, milliseconds since the start."""
        return [(e.pin, e.level, int(round((e.at_s - 100.0) * 1e6) / 1e3)) for e in self.edges]


@pytest.fixture
def hand() -> Hand:
    """Two pins at rest."""
    return Hand(BELL, CHIME)


# --- The end of a press -----------------------------------------------------------------------


def test_a_press_ends_by_its_own_stamp(hand: Hand) -> None:
    """However late somebody looks: its end was known when it began (row 16)."""
    hand.drive("bell", LOW, 0.15)
    assert hand.driving.deadline_s == pytest.approx(100.15, abs=0.001)
    hand.now_s += 10
    hand.driving.hand_on()
    assert hand.told == [("bell", LOW, 0), ("bell", HIGH, 150)]
    assert hand.driving.deadline_s is None


def test_a_press_is_not_over_before_its_end(hand: Hand) -> None:
    """Whoever looks meanwhile finds nothing to hand on."""
    hand.drive("bell", LOW, 0.15)
    hand.now_s += 0.149
    hand.driving.hand_on()
    assert (hand.driving.read("bell"), hand.told) == (LOW, [("bell", LOW, 0)])


def test_a_reading_comes_after_the_end_that_is_due(hand: Hand) -> None:
    """Who reads a level gets the edge first that made it (row 16)."""
    hand.drive("bell", LOW, 0.15)
    hand.now_s += 0.2
    assert hand.driving.read("bell") is HIGH
    assert hand.told == [("bell", LOW, 0), ("bell", HIGH, 150)]


def test_ends_come_in_the_order_of_their_stamps(hand: Hand) -> None:
    """Over all pins, and before what is driven later."""
    hand.drive("bell", LOW, 0.3)
    hand.drive("chime", LOW, 0.1)
    hand.now_s += 1
    hand.drive("chime", LOW)
    assert hand.told == [
        ("bell", LOW, 0),
        ("chime", LOW, 0),
        ("chime", HIGH, 100),
        ("bell", HIGH, 300),
        ("chime", LOW, 1000),
    ]


@pytest.mark.parametrize("level", Level)
def test_a_press_goes_back_to_what_was(hand: Hand, level: Level) -> None:
    """Also one of a pin that rests at its active level (row 13)."""
    hand.drive("bell", level.other)
    hand.now_s += 1
    hand.drive("bell", level, 0.15)
    hand.now_s += 1
    assert hand.driving.read("bell") is level.other


@pytest.mark.parametrize("level", Level)
def test_a_level_ends_a_press_and_stays(hand: Hand, level: Level) -> None:
    """Whichever it is: nothing is due any more (row 13)."""
    hand.drive("bell", LOW, 1.0)
    hand.now_s += 0.5
    hand.drive("bell", level)
    assert hand.driving.deadline_s is None
    hand.now_s += 10
    assert hand.driving.read("bell") is level


def test_closed_pins_have_no_end(hand: Hand) -> None:
    """What lasts when they are closed is dropped, and they can't be driven."""
    hand.drive("bell", LOW, 0.15)
    hand.driving.close()
    hand.driving.close()
    hand.now_s += 1
    hand.driving.hand_on()
    assert hand.told == [("bell", LOW, 0)]
    with pytest.raises(PinError, match="pin 'bell' is closed: the bridge is not running"):
        hand.drive("bell", HIGH, 0.15)


# --- Which presses there are ------------------------------------------------------------------

Steps = Sequence[tuple[float, Level, float | None]]


@pytest.mark.parametrize(
    ("before", "level", "for_s", "said"),
    [
        (
            [],
            LOW,
            0.01,
            "pin 'bell': a press of 10ms is shorter than the pin's debounce of 20ms, so it would "
            "be no event: make it 20ms or longer, or the debounce shorter",
        ),
        (
            [(0, LOW, 0.02), (0.025, HIGH, None)],
            LOW,
            0.02,
            "pin 'bell' changed less than its debounce of 20ms ago, so a press now would be no "
            "event: try again in 16ms",
        ),
        ([(0, LOW, None), (0.0105, LOW, None)], HIGH, 0.02, "try again in 10ms"),
        (
            [(0, LOW, 0.15), (0.1, LOW, 0.0)],
            LOW,
            0.15,
            "pin 'bell' is pressed already, for another 51ms: a press meanwhile would be no event; "
            "set it to high to end that one now",
        ),
        ([(0, LOW, 0.15)], HIGH, 0.15, "pin 'bell' is pressed already, for another 151ms"),
        (
            [],
            HIGH,
            0.15,
            "pin 'bell' is high already, so a press to high would be no event: set it to low "
            "first, or press it to low",
        ),
        ([(0, LOW, None), (1, LOW, None)], LOW, 0.15, "pin 'bell' is low already"),
        (
            [(0, LOW, 0.15), (0.0055, LOW, None)],
            HIGH,
            None,
            "pin 'bell' changed less than its debounce of 20ms ago, so that press would be no "
            "event: try again in 15ms",
        ),
        ([(0, LOW, 0.02), (0.03, HIGH, None)], LOW, None, "try again in 11ms"),
        ([], LOW, 0.0, "a press can't last 0.0 s; give it a time above 0 and of at most 10min"),
        ([], LOW, -1.0, "a press can't last -1.0 s"),
        ([], LOW, float("nan"), "a press can't last nan s"),
        ([], LOW, MAX_PRESS_S + 1, "a press can't last 601.0 s"),
    ],
)
def test_what_would_be_no_event_is_refused(
    hand: Hand, before: Steps, level: Level, for_s: float | None, said: str
) -> None:
    """In a sentence that names the debounce, or what else is in the way (rows 13 and 15)."""
    for at_s, earlier, earlier_for_s in before:
        hand.now_s = 100.0 + at_s
        if earlier_for_s != 0.0:  # else only the time goes on
            hand.drive("bell", earlier, earlier_for_s)
    edges = list(hand.edges)
    with pytest.raises(DriveError) as refused:
        hand.drive("bell", level, for_s)
    assert said in str(refused.value)
    assert hand.edges == edges


@pytest.mark.parametrize("for_s", [0.02, 0.15, MAX_PRESS_S])
def test_a_press_as_long_as_the_debounce_is_taken(hand: Hand, for_s: float) -> None:
    """A level that holds for the debounce counts (row 15)."""
    hand.drive("bell", LOW, for_s)
    hand.now_s += for_s + 0.001
    assert hand.driving.read("bell") is HIGH


def test_a_press_whose_first_edge_counts_is_never_too_short() -> None:
    """It is an event at once; its end is one when the window has passed."""
    hand = Hand(replace(BELL, counts="first"))
    began_s = hand.now_s
    hand.drive("bell", LOW, 0.001)
    assert began_s + BELL.debounce_s <= hand.driving.deadline_s <= began_s + 2 * BELL.debounce_s


def test_rounding_makes_no_press_too_short() -> None:
    """51 times 0.001 is a little more than 0.051."""
    assert 51 * 0.001 > 0.051
    Hand(replace(BELL, debounce_s=51 * 0.001)).drive("bell", LOW, 0.051)


def test_a_press_after_the_debounce_is_taken(hand: Hand) -> None:
    """As soon as the refusal has said (row 15)."""
    hand.drive("bell", LOW, 0.02)
    hand.now_s += 0.041
    hand.drive("bell", LOW, 0.02)
    hand.now_s += 0.021
    hand.driving.hand_on()
    assert [level for _, level, _ in hand.told] == [LOW, HIGH, LOW, HIGH]


def test_a_level_may_bounce(hand: Hand) -> None:
    """Without an end it is what a wire does: the debounce is there for that."""
    for level in (LOW, HIGH, LOW):
        hand.drive("bell", level)
        hand.now_s += 0.001
    assert [level for _, level, _ in hand.told] == [LOW, HIGH, LOW]


def test_without_a_debounce_every_press_counts() -> None:
    """However short, and however soon."""
    hand = Hand(replace(BELL, debounce_s=0.0))
    for _ in range(3):
        hand.drive("bell", LOW, 0.001)
        hand.now_s += 0.002
    hand.driving.hand_on()
    assert [level for _, level, _ in hand.told] == [LOW, HIGH] * 3


# --- Each press that is taken is one event -----------------------------------------------------


def play(pin: Pin, presses: Sequence[tuple[float, float]], looks: Sequence[float]) -> None:
    """Press at random, look like the watcher does at other times; each press must be told once.

    Args:
        pin: the pin.
        presses: seconds since the one before, and how long it is to last.
        looks: seconds since the look before, again and again.
    """
    hand = Hand(pin)
    debounce = Debounce(pin.active.other, hand.now_s, pin.debounce_s)
    press = Press(pin.active, pin.hold_s, pin.debounce_s)
    levels: list[Level] = []
    outcomes: list[Gesture] = []
    handed = 0

    def settle(changes: list[Change]) -> None:
        for level, at_s, due_s in changes:
            levels.append(level)
            if level is pin.active:
                press.begin(len(levels), at_s, due_s)
            elif (outcome := press.end(at_s)) is not None:
                outcomes.append(outcome.gesture)

    def look() -> None:
        nonlocal handed
        hand.driving.hand_on()
        for edge in hand.edges[handed:]:
            settle(debounce.edge(edge.level, edge.at_s))
        handed = len(hand.edges)
        if debounce.deadline_s is not None and debounce.deadline_s <= hand.now_s:
            settle(debounce.reading(hand.driving.read("bell"), hand.now_s))
        if (outcome := press.due(hand.now_s)) is not None:
            outcomes.append(outcome.gesture)

    moments = list(itertools.accumulate(gap_s for gap_s, _ in presses))
    taken: list[float] = []
    waits = itertools.cycle(looks)
    look_s = next(waits)
    for at_s, (_, for_s) in zip(moments, presses, strict=True):
        while look_s < at_s:
            hand.now_s = 100.0 + look_s
            look()
            look_s += next(waits)
        hand.now_s = 100.0 + at_s
        try:
            hand.drive("bell", pin.active, for_s)
        except DriveError:
            continue
        taken.append(for_s)
    for _ in range(3):
        hand.now_s += 2.0
        look()
    assert levels == [pin.active, pin.active.other] * len(taken)
    hold = [Gesture.HOLD if for_s >= pin.hold_s else Gesture.TAP for for_s in taken]
    assert outcomes == hold
    assert debounce.missed == 0


SECONDS = st.integers(1, 800).map(lambda ms: ms / 1000)
SHORT = st.integers(1, 60).map(lambda ms: ms / 1000)


@given(
    active=st.sampled_from(Level),
    debounce_s=st.sampled_from([0.0, 0.005, 0.02, 0.1]),
    presses=st.lists(st.tuples(SHORT | SECONDS, SHORT | SECONDS), min_size=1, max_size=12),
    looks=st.lists(SHORT | SECONDS | st.just(10.0), min_size=1, max_size=4),
)
@examples(400)
def test_each_press_that_is_taken_is_one_press(
    active: Level,
    debounce_s: float,
    presses: Sequence[tuple[float, float]],
    looks: Sequence[float],
) -> None:
    """One edge, one release, one tap or hold, whenever the watcher looks (rows 15 and 16)."""
    play(replace(BELL, active=active, debounce_s=debounce_s), presses, looks)


# --- Sources ----------------------------------------------------------------------------------

Source = Callable[[Mapping[str, Pin]], PinSource]
MOCK = Gpio(pin_factory="mock")


def virtual(pins: Mapping[str, Pin]) -> PinSource:
    """Pins without a wire."""
    return HttpPins(pins, RealClock())


def on_wire(pin: Pin, number: int) -> WiredPin:
    """The same pin with a wire."""
    common = {name: getattr(pin, name) for name in ("name", "active", "debounce_s", "hold_s")}
    return WiredPin(pin=number, **common)


def simulated(pins: Mapping[str, Pin]) -> PinSource:
    """The same names, simulated."""
    wired = zip(pins.items(), itertools.count(2), strict=False)
    return GpiozeroPins(MOCK, {n: on_wire(pin, bcm) for (n, pin), bcm in wired}, RealClock())


def mixed(pins: Mapping[str, Pin]) -> PinSource:
    """The first of them simulated, the others without a wire."""
    first, *others = pins
    wired = simulated({first: pins[first]})
    return Sources([(wired, [first]), (virtual({name: pins[name] for name in others}), others)])


@pytest.mark.parametrize("source", [virtual, simulated, mixed])
def test_every_source_ends_a_press_by_its_stamp(source: Source) -> None:
    """Virtual pins and simulated ones, alone and together (row 16)."""
    pins = source({"bell": replace(BELL, debounce_s=0.001), "chime": CHIME})
    edges: list[RawEdge] = []
    pins.open(edges.append)
    try:
        pins.drive("bell", LOW, 0.002)
        pins.drive("chime", LOW, 60.0)
        while pins.read("bell") is LOW:  # at most for those 2 ms
            pass
        began, _, ended = edges
        assert (ended.pin, ended.level) == ("bell", HIGH)
        assert ended.at_s - began.at_s == pytest.approx(0.0025)
        assert pins.deadline_s == pytest.approx(edges[1].at_s + 60.0, abs=0.001)
        with pytest.raises(DriveError, match="'chime' is pressed already"):
            pins.drive("chime", LOW, 60.0)
    finally:
        pins.close()
    assert pins.deadline_s is None


@pytest.mark.parametrize("source", [virtual, simulated, mixed])
def test_presses_under_the_watcher(source: Source) -> None:
    """Two threads press as fast as they may: each press that is taken is told once (row 15)."""
    names = ("bell", "chime")
    settings = replace(
        SETTINGS,
        pins={name: replace(BELL, name=name, debounce_s=0.002) for name in names},
        pages={},
    )
    told: dict[str, list[str]] = {name: [] for name in names}

    class Told(Observer):
        def pin_event(self, event: PinEvent) -> None:
            told[event.pin].append(event.event)

    watcher = Watcher(settings, source(settings.pins), PATHS, gestures=names, observers=[Told()])
    taken = dict.fromkeys(names, 0)
    watcher.start()

    def press(name: str) -> None:
        while taken[name] < 50:
            try:
                watcher.pins.drive(name, LOW, 0.003)
            except DriveError:
                pause.wait(0.0007)
            else:
                taken[name] += 1

    pause = threading.Event()
    threads = [threading.Thread(target=press, args=(name,)) for name in names]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in range(1000):
            if all(len(events) >= 150 for events in told.values()):
                break
            pause.wait(0.01)
    finally:
        watcher.stop()
    for name in names:
        assert told[name] == ["low", "high", "tap"] * 50
