"""The oracle is right: tables of waveforms and lives, with what must be found in them."""

import ast
import random
from collections import Counter
from pathlib import Path

import pytest

from faults.graph import PINS, Graph, make_config, make_graph
from faults.oracle.edges import Candidate, candidates, match_pin
from faults.oracle.facts import Drive, Event, Life, Verdict
from faults.oracle.gestures import (
    Limits,
    Pressed,
    match_gestures,
    number_unseen,
    presses_of,
    unseen_of,
)
from faults.oracle.life import Landing, Reload, Stretch, follow
from faults.oracle.pages import fewest_errors, walk
from faults.oracle.pauses import Fate
from faults.oracle.steps import Due, dues_of, levels_after, steps_of
from faults.records import Ended, Joined, Left, Loaded, Lost, Record
from faults.report import Kept
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


# ---------------------------------------------------------------- taps and holds

HOLD_S = 0.4


def limits(until_s: float = 10.0) -> Limits:
    """What the presses of these tests are judged by."""
    return Limits(DEBOUNCE_S, HOLD_S, until_s, until_s)


def pressed(length_s: float | None, slow_s: float = 0.0) -> list[Pressed]:
    """A press from 1.0 on: its edges are the events 1 and 3.

    Args:
        length_s: how long it lasts, in seconds; None if it isn't released.
        slow_s: how long the request took that released it.
    """
    steps = [Drive("low", 1.0, 1.001)]
    seen_s = [1.03]
    if length_s is not None:
        steps.append(Drive("high", 1.0 + length_s, 1.001 + length_s + slow_s))
        seen_s.append(1.03 + length_s + slow_s)
    held = [Candidate("button", d.level, d.sent_s, d.acked_s or 0.0, True) for d in steps]
    edges = [Event(2 * at + 1, "button", d.level, seen_s[at]) for at, d in enumerate(steps)]
    return presses_of("high", edges, held)


def tap(seq: int = 4, seen_s: float = 1.13, press: int = 1) -> Event:
    """A tap as the witness is told of it."""
    return Event(seq, "button", "tap", seen_s, press)


def hold(seq: int = 2, seen_s: float = 1.43, press: int = 1) -> Event:
    """A hold as the witness is told of it."""
    return Event(seq, "button", "hold", seen_s, press)


@pytest.mark.parametrize(
    ("length_s", "told", "lost", "phantom"),
    [
        (0.1, [tap()], {}, {}),
        (0.1, [], {"tap": 1}, {}),
        (0.1, [hold()], {"tap": 1}, {"hold": 1}),
        (0.1, [tap(), tap(5)], {}, {"tap": 1}),
        (0.1, [tap(2)], {"tap": 1}, {"tap": 1}),  # before its release
        (0.1, [tap(seen_s=9.0)], {"tap": 1}, {"tap": 1}),  # that is another one
        (0.1, [tap(press=3)], {"tap": 1}, {"tap": 1}),  # of a press that is none
        (0.6, [hold()], {}, {}),
        (0.6, [], {"hold": 1}, {}),
        (0.6, [tap(seen_s=1.63)], {"hold": 1}, {"tap": 1}),
        (0.6, [hold(), tap(seen_s=1.63)], {}, {"tap": 1}),
        (0.6, [hold(4, seen_s=1.64)], {"hold": 1}, {"hold": 1}),  # behind its release
        (0.6, [hold(seen_s=1.2)], {"hold": 1}, {"hold": 1}),  # before it was one
        (None, [hold()], {}, {}),  # still pressed
        (None, [], {"hold": 1}, {}),
    ],
)
def test_each_press_is_told_to_be_a_tap_or_a_hold_once(
    length_s: float | None, told: list[Event], lost: dict[str, int], phantom: dict[str, int]
) -> None:
    """By its length; a tap behind the release, a hold before it."""
    verdict = match_gestures("button", pressed(length_s), told, limits()).verdict
    assert (+verdict.lost, +verdict.phantom) == (lost, phantom)
    assert verdict.well == (not lost and not phantom)
    assert verdict.unsure == 0


@pytest.mark.parametrize("told", [[tap(seen_s=1.43)], [hold()]])
def test_a_press_whose_length_is_not_known_exactly_is_unsure(told: list[Event]) -> None:
    """A release that took long leaves open what it was; but it was something."""
    press = pressed(0.37, slow_s=0.1)
    verdict = match_gestures("button", press, told, limits()).verdict
    assert (verdict.well, verdict.unsure) == (True, 1)
    assert not match_gestures("button", press, [], limits()).verdict.well


