"""The oracle is right: tables of waveforms and lives, with what must be found in them."""

import ast
import random
from collections import Counter
from pathlib import Path

import pytest

from faults.graph import PINS, Graph, make_config, make_graph
from faults.oracle.edges import Candidate, candidates, match_pin
from faults.oracle.facts import Drive, Event, Life, Verdict
from faults.oracle.gestures import Limits, match_gestures, number_unseen, presses_of, unseen_of
from faults.oracle.life import Landing, Reload, Stretch, follow
from faults.oracle.pages import fewest_errors, walk
from faults.oracle.steps import Due, Look, dues_of, levels_after, steps_of
from faults.records import Ended, Joined, Left, Loaded, Lost
from faults.schedule import make_round
from faults.waveform import HELD, HOLD_MARGIN_S, make_wave

DEBOUNCE_S = 0.02
LOW = ("button", "low")
HIGH = ("button", "high")
RULES = Graph({"a": {LOW: "b"}, "b": {LOW: "c", HIGH: "a"}, "c": {LOW: "c"}, "still": {}}, {})


def drives(*steps: tuple[float, str]) -> list[Drive]:
    """Levels driven at these times, each answered within a millisecond."""
    return [Drive(level, at_s, at_s + 0.001) for at_s, level in steps]


def held(*steps: tuple[float, str], until_s: float = 10.0) -> list[Candidate]:
    """The candidates of such drives."""
    return candidates("button", drives(*steps), DEBOUNCE_S, until_s, until_s)


def events(*steps: tuple[float, str]) -> list[Event]:
    """What a witness was told, numbered from 1."""
    return [Event(at + 1, "button", level, seen_s) for at, (seen_s, level) in enumerate(steps)]


def dues(*levels: str) -> list[Due]:
    """Edges that must count."""
    return [Due(event) for event in events(*((float(at), lv) for at, lv in enumerate(levels)))]


def match(found: list[Candidate], seen: list[Event]) -> tuple[int, int, int]:
    """Lost, phantom and unsure edges of a pin that rests high."""
    verdict = match_pin("button", "high", found, seen, DEBOUNCE_S).verdict
    return verdict.lost.total(), verdict.phantom.total(), verdict.unsure


# ---------------------------------------------------------------- waveforms


def test_a_held_level_is_surely_an_edge() -> None:
    """A clean press has two candidates, both sure."""
    assert [(c.level, c.sure) for c in held((1, "low"), (1.1, "high"))] == [
        ("low", True),
        ("high", True),
    ]


def test_a_bounce_is_no_candidate() -> None:
    """Levels shorter than the debounce are nothing."""
    found = held((1, "low"), (1.003, "high"), (1.006, "low"), (1.2, "high"))
    assert [(c.level, c.from_s) for c in found] == [("low", 1.006), ("high", 1.2)]


def test_a_hold_that_is_not_known_exactly_is_unsure() -> None:
    """A request that took long leaves open for how long the level was held."""
    slow = [Drive("low", 1.0, 1.015), Drive("high", 1.03, 1.031)]
    found = candidates("button", slow, DEBOUNCE_S, 10, 10)
    assert [c.sure for c in found] == [False, True]


def test_what_settles_as_the_server_ends_is_unsure() -> None:
    """Nobody may have been told of an edge that settled when the server was killed."""
    found = candidates("button", drives((1, "low"), (9.95, "high")), DEBOUNCE_S, 9.9, 10)
    assert [c.sure for c in found] == [True, False]


def test_a_level_without_an_answer_is_unsure() -> None:
    """It may have been driven or not."""
    found = candidates("button", [Drive("low", 1.0, None)], DEBOUNCE_S, 9, 9)
    assert [c.sure for c in found] == [False]


PRESS = ((1.0, "low"), (1.1, "high"))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (((1.02, "low"), (1.12, "high")), (0, 0, 0)),
        (((1.02, "low"),), (1, 0, 0)),
        ((), (2, 0, 0)),
        (((1.02, "low"), (1.12, "high"), (2.0, "low"), (2.1, "high")), (0, 2, 0)),
        (((1.001, "low"), (1.12, "high")), (1, 1, 0)),  # before it could have settled
        (((1.02, "low"), (9.0, "high")), (1, 1, 0)),  # that is another one
    ],
)
def test_the_witness_is_judged_by_sure_edges(
    seen: tuple[tuple[float, str], ...], expected: tuple[int, int, int]
) -> None:
    """A press is two edges, each told in time."""
    assert match(held(*PRESS), events(*seen)) == expected


