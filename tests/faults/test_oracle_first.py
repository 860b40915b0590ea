"""What the oracle says of a pin whose first edge counts, tried on hand-made evidence."""

import pytest

from faults.graph import PINS, make_config, make_graph
from faults.oracle.edges import Candidate, candidates, match_pin
from faults.oracle.facts import Drive, Event
from faults.oracle.numbers import settled

DEBOUNCE_S = 0.02

Steps = tuple[tuple[float, str], ...]

PRESS: Steps = ((1.0, "low"), (1.1, "high"))
BOUNCING: Steps = ((1.0, "low"), (1.004, "high"), (1.008, "low"), (1.1, "high"))
SPIKE: Steps = ((1.0, "low"), (1.004, "high"))


def found(*steps: tuple[float, str], until_s: float = 10.0) -> list[Candidate]:
    """The candidates of levels that were driven then, each answered within a millisecond."""
    drives = [Drive(level, at_s, at_s + 0.001) for at_s, level in steps]
    return candidates("button", drives, DEBOUNCE_S, until_s, until_s, first=True)


def match(steps: Steps, seen: Steps) -> tuple[int, int, int]:
    """Lost, phantom and unsure edges of a pin that rests high."""
    events = [Event(at + 1, "button", level, seen_s) for at, (seen_s, level) in enumerate(seen)]
    verdict = match_pin("button", "high", found(*steps), events, DEBOUNCE_S, first=True).verdict
    return verdict.lost.total(), verdict.phantom.total(), verdict.unsure


@pytest.mark.parametrize(
    ("steps", "seen", "expected"),
    [
        (PRESS, ((1.001, "low"), (1.101, "high")), (0, 0, 0)),
        (PRESS, ((1.001, "low"),), (1, 0, 0)),
        (PRESS, ((0.99, "low"), (1.101, "high")), (1, 1, 0)),  # before it was driven
        (BOUNCING, ((1.001, "low"), (1.101, "high")), (0, 0, 0)),
        (SPIKE, ((1.001, "low"), (1.021, "high")), (0, 0, 0)),
        (SPIKE, (), (2, 0, 0)),
        (SPIKE, ((1.001, "low"), (1.01, "high")), (1, 1, 0)),  # before the window was over
    ],
)
def test_the_witness_is_judged_by_first_edges(
    steps: Steps, seen: Steps, expected: tuple[int, int, int]
) -> None:
    """A press and a spike are two edges each, however the contact bounces."""
    assert match(steps, seen) == expected


def test_a_bounce_that_is_told_is_found() -> None:
    """It is over before the window is: it can't have counted."""
    seen = ((1.001, "low"), (1.021, "high"), (1.041, "low"), (1.101, "high"))
    lost, phantom, _ = match(BOUNCING, seen)
    assert (lost, phantom) != (0, 0)


def test_an_edge_soon_after_another_is_unsure() -> None:
    """The pin may not have been quiet again; what is held for a debounce is sure all the same."""
    steps = ((1.0, "low"), (1.03, "high"), (1.035, "low"), (1.2, "high"), (1.201, "low"))
    assert [each.sure for each in found(*steps)] == [True, False, True, True, True]


def test_a_first_edge_settles_between_its_stamp_and_the_end_of_a_window() -> None:
    """So an event of another pin that settled in between may be told before it, or behind."""
    (event,) = settled(
        [Event(1, "button", "low", 1.0)], {1: (1.0, 1.001)}, {"button": 0.02}, ["button"]
    )
    assert (event.from_s, event.to_s) == (1.0, pytest.approx(1.021))


def test_each_exhibit_has_both_kinds_of_pins() -> None:
    """Of the pins with edges and of those with taps, some count the first edge, some don't."""
    for seed in range(30):
        first = make_graph(seed).first
        for play in ("edge", "tap"):
            assert {pin.name in first for pin in PINS if play in pin.plays} == {True, False}
        assert make_config(seed).count('counts = "first"') == len(first)
