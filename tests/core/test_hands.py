"""Dwell and cooldown in the core, as tables of what happens to one pin and what displays hear."""

import json
from typing import Any

import pytest

from gpiobridge.core.core import Core
from gpiobridge.core.events import (
    Broadcast,
    CloseClients,
    Effect,
    HandTimes,
    Level,
    Notice,
    Now,
    PinEvent,
    RawEdge,
)

LOW, HIGH = Level.LOW, Level.HIGH
WINDOW_S = 0.02


class Bench:
    """A core with one pin, and a watcher that is never late.

    Args:
        dwell_s: of the pin.
        cooldown_s: of the pin.
        level: at the start.
    """

    def __init__(self, dwell_s: float, cooldown_s: float, level: Level = HIGH) -> None:
        self.core = Core(
            "ab12",
            {"button": WINDOW_S, "other": 0.0},
            {"page": {("button", LOW): "next"}, "door": {("other", LOW): "next"}},
            10.0,
            simulated=False,
            while_rules={"door": {("other", LOW): "next"}},
            hands={"button": HandTimes(LOW, dwell_s, cooldown_s)},
        )
        self.level = level
        self.core.reading("button", level, 0.0)
        self.core.reading("other", HIGH, 0.0)

    def play(self, *changes: float, until_s: float) -> list[tuple[float, str]]:
        """Change the pin at some moments, in seconds; return what displays hear, and when."""
        heard: list[tuple[float, str]] = []
        left = list(changes)
        while True:
            due_s = [*left[:1], *([self.core.deadline_s] if self.core.deadline_s else [])]
            if not due_s or min(due_s) > until_s:
                return heard
            now_s = min(due_s)
            if left and left[0] == now_s:
                self.level = self.level.other
                self.core.edge(RawEdge("button", self.level, left.pop(0)))
            for pin in self.core.pins_to_read(now_s):
                self.core.reading(pin, self.level, now_s)
            told = self.core.tell(Now(now_s, now_s), now_s, 100)
            heard += [(round(now_s, 3), what) for what in map(words, told) if what]


def words(effect: Effect) -> str:
    """An event, or a frame that is none, in short."""
    if isinstance(effect, PinEvent):
        return f"{effect.event} at {effect.at_s:g}"
    if isinstance(effect, Notice):
        frame: dict[str, Any] = json.loads(effect.text)
        if frame.get("pressed") is False:
            return "interrupted"
        return f"{frame['type']} {frame.get('ms', frame.get('why'))}"
    return ""


@pytest.mark.parametrize(
    ("dwell_s", "cooldown_s", "changes", "heard"),
    [
        (0.4, 0, (1.0, 1.3), [(1.02, "dwelling 400"), (1.32, "ignored dwell")]),
        (0.4, 0, (1.0, 1.5), [(1.02, "dwelling 400"), (1.42, "low at 1"), (1.52, "high at 1.5")]),
        (0.4, 0, (1.0, 1.4), [(1.02, "dwelling 400"), (1.42, "low at 1"), (1.42, "high at 1.4")]),
        (
            0,
            0.5,
            (1.0, 1.1, 1.3, 1.4),
            [(1.02, "low at 1"), (1.32, "ignored cooldown"), (1.92, "high at 1.4")],
        ),
        (
            0,
            0.5,
            (1.0, 1.1, 1.6, 1.7),  # just not within it
            [(1.02, "low at 1"), (1.62, "high at 1.1"), (1.62, "low at 1.6")],
        ),
        (
            0.4,
            0.5,
            (1.0, 1.1, 1.5, 1.6),  # two knocks
            [
                (1.02, "dwelling 400"),
                (1.12, "interrupted"),
                (1.52, "dwelling 400"),
                (1.62, "interrupted"),
                (2.12, "ignored dwell"),
            ],
        ),
        (
            0.4,
            0.5,
            (1.0, 1.2, 1.3, 1.6),  # pressed for 0.2 s and 0.2 s
            [
                (1.02, "dwelling 400"),
                (1.22, "interrupted"),
                (1.32, "dwelling 400"),
                (1.52, "low at 1"),
                (2.12, "high at 1.6"),
            ],
        ),
    ],
)
def test_what_is_told(
    dwell_s: float, cooldown_s: float, changes: tuple[float, ...], heard: list[tuple[float, str]]
) -> None:
    """When each press counts, and what displays hear of those that don't."""
    assert Bench(dwell_s, cooldown_s).play(*changes, until_s=2.18) == heard


@pytest.mark.parametrize("hand_s", [0.0, 0.01, WINDOW_S])
def test_what_is_no_longer_than_the_debounce_holds_nothing_up(hand_s: float) -> None:
    """A level that has settled has lasted so long: a press and a release count at once."""
    for dwell_s, cooldown_s in ((hand_s, 0.0), (0.0, hand_s), (hand_s, hand_s)):
        heard = Bench(dwell_s, cooldown_s).play(1.0, 1.1, 1.125, 1.3, until_s=2.0)
        assert heard == [
            (1.02, "low at 1"),
            (1.12, "high at 1.1"),
            (1.145, "low at 1.125"),
            (1.32, "high at 1.3"),
        ]


def test_a_press_at_the_start_is_the_level_and_no_event() -> None:
    """Its release counts; a press within the cooldown of that belongs to it."""
    bench = Bench(0.4, 0.5, LOW)
    assert bench.core.levels["button"] is LOW
    assert bench.play(1.0, 1.2, 2.0, until_s=3.0) == [
        (1.22, "ignored cooldown"),
        (2.52, "high at 2"),
    ]