@pytest.mark.parametrize("seen", [(), ((1.03, "low"), (1.07, "high"))])
def test_an_unsure_pulse_may_be_told_or_not(seen: tuple[tuple[float, str], ...]) -> None:
    """Both are right; half of it isn't."""
    pulse = [Candidate("button", "low", 1.0, 1.01, False), *held((1.025, "high"))]
    assert match(pulse, events(*seen))[:2] == (0, 0)
    assert match(pulse, events((1.03, "low")))[:2] != (0, 0)


def test_a_sure_edge_is_preferred_to_an_unsure_one() -> None:
    """A long bounce before the real hold doesn't make the press an unsure one."""
    press = [
        Candidate("button", "low", 1.0, 1.0, False),
        Candidate("button", "high", 1.02, 1.02, False),
        *held((1.04, "low")),
    ]
    assert match(press, events((1.065, "low"))) == (0, 0, 0)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("moves", "lost", "phantom"),
    [
        (["b", "a", "b", "a"], 0, 0),
        (["b", "a", "b"], 1, 0),
        (["b", "c"], 1, 0),  # the first release was lost, and all else follows from that
        (["b", "a", "b", "a", "b"], 0, 1),
        ([], 2, 0),  # on page a the releases lead nowhere
    ],
)
def test_each_edge_moves_a_display_once(moves: list[str], lost: int, phantom: int) -> None:
    """Two presses lead from a to b, back by the release, and so again."""
    verdict = walk(RULES, Stretch("e", "a", 0, moves), dues("low", "high", "low", "high"), 4)
    assert (verdict.lost.total(), verdict.phantom.total()) == (lost, phantom)
    assert verdict.well == (lost == phantom == 0)


def test_a_page_may_lead_to_itself() -> None:
    """Such a move counts like any other."""
    assert walk(RULES, Stretch("e", "c", 0, ["c", "c"]), dues("low", "low"), 2).well
    assert walk(RULES, Stretch("e", "c", 0, ["c"]), dues("low", "low"), 2).lost.total() == 1


def test_a_page_without_rules_stays() -> None:
    """Whatever is pressed."""
    assert walk(RULES, Stretch("e", "still", 0), dues("low", "high"), 2).well
    assert walk(RULES, Stretch("e", "still", 0, ["a"]), dues("low"), 1).phantom.total() == 1


def test_a_killed_server_may_stop_at_any_edge_from_then_on() -> None:
    """Not before, and it can't go on afterwards."""
    for moves, well in ((["b"], True), (["b", "c"], True), ([], False), (["b", "c", "c"], True)):
        verdict = walk(RULES, Stretch("e", "a", 0, moves), dues("low", "low", "low"), 1)
        assert verdict.well is well, moves


def test_one_error_counts_as_one() -> None:
    """Even if every page after it is another than expected."""
    should = dues("low", "high", "low", "high", "low", "high")
    errors = fewest_errors(RULES, Stretch("e", "a", 0, ["b", "c", "c"]), should)
    assert (errors.lost, errors.phantom) == (("edge",), ())


# ---------------------------------------------------------------- lives


def test_a_restart_divides_a_life() -> None:
    """With a new epoch a display begins again, where it was."""
    lives = {"e1": Life("e1", 0, ended_s=5.0), "e2": Life("e2", 0)}
    track = follow(
        Stretch("e1", "a", 0),
        [
            Left("a", "b", 4, 1),
            Loaded("b", 4.1, 4.2, "e1", 1, False),
            Lost(5, 4.9),
            Joined("b", 6, 6.1, "e2", 0),
        ],
        lives,
    )
    assert [(s.epoch, s.page, s.moves, s.end_s) for s in track.stretches] == [
        ("e1", "a", ["b"], 5.0),
        ("e2", "b", [], None),
    ]
    assert track.complaints == []


def test_a_display_that_jumps_with_a_restart_is_found() -> None:
    """A new epoch is no reason to change the page."""
    lives = {"e1": Life("e1", 0, ended_s=5.0), "e2": Life("e2", 0)}
    track = follow(Stretch("e1", "a", 0), [Joined("b", 6, 6.1, "e2", 0)], lives)
    assert "jumped from a to b" in track.complaints[0]


