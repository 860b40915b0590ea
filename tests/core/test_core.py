"""The whole core: edges, readings and joins in, orders for the displays out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gpiobridge.core.core import Core
from gpiobridge.core.events import (
    Broadcast,
    CloseClients,
    Effect,
    Gesture,
    Level,
    Now,
    PinEvent,
    RawEdge,
)

LOW, HIGH = Level.LOW, Level.HIGH
EPOCH = "ab12"
PAGES = {
    "welcome": {("button", LOW): "open"},
    "open": {("button", LOW): "welcome"},
    "help": {("door", LOW): "open"},
}
UNIX_S = 1_800_000_000.0


def now(mono_s: float) -> Now:
    """Make a moment; the two clocks start together."""
    return Now(mono_s, UNIX_S + mono_s)


def started(simulated: bool = False) -> Core:
    """Make a core whose pins were first read HIGH at 0 s."""
    windows_s = {"button": 0.02, "door": 0.02}
    core = Core(EPOCH, windows_s, PAGES, catch_up_s=10.0, simulated=simulated)
    for pin in windows_s:
        core.reading(pin, HIGH, 0.0)
    return core


def tell(core: Core, now_s: float, known_s: float | None = None) -> list[Effect]:
    """Tell all that is known at a moment."""
    return core.tell(now(now_s), now_s if known_s is None else known_s, 1000)


def read(core: Core, pin: str, level: Level, now_s: float) -> list[Effect]:
    """Read a pin; return what follows."""
    core.reading(pin, level, now_s)
    return tell(core, now_s)


def press(core: Core, at_s: float, pin: str = "button") -> list[Effect]:
    """Press a pin for a tenth of a second; return what both edges had for effects."""
    effects: list[Effect] = []
    for level, edge_s in ((LOW, at_s), (HIGH, at_s + 0.1)):
        core.edge(RawEdge(pin, level, edge_s))
        effects += read(core, pin, level, edge_s + 0.02)
    return effects


def frames(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """Decode text frames."""
    return [json.loads(text) for text in texts]


def test_the_first_reading_is_never_an_edge() -> None:
    """A pin that is active at start moves no page."""
    core = Core(EPOCH, {"button": 0.02}, PAGES, catch_up_s=10.0, simulated=False)
    assert read(core, "button", LOW, 0.0) == []
    assert read(core, "button", LOW, 1.0) == []
    assert (core.levels, core.seq) == ({"button": LOW}, 0)


def test_every_display_hears_of_an_edge_before_those_that_leave_are_closed() -> None:
    """The fact comes first, then its broadcast, then a close for each page that it moves."""
    core = started()
    core.edge(RawEdge("button", LOW, 1.0))
    changed, broadcast, *closes = read(core, "button", LOW, 1.02)
    assert changed == PinEvent(1, "button", LOW, 1.0)
    assert isinstance(broadcast, Broadcast)
    assert closes == [
        CloseClients("welcome", "open", "button", 1, 1.0),
        CloseClients("open", "welcome", "button", 1, 1.0),
    ]


def test_an_edge_without_a_rule_is_only_broadcast() -> None:
    """A release that no page reacts to closes nothing, but a page can show it."""
    effects = press(started(), 1.0)
    assert [type(effect) for effect in effects[-2:]] == [PinEvent, Broadcast]


def test_the_sequence_rises_by_one_over_all_pins() -> None:
    """No event is merged or dropped on its way to the rules, whatever its pin."""
    core = started()
    effects = [*press(core, 1.0), *press(core, 2.0, "door"), *press(core, 3.0)]
    assert [e.seq for e in effects if isinstance(e, PinEvent)] == [1, 2, 3, 4, 5, 6]
    sent = [json.loads(e.text)["seq"] for e in effects if isinstance(e, Broadcast)]
    assert sent == [1, 2, 3, 4, 5, 6]
    assert core.cursor == f"{EPOCH}:6"


def test_an_edge_is_told_in_the_time_of_the_wall_clock() -> None:
    """``at`` is when the edge was, not when it settled or was sent."""
    core = started()
    core.edge(RawEdge("button", LOW, 1.0))
    broadcast = read(core, "button", LOW, 4.0)[1]
    assert isinstance(broadcast, Broadcast)
    assert json.loads(broadcast.text)["at"] == UNIX_S + 1.0


@pytest.mark.parametrize("simulated", [True, False])
def test_a_display_without_a_cursor_gets_the_state_only(simulated: bool) -> None:
    """The state holds every pin and the newest event; an earlier press moves nothing."""
    core = started(simulated)
    press(core, 1.0)
    welcome = core.join("welcome", (), now(1.2))
    assert welcome.to is None
    assert frames(welcome.texts) == [
        {
            "type": "state",
            "epoch": EPOCH,
            "seq": 2,
            "pins": {"button": "high", "door": "high"},
            "simulated": simulated,
        }
    ]


def test_a_missed_press_moves_a_display_that_joins() -> None:
    """It gets the state as of the event before, the edge, and where to go."""
    core = started()
    press(core, 1.0, "door")
    press(core, 2.0)
    welcome = core.join("welcome", (f"{EPOCH}:0",), now(3.0))
    state, edge = frames(welcome.texts)
    assert (state["type"], state["seq"]) == ("state", 2)
    assert state["pins"] == {"button": "high", "door": "high"}
    assert (edge["type"], edge["seq"], edge["at"]) == ("edge", 3, UNIX_S + 2.0)
    assert welcome.to == "open"


def test_each_missed_press_moves_a_display_exactly_once() -> None:
    """Two presses during a load lead over the first one's page to the second one's."""
    core = started()
    press(core, 1.0)
    press(core, 2.0)
    page, cursor = "welcome", f"{EPOCH}:0"
    went = []
    while (welcome := core.join(page, (cursor,), now(3.0))).to is not None:
        page = welcome.to
        cursor = f"{EPOCH}:{frames(welcome.texts)[-1]['seq']}"
        went.append(page)
    assert went == ["open", "welcome"]


@pytest.mark.parametrize(
    ("cursors", "moves"),
    [
        ((f"{EPOCH}:0",), True),
        ((f"{EPOCH}:1",), False),  # has acted on it
        ((f"{EPOCH}:1", f"{EPOCH}:0"), False),  # the tab's own cursor comes first
        (("ffff:1", f"{EPOCH}:0"), True),  # the tab's is of an earlier run
        (("ffff:0",), False),
        (("nonsense",), False),
    ],
)
def test_the_cursor_says_whether_a_press_still_counts(
    cursors: tuple[str, ...], moves: bool
) -> None:
    """Only a valid cursor before the press lets it move a page."""
    core = started()
    press(core, 1.0)
    assert (core.join("welcome", cursors, now(2.0)).to is not None) is moves


def test_a_press_older_than_the_catch_up_time_moves_nothing() -> None:
    """An old press doesn't jump a page: the display gets the newest state."""
    core = started()
    press(core, 1.0)
    welcome = core.join("welcome", (f"{EPOCH}:0",), now(11.5))
    assert welcome.to is None
    assert [frame["seq"] for frame in frames(welcome.texts)] == [2]


