"""The oracle knows when a page takes presses: what is used up, what counts, what both may."""

from math import inf

import pytest

from faults.graph import Graph, make_graph
from faults.oracle.facts import Event, Life, Verdict
from faults.oracle.life import Landing, Stretch, follow
from faults.oracle.pages import walk
from faults.oracle.pauses import Fate, Pause
from faults.oracle.steps import steps_of
from faults.records import Joined, Known, Left, Loaded, Lost, Record, Said, Stayed, Stopped, Took

LOW, TAP = ("button", "low"), ("button", "tap")
OPEN = ("door", "low")
RULES = Graph({"a": {LOW: "b", OPEN: "c"}, "b": {TAP: "a"}, "c": {}}, {"a": {OPEN: "c"}})
RESTS = {"button": "high", "door": "high"}
LIVES = {"e": Life("e", 0)}


def pressed(seq: int, at_s: float) -> Event:
    """A press of the button, as the witness was told of it."""
    return Event(seq, "button", "low", at_s + 0.02)


def opened(seq: int, at_s: float) -> Event:
    """The door opens."""
    return Event(seq, "door", "low", at_s + 0.02)


def judged(stretch: Stretch, *events: Event) -> Verdict:
    """What is found of a display among these events."""
    made_s = {event.seq: (event.seen_s - 0.02, event.seen_s - 0.019) for event in events}
    steps = steps_of(RULES, stretch, events, made_s, RESTS, 10.0)
    return walk(RULES, stretch, steps, len(steps))


def lived(*records: Record) -> Stretch:
    """A display's stretch on page a, by its own notes."""
    return follow(Stretch("e", "a", 0), records, LIVES).stretches[0]


# ---------------------------------------------------------------- a pause

FILM = Pause(1, from_s=2.0, known_s=2.1, acted=4, to_s=3.0, counts_s=3.1, told=9, end=2)


@pytest.mark.parametrize(
    ("seq", "began_s", "clear_s", "expected"),
    [
        (4, 1.5, 1.5, Fate.COUNTS),  # the page had acted on it
        (5, 1.9, 1.9, Fate.OPEN),  # it may have crossed with the page's word
        (5, 2.05, 2.05, Fate.OPEN),
        (5, 2.2, 2.2, Fate.USED_UP),
        (5, 1.5, 2.2, Fate.USED_UP),  # a tap of a press that began before
        (5, 2.9, 3.5, Fate.USED_UP),  # a hold whose press began in it
        (5, 3.05, 3.05, Fate.OPEN),  # the word that it is over was on its way
        (5, 3.2, 3.2, Fate.COUNTS),
    ],
)
def test_a_press_belongs_to_the_moment_in_which_it_began(
    seq: int, began_s: float, clear_s: float, expected: Fate
) -> None:
    """Before a film, in it, or behind it; near to its ends both is right."""
    event = Event(seq, "button", "low", clear_s)
    assert FILM.fate(event, (began_s, began_s), clear_s, by_level=False) is expected


@pytest.mark.parametrize(
    ("seq", "began_s", "seen_s", "expected"),
    [
        (5, 2.4, 2.5, Fate.USED_UP),
        (9, 3.2, 3.3, Fate.OPEN),
        (10, 2.9, 3.3, Fate.OPEN),
        (10, 3.2, 3.3, Fate.COUNTS),
    ],
)
def test_a_level_needs_only_that_presses_count_when_it_settles(
    seq: int, began_s: float, seen_s: float, expected: Fate
) -> None:
    """Whether that is so by then, what the display was told before it says."""
    event = Event(seq, "door", "low", seen_s)
    assert FILM.fate(event, (began_s, began_s), began_s, by_level=True) is expected


def test_a_film_that_goes_on_uses_all_up() -> None:
    """Nothing counts before it is over."""
    film = Pause(1, -inf, -inf, -1)
    assert film.fate(pressed(5, 9.0), (9.0, 9.0), 9.0, by_level=False) is Fate.USED_UP


def test_the_servers_moment_is_later_by_the_words_way() -> None:
    """The slowest of all words that it was told by decides."""
    pause = Pause(1, 2.0, inf, 0, to_s=3.0, end=2)
    pause.know(1, 0.1, 2.1, 7)
    assert (pause.known_s, pause.counts_s) == (2.1, inf)
    pause.know(2, 0.3, 3.3, 8)
    pause.know(2, 0.1, 4.0, 9)
    assert (pause.counts_s, pause.told) == (3.3, 8)