def test_a_new_tab_begins_between_its_request_and_its_answer() -> None:
    """A first page whose cursor ignores what was told before it was asked for is found."""
    lives = {"e": Life("e", 0, events=events((1.0, "low"), (2.0, "high")))}
    good = follow(None, [Loaded("a", 1.5, 1.6, "e", 1, True)], lives)
    assert good.complaints == []
    bad = follow(None, [Loaded("a", 1.5, 1.6, "e", 0, True)], lives)
    assert "told before it asked" in bad.complaints[0]


def test_a_closed_tab_ends_its_life() -> None:
    """From then on it can't be asked for more."""
    track = follow(Stretch("e", "a", 0), [Ended(3.0)], {"e": Life("e", 0)})
    assert track.stretches[0].end_s == 3.0


@pytest.mark.parametrize(
    ("away_s", "expected"),
    [(5.0, (True, True)), (10.0, (False, True)), (15.0, (False, False))],
)
def test_an_edge_is_remembered_for_catch_up(away_s: float, expected: tuple[bool, bool]) -> None:
    """Shorter away it must count, longer it must not; near the limit it may."""
    stretch = Stretch("e", "a", 0, gaps=[(0.9, 1.0 + away_s, 1.0 + away_s)])
    due = dues_of(stretch, events((1.02, "low")), {1: (1.0, 1.0)}, catch_up_s=10.0)[0]
    assert (due.must, due.may) == expected




# ---------------------------------------------------------------- the schedule


def test_a_seed_is_always_the_same() -> None:
    """So that it can be replayed."""
    assert make_round(3, 5, 16, 2, 5.0) == make_round(3, 5, 16, 2, 5.0)
    assert make_round(3, 5, 16, 2, 5.0) != make_round(4, 5, 16, 2, 5.0)
    assert make_config(3) == make_config(3)


def test_every_page_leads_on() -> None:
    """A display that got stuck would test nothing."""
    for seed in range(50):
        graph = make_graph(seed)
        seen, page = set(), "page0"
        while page not in seen:
            seen.add(page)
            page = next(iter(graph.events[page].values()))
        assert len(seen) == len(graph.events) - 1


def test_waves_rest_between_presses() -> None:
    """The level that must count is held for several debounces, and waves end at rest."""
    for seed in range(200):
        wave = make_wave(random.Random(seed), PINS[seed % len(PINS)], 0.0)
        assert not wave.steps[-1].active
        longest_s = max(step.pause_s for step in wave.steps)
        assert wave.kind == "glitch" or longest_s >= HELD * PINS[seed % len(PINS)].debounce_s


def test_no_press_is_drawn_near_to_the_hold_time() -> None:
    """Else nobody could say what it had to be; both kinds are drawn."""
    plays = Counter[str]()
    for seed in range(200):
        pin = PINS[-1]
        wave = make_wave(random.Random(seed), pin, 0.0)
        if wave.kind == "glitch":
            continue
        plays[wave.play] += 1
        length_s = sum(step.pause_s for step in wave.steps)
        bounces_s = 7 * pin.debounce_s * 0.2
        if wave.play == "tap":
            assert length_s <= pin.hold_s - HOLD_MARGIN_S + 2 * bounces_s
        else:
            assert length_s >= pin.hold_s + HOLD_MARGIN_S
    assert min(plays["tap"], plays["hold"]) > 50


def test_pins_differ() -> None:
    """Both pulls, two windows, also of those that are held."""
    for pins in (PINS, [pin for pin in PINS if "hold" in pin.plays]):
        assert {pin.rest for pin in pins} == {"low", "high"}
        assert len({pin.debounce_s for pin in pins}) == 2


def test_every_exhibit_has_every_kind_of_rule() -> None:
    """A press leads to a page that waits for its tap or hold; no level leads in a circle."""
    for seed in range(50):
        graph = make_graph(seed)
        assert graph.gesture_pins
        assert sum(map(len, graph.levels.values())) >= 2
        assert any(
            to != page and {what for pin, what in graph.events[to] if pin == pressed} & {"tap", "hold"}
            for page, rules in graph.events.items()
            for (pressed, what), to in rules.items()
            if what in ("low", "high")
        )


def test_the_oracle_imports_nothing_of_what_it_judges() -> None:
    """Else both could be wrong in the same way."""
    for file in (Path(__file__).parent / "oracle").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in getattr(node, "names", [])]
            names.append(getattr(node, "module", None) or "")
            assert not [name for name in names if name.startswith("gpiobridge")], file