def test_a_pin_is_read_when_its_window_is_over() -> None:
    """The deadline is the earliest of all pins, and names those whose time has come."""
    core = started()
    assert core.deadline_s is None
    core.edge(RawEdge("door", LOW, 2.0))
    core.edge(RawEdge("button", LOW, 1.0))
    assert core.deadline_s == 1.02
    assert core.pins_to_read(1.01) == []
    assert core.pins_to_read(1.02) == ["button"]
    assert core.pins_to_read(2.02) == ["button", "door"]


GESTURE_PAGES = {
    "welcome": {("button", Gesture.TAP): "open", ("button", Gesture.HOLD): "help"},
    "open": {("button", LOW): "welcome"},
    "help": {("button", Gesture.HOLD): "open"},
}


def with_gestures() -> Core:
    """Make a core with a page for taps and one for holds."""
    core = Core(
        EPOCH,
        {"button": 0.02, "door": 0.02},
        GESTURE_PAGES,
        catch_up_s=10.0,
        simulated=False,
        holds_s={"button": (LOW, 2.0), "door": (LOW, 2.0)},
    )
    for pin in ("button", "door"):
        core.reading(pin, HIGH, 0.0)
    return core


def happened(effects: list[Effect]) -> list[tuple[int, str, str]]:
    """List the events among effects: number, pin and what."""
    return [(e.seq, e.pin, e.event) for e in effects if isinstance(e, PinEvent)]


