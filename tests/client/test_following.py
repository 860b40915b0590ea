"""A program that follows a page: what it is told, and what it can't follow."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from harness.answering_server import make_redirect
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import CONFIG, write_exhibit
from stand_ins import next_frame
from websockets.sync.server import ServerConnection

from gpiobridge.client.frames import connect
from gpiobridge.errors import RemoteError

LEVEL = CONFIG.replace('on_low.button = "open"', 'while_low.button = "open"')


def test_frames_and_follow(share_bridge: Run, kind: str) -> None:
    """State, edge and close come as on the wire, and then the next page's, past the press."""
    bridge = share_bridge(kind)
    with connect(bridge.url, display="lamp") as frames:
        state = next_frame(frames, "state")
        seq = state["seq"]
        assert state["pins"] == {"button": "high", "door": "low"}
        assert frames.url == f"{bridge.url}/welcome"
        assert bridge.displays() == [{"name": "lamp", "page": "welcome", "visible": True}]
        # A program is no screen: it never says that a page is shown.
        assert bridge.health()["displays"][0]["shown"] is None
        bridge.set_level("button", "low")
        edge = next_frame(frames, "edge")
        assert (edge["pin"], edge["event"]) == ("button", "low")
        assert next_frame(frames) == {"type": "close", "code": 4000, "reason": "/open"}
        assert next_frame(frames, "state")["seq"] == seq + 1
        assert frames.url == f"{bridge.url}/open"
        bridge.set_level("door", "high")
        assert next_frame(frames, "edge")["pin"] == "door"  # the press was used up
    wait_until(lambda: bridge.health()["displays"] == [])


def test_stay(share_bridge: Run, kind: str) -> None:
    """With follow=False each press is told, and the page stays the same."""
    bridge = share_bridge(kind)
    with connect(f"{bridge.url}/welcome", follow=False) as frames:
        seq = next_frame(frames, "state")["seq"]
        for press in (seq + 1, seq + 3):
            bridge.set_level("button", "low")
            assert next_frame(frames, "edge")["seq"] == press
            assert next_frame(frames, "close")["code"] == 4000
            assert next_frame(frames, "state")["seq"] == press
            bridge.set_level("button", "high")
            assert next_frame(frames, "edge")["event"] == "high"
        assert frames.url == f"{bridge.url}/welcome"


def test_stay_where_a_level_leads_away(run_bridge: Run, tmp_path: Path) -> None:
    """A page that is moved at once, each time, is not asked in a busy loop."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=LEVEL))
    bridge.set_level("button", "low")
    bridge.wait_for_line("#1 button: low")
    with connect(f"{bridge.url}/welcome", follow=False) as frames:
        kinds = [next_frame(frames)["type"] for _ in range(2)]
        began_s = time.monotonic()
        kinds += [next_frame(frames)["type"] for _ in range(6)]
        took_s = time.monotonic() - began_s
    assert kinds == ["state", "close"] * 4
    assert took_s >= 0.1 + 0.1 + 0.2  # the least that three pauses are


def test_once_ends_with_the_page(shared_bridge: BridgeProcess) -> None:
    """With once=True the iteration ends when the page would be left, and no page is opened."""
    with connect(shared_bridge.url, once=True) as frames:
        next_frame(frames, "state")
        shared_bridge.set_level("button", "low")
        kinds = [frame["type"] for frame in frames if frame["type"] != "beat"]
    assert kinds == ["edge", "close"]
    assert frames.url == f"{shared_bridge.url}/welcome"


def test_slow_program_loses_nothing(run_bridge: Run) -> None:
    """Beats are answered while the program is busy; what comes meanwhile waits for it."""
    bridge = run_bridge(server='beat = "200ms"')
    with connect(f"{bridge.url}/still") as frames, bridge.socket("still", "?display=clock") as ws:
        next_frame(frames, "state")
        bridge.set_level("button", "low")
        ws.recv(DEADLINE_S)
        # Six beats pass at another display, and ours takes no frame.
        beats = 0
        while beats < 6:
            beats += json.loads(ws.recv(DEADLINE_S))["type"] == "beat"
        bridge.set_level("button", "high")
        bridge.set_level("door", "high")
        seen: list[dict[str, Any]] = []
        while len([frame for frame in seen if frame["type"] == "edge"]) < 3:
            seen.append(next(frames))
        health = bridge.health()
    assert [frame["seq"] for frame in seen if frame["type"] != "beat"] == [1, 2, 3]
    assert len(seen) <= 4  # beats don't pile up
    assert [display["page"] for display in health["displays"]].count("still") == 2


def test_wrong_addresses(shared_bridge: BridgeProcess) -> None:
    """No bridge and no page are one sentence, at once."""
    for url, said in (
        ("http://127.0.0.1:9/welcome", "no bridge answers at http://127.0.0.1:9/welcome"),
        (
            f"{shared_bridge.url}/nosuch",
            "404: There is nothing at /nosuch; pages: welcome, open, still",
        ),
        (f"{shared_bridge.url}/static/a.txt", "/static/a.txt answered 400; is that the address of"),
        ("nonsense://x", "no bridge answers at nonsense://x"),
    ):
        with pytest.raises(RemoteError, match=r".") as error:
            connect(url)
        assert said in str(error.value)
        assert "\n" not in str(error.value)


def test_wrong_token(share_bridge: Run) -> None:
    """A wrong token is one sentence; the right one opens page and socket."""
    bridge = share_bridge(server='token = "0123456789abcdef"', token="0123456789abcdef")
    with pytest.raises(RemoteError, match="401") as error:
        connect(bridge.url, token="wrong")
    assert error.value.status == 401
    with connect(bridge.url, token="0123456789abcdef") as frames:
        next_frame(frames, "state")


@pytest.mark.parametrize("text", ["hello", "[]", "{}", '{"type":"state"}', None])
def test_server_that_is_no_bridge(make_stub: Any, text: str | None) -> None:
    """Something else behind a socket is said at once."""

    def handler(ws: ServerConnection) -> None:
        if text is not None:
            ws.send(text)

    with pytest.raises(RemoteError, match="is no"):
        connect(make_stub(handler).url)


def test_redirect_to_another_host(make_stub: Any) -> None:
    """A token is never taken to another host."""
    redirect = make_redirect("http://127.0.0.2:9/welcome")
    try:
        with pytest.raises(RemoteError, match="redirects to another host"):
            connect(f"http://127.0.0.1:{redirect.server_port}/", token="secret")
    finally:
        redirect.stop()
