"""A program that follows a page: connections that end, and what was missed."""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import CONFIG, write_exhibit
from stand_ins import EDGE, SCRIPT, STATE, next_frame
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from gpiobridge.client import asking
from gpiobridge.client.follower import _retry_delay_s
from gpiobridge.client.frames import connect
from gpiobridge.core import wire
from gpiobridge.errors import RemoteError

HOLD = CONFIG.replace("button = 17", 'button = {{ pin = 17, hold = "1s" }}').replace(
    'on_low.button = "open"', 'on_hold.button = "open"'
)


def test_press_during_a_gap_counts_once(shared_bridge: BridgeProcess, make_proxy: Any) -> None:
    """A press while the connection is cut moves the page when it is back, exactly once."""
    proxy = make_proxy(shared_bridge)
    told: list[str] = []
    with connect(f"http://127.0.0.1:{proxy.port}/welcome", tell=told.append) as frames:
        seq = next_frame(frames, "state")["seq"]
        proxy.cut()
        assert next_frame(frames, "close")["code"] == 1006
        shared_bridge.set_level("button", "low")
        proxy.mend()
        assert next_frame(frames, "state")["seq"] == seq
        assert next_frame(frames, "edge")["seq"] == seq + 1
        assert next_frame(frames, "close")["reason"] == "/open"
        assert next_frame(frames, "state")["seq"] == seq + 1
        # A press on the page before that takes the cut as well is not this page's.
        proxy.cut()
        assert next_frame(frames, "close")["code"] == 1006
        proxy.mend()
        assert next_frame(frames, "state")["seq"] == seq + 1
        shared_bridge.set_level("door", "high")
        assert next_frame(frames, "edge")["pin"] == "door"
    assert told[0] == "the connection was closed (1006); connecting again"


def test_press_between_page_and_socket(shared_bridge: BridgeProcess, make_proxy: Any) -> None:
    """The first socket has the page's cursor, the next page's the press before its own."""
    proxy = make_proxy(shared_bridge)
    with connect(f"http://127.0.0.1:{proxy.port}/welcome") as frames:
        state = next_frame(frames, "state")
        epoch, seq, seat = state["epoch"], state["seq"], state["seat"]
        shared_bridge.set_level("door", "high")
        next_frame(frames, "edge")
        shared_bridge.set_level("button", "low")
        assert [next_frame(frames)["type"] for _ in range(3)] == ["edge", "close", "state"]
    first, second = proxy.sockets
    assert first == f"GET /ws/welcome?cursor={epoch}%3A{seq} HTTP/1.1"
    cursor = f"cursor={epoch}%3A{seq + 2}"
    assert second == f"GET /ws/open?{cursor}&{cursor}&seat={seat} HTTP/1.1"


def test_hold_over_a_gap(run_bridge: Run, make_proxy: Any, tmp_path: Path) -> None:
    """A hold that began before the gap is still this page's: the new socket says since when."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=HOLD))
    proxy = make_proxy(bridge)
    with connect(f"http://127.0.0.1:{proxy.port}/welcome") as frames:
        next_frame(frames, "state")
        bridge.set_level("button", "low")
        next_frame(frames, "edge")
        bridge.set_level("door", "high")  # shows that the edge led nowhere
        assert next_frame(frames, "edge")["seq"] == 2
        proxy.cut()
        next_frame(frames, "close")
        bridge.wait_for_line(r"#3 button: hold")
        proxy.mend()
        next_frame(frames, "state")
        assert next_frame(frames, "edge")["event"] == "hold"
        assert next_frame(frames, "close")["reason"] == "/open"


def test_server_is_killed_and_started_again(run_bridge: Run, kind: str, tmp_path: Path) -> None:
    """A new run is a new epoch: the old cursors are void, and its presses count."""
    bridge = run_bridge(kind)
    with connect(f"{bridge.url}/welcome") as frames:
        epoch = next_frame(frames, "state")["epoch"]
        for level in ("high", "low"):
            bridge.set_level("door", level)
            next_frame(frames, "edge")
        bridge.kill()
        assert next_frame(frames, "close")["code"] == 1006
        again = BridgeProcess(tmp_path / "config.toml", kind, port=bridge.port)
        try:
            state = next_frame(frames, "state")
            assert (state["epoch"] != epoch, state["seq"]) == (True, 0)
            again.set_level("button", "low")
            assert next_frame(frames, "edge")["seq"] == 1
            assert next_frame(frames, "close")["reason"] == "/open"
            assert next_frame(frames, "state")["seq"] == 1
        finally:
            frames.close()
            again.stop()


def test_page_that_is_gone(run_bridge: Run, tmp_path: Path) -> None:
    """A page that a restart has taken away is left for the start page; a listener is told."""
    bridge = run_bridge()
    with (
        connect(f"{bridge.url}/still") as display,
        connect(f"{bridge.url}/still", follow=False) as listener,
    ):
        bridge.stop()
        text = (tmp_path / "config.toml").read_text().replace("[pages.still]", "[pages.quiet]")
        (tmp_path / "config.toml").write_text(text)
        (tmp_path / "templates" / "quiet.html").write_text("<p>quiet</p>")
        again = BridgeProcess(tmp_path / "config.toml", port=bridge.port)
        try:
            kinds = [next_frame(display)["type"] for _ in range(3)]
            assert kinds == ["state", "close", "state"]
            assert display.url == f"{bridge.url}/welcome"
            with pytest.raises(RemoteError, match="404: There is no page 'still'"):
                list(listener)
            assert list(listener) == []
        finally:
            display.close()
            again.stop()


def test_next_page_never_leads_elsewhere(make_stub: Any) -> None:
    """A close that names another host is not followed: the token would go there."""

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        ws.close(4000, "//127.0.0.2:9/open")

    stub = make_stub(handler)
    with connect(stub.url, token="secret") as frames:
        kinds = [next_frame(frames)["type"] for _ in range(4)]
    assert kinds == ["state", "close"] * 2
    assert frames.url == stub.url


def test_beats_are_answered(make_stub: Any) -> None:
    """A beat is answered although the program takes no frame."""
    answered: list[Any] = []

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        for _ in range(3):
            ws.send(wire.BEAT)
            answered.append(ws.recv(DEADLINE_S))

    with connect(make_stub(handler).url):
        wait_until(lambda: answered == [wire.BEAT] * 3)


def test_frames_before_a_close_are_told(make_stub: Any) -> None:
    """An edge that comes right between a beat and the close is not lost with the beat's answer."""

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        for _ in range(8):
            ws.send(wire.BEAT)
        ws.send(EDGE)
        ws.close(4000, "/welcome")

    stub = make_stub(handler)
    with connect(stub.url, once=True) as frames:
        kinds = [frame["type"] for frame in frames if frame["type"] != "beat"]
    assert kinds == ["state", "edge", "close"]