def test_a_tap_follows_its_release() -> None:
    """The edge comes first, then the tap with the number of its press."""
    core = with_gestures()
    effects = press(core, 1.0)
    assert happened(effects) == [(1, "button", "low"), (2, "button", "high"), (3, "button", "tap")]
    texts = frames(tuple(e.text for e in effects if isinstance(e, Broadcast)))
    assert [frame.get("press") for frame in texts] == [None, None, 1]
    assert CloseClients("welcome", "open", "button", after=1, began_s=1.0) in effects


def test_a_hold_is_told_while_the_pin_is_pressed() -> None:
    """At its deadline, with the active level, and its release has no tap."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    read(core, "button", LOW, 1.02)
    assert core.deadline_s == pytest.approx(3.02)
    effects = tell(core, 3.03)
    assert happened(effects) == [(2, "button", "hold")]
    assert CloseClients("welcome", "help", "button", after=1, began_s=1.0) in effects
    core.edge(RawEdge("button", HIGH, 4.0))
    assert happened(read(core, "button", HIGH, 4.02)) == [(3, "button", "high")]


def test_a_hold_that_comes_late_is_told_before_its_release() -> None:
    """Events are in the order of their time, though all are handed in at once."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    core.edge(RawEdge("button", HIGH, 4.0))
    effects = read(core, "button", HIGH, 9.0)
    assert [what for _, _, what in happened(effects)] == ["low", "hold", "high"]


def test_pins_without_such_a_rule_have_edges_only() -> None:
    """Nobody asked whether the door was tapped."""
    effects = press(with_gestures(), 1.0, "door")
    assert [what for _, _, what in happened(effects)] == ["low", "high"]


def test_a_press_belongs_to_the_page_on_which_it_began() -> None:
    """A display that came with the press itself doesn't act on the hold it becomes."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    read(core, "button", LOW, 1.02)
    tell(core, 3.03)
    assert core.join("help", [f"{EPOCH}:1"], now(3.1)).to is None
    assert core.join("help", [f"{EPOCH}:0"], now(3.1)).to == "open"


def test_a_press_stays_with_its_page_over_a_lost_connection() -> None:
    """A page that has seen the press begin, and got a new socket since, acts on the hold, once."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    read(core, "button", LOW, 1.02)
    welcome = core.join("welcome", [f"{EPOCH}:1"], now(2.0), since=f"{EPOCH}:0")
    # So the hold, when it is told, moves it.
    assert (welcome.standing.since_seq, welcome.to) == (0, None)
    tell(core, 3.03)
    assert core.join("welcome", [f"{EPOCH}:1"], now(3.1), since=f"{EPOCH}:0").to == "help"
    assert core.join("welcome", [f"{EPOCH}:2"], now(3.1), since=f"{EPOCH}:0").to is None


