"""When a browser is started again: for a reason, and only then."""

import pytest

from gpiobridge.kiosk import liveness
from gpiobridge.kiosk.liveness import Answer, Liveness

LIVE = Answer(frozenset({"kiosk"}), 2.0)

OTHER = Answer(frozenset({"", "lobby"}), 2.0)

SLOW = Answer(frozenset(), 10.0)

HIDDEN = Answer(frozenset({"lobby"}), 2.0, frozenset({"kiosk"}))

BOTH = Answer(frozenset({"kiosk"}), 2.0, frozenset({"kiosk"}))


@pytest.mark.parametrize(
    ("failures", "answers"),
    [
        # Seen and lost: after 10 s, counted from the first answer without it.
        (0, [(0, LIVE, ""), (2, OTHER, ""), (11.9, OTHER, ""), (12, OTHER, "not been alive")]),
        # Never seen: after 60 s; a slow machine gets twice as long each time, at most 5 min.
        (0, [(0, OTHER, ""), (59.9, OTHER, ""), (60, OTHER, "no live page within 60 s")]),
        (1, [(0, OTHER, ""), (119.9, OTHER, ""), (120, OTHER, "within 120 s")]),
        (50, [(0, OTHER, ""), (299.9, OTHER, ""), (300, OTHER, "within 300 s")]),
        # A page that comes back in time begins anew.
        (0, [(0, LIVE, ""), (2, OTHER, ""), (11, LIVE, ""), (13, OTHER, ""), (22.9, OTHER, "")]),
        # A silent bridge is no fault of the browser's, however long it is silent.
        (0, [(0, LIVE, ""), (2, None, ""), (900, None, ""), (901, OTHER, ""), (910, OTHER, "")]),
        (
            0,
            [(0, OTHER, ""), (50, None, ""), (70, OTHER, ""), (129, OTHER, ""), (130, OTHER, "no")],
        ),
        # Pages that make themselves heard less often are given longer: four beats.
        (0, [(0, LIVE, ""), (2, SLOW, ""), (41.9, SLOW, ""), (42, SLOW, "alive for 40 s")]),
        # Live, but hidden, is not shown; of several displays of the name one is enough.
        (0, [(0, LIVE, ""), (2, HIDDEN, ""), (11.9, HIDDEN, ""), (12, HIDDEN, "not been visible")]),
        (0, [(0, LIVE, ""), (2, BOTH, ""), (900, BOTH, "")]),
        # Whether it is hidden or gone, it is one time without a page.
        (0, [(0, LIVE, ""), (2, HIDDEN, ""), (8, OTHER, ""), (12, OTHER, "not been alive")]),
        (0, [(0, LIVE, ""), (2, OTHER, ""), (8, HIDDEN, ""), (10, LIVE, ""), (13, HIDDEN, "")]),
        # Hidden from the start: ever later, at most once an hour, as by night on a dark screen.
        (0, [(0, HIDDEN, ""), (59.9, HIDDEN, ""), (60, HIDDEN, "only a hidden page within 60 s")]),
        (4, [(0, HIDDEN, ""), (959, HIDDEN, ""), (960, HIDDEN, "within 960 s")]),
        (50, [(0, HIDDEN, ""), (3599, HIDDEN, ""), (3600, HIDDEN, "within 3600 s")]),
        (50, [(0, HIDDEN, ""), (3000, LIVE, ""), (3002, HIDDEN, ""), (3012, HIDDEN, "10 s")]),
    ],
)
def test_when_to_restart(failures: int, answers: list[tuple[float, Answer | None, str]]) -> None:
    """A browser is started again for a reason, and only then."""
    page = Liveness("kiosk", failures)
    for now_s, answer, said in answers:
        problem = page.problem(now_s, answer)
        assert (problem is not None) == bool(said), (now_s, problem)
        assert said in (problem or "")


def test_answer_of_the_bridge() -> None:
    """A display that is hidden is not among those that are shown; an older bridge says nothing."""
    displays = [
        {"name": "kiosk", "page": "open", "visible": False},
        {"name": "hall", "page": "open", "visible": True},
        {"name": "hall", "page": "open", "visible": False},
        {"name": "old", "page": "open"},
    ]
    answer = Answer.of(displays, 2.0)
    assert answer == Answer(frozenset({"hall", "old"}), 2.0, frozenset({"kiosk", "hall"}))


def test_answer_for_a_dark_screen() -> None:
    """There a hidden page counts as shown."""
    dark = Answer(frozenset({"hall"}), 2.0, frozenset({"kiosk"})).of_dark_screen()
    assert dark == Answer(frozenset({"hall", "kiosk"}), 2.0)


def test_pauses_grow() -> None:
    """A browser that shows nothing alive is started again ever later, but always within 10 s."""
    assert [liveness.pause_s(n) for n in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert liveness.pause_s(100_000) == 10
