"""`gpiobridge.client`: a program that follows a page, at a running server and at worse ones."""

import contextlib
import http.server
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import CONFIG, write_exhibit
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.server import Server, ServerConnection, serve

from gpiobridge.cli import main
from gpiobridge.client import asking
from gpiobridge.client.frames import Frames, _retry_delay_s, connect
from gpiobridge.core import wire
from gpiobridge.errors import PushError, RemoteError

Command = Callable[..., tuple[int, str, str]]

HOLD = CONFIG.replace("button = 17", 'button = {{ pin = 17, hold = "1s" }}').replace(
    'on_low.button = "open"', 'on_hold.button = "open"'
)
LEVEL = CONFIG.replace('on_low.button = "open"', 'while_low.button = "open"')


def next_frame(frames: Frames, kind: str | None = None) -> dict[str, Any]:
    """The next frame that is no beat."""
    for frame in frames:
        if frame["type"] != "beat":
            assert kind is None or frame["type"] == kind, frame
            return frame
    raise AssertionError("the iteration has ended")


class Proxy:
    """A TCP way to a bridge that can be cut.

    Args:
        port: the bridge's.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._open = True
        self.requests: list[str] = []  # the request lines that have passed
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name="test-proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._pairs.append((near, far))
            self._start(self._carry, near, far, True)
            self._start(self._carry, far, near, False)

    def _carry(self, here: socket.socket, there: socket.socket, up: bool) -> None:
        try:
            while data := here.recv(65536):
                if up and data.startswith(b"GET "):
                    self.requests.append(data.split(b"\r\n")[0].decode())
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @property
    def sockets(self) -> list[str]:
        """The request lines of WebSockets."""
        return [line for line in self.requests if " /ws/" in line]

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        with self._lock:
            self._open = False
            for pair in self._pairs:
                for end in pair:
                    try:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                    end.close()
            self._pairs.clear()

    def mend(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """End it."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(DEADLINE_S)


@pytest.fixture
def make_proxy() -> Iterator[Callable[[BridgeProcess], Proxy]]:
    """A function that puts a `Proxy` before a bridge."""
    proxies: list[Proxy] = []

    def make(bridge: BridgeProcess) -> Proxy:
        proxies.append(Proxy(bridge.port))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


STATE = '{"type":"state","epoch":"feed","seq":0,"pins":{},"simulated":true}'

EDGE = '{"type":"edge","seq":1,"pin":"a","event":"low","level":"low","at":1}'
SCRIPT = '<script src="client.js" data-page="welcome" data-socket="/ws/welcome" data-beat="{beat}">'


class Stub:
    """A bridge as far as a client sees one; what a page is told is up to the test.

    Args:
        handler: serves a socket; by default it tells the state and keeps what it gets.
        answer: answers a request that is no WebSocket: status and text.
    """

    def __init__(
        self,
        handler: Callable[[ServerConnection], None] | None = None,
        answer: Callable[[str], tuple[int, str]] = lambda _path: (200, "<p>page</p>"),
    ) -> None:
        self.got: list[str] = []
        self.connections = 0

        def respond(ws: ServerConnection, request: Any) -> Any:
            if "Upgrade" in request.headers:
                return None
            status, text = answer(request.path)
            return ws.respond(HTTPStatus(status), text)

        def serve_socket(ws: ServerConnection) -> None:
            self.connections += 1
            (handler or self._keep)(ws)

        self._server: Server = serve(
            serve_socket, "127.0.0.1", 0, process_request=respond, compression=None
        )
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}/welcome"
        self._thread = threading.Thread(target=self._server.serve_forever, name="test-stub")
        self._thread.start()

    def _keep(self, ws: ServerConnection) -> None:
        ws.send(STATE)
        for text in ws:
            assert isinstance(text, str)
            self.got.append(text)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join(DEADLINE_S)


@pytest.fixture
def make_stub() -> Iterator[Callable[..., Stub]]:
    """A function that starts a `Stub`."""
    stubs: list[Stub] = []

    def make(*args: Any, **options: Any) -> Stub:
        stubs.append(Stub(*args, **options))
        return stubs[-1]

    yield make
    for stub in stubs:
        stub.close()


# ---------------------------------------------------------------- what a page is told


def test_frames_and_follow(share_bridge: Run, kind: str) -> None:
    """State, edge and close come as on the wire, and then the next page's, past the press."""
    bridge = share_bridge(kind)
    with connect(bridge.url, display="lamp") as frames:
        state = next_frame(frames, "state")
        seq = state["seq"]
        assert state["pins"] == {"button": "high", "door": "low"}
        assert frames.url == f"{bridge.url}/welcome"
        assert bridge.health()["displays"] == [{"name": "lamp", "page": "welcome", "visible": True}]
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