@pytest.mark.parametrize("since", ["", "nonsense", "feed:0", f"{EPOCH}:1", f"{EPOCH}:99"])
def test_a_page_that_began_behind_the_press_ignores_its_hold(since: str) -> None:
    """So does one that doesn't say when it began: then its cursor is all that is known."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    read(core, "button", LOW, 1.02)
    tell(core, 3.03)
    assert core.join("welcome", [f"{EPOCH}:1"], now(3.1), since=since).to is None


def test_a_welcome_says_what_is_behind_the_display() -> None:
    """Its own cursor, or all there is so far; never more than there is."""
    core = with_gestures()
    press(core, 1.0)
    assert core.join("open", [f"{EPOCH}:2"], now(1.2)).standing.since_seq == 2
    for cursors in ([], ["feed:1"], [f"{EPOCH}:99"]):
        assert core.join("open", cursors, now(1.2)).standing.since_seq == 3


def test_a_level_leads_away_at_load() -> None:
    """A door that is open at the start moves the page that loads; its state comes first."""
    levels = {"welcome": {("door", LOW): "help"}}
    core = Core(EPOCH, {"door": 0.02}, PAGES, catch_up_s=10.0, simulated=False, while_rules=levels)
    read(core, "door", LOW, 0.0)
    welcome = core.join("welcome", [], now(1.0))
    assert ([frame["type"] for frame in frames(welcome.texts)], welcome.to) == (["state"], "help")
    assert core.join("open", [], now(1.0)).to is None


def test_pins_are_read_in_the_order_of_their_deadlines() -> None:
    """When the watcher is late, presses of two pins are still numbered in their order."""
    core = started()
    core.edge(RawEdge("door", LOW, 1.0))
    core.edge(RawEdge("button", LOW, 1.01))
    assert core.pins_to_read(1.1) == ["door", "button"]


# ---------------------------------------------------------------- pages that take no presses now

DOOR = {"welcome": {("button", LOW): "open", ("door", LOW): "help"}}


def with_door() -> Core:
    """Make a core with a page that a level of the door leads away from."""
    core = Core(
        EPOCH,
        {"button": 0.02, "door": 0.02},
        DOOR,
        catch_up_s=10.0,
        simulated=False,
        while_rules={"welcome": {("door", LOW): "help"}},
    )
    for pin in ("button", "door"):
        core.reading(pin, HIGH, 0.0)
    return core


def read_low(core: Core, pin: str, at_s: float) -> None:
    """Let a pin go LOW, and tell it."""
    core.edge(RawEdge(pin, LOW, at_s))
    read(core, pin, LOW, at_s + 0.02)


def test_a_page_that_takes_no_presses_is_told_the_state_only() -> None:
    """Nothing is caught up with, and what was pressed is behind it (row 1)."""
    core = with_door()
    press(core, 1.0)
    read_low(core, "door", 2.0)
    welcome = core.join("welcome", [f"{EPOCH}:0"], now(3.0), taking_since_s=None)
    assert ([frame["seq"] for frame in frames(welcome.texts)], welcome.to) == ([3], None)


def test_a_page_catches_up_only_with_presses_since_it_takes_them() -> None:
    """The first one that began then moves it, not the one before (row 1)."""
    core = with_door()
    press(core, 1.0)
    press(core, 2.0)
    welcome = core.join("welcome", [f"{EPOCH}:0"], now(3.0), taking_since_s=1.5)
    assert ([frame["seq"] for frame in frames(welcome.texts)], welcome.to) == ([2, 3], "open")


def test_a_page_that_takes_presses_again_is_looked_at_again() -> None:
    """A press since then moves it, with its frame; else a level; else nothing (row 2)."""
    core = with_door()
    standing = core.join("welcome", (), now(0.5), taking_since_s=None).standing
    press(core, 1.0)

    def look(since_s: float) -> tuple[list[int], str | None]:
        welcome = core.look_again(replace(standing, taking_since_s=since_s), now(3.0))
        return [frame["seq"] for frame in frames(welcome.texts)], welcome.to

    assert look(0.9) == ([1], "open")
    assert look(2.0) == ([], None)
    read_low(core, "door", 2.5)
    assert look(2.8) == ([], "help")  # a level counts whenever it began


def test_a_level_that_was_declined_counts_again_when_its_pin_has_changed() -> None:
    """It is not asked for again and again (row 2)."""
    core = with_door()
    read_low(core, "door", 1.0)
    declined = {("door", LOW)}
    welcome = core.join("welcome", [f"{EPOCH}:1"], now(2.0), declined=declined)
    assert welcome.to is None
    assert core.look_again(welcome.standing, now(2.1)).to is None
    core.edge(RawEdge("door", HIGH, 3.0))
    read_low(core, "door", 4.0)
    assert core.look_again(welcome.standing, now(4.1)).to == "help"
    # A display that comes back having missed both changes is asked, too.
    assert core.join("welcome", [f"{EPOCH}:1"], now(5.0), declined=declined).to == "help"
    assert core.join("welcome", [f"{EPOCH}:3"], now(5.0), declined=declined).to is None


def test_a_rule_by_level_has_no_beginning() -> None:
    """Whoever takes presses leaves by it, also if it began in a lockout (row 2)."""
    core = with_door()
    core.edge(RawEdge("door", LOW, 1.0))
    assert read(core, "door", LOW, 1.02)[-1] == CloseClients("welcome", "help", "door", 1, None)


def test_a_hold_says_when_its_press_began() -> None:
    """So that one that began in a lockout doesn't count after it (row 4)."""
    core = with_gestures()
    core.edge(RawEdge("button", LOW, 1.0))
    read(core, "button", LOW, 1.02)
    assert CloseClients("welcome", "help", "button", 1, began_s=1.0) in tell(core, 3.03)
