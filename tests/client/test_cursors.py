"""What a client tells its next socket: frames in, the query out."""

from typing import Any

import pytest

from gpiobridge.client.cursors import Cursors


def state(seq: int, epoch: str = "feed") -> dict[str, Any]:
    """A state frame, as far as it matters here."""
    return {"type": "state", "epoch": epoch, "seq": seq}


def edge(seq: int) -> dict[str, Any]:
    """An edge frame, as far as it matters here."""
    return {"type": "edge", "seq": seq}


BEAT = {"type": "beat"}


@pytest.mark.parametrize(
    ("handed_over", "own", "frames", "cursors", "since"),
    [
        ("", "", [], [], None),  # nothing known: nothing told
        ("feed:3", "feed:4", [], ["feed:3", "feed:4"], None),  # the one before it comes first
        ("", "feed:4", [state(6)], ["feed:6"], "feed:4"),  # the page began before its socket
        ("feed:3", "feed:4", [state(4)], ["feed:4"], "feed:3"),
        ("", "", [state(6)], ["feed:6"], "feed:6"),
        ("", "", [state(6), edge(7)], ["feed:6"], "feed:6"),  # its close may be on its way
        ("", "", [state(6), edge(7), BEAT], ["feed:7"], "feed:6"),
        ("", "", [state(6), edge(7), edge(8)], ["feed:7"], "feed:6"),
        ("", "", [state(6), edge(7), state(6), BEAT], ["feed:6"], "feed:6"),  # cut in between
        ("", "feed:4", [state(6), state(9, "beef")], ["beef:9"], "beef:9"),  # another run
        ("beef:1", "feed:4", [state(6)], ["feed:6"], "feed:4"),
    ],
)
def test_query(
    handed_over: str, own: str, frames: list[dict[str, Any]], cursors: list[str], since: str | None
) -> None:
    """A socket is told what was acted on, and since when its page is there."""
    kept = Cursors(handed_over, own)
    for frame in frames:
        kept.take(frame)
    told = [("cursor", cursor) for cursor in cursors]
    assert kept.query() == (told if since is None else [*told, ("since", since)])


def test_a_press_that_was_acted_on() -> None:
    """An edge that has closed the socket is used up, and the next page learns that."""
    kept = Cursors("", "feed:0")
    for frame in (state(0), edge(1)):
        kept.take(frame)
    kept.act()
    assert (kept.newest, kept.told) == ("feed:1", "")


def test_another_run_is_noticed() -> None:
    """Only a state of another epoch than the last one's says that the server was started again."""
    kept = Cursors("beef:1")
    frames = (state(0), edge(1), state(1), state(0, "beef"), state(0, "beef"))
    assert [kept.take(frame) for frame in frames] == [False, False, False, True, False]
