"""The oracle of outputs, on made-up notes of displays and made-up tellings of a server."""

from collections.abc import Sequence

import pytest

from faults.graph import Graph, Output
from faults.oracle.facts import Event
from faults.oracle.outputs import Change, Telling, Told, judge_outputs, judge_rest
from faults.oracle.sights import Sights
from faults.records import Heard, Joined, Known, Left, Loaded, Lost, Record, Stopped, Word

GRAPH = Graph({"one": {("red", "low"): "two"}, "two": {("blue", "low"): "one"}}, {})
LAMP = Output("lamp", 4, "red")
LOCK = Output("lock", 5, pages={"two": ("on", True), "one": ("off", True)})
SIGN = Output("sign", 6, pages={"two": ("on", False)})

SHOWN: Sequence[Record] = (
    Loaded("one", 0.0, 0.1, "e", 0, True),
    Joined("one", 0.2, 0.3, "e", 0, "one", since=False),
    Word(1, "shown", 0.5),
    Heard(1, 0.6),
)
MOVED: Sequence[Record] = (
    *SHOWN,
    Left("one", "two", 10.0, 1, pressed=True),
    Loaded("two", 10.1, 10.2, "e", 0, False),
    Joined("two", 10.3, 10.4, "e", 1, "two", since=False),
    Word(2, "shown", 10.5),
    Heard(2, 10.6),
)
PRESS = Event(1, "red", "low", 9.99)


def tab(records: Sequence[Record]) -> Sights:
    """A tab that has noted this."""
    sights = Sights(GRAPH, GRAPH)
    for record in records:
        sights.take(record)
    return sights


def complaints(
    output: Output, told: Sequence[Told], records: Sequence[Record], now_s: float = 30.0
) -> list[str]:
    """What the oracle says of one output beside one display, at rest, too."""
    first = Change(output.name, output.initial, 0.1, first=True)
    telling = Telling("e", [first, *told], from_s=0.1)
    tabs = [tab(records)]
    verdict = judge_outputs([output], telling, tabs, [], now_s)
    verdict.add(judge_rest([output], telling, tabs, now_s))
    return verdict.complaints


def lamp(*changes: tuple[float, str]) -> list[Told]:
    """What a lamp did, and the press."""
    told: list[Told] = [Change("lamp", state, at_s) for at_s, state in changes]
    return sorted([*told, PRESS], key=lambda each: getattr(each, "at_s", PRESS.seen_s))


def test_a_lamp_that_tells_the_truth_is_right() -> None:
    """Lit from the page's word on, blinking from the press to the next page's word."""
    told = lamp((0.6, "on"), (9.995, "blink"), (10.6, "off"))
    assert not complaints(LAMP, told, MOVED)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (((0.6, "on"), (5.0, "blink"), (5.1, "on"), (9.995, "blink"), (10.6, "off")), "no press"),
        (((0.6, "on"), (9.995, "blink")), "'blink' from 9.995"),
        (((0.6, "on"), (9.995, "blink"), (10.6, "on")), "'on' from 10.600"),
        (((0.6, "on"), (12.0, "off")), "has not answered"),
    ],
)
def test_a_lamp_that_lies_is_found(changes: Sequence[tuple[float, str]], says: str) -> None:
    """It blinks for no press, or for ever; is lit for nobody; doesn't answer."""
    told = [*lamp(*changes), Event(2, "red", "high", 12.5)]
    assert any(says in text for text in complaints(LAMP, told, MOVED))


def test_a_lamp_that_is_dark_beside_a_ready_display_is_found() -> None:
    """Not while the page takes no presses, or nobody heard that it is shown."""
    assert complaints(LAMP, [], SHOWN) == ["lamp is off at rest, and tabs [0] are ready"]
    assert not complaints(LAMP, [], SHOWN[:3])
    assert not complaints(LAMP, [], [*SHOWN, Stopped(1, 1.0, 0, False), Known(1, 1.0, 1.1, 0)])


def test_a_lamp_is_not_lit_for_a_page_that_surely_takes_no_presses() -> None:
    """From the answer to its word on."""
    records = [*SHOWN, Stopped(1, 5.0, 0, False), Known(1, 5.0, 5.1, 0)]
    assert any("from 5.850" in text for text in complaints(LAMP, lamp((0.6, "on")), records))


def test_a_lock_that_moves_because_a_display_was_lost_is_found() -> None:
    """The last page that was shown has said how it is to stay."""
    records = [*MOVED, Lost(20.0, 19.9)]
    right = Change("lock", "on", 10.6)
    assert not complaints(LOCK, [right], records)
    found = complaints(LOCK, [right, Change("lock", "off", 20.1)], records)
    assert [text[:22] for text in found] == ["lock went off at 20.10", "lock is off at rest, a"]


@pytest.mark.parametrize(("output", "state"), [(SIGN, "on"), (LOCK, "on")])
def test_an_output_that_a_page_sets_must_do_so(output: Output, state: str) -> None:
    """At rest it does what the page says that is shown."""
    assert not complaints(output, [Change(output.name, state, 10.6)], MOVED)
    found = complaints(output, [], MOVED)
    assert found == [f"{output.name} is off at rest, and should be on"]