def test_what_is_clear_as_the_server_ends_may_be_told_or_not() -> None:
    """A tap whose release was told, a hold that was due."""
    for press, until_s in ((pressed(0.1), 1.11), (pressed(None), 1.41)):
        match = match_gestures("button", press, [], limits(until_s))
        assert match.verdict.well
        assert match.open == press[0]


def test_taps_are_told_only_of_pins_that_a_rule_names() -> None:
    """On any other pin one is a phantom, and none is lost."""
    assert match_gestures("button", pressed(0.1), [], None).verdict.well
    assert match_gestures("button", pressed(0.1), [tap()], None).verdict.phantom["tap"] == 1


def test_a_tap_or_hold_happens_when_it_is_clear() -> None:
    """From then on it is remembered for those who are away."""
    match = match_gestures("button", pressed(0.1), [tap()], limits())
    assert match.made_s[4] == pytest.approx((1.1, 1.101))
    match = match_gestures("button", pressed(0.6), [hold()], limits())
    assert match.made_s[2] == pytest.approx((1.4, 1.401))


def test_a_killed_server_may_have_told_more_than_the_witness_saw() -> None:
    """The release, and with it the tap of a press that was seen; in the order of their times."""
    release = Candidate("button", "high", 1.1, 1.1, False)
    again = Candidate("button", "low", 1.2, 1.2, False)
    unseen = unseen_of("button", "high", pressed(None)[0], [release, again, release], limits(1.3))
    unseen += unseen_of("other", "high", None, [Candidate("other", "low", 1.0, 1.0, False)], None)
    first, *rest = number_unseen(unseen)
    assert (first.pin, first.what) == ("other", "low")
    assert sorted(event.what for event in rest) == ["high", "high", "low", "tap", "tap"]
    presses = {event.press for event in rest if event.what == "tap"}
    assert presses == {1, next(event.seq for event in rest if event.what == "low")}


TAP, HOLD = ("button", "tap"), ("button", "hold")
GESTURE_RULES = Graph({"a": {LOW: "b"}, "b": {TAP: "c", HOLD: "a"}, "c": {HOLD: "b"}}, {})


@pytest.mark.parametrize(
    ("page", "moves", "lost", "phantom"),
    [
        ("a", ["b"], {}, {}),  # the press that led there is no tap there
        ("a", ["b", "c"], {}, {"tap": 1}),
        ("b", ["c"], {}, {}),
        ("b", [], {"tap": 1}, {}),
        ("c", [], {}, {}),
        ("c", ["b"], {}, {"edge": 1}),
    ],
)
def test_a_tap_counts_only_on_the_page_on_which_its_press_began(
    page: str, moves: list[str], lost: dict[str, int], phantom: dict[str, int]
) -> None:
    """The edge leads from a to b, where the tap that follows comes to nothing."""
    steps = [*dues("low", "high"), Due(tap(3))]
    causes = [1, 3] if page == "a" else [3]
    if phantom == {"edge": 1}:
        causes = [2]
    verdict = walk(GESTURE_RULES, Stretch("e", page, 0, moves, causes), steps, 3)
    assert (+verdict.lost, +verdict.phantom) == (lost, phantom)


def test_a_press_stays_with_its_page_while_it_has_no_socket() -> None:
    """A hold counts though the page was away in the middle of it, and has seen the press begin."""
    stretch = follow(
        Stretch("e", "b", 0),
        [Lost(1.2, 1.1), Joined("b", 1.25, 1.3, "e", 1), Left("b", "a", 1.44, 2)],
        {"e": Life("e", 0)},
    ).stretches[0]
    told = [*events((1.02, "low")), hold()]
    made_s = {1: (1.0, 1.001), 2: (1.4, 1.401)}
    steps = steps_of(GESTURE_RULES, stretch, told, made_s, RESTS, 10.0)
    assert walk(GESTURE_RULES, stretch, steps, len(steps)).well
    stretch.moves.clear()
    assert walk(GESTURE_RULES, stretch, steps, len(steps)).lost == {"hold": 1}