def test_edge_counts_when_something_follows(make_stub: Any) -> None:
    """A connection that ends right after an edge may have lost its close: it isn't used up."""
    paths: list[str] = []

    def handler(ws: ServerConnection) -> None:
        assert ws.request is not None
        paths.append(ws.request.path)
        ws.send(STATE)
        ws.send(EDGE)
        if len(paths) == 2:
            ws.send(wire.BEAT)
        if len(paths) <= 2:
            ws.close(1001)
        else:
            ws.recv(DEADLINE_S)

    stub = make_stub(handler)
    with connect(stub.url) as frames:
        kinds = [next_frame(frames)["type"] for _ in range(8)]
    assert kinds == ["state", "edge", "close"] * 2 + ["state", "edge"]
    queries = [path.partition("?")[2] for path in paths]
    since = "since=feed%3A0"
    assert queries == ["", f"cursor=feed%3A0&{since}", f"cursor=feed%3A1&{since}"]


def test_silent_connection(make_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a frame for 2.5 beats is given up for a new one."""
    monkeypatch.setattr(asking, "TIMEOUT_S", 1.0)

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        with contextlib.suppress(ConnectionClosed):
            ws.recv()  # it says no more, and waits for ever

    stub = make_stub(handler, lambda _path: (200, f'{SCRIPT.format(beat=0.2)}<p data-beat="big">'))
    told: list[str] = []
    with connect(stub.url, tell=told.append) as frames:
        began_s = time.monotonic()
        assert [next_frame(frames)["type"] for _ in range(2)] == ["state", "state"]
        assert time.monotonic() - began_s >= 2.5 * 0.2
    assert told == [f"{stub.url} does not answer; trying again"]


def test_another_beat_after_a_restart(make_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was started again is asked for its beat."""
    health = json.dumps({"pins": {}, "beat": 30})

    def answer(path: str) -> tuple[int, str]:
        return 200, health if path == "/healthz" else SCRIPT.format(beat=0.2)

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE.replace("feed", f"{stub.connections}"))
        if stub.connections == 1:
            ws.close(1001)
        else:
            ws.recv(DEADLINE_S)

    stub = make_stub(handler, answer)
    with connect(stub.url) as frames:
        wait_until(lambda: frames._follower._page.beat_s == 30)


@pytest.mark.parametrize(("status", "page"), [(503, "open"), (404, "welcome")])
def test_next_page_that_does_not_come(make_stub: Any, status: int, page: str) -> None:
    """A next page is waited for while the server can't give it, and forgotten if there is none."""
    asked: list[str] = []

    def answer(path: str) -> tuple[int, str]:
        asked.append(path)
        return (status, "not now") if asked.count("/open") in (1, 2) else (200, "<p>page</p>")

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        if stub.connections == 1:
            ws.close(4000, "/open")
        else:
            ws.recv(DEADLINE_S)

    stub = make_stub(handler, answer)
    with connect(stub.url) as frames:
        kinds = [next_frame(frames)["type"] for _ in range(3)]
        assert frames.url == stub.url.replace("welcome", page)
    assert kinds == ["state", "close", "state"]


def test_pauses_between_tries() -> None:
    """The first new try comes at once, later ones are spread out, and none is far away."""
    assert _retry_delay_s(0, 0.0) == _retry_delay_s(0, 1.0) == 0.1
    assert _retry_delay_s(3, 0.0) == pytest.approx(0.4)
    assert _retry_delay_s(3, 1.0) == pytest.approx(0.8)
    assert (_retry_delay_s(10_000, 0.0), _retry_delay_s(10_000, 1.0)) == (1.0, 2.0)