def test_a_word_that_was_never_said_is_known_with_the_next_one() -> None:
    """A page may take presses for a moment only: until then the server has not heard of it."""
    pause = Pause(1, 2.0, 2.1, 0, to_s=3.0, end=2)
    pause.know(3, 0.01, 3.2, 8)
    assert pause.counts_s == pytest.approx(3.2)
    pause.know(4, 0.01, 9.0, 9)
    assert pause.counts_s == pytest.approx(3.2)


# ---------------------------------------------------------------- a display's notes

LOCKED: list[Record] = [
    Stopped(1, -inf, -1, True),
    Joined("a", 1.1, 1.2, "e", 0, "a", takes=False),
    Known(1, 1.1, 1.2, 0),
]
ANEW: list[Record] = [Took(2, 2.0), Said(2, 2.0, 1), Known(2, 2.0, 2.05, 1)]


@pytest.mark.parametrize(
    ("at_s", "records", "lost", "phantom"),
    [
        (1.5, [], {}, {}),
        (1.5, [Left("a", "b", 1.6, 1)], {}, {"edge": 1}),
        (1.5, [*ANEW, Left("a", "b", 2.1, 1)], {}, {"edge": 1}),  # kept until the lockout's end
        (2.5, ANEW, {"edge": 1}, {}),
        (2.5, [*ANEW, Left("a", "b", 2.6, 1)], {}, {}),
    ],
)
def test_presses_in_a_lockout_are_used_up(
    at_s: float, records: list[Record], lost: dict[str, int], phantom: dict[str, int]
) -> None:
    """They count neither then nor later, and those behind it do."""
    verdict = judged(lived(*LOCKED, *records), pressed(1, at_s))
    assert (+verdict.lost, +verdict.phantom) == (lost, phantom)


@pytest.mark.parametrize(
    ("records", "unanswered"),
    [
        (LOCKED, False),
        ([*LOCKED, Took(2, 2.0)], True),  # said a moment later
        ([*LOCKED, *ANEW[:2]], True),
        ([*LOCKED, *ANEW], False),
        ([*LOCKED, *ANEW, Stopped(3, 4.0, 0, False)], True),
        ([*LOCKED, *ANEW, Stopped(3, 4.0, 0, False), Lost(5.0, 4.5, True)], False),
    ],
)
def test_a_round_ends_only_when_all_words_are_answered(
    records: list[Record], unanswered: bool
) -> None:
    """Else its last events may come to count in the next round, from which they are left out."""
    assert lived(*records).unanswered is unanswered


def test_a_press_is_closed_for_while_the_word_is_on_its_way() -> None:
    """It crosses, and the page stays; from when the server surely knew, it is a phantom."""
    film: list[Record] = [Stopped(1, 2.0, 0, False), Known(1, 2.0, 2.1, 0)]
    stayed = Stayed("a", "b", 2.2, 1, True, False, declined=False)
    assert judged(lived(film[0], stayed), pressed(1, 1.99)).well
    verdict = judged(lived(*film, stayed), pressed(1, 2.15))
    assert verdict.phantom == {"edge": 1}


# The page took presses before its socket was there: what was told by then is looked at only now.
CAUGHT_UP: list[Record] = [
    Stopped(1, -inf, -1, True),
    Took(2, 1.15),
    Joined("a", 1.1, 2.0, "e", 2, "a", takes=False, acted=0),
    Known(1, 1.1, 2.0, 2),
    Said(2, 2.0, 2),
]
CROSSED: list[Record] = [
    Stopped(3, 2.01, 2, False),
    Stayed("a", "b", 2.02, 1, True, False, declined=False),
    Joined("a", 2.02, 2.05, "e", 2, "a", takes=False, acted=1),
    Known(3, 2.02, 2.05, 2),
]
AGAIN: list[Record] = [
    Stayed("a", "b", 2.02, 1, True, False, declined=True),
    Joined("a", 2.02, 2.05, "e", 3, "a", acted=1),
    Known(2, 2.02, 2.05, 3),
]