def test_a_display_that_joins_hears_what_dwells() -> None:
    """Behind the state; but nothing comes between a state and a close by its levels."""
    bench = Bench(0.4, 0)
    bench.play(1.0, until_s=1.1)
    welcome = bench.core.join("page", (), Now(1.1, 1.1))
    assert [json.loads(text)["type"] for text in welcome.texts] == ["state", "dwelling"]
    bench.core.edge(RawEdge("other", LOW, 1.15))
    bench.core.tell(Now(1.15, 1.15), 1.15, 100)
    leaving = bench.core.join("door", (), Now(1.2, 1.2))
    assert (len(leaving.texts), leaving.to) == (1, "next")
    bench.play(until_s=2.0)
    assert len(bench.core.join("page", (), Now(2.0, 2.0)).texts) == 1


def test_a_pin_that_oscillates_does_not_flood_displays() -> None:
    """At most ten presses in half a second are told as dwelling, and only such ones as ignored."""
    bench = Bench(0.4, 0)
    changes = [1.0 + n * 0.021 for n in range(100)]
    heard = [what for _, what in bench.play(*changes, until_s=4.0)]
    assert heard.count("dwelling 400") == heard.count("ignored dwell")
    assert 40 <= heard.count("dwelling 400") <= 50


def test_a_hand_that_trembles_does_not_flood_displays() -> None:
    """They hear of some interruptions of a dwelling press, and always that it goes on."""
    bench = Bench(4.0, 0.5)
    heard = [what for _, what in bench.play(*(1.0 + n * 0.021 for n in range(101)), until_s=3.2)]
    assert heard.count("dwelling 4000") == heard.count("interrupted") + 1
    assert 35 <= heard.count("interrupted") <= 45
    assert json.loads(bench.core.join("page", (), Now(3.2, 3.2)).texts[1])["type"] == "dwelling"


def test_a_press_right_behind_a_bump_is_told() -> None:
    """A hand that bounces needs to see that its press is taken."""
    heard = Bench(0.4, 0).play(1.0, 1.022, 1.044, until_s=1.4)
    assert heard == [
        (1.02, "dwelling 400"),
        (1.042, "ignored dwell"),
        (1.064, "dwelling 400"),
    ]


TWO_PAGES = {"a": {("x", LOW): "b", ("y", HIGH): "c"}, "b": {("y", LOW): "c", ("y", HIGH): "c"}}


def two_pins(dwell_s: float, cooldown_s: float, *edges: tuple[str, Level, float]) -> list[Effect]:
    """What a core orders whose pins x and y are alike, until a second later."""
    hands = dict.fromkeys("xy", HandTimes(LOW, dwell_s, cooldown_s))
    core = Core("ab12", dict.fromkeys("xy", 0.0), TWO_PAGES, 10.0, simulated=False, hands=hands)
    for pin in "xy":
        core.reading(pin, HIGH, 0.0)
    for pin, level, at_s in edges:
        core.edge(RawEdge(pin, level, at_s))
    now_s = edges[-1][2] + 1.0
    return core.tell(Now(now_s, now_s), now_s, 100)


@pytest.mark.parametrize(
    ("dwell_s", "cooldown_s", "edges"),
    [
        (0.4, 0.0, [("x", LOW, 1.0), ("y", LOW, 1.2)]),
        (0.0, 0.5, [("y", LOW, 0.5), ("y", HIGH, 1.0), ("x", LOW, 1.1)]),
    ],
)
def test_what_counts_later_belongs_to_the_page_on_which_it_began(
    dwell_s: float, cooldown_s: float, edges: list[tuple[str, Level, float]]
) -> None:
    """A press that dwelt, or a release in its cooldown, while another press led elsewhere."""
    effects = two_pins(dwell_s, cooldown_s, *edges)
    led = next(each for each in effects if isinstance(each, CloseClients) and each.to == "b")
    later = [each for each in effects if isinstance(each, CloseClients) and each.page == "b"]
    assert later[-1].after <= led.after  # so it moves no display that the press has led here
    frames = [json.loads(each.text) for each in effects if isinstance(each, Broadcast)]
    assert frames[-1]["began"] == led.after < frames[-1]["seq"]


def test_a_release_is_caught_up_from_the_moment_it_counts() -> None:
    """A cooldown may be longer than the time for which presses are remembered."""
    core = Core(
        "ab12",
        {"button": 0.0},
        {"page": {("button", HIGH): "next"}},
        3.0,
        simulated=False,
        hands={"button": HandTimes(LOW, 0.0, 5.0)},
    )
    core.reading("button", HIGH, 0.0)
    core.edge(RawEdge("button", LOW, 1.0))
    core.edge(RawEdge("button", HIGH, 1.5))
    core.tell(Now(6.6, 6.6), 6.6, 100)
    assert core.join("page", ["ab12:1"], Now(7.0, 7.0)).to == "next"


def test_a_level_that_comes_to_count_while_a_page_loads_is_caught_up_in_its_order() -> None:
    """Its release began on the page before; but the rule is by level, and a press comes behind."""
    core = Core(
        "ab12",
        dict.fromkeys("xyz", 0.0),
        {"page": {("x", HIGH): "by-level", ("z", LOW): "by-press"}},
        10.0,
        simulated=False,
        while_rules={"page": {("x", HIGH): "by-level"}},
        hands={"x": HandTimes(LOW, 0.0, 0.5)},
    )
    for pin in "xyz":
        core.reading(pin, HIGH, 0.0)
    for pin, level, at_s in (("x", LOW, 1.0), ("x", HIGH, 1.1), ("y", LOW, 1.2), ("z", LOW, 1.7)):
        core.edge(RawEdge(pin, level, at_s))
    core.tell(Now(2.0, 2.0), 2.0, 100)
    assert core.seq == 4  # x low, y low (which led to the page), x high, z low
    assert core.join("page", ["ab12:2"], Now(2.0, 2.0)).to == "by-level"
