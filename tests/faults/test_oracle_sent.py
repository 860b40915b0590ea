"""The oracle knows what the application sends, in which order events settle, what a request is."""

from math import inf

import pytest

from faults.graph import Graph
from faults.oracle.edges import candidates, match_pin
from faults.oracle.facts import Drive, Event, Life, Message, Move
from faults.oracle.gestures import Limits, match_gestures, presses_of
from faults.oracle.life import Socket, Stretch, follow
from faults.oracle.messages import judge_messages
from faults.oracle.numbers import disorder, pairs, settled
from faults.oracle.orders import sent_by, swallowed
from faults.oracle.pages import walk
from faults.oracle.steps import steps_of
from faults.records import Got, Joined, Left, Record, Stayed

# ---------------------------------------------------------------- orders

ORDER = Move(1, "b", "a", None, 2.0, 2.2, True)
STILL = Graph({"a": {}, "b": {}}, {})
HERE = Joined("a", 1.0, 1.1, "e", 0, "a")
SENT = Left("a", "b", 2.1, 0, pressed=False)


def lived(*records: Record) -> Stretch:
    """A display's stretch, by its own notes."""
    return follow(Stretch("e", "a", 0), records, {"e": Life("e", 0)}).stretches[0]


def is_well(stretch: Stretch, *orders: Move) -> bool:
    """Whether a display went where these orders sent it."""
    sent = sent_by(stretch, "display-1", orders)
    steps = steps_of(STILL, stretch, [], {}, {}, 10.0, sent)
    well = walk(STILL, stretch, steps, len(steps)).well
    return well and not list(swallowed(stretch, "display-1", orders))


@pytest.mark.parametrize(
    ("records", "well"),
    [
        ([HERE, SENT], True),
        ([HERE, Got(2, 2.1, 0)], False),  # it was there, and got what was sent behind the order
        ([HERE], True),  # nothing has come yet: who knows
        ([Joined("a", 2.1, 2.2, "e", 0, "a"), Got(2, 2.3, 0)], True),  # it came too late
        ([HERE, Left("a", "b", 1.5, 0, pressed=False)], False),  # before it
        ([Joined("a", 2.3, 2.4, "e", 0, "a"), SENT], False),  # it was over by then
        ([HERE, Got(2, 2.05, 0), SENT], False),
        ([HERE, Left("a", "b", 2.1, 0, pressed=True)], False),  # that was said to be a press
    ],
)
def test_an_order_moves_who_is_there(records: list[Record], well: bool) -> None:
    """Once, and nobody else."""
    assert is_well(lived(*records), ORDER) is well


def test_an_order_moves_a_display_once() -> None:
    """A second move has no cause."""
    again: list[Record] = [Joined("a", 2.1, 2.2, "e", 0, "a"), Left("b", "b", 2.3, 0, False)]
    assert not is_well(lived(HERE, SENT, *again), ORDER)


@pytest.mark.parametrize(
    ("page", "display", "expected"),
    [
        (None, None, True),
        ("a", None, True),
        ("b", None, False),
        (None, "display-1", True),
        ("a", "display-2", False),
    ],
)
def test_an_order_is_for_some(page: str | None, display: str | None, expected: bool) -> None:
    """By page, by name; never for who is there already."""
    assert Move(1, "c", page, display, 0.0, 0.0, True).is_for("display-1", "a") is expected
    assert not Move(1, "a", page, display, 0.0, 0.0, True).is_for("display-1", "a")


def test_an_order_in_a_farewell_changes_where_it_leads() -> None:
    """The socket is still that of the page that is left."""
    farewell = Joined("x", 1.6, 1.7, "e", 0, "a", takes=False, leaving=True)
    graph = Graph({"a": {("p", "low"): "x"}, "x": {}, "b": {}}, {})
    stretch = lived(HERE, Left("a", "x", 1.5, 1), farewell, Left("x", "b", 2.1, 1, False))
    sent = sent_by(stretch, "display-1", [ORDER])
    event = Event(1, "p", "low", 1.5)
    steps = steps_of(graph, stretch, [event], {1: (1.4, 1.5)}, {}, 10.0, sent)
    assert walk(graph, stretch, steps, len(steps)).well


def test_what_was_declined_may_have_been_an_order() -> None:
    """The page took it for a level that leads to the same page."""
    stretch = lived(HERE, Stayed("a", "b", 2.1, 0, False, False, declined=True))
    assert sent_by(stretch, "display-1", [ORDER])[0].declined


# ---------------------------------------------------------------- messages


def message(number: int, sent_s: float, seen_s: float = inf, retain: str | None = None) -> Message:
    """A message that was accepted."""
    return Message(number, retain, sent_s, seen_s, True)