@pytest.mark.parametrize(
    ("records", "lost", "phantom"),
    [
        (CROSSED, {}, {}),
        ([*CROSSED, Left("a", "b", 2.06, 2)], {}, {}),
        ([*CROSSED, Left("a", "b", 2.6, 3)], {}, {"edge": 1}),  # it began in the next film
        ([Known(2, 2.0, 2.01, 2), *CROSSED[:1]], {"edge": 2}, {}),  # there was no close
        (AGAIN, {"edge": 2}, {}),  # it didn't cross: the page declined
    ],
)
def test_a_close_that_crossed_leaves_the_later_presses_open(
    records: list[Record], lost: dict[str, int], phantom: dict[str, int]
) -> None:
    """They had been told before, and nothing is closed for them once the page takes none."""
    presses = [pressed(seq, at_s) for seq, at_s in ((1, 1.5), (2, 1.7), (3, 2.5))]
    verdict = judged(lived(*CAUGHT_UP, *records), *presses)
    assert (+verdict.lost, +verdict.phantom) == (lost, phantom)


def test_a_page_that_declines_is_asked_once() -> None:
    """The press is used up; to be told of it again is wrong."""
    stayed = Stayed("a", "b", 2.2, 1, True, False, declined=True)
    assert judged(lived(stayed), pressed(1, 2.0)).well
    twice = follow(Stretch("e", "a", 0), [stayed, stayed], LIVES)
    assert "told twice" in twice.complaints[0]
    elsewhere = Stayed("a", "c", 2.2, 1, True, False, declined=True)
    assert judged(lived(elsewhere), pressed(1, 2.0)).phantom == {"edge": 1}


def test_a_press_in_a_farewell_is_used_up() -> None:
    """The next page takes presses from its own load on."""
    records: list[Record] = [
        Left("a", "b", 1.0, 1),
        Stopped(1, -inf, -1, True),
        Joined("b", 1.0, 1.1, "e", 1, "a", takes=False, leaving=True),
        Loaded("b", 2.0, 2.1, "e", 2, False),
        Took(2, 2.0),
        Joined("b", 2.1, 2.2, "e", 2, "b"),
        Known(2, 2.1, 2.2, 2),
    ]
    stretch = lived(*records)
    assert stretch.reloads == []
    [pause] = stretch.pauses[1]
    assert (pause.to_s, pause.counts_s) == (2.0, pytest.approx(2.1))
    graph = Graph({"a": {LOW: "b"}, "b": {LOW: "a"}}, {})
    for at_s, lost in ((1.5, 0), (2.5, 1)):
        events = [pressed(1, 0.9), pressed(2, at_s)]
        made_s = {event.seq: (event.seen_s - 0.02, event.seen_s) for event in events}
        steps = steps_of(graph, stretch, events, made_s, RESTS, 10.0)
        assert walk(graph, stretch, steps, len(steps)).lost.total() == lost


def test_a_new_server_knows_nothing_of_a_film_that_goes_on() -> None:
    """The page says it again."""
    lives = LIVES | {"f": Life("f", 0)}
    records: list[Record] = [
        Stopped(1, 2.0, 0, False),
        Lost(2.5, 2.5),
        Joined("a", 3.0, 3.1, "f", 0, "a", takes=False),
    ]
    stretch = follow(Stretch("e", "a", 0), records, lives).stretches[1]
    [pause] = stretch.pauses[0]
    assert (pause.from_s, pause.to_s) == (-inf, inf)


# ---------------------------------------------------------------- levels


@pytest.mark.parametrize(("moved", "well"), [(True, True), (False, False)])
def test_a_level_is_acted_on_when_presses_count_again(moved: bool, well: bool) -> None:
    """It came during the lockout, and is looked at behind it."""
    told: list[Record] = [Took(2, 2.0), Said(2, 2.0, 1)]
    told += [Left("a", "c", 2.1, 1, pressed=False)] if moved else [Known(2, 2.0, 2.05, 1)]
    verdict = judged(lived(*LOCKED, *told), opened(1, 1.5))
    assert verdict.well is well
    assert verdict.lost == ({} if well else {"level": 1})