# ---------------------------------------------------------------- connections that end


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
        wait_until(lambda: frames._page.beat_s == 30)


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


# ---------------------------------------------------------------- the program's side


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
        "gpiobridge.client.frames._retry_delay_s", lambda attempt, _chance: 600.0 * attempt
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
    monkeypatch.setattr("gpiobridge.client.frames.MAX_WAITING", 3)

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
        wait_until(lambda: frames._left_out == 3)
        frames.send("still here")
        assert told.wait(DEADLINE_S)
        assert [next_frame(frames)["data"] for _ in range(3)] == [3, 4, 5]
        looked.set()


# ---------------------------------------------------------------- what can't be


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
        with pytest.raises(RemoteError, match="leads to another host"):
            connect(f"http://127.0.0.1:{redirect.server_port}/", token="secret")
    finally:
        redirect.stop()


# ---------------------------------------------------------------- on the command line


class Answers(http.server.ThreadingHTTPServer):
    """Answers each request with one status, headers and body, and keeps what was asked."""

    def __init__(self, status: int, body: str, **more: str) -> None:
        asked: list[tuple[str, dict[str, str], str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                asked.append((self.path, dict(self.headers), self.rfile.read(length).decode()))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = asked
        self._thread = threading.Thread(target=self.serve_forever, name="test-answers")
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self._thread.join(DEADLINE_S)
        self.server_close()


def make_redirect(to: str) -> Answers:
    """A server that sends everyone elsewhere."""
    return Answers(302, "", Location=to)


@pytest.fixture
def gpiobridge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs the command line in this process: exit code, stdout and stderr."""
    monkeypatch.setenv("GPIOBRIDGE_SERVER__TOKEN", "0123456789abcdef")

    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(args)
        assert isinstance(end.value.code, int)
        return (end.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("args", "path", "body", "count", "said"),
    [
        (["push", '"hello"'], "messages", {"data": "hello"}, 2, "told 2 displays"),
        (["push", "null", "--page", "open"], "messages", {"data": None, "page": "open"}, 1,
         "told 1 display"),
        (["push", "[1]", "--display", "a", "--exclude", "b", "--retain", "k"], "messages",
         {"data": [1], "display": "a", "exclude": "b", "retain": "k"}, 0,
         "no such display is open: nothing was sent"),
        (["navigate", "open"], "navigate", {"to": "open"}, 1, "sent 1 display to open"),
        (["navigate", "open", "--page", "welcome", "--display", "a", "--exclude", "b"], "navigate",
         {"to": "open", "page": "welcome", "display": "a", "exclude": "b"}, 3,
         "sent 3 displays to open"),
    ],
)  # fmt: skip
def test_push_and_navigate(
    gpiobridge: Command, args: list[str], path: str, body: dict[str, Any], count: int, said: str
) -> None:
    """The command asks with the token and the keys that were given, and says how many."""
    answers = Answers(200, json.dumps({"displays": count}))
    try:
        done = gpiobridge(*args, "--url", f"127.0.0.1:{answers.server_port}/")
    finally:
        answers.stop()
    assert done == (0, f"{said}\n", "")
    [(asked, headers, sent)] = answers.asked
    assert (asked, json.loads(sent)) == (f"/api/{path}", body)
    assert headers["Authorization"] == "Bearer 0123456789abcdef"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "text", ["hello", "", "NaN", "{'a': 1}", '{"a": 1, "a": 2}', "[" * 100_000]
)
def test_push_wants_json(gpiobridge: Command, text: str) -> None:
    """Text without its quotes, or a key that is there twice, is refused here (row 14)."""
    code, _, said = gpiobridge("push", text)
    assert (code, "Traceback" in said) == (2, False)
    assert "text needs its quotes: '\"hello\"'" in said


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, "There is no page 'x'; pages: a.\n", "the bridge answered 404: There is no page 'x'"),
        (200, "hello", "is no gpiobridge"),
        (200, '{"displays": "many"}', "is no gpiobridge"),
    ],
)
def test_push_is_refused(gpiobridge: Command, status: int, body: str, said: str) -> None:
    """What the bridge says against it is the one line on stderr."""
    answers = Answers(status, body)
    try:
        code, _, told = gpiobridge("push", "1", "--url", f"http://127.0.0.1:{answers.server_port}")
    finally:
        answers.stop()
    assert (code, told.count("\n")) == (1, 1)
    assert said in told