@pytest.mark.parametrize(
    ("asked_s", "must"),
    [(1.2, False), (0.9, True), (5.0, True)],  # in the press, before it, long behind the hold
)
def test_a_press_during_which_the_page_is_reloaded_may_count(asked_s: float, must: bool) -> None:
    """The new page's cursor may be behind the press, or not."""
    stretch = Stretch("e", "b", 0, reloads=[Reload(0, asked_s - 0.1, asked_s)])
    due = dues_of(stretch, [hold()], {1: (1.0, 1.001), 2: (1.4, 1.4)}, catch_up_s=10.0)[0]
    assert due.fate(GESTURE_RULES, "b", 0) is (Fate.COUNTS if must else Fate.OPEN)
    assert due.fate(GESTURE_RULES, "b", 1) is Fate.COUNTS


def test_a_page_that_is_loaded_twice_is_a_reload() -> None:
    """The page that follows a move is none, nor is the first one of a new server."""
    track = follow(
        Stretch("e", "a", 0),
        [
            Left("a", "b", 1.0, 1),
            Loaded("b", 1.1, 1.2, "e", 1, False),
            Joined("b", 1.2, 1.3, "e", 1),
            Lost(2.0, 1.9),
            Loaded("b", 2.1, 2.2, "e", 1, False),
            Joined("b", 2.2, 2.3, "e", 1),
        ],
        {"e": Life("e", 0)},
    )
    assert track.stretches[0].reloads == [Reload(1, 1.9, 2.1)]


# ---------------------------------------------------------------- levels

RESTS = {"button": "high", "door": "high"}
OPEN, SHUT = ("door", "low"), ("door", "high")
LEVELS = {"a": {OPEN: "b"}, "b": {SHUT: "a"}, "c": {}}
LEVEL_RULES = Graph({"a": {OPEN: "b", LOW: "c"}, "b": {SHUT: "a"}, "c": {LOW: "a"}}, LEVELS)


def door(*steps: tuple[float, str]) -> list[Event]:
    """Edges of the door, numbered from 1."""
    return [Event(at + 1, "door", level, seen_s) for at, (seen_s, level) in enumerate(steps)]


def judged(stretch: Stretch, told: list[Event], free_from: int | None = None) -> Verdict:
    """What is found of a display among these events, each seen when it happened."""
    made_s = {event.seq: (event.seen_s, event.seen_s) for event in told}
    steps = steps_of(LEVEL_RULES, stretch, told, made_s, RESTS, 10.0)
    return walk(LEVEL_RULES, stretch, steps, len(steps) if free_from is None else free_from)


def test_levels_are_those_of_the_last_edges() -> None:
    """A tap is no level, and what comes later doesn't count yet."""
    told = [*door((1.0, "low")), tap(2), Event(3, "door", "high", 2.0)]
    assert levels_after(RESTS, told, 2) == {"button": "high", "door": "low"}
    assert levels_after(RESTS, told, 3) == RESTS


@pytest.mark.parametrize(("moves", "lost"), [(["a", "b"], {}), (["a"], {"level": 1})])
def test_a_level_leads_away_at_load(moves: list[str], lost: dict[str, int]) -> None:
    """The door is open before the display comes to a; there it must go on to b at once."""
    told = [*door((1.0, "low")), Event(2, "button", "low", 2.0)]
    landings = [Landing(2, 2.1, 2.2, place=1)]
    verdict = judged(Stretch("e", "c", 1, moves, [2, 2], landings), told)
    assert (+verdict.lost, +verdict.phantom) == (lost, {})
    assert verdict.made["level"] == len(moves) - 1


def test_a_level_that_was_over_at_load_leads_nowhere() -> None:
    """Neither does one that comes later: that is an edge, and moves by itself."""
    told = door((1.0, "low"), (1.5, "high"), (3.0, "low"))
    shut = [Landing(2, 2.1, 2.2)]
    assert judged(Stretch("e", "a", 0, ["b", "a", "b"], [1, 2, 3]), told).well
    assert judged(Stretch("e", "a", 2, ["b"], [3], shut), told).well
    assert judged(Stretch("e", "a", 2, ["b"], [2], shut), told[:2]).phantom == {"level": 1}