def test_no_level_leads_away_from_a_page_that_takes_no_presses() -> None:
    """Neither live, nor when it joins."""
    live = lived(*LOCKED, Left("a", "c", 1.6, 1, pressed=False))
    assert judged(live, opened(1, 1.5)).phantom == {"level": 1}
    records = [Joined("a", 1.6, 1.7, "e", 1, "a", takes=False)]
    left = Left("a", "c", 1.7, 1, pressed=False, at_once=True)
    assert not judged(lived(*LOCKED, *records, left), opened(1, 1.5)).well


DECLINED: list[Record] = [
    Joined("a", 1.0, 1.1, "e", 1, "a"),
    Stayed("a", "c", 1.2, 1, False, True, declined=True),
    Joined("a", 1.3, 1.4, "e", 1, "a", declined=(OPEN,), acted=1),
]


@pytest.mark.parametrize(
    ("records", "well"),
    [
        ([], True),
        ([Left("a", "c", 1.5, 1, pressed=False, at_once=True)], False),
        ([Stayed("a", "c", 1.5, 1, False, True, declined=True)], False),
        ([Lost(1.5, 1.5, True), Joined("a", 1.6, 1.7, "e", 1, "a", True, (OPEN,), 1)], True),
        ([Lost(1.5, 1.5, True), Joined("a", 1.6, 1.7, "e", 1, "a")], False),  # it may be asked
    ],
)
def test_a_level_that_was_declined_is_asked_for_once(records: list[Record], well: bool) -> None:
    """Not again, though the page joins again, and says so."""
    stretch = lived(*DECLINED, *records)
    stretch.seq = 1
    assert judged(stretch, opened(1, 0.5)).well is well


@pytest.mark.parametrize(
    ("records", "well"),
    [
        ([Left("a", "c", 2.1, 3)], True),
        ([], False),
        ([Stayed("a", "c", 2.1, 3, True, False, declined=True)], True),
    ],
)
def test_a_level_that_has_changed_is_asked_for_again(records: list[Record], well: bool) -> None:
    """The door was shut, and opens a second time."""
    stretch = lived(*DECLINED, *records)
    stretch.seq = 1
    events = [opened(1, 0.5), Event(2, "door", "high", 1.9), opened(3, 2.0)]
    assert judged(stretch, *events).well is well


def test_two_words_on_their_way_leave_open_which_was_heard() -> None:
    """A film ended, another one too, and only then the server closed."""
    records: list[Record] = [
        Took(2, 2.0),
        Said(2, 2.0, 1),
        Stopped(3, 2.1, 1, False),
        Took(4, 2.2),
        Said(4, 2.2, 1),
        Left("a", "c", 2.3, 1, pressed=False),
    ]
    stretch = lived(*LOCKED, *records)
    assert [landing.lost for landing in stretch.landings] == [True, True]
    assert judged(stretch, opened(1, 1.5)).well


def test_a_look_that_nobody_heard_of_is_unsure() -> None:
    """The socket was lost behind the word."""
    stretch = lived(*LOCKED, Took(2, 2.0), Said(2, 2.0, 1), Lost(2.5, 2.0))
    assert stretch.landings == [Landing(1, 2.0, 2.5, lost=True, low=1)]
    assert judged(stretch, opened(1, 1.5)).well


def test_a_word_without_an_answer_leaves_all_open_until_its_socket_ends() -> None:
    """Over an agreement, too: then the page says it again, and by then it was that late."""
    stretch = lived(*LOCKED, Took(2, 2.0), Said(2, 2.0, 0))
    assert judged(stretch, opened(1, 3.0)).well
    again: list[Record] = [
        Lost(9.0, 8.9, followed=True),
        Joined("a", 9.1, 9.2, "e", 1, "a", acted=1),
        Known(2, 9.1, 9.2, 1),
    ]
    stretch = follow(stretch.next(0, 4.0), again, LIVES).stretches[0]
    assert stretch.pauses[0][0].counts_s == 9.0
    assert judged(stretch, pressed(1, 5.0)).well


def test_every_exhibit_has_pages_that_take_no_presses_for_a_while() -> None:
    """A lockout, a film, a farewell, a page that declines: each on one that a level leads from."""
    for seed in range(50):
        graph = make_graph(seed)
        for trait in ("lockout_s", "film", "farewell_s", "declines"):
            having = [page for page, traits in graph.traits.items() if getattr(traits, trait)]
            assert 1 <= len(having) <= 2
            assert any(graph.levels[page] for page in having)