@pytest.mark.parametrize(
    ("got", "finding"),
    [
        ([3, 4, 5], None),
        ([3, 4], None),  # the rest is still to come
        ([3, 5], "lost"),
        ([3, 4, 4], "phantom"),
        ([4, 3], "phantom"),
        ([1, 3], "phantom"),  # it was past, and kept under no key
        ([2, 3], None),
        ([], None),
    ],
)
def test_messages_come_once_and_in_order(got: list[int], finding: str | None) -> None:
    """To whoever was there; before that, the newest under each key."""
    messages = [
        message(1, 0.5, 0.6),
        message(2, 0.9, 0.99999, "news"),
        *(message(number, 2.0 + number, 2.1 + number) for number in (3, 4, 5)),
    ]
    socket = Socket("a", 0.95, 1.1, got=[(number, 0) for number in got])
    findings = [kind for kind, _ in judge_messages(socket, messages, [])]
    assert findings[:1] == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("got", "finding"), [([2, 5], None), ([5], "lost"), ([1, 2, 5], "phantom"), ([], None)]
)
def test_the_newest_message_under_a_key_is_kept(got: list[int], finding: str | None) -> None:
    """It comes when the display joins; an older one doesn't."""
    messages = [message(1, 0.1, 0.2, "news"), message(2, 0.3, 0.4, "news"), message(5, 2.0, 2.1)]
    socket = Socket("a", 1.0, 1.1, got=[(number, 0) for number in got])
    findings = [kind for kind, _ in judge_messages(socket, messages, [])]
    assert findings == ([finding] if finding else [])


def test_an_edge_does_not_wait_for_a_message() -> None:
    """What was told to the witness before a message was sent, comes before it."""
    event = Event(7, "p", "low", 1.9)
    for seq, lost in ((7, []), (6, ["lost"])):
        socket = Socket("a", 1.0, 1.1, got=[(3, seq)])
        found = judge_messages(socket, [message(3, 2.0, 2.1)], [event])
        assert [kind for kind, _ in found] == lost


# ---------------------------------------------------------------- numbers

DEBOUNCES_S = {"slow": 0.02, "fast": 0.015}


@pytest.mark.parametrize(
    ("slow_s", "fast_s", "wrong"),
    [(1.0, 1.01, False), (1.01, 1.0, True), (1.003, 1.004, False), (1.0, 1.0055, False)],
)
def test_events_are_numbered_as_they_settle(slow_s: float, fast_s: float, wrong: bool) -> None:
    """By stamp and debounce, over all pins; within what is known."""
    events = [Event(1, "slow", "low", 2.0), Event(2, "fast", "low", 2.0)]
    made_s = {1: (slow_s, slow_s + 0.002), 2: (fast_s, fast_s + 0.002)}
    found = settled(events, made_s, DEBOUNCES_S)
    surely = slow_s + 0.02 > fast_s + 0.017
    assert bool(list(disorder(found))) is (wrong or surely)


def test_pairs_that_were_held_up_are_counted() -> None:
    """Both were told late, and it is sure which was first."""
    made_s = {1: (1.0, 1.001), 2: (1.01, 1.011)}
    for seen_s, count in ((2.0, 1), (1.03, 0)):
        events = [Event(1, "slow", "low", seen_s), Event(2, "fast", "low", seen_s)]
        assert pairs(settled(events, made_s, DEBOUNCES_S)) == count


# ---------------------------------------------------------------- edges of a stall


def test_a_press_of_one_request_has_an_exact_length() -> None:
    """However long the request took: it is an edge and a tap, surely."""
    drives = [Drive("low", 1.0, 3.0), Drive("high", 1.15, 3.15, tied_s=0.15)]
    found = candidates("hook", drives, 0.02, 10.0, 10.0)
    assert [candidate.sure for candidate in found] == [True, True]
    edges = [Event(1, "hook", "low", 3.1), Event(2, "hook", "high", 3.2)]
    by_event = match_pin("hook", "high", found, edges, 0.02).by_event
    presses = presses_of("high", edges, by_event)
    limits = Limits(0.02, 0.4, 10.0, 10.0)
    for what, well in (("tap", True), ("hold", False)):
        told = [Event(3, "hook", what, 3.2, 1)]
        assert match_gestures("hook", presses, told, limits).verdict.well is well


def test_an_event_that_may_be_one_of_several_levels_is_any_of_them() -> None:
    """Told late, a short pulse and the press behind it look the same."""
    drives = [Drive("low", 1.0, 1.01), Drive("high", 1.025, 1.04), Drive("low", 1.1, 1.101)]
    found = candidates("p", drives, 0.02, 10.0, 10.0)
    assert [candidate.sure for candidate in found] == [False, True, True]
    [event] = match_pin("p", "high", found, [Event(1, "p", "low", 2.0)], 0.02).by_event
    assert (event.from_s, event.to_s, event.sure) == (1.1, 1.101, True)
    drives[1] = Drive("high", 1.025, 1.095)
    found = candidates("p", drives, 0.02, 10.0, 10.0)
    [event] = match_pin("p", "high", found, [Event(1, "p", "low", 2.0)], 0.02).by_event
    assert (event.from_s, event.to_s) == (1.0, 1.101)
