"""A program that follows a page: its own calls, to close and to send."""

import json
import threading
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import DEADLINE_S, wait_until
from stand_ins import STATE, next_frame
from websockets.sync.client import ClientConnection
from websockets.sync.server import ServerConnection

from gpiobridge.client.frames import connect
from gpiobridge.core import wire
from gpiobridge.errors import PushError, RemoteError


def test_close_from_another_thread(run_bridge: Run) -> None:
    """Closing ends an iteration that waits, and leaves neither a display nor a thread."""
    bridge = run_bridge(server='beat = "60s"\ncatch_up = "160s"')
    frames = connect(f"{bridge.url}/still")
    next_frame(frames, "state")
    closing = threading.Thread(target=frames.close)
    closing.start()
    assert [frame for frame in frames if frame["type"] != "beat"] == []
    closing.join(DEADLINE_S)  # long before the next beat
    assert not [t for t in threading.enumerate() if t.name == "gpiobridge-client"]
    wait_until(lambda: bridge.health()["displays"] == [])
    bridge.wait_for_line("display on still left")


def test_close_while_the_server_is_gone(run_bridge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing doesn't wait for a server that is down, and the program may do it twice."""
    monkeypatch.setattr(
        "gpiobridge.client.follower._retry_delay_s", lambda attempt, _chance: 600.0 * attempt
    )
    bridge = run_bridge()
    gone = threading.Event()
    frames = connect(bridge.url, tell=lambda text: gone.set() if "not answer" in text else None)
    bridge.kill()
    assert gone.wait(DEADLINE_S)
    frames.close()
    frames.close()
    assert not [t for t in threading.enumerate() if t.name == "gpiobridge-client"]
    assert list(frames) == []


def test_send(make_stub: Any) -> None:
    """What is sent is a message with its data, from any thread."""
    stub = make_stub()
    with connect(stub.url) as frames:
        frames.send({"score": 3, "who": "Zoë"})
        thread = threading.Thread(target=frames.send, args=("hello",))
        thread.start()
        thread.join(DEADLINE_S)
        wait_until(lambda: len(stub.got) == 2)
    assert [json.loads(text) for text in stub.got] == [
        {"type": "message", "data": {"score": 3, "who": "Zoë"}},
        {"type": "message", "data": "hello"},
    ]


@pytest.mark.parametrize("data", [object(), float("nan"), "x" * 16384, "\ud800"])
def test_send_refuses(make_stub: Any, data: Any) -> None:
    """What JSON can't say, or is too long, is refused before it is sent."""
    stub = make_stub()
    with connect(stub.url) as frames:
        with pytest.raises(PushError, match="the message"):
            frames.send(data)
        frames.send("x" * (wire.MAX_MESSAGE_BYTES - len('{"type":"message","data":""}')))
        wait_until(lambda: len(stub.got) == 1)


def test_send_waits_for_the_next_connection(make_stub: Any) -> None:
    """A message while there is no connection goes out with the next one."""
    got: list[str] = []

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        if len(stub_of) == 1:
            stub_of.append(2)
            ws.close(1001)
        else:
            got.extend(str(text) for text in ws)

    stub_of = [1]
    stub = make_stub(handler)
    with connect(stub.url) as frames:
        assert [next_frame(frames)["type"] for _ in range(2)] == ["state", "close"]
        frames.send("late")
        wait_until(lambda: stub.connections == 2)
    wait_until(lambda: [json.loads(text)["data"] for text in got] == ["late"])


def test_send_to_a_connection_that_ends(make_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that crosses with the end of the connection goes out with the next one."""
    send = ClientConnection.send

    def close_and_send(self: ClientConnection, text: str) -> None:
        if stub.connections == 1:
            self.close()
        send(self, text)

    stub = make_stub()
    with connect(stub.url) as frames:
        monkeypatch.setattr(ClientConnection, "send", close_and_send)
        frames.send("late")
        wait_until(lambda: [json.loads(text)["data"] for text in stub.got] == ["late"])


def test_send_without_a_connection(run_bridge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no connection in time, or after close, it says so."""
    monkeypatch.setattr("gpiobridge.client.frames.MAX_SEND_WAIT_S", 0.2)
    bridge = run_bridge()
    with connect(bridge.url) as frames:
        next_frame(frames, "state")
        bridge.kill()
        next_frame(frames, "close")
        with pytest.raises(RemoteError, match=r"has not answered for 0\.2 s"):
            frames.send("hello")
    with pytest.raises(RemoteError, match="is closed"):
        frames.send("hello")


def test_program_that_never_looks(make_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that nobody takes don't pile up for ever: the oldest go, and it stays connected."""
    monkeypatch.setattr("gpiobridge.client.waiting_frames.MAX_WAITING", 3)

    def handler(ws: ServerConnection) -> None:
        ws.send(STATE)
        for number in range(1, 6):
            ws.send(json.dumps({"type": "message", "data": number}))
        ws.recv(DEADLINE_S)
        told.set()
        looked.wait(DEADLINE_S)  # a close would be one more frame

    told, looked = threading.Event(), threading.Event()
    stub = make_stub(handler)
    with connect(stub.url) as frames:
        wait_until(lambda: frames._waiting.left_out == 3)
        frames.send("still here")
        assert told.wait(DEADLINE_S)
        assert [next_frame(frames)["data"] for _ in range(3)] == [3, 4, 5]
        looked.set()