def test_levels_lead_on_and_on() -> None:
    """Each page is loaded and left at once, and all that was told is past."""
    graph = Graph({"a": {}, "b": {}, "c": {}}, {"a": {OPEN: "b"}, "b": {OPEN: "c"}, "c": {}})
    landings = [Landing(1, 2.0 + place, 2.1 + place, place=place) for place in range(3)]
    for moves, well in ((["b", "c"], True), (["b"], False), ([], False)):
        stretch = Stretch("e", "a", 1, moves, [1, 1], landings)
        told = door((1.0, "low"))
        steps = steps_of(graph, stretch, told, {1: (1.0, 1.0)}, RESTS, 10.0)
        assert walk(graph, stretch, steps, len(steps)).well is well


def test_a_press_that_is_caught_up_comes_before_the_level() -> None:
    """Its edge was told before the display joined: the first frame's number is the one before."""
    told = [*door((1.0, "low")), Event(2, "button", "low", 2.0)]
    late, early = Landing(1, 2.5, 2.6), Landing(1, 1.8, 1.9)
    for landing, moves, well in (
        (late, ["c"], True),
        (late, ["b"], False),
        (early, ["b"], True),
        (early, ["c"], False),
        (Landing(1, 1.9, 2.1), ["b"], True),  # it can't be known which was first
        (Landing(1, 1.9, 2.1), ["c"], True),
    ):
        causes = [1 if moves == ["b"] else 2]
        assert judged(Stretch("e", "a", 1, moves, causes, [landing]), told).well is well


def test_a_display_that_is_lost_again_has_not_seen_the_level() -> None:
    """The next time it joins, the levels are those of then."""
    records: list[Record] = [Joined("a", 1.1, 1.2, "e", 1), Lost(1.3, 1.2)]
    told = door((1.0, "low"), (2.0, "high"))
    lost = follow(Stretch("e", "a", 1), records, {"e": Life("e", 0)}).stretches[0]
    assert judged(lost, told).well
    records += [Joined("a", 2.1, 2.2, "e", 2)]
    back = follow(Stretch("e", "a", 1), records, {"e": Life("e", 0)}).stretches[0]
    assert judged(back, told).well
    back.moves, back.causes = ["b"], [2]
    assert not judged(back, told).well


def test_a_tap_that_began_before_a_level_led_on_is_past() -> None:
    """All told so far is, on the page to which a level leads."""
    graph = Graph({"a": {}, "b": {TAP: "c"}, "c": {}}, {"a": {OPEN: "b"}, "b": {}, "c": {}})
    told = [
        *door((1.0, "low")),
        *(Event(2 + at, "button", level, 2.0 + at) for at, level in enumerate(("low", "high"))),
        tap(4, press=2, seen_s=3.0),
    ]
    for seq, moves in ((1, ["b", "c"]), (2, ["b"])):
        stretch = Stretch("e", "a", 1, moves, [seq, 4], [Landing(seq, 2.5, 2.6)])
        made_s = {event.seq: (event.seen_s + 1.0, event.seen_s + 1.0) for event in told}
        steps = steps_of(graph, stretch, told, made_s, RESTS, 10.0)
        assert walk(graph, stretch, steps, len(steps)).well is (seq == 2), moves


def test_a_level_whose_close_may_not_have_come_is_unsure() -> None:
    """The server was killed just then."""
    stretch = Stretch("e", "a", 1, landings=[Landing(1, 2.0, 2.1)], live_from_s=2.1)
    steps = steps_of(LEVEL_RULES, stretch, door((1.0, "low")), {1: (1.0, 1.0)}, RESTS, 10.0)
    assert [step.told(stretch, until_s) for step in steps for until_s in (2.5, 3.2)] == [
        False,
        True,
    ]
    assert judged(stretch, door((1.0, "low")), free_from=0).unsure == 1
    assert not judged(stretch, door((1.0, "low")), free_from=1).well


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
        pin = next(pin for pin in PINS if pin.name == "lever")
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
            to != page
            and {what for pin, what in graph.events[to] if pin == pressed} & {"tap", "hold"}
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


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was found before is still counted."""
    kept = Kept(tmp_path / "kept.json")
    report = kept.of(3)
    report.rounds, report.presses["clean"], report.agreed_s["others"] = 2, 7, 0.5
    report.verdict.lost["tap"] += 1
    report.verdict.complaints.append("lost")
    kept.save()
    again = Kept(tmp_path / "kept.json").of(3)
    assert (again.rounds, again.counted, again.well) == (2, 7, False)
    assert str(again) == str(report)
    assert Kept(None).of(3).well
