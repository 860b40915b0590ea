"""The wire contract, at a running server, under both servers."""

import contextlib
import json
import signal
import socket
import struct
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import CONFIG, write_exhibit
from harness.sockets import close_of, frame
from websockets.exceptions import InvalidStatus

from gpiobridge.loop import watcher
from gpiobridge.serve import gunicorn_worker

HANDSHAKE = (
    "GET /ws/{page} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Version: 13\r\n{more}\r\n"
)


def raw_socket(bridge: BridgeProcess, page: str = "still", more: str = "") -> socket.socket:
    """Open a WebSocket by hand; the answer is not read."""
    sock = socket.create_connection(("127.0.0.1", bridge.port), 10)
    sock.sendall(HANDSHAKE.format(page=page, port=bridge.port, more=more).encode())
    return sock


def status_of(sock: socket.socket) -> int:
    """The status that the server answers with."""
    with sock, sock.makefile("rb") as file:
        return int(file.readline().split()[1])


def test_state_comes_first(run_bridge: Run, kind: str) -> None:
    """The first frame is the full state, levels as the pulls hold them."""
    bridge = run_bridge(kind)
    with bridge.socket("welcome") as ws:
        state = frame(ws)
    assert state.pop("epoch")
    assert len(state.pop("seat")) >= 12
    assert state == {
        "type": "state",
        "seq": 0,
        "pins": {"button": "high", "door": "low"},
        "simulated": True,
    }


def test_press_closes_with_the_next_page(share_bridge: Run, kind: str) -> None:
    """A LOW edge sends its frame, then closes with 4000 and the next page's path."""
    bridge = share_bridge(kind)
    with bridge.socket("welcome") as ws:
        seq = frame(ws, "state")["seq"]
        bridge.set_level("button", "low")
        edge = frame(ws, "edge")
        assert edge.pop("at") > 1.7e9
        assert edge == {
            "type": "edge",
            "seq": seq + 1,
            "pin": "button",
            "event": "low",
            "level": "low",
        }
        assert close_of(ws) == (4000, "/open")


def test_every_display_sees_every_pin(share_bridge: Run, kind: str) -> None:
    """An edge that moves one page is shown on all others."""
    bridge = share_bridge(kind)
    with bridge.socket("still") as ws:
        seq = frame(ws, "state")["seq"]
        for level in ("low", "high"):
            bridge.set_level("button", level)
            edge = frame(ws, "edge")
            assert (edge["pin"], edge["level"]) == ("button", level)
        bridge.set_level("door", "high")
        assert frame(ws, "edge")["seq"] == seq + 3


def test_press_before_the_socket_counts_once(shared_bridge: BridgeProcess) -> None:
    """An edge after the page's cursor moves it as soon as its socket opens, and only once."""
    with shared_bridge.socket("still") as ws:
        state = frame(ws, "state")
        epoch, before = state["epoch"], state["seq"]
        shared_bridge.set_level("button", "low")
        frame(ws, "edge")
    with shared_bridge.socket("welcome", f"?cursor={epoch}:{before}") as ws:
        state, edge = frame(ws, "state"), frame(ws, "edge")
        told = state["seq"] - before, state["pins"]["button"], edge["seq"] - before
        assert told == (0, "low", 1)
        assert close_of(ws) == (4000, "/open")
    # The tab's own cursor comes first, and it has acted on the press.
    cursors = f"?cursor={epoch}:{before + 1}&cursor={epoch}:{before}"
    with shared_bridge.socket("open", cursors) as ws:
        assert frame(ws, "state")["seq"] == before + 1
        shared_bridge.set_level("door", "high")
        assert frame(ws, "edge")["pin"] == "door"


@pytest.mark.parametrize("cursor", ["feed:0", "x", "", ":", "0:-1", "%00"])
def test_foreign_cursor_gets_the_state_only(shared_bridge: BridgeProcess, cursor: str) -> None:
    """A cursor of another run, or no cursor at all, never moves a page."""
    with shared_bridge.socket("still") as ws:
        frame(ws, "state")
        shared_bridge.set_level("button", "low")
        pressed = frame(ws, "edge")["seq"]
    with shared_bridge.socket("welcome", f"?cursor={cursor}") as ws:
        assert frame(ws, "state")["seq"] == pressed
        shared_bridge.set_level("door", "high")
        assert frame(ws, "edge")["pin"] == "door"


def test_beats(run_bridge: Run, kind: str) -> None:
    """A beat comes when nothing else was sent; a display that stops answering is dropped."""
    bridge = run_bridge(kind, server='beat = "200ms"')
    with bridge.socket("still", "?display=kiosk") as ws:
        frame(ws, "state")
        for _ in range(5):
            frame(ws, "beat")
            ws.send('{"type":"beat"}')
        shown = {"name": "kiosk", "page": "still", "visible": True, "shown": None}
        assert bridge.health()["displays"] == [shown]
        wait_until(lambda: bridge.health()["displays"] == [])


def test_unknown_page_is_404(share_bridge: Run, kind: str) -> None:
    """A socket of a page that doesn't exist is refused before the upgrade."""
    bridge = share_bridge(kind)
    with pytest.raises(InvalidStatus) as refused, bridge.socket("nosuch"):
        pass
    assert refused.value.response.status_code == 404


def test_plain_get_is_400(share_bridge: Run, kind: str) -> None:
    """A request without a handshake is refused; an unknown page is unknown all the same."""
    bridge = share_bridge(kind)
    assert bridge.get("/ws/welcome")[0] == 400
    assert bridge.get("/ws/nosuch")[0] == 404


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
        ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", ""),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "short"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("GET ", "POST "),
    ],
)
def test_bad_handshake_is_refused(shared_bridge: BridgeProcess, old: str, new: str) -> None:
    """A handshake that breaks RFC 6455 is answered with a plain error, not with 500."""
    request = HANDSHAKE.format(page="still", port=shared_bridge.port, more="").replace(old, new)
    sock = socket.create_connection(("127.0.0.1", shared_bridge.port), 10)
    sock.sendall(request.encode())
    assert status_of(sock) in (400, 405, 426)


@pytest.mark.parametrize(
    "more",
    [
        "Content-Length: 8\r\n",
        "Content-Length: 08\r\n",
        "Transfer-Encoding: chunked\r\n",
    ],
)
def test_a_handshake_with_a_body_is_refused(run_bridge: Run, kind: str, more: str) -> None:
    """What its sender calls a body must not be read as frames."""
    bridge = run_bridge(kind)
    with raw_socket(bridge, more=more) as sock:
        sock.sendall(b"\x89\x82\0\0\0\0hi")  # a ping of 8 bytes
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert bridge.health()["displays"] == []


def test_a_handshake_without_a_body_may_say_so(run_bridge: Run, kind: str) -> None:
    """A length of 0 is none."""
    assert status_of(raw_socket(run_bridge(kind), more="Content-Length: 0\r\n")) == 101


@pytest.mark.parametrize(
    "version", ["Sec-WebSocket-Version: 8\r\n", "", "Sec-WebSocket-Version: x\r\n"]
)
def test_another_version_is_told_the_right_one(bridge: BridgeProcess, version: str) -> None:
    """RFC 6455, 4.4: 426, with the version that we speak."""
    request = HANDSHAKE.format(page="still", port=bridge.port, more="")
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
        sock.sendall(request.replace("Sec-WebSocket-Version: 13\r\n", version).encode())
        answer = sock.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 426 ")
    assert "\r\nsec-websocket-version: 13\r\n" in answer.lower()


def test_a_stranger_who_takes_every_slot_shuts_nobody_out(run_bridge: Run, kind: str) -> None:
    """The machine itself has two, and a page its seat; 503 says which bound was met (row 4)."""
    bridge = run_bridge(kind, server="max_displays = 5")
    stranger = {"source_address": ("127.0.0.2", 0)}
    visitor = {"source_address": ("127.0.0.3", 0)}
    with contextlib.ExitStack() as stack:

        def take(query: str = "", **options: object) -> tuple[Any, str]:
            ws = stack.enter_context(bridge.socket("still", query, **options))
            return ws, frame(ws, "state")["seat"]

        visiting, seat = take(**visitor)
        for _ in range(2):
            take(**stranger)
        with pytest.raises(InvalidStatus) as refused:
            take(**stranger)
        assert b"except 2 that are kept for this machine itself" in refused.value.response.body
        for _ in range(2):
            take()
        with pytest.raises(InvalidStatus) as refused:
            take()
        assert refused.value.response.body == b"All 5 displays are taken.\n"
        visiting.close()
        with pytest.raises(InvalidStatus):
            take(**stranger)
        take(f"?seat={seat}", **visitor)
        with pytest.raises(InvalidStatus):
            take(f"?seat={seat}", **visitor)


def test_one_address_has_a_bound_of_its_own(run_bridge: Run, tmp_path: Path) -> None:
    """Another one is let in all the same (row 4)."""
    config = write_exhibit(tmp_path, config=CONFIG + "\n[limits]\ndisplays_per_address = 1\n")
    bridge = run_bridge(config=config)
    stranger = {"source_address": ("127.0.0.2", 0)}
    with bridge.socket("still", **stranger) as ws:
        frame(ws, "state")
        with pytest.raises(InvalidStatus) as refused, bridge.socket("still", **stranger):
            pass
        assert b"limits.displays_per_address" in refused.value.response.body
        # A browser hides that answer from its page: who runs the bridge reads it in the log.
        bridge.wait_for_line("WARNING .*a display on still is refused: All 1 displays of 127.0.0.2")
        with bridge.socket("still", source_address=("127.0.0.3", 0)) as other:
            frame(other, "state")


def test_foreign_origin_is_403(share_bridge: Run, kind: str) -> None:
    """A page of another site can't open a socket here."""
    bridge = share_bridge(kind)
    with pytest.raises(InvalidStatus) as refused, bridge.socket("still", origin="http://evil.test"):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["null", "http://[", "http://evil.test:80", "file://", "x"])
def test_odd_origin_is_403(shared_bridge: BridgeProcess, origin: str) -> None:
    """Whatever stands in Origin, if it isn't this bridge it is refused."""
    assert shared_bridge.get("/still", Origin=origin)[0] == 403


def test_own_origin_is_fine(shared_bridge: BridgeProcess) -> None:
    """The bridge's own pages send their origin and are let in."""
    with shared_bridge.socket("still", origin=shared_bridge.url) as ws:
        frame(ws, "state")


def test_foreign_host_is_421(shared_bridge: BridgeProcess) -> None:
    """A name that was rebound to this address is refused, for pages and for sockets."""
    assert shared_bridge.get("/welcome", Host="evil.test")[0] == 421
    assert shared_bridge.get("/", Host="evil.test")[0] == 421
    sock = socket.create_connection(("127.0.0.1", shared_bridge.port), 10)
    request = HANDSHAKE.format(page="still", port=shared_bridge.port, more="")
    sock.sendall(request.replace("127.0.0.1", "evil.test").encode())
    assert status_of(sock) == 421


def test_too_many_displays_are_503(run_bridge: Run) -> None:
    """The display after the last one is refused, and let in when it takes another's seat."""
    bridge = run_bridge(server="max_displays = 2")
    with bridge.socket("still") as first, bridge.socket("still"):
        seat = frame(first, "state")["seat"]
        with pytest.raises(InvalidStatus) as refused, bridge.socket("still"):
            pass
        assert refused.value.response.status_code == 503
    wait_until(lambda: bridge.health()["displays"] == [])
    with bridge.socket("still", f"?seat={seat}") as ws:
        frame(ws, "state")


def test_message_over_the_limit_is_1009(share_bridge: Run, kind: str) -> None:
    """A client's message that is too large closes its socket with 1009."""
    bridge = share_bridge(kind)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        ws.send("x" * (16 * 1024 + 1))
        assert close_of(ws)[0] == 1009


def test_message_right_behind_the_handshake_counts(share_bridge: Run, kind: str) -> None:
    """Bytes that come in one packet with the handshake are read: here a ping, and a close."""
    bridge = share_bridge(kind)
    ping, close = b"\x89\x80\0\0\0\0", b"\x88\x80\0\0\0\0"
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
        request = HANDSHAKE.format(page="still", port=bridge.port, more="").encode()
        sock.sendall(request + ping + close)
        answer = b""
        while data := sock.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 101")
    assert answer.endswith(b"\x8a\x00\x88\x00")


@pytest.mark.parametrize(
    "message", [b"\x00", "no json", "[]", '{"no": "type"}', '{"type":"x","d":NaN}']
)
def test_what_is_no_message_is_1008(shared_bridge: BridgeProcess, message: str | bytes) -> None:
    """Binary data, and text that is no JSON object with a type, break a rule."""
    with shared_bridge.socket("still") as ws:
        frame(ws, "state")
        ws.send(message)
        assert close_of(ws)[0] == 1008


def test_unknown_message_type_is_passed_over(shared_bridge: BridgeProcess) -> None:
    """A newer page may say things that an older server doesn't know."""
    with shared_bridge.socket("still") as ws:
        frame(ws, "state")
        ws.send('{"type": "from the future"}')
        shared_bridge.set_level("button", "low")
        frame(ws, "edge")


def test_compression_is_not_negotiated(shared_bridge: BridgeProcess) -> None:
    """A client that offers compression gets none."""
    with shared_bridge.socket("still", compression="deflate") as ws:
        frame(ws, "state")
        assert ws.protocol.extensions == []


def test_no_thread_for_a_socket(run_bridge: Run) -> None:
    """200 open sockets live on the main thread, the watcher and the two HTTP threads allowed."""
    bridge = run_bridge(server="threads = 2")
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            frame(stack.enter_context(bridge.socket("still")), "state")
        assert len(bridge.health()["displays"]) == 200
        assert bridge.threads() <= 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_says_goodbye(run_bridge: Run, kind: str, number: int) -> None:
    """On SIGTERM and Ctrl-C every live display gets 1001; dead ones don't hold the exit up."""
    took_s = stop_with_displays(run_bridge(kind), number)
    print(f"stopped in {took_s:.2f} s")
    # Whoever held the exit up would do so for gunicorn's graceful timeout, 5 s, or for good.
    assert took_s < 4.0


def test_a_stop_waits_for_little() -> None:
    """What it waits for by the clock is short; how long the rest takes, the machine says."""
    assert watcher._FAREWELL_S + gunicorn_worker.IN_FLIGHT_S < 0.6


def stop_with_displays(bridge: BridgeProcess, number: int) -> float:
    """Stop a bridge that has displays, live and dead ones; return how many seconds that took."""
    with contextlib.ExitStack() as stack:
        live = [stack.enter_context(bridge.socket("still")) for _ in range(150)]
        for ws in live:
            frame(ws, "state")
        # Peers that never answer a close, connections that say nothing or keep alive.
        for _ in range(50):
            stack.enter_context(raw_socket(bridge))
        for _ in range(4):
            stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port)))
        idle = stack.enter_context(socket.create_connection(("127.0.0.1", bridge.port)))
        idle.sendall(f"GET /welcome HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n\r\n".encode())
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: len(bridge.health()["displays"]) == 200)
        took_s = bridge.stop(number)
        assert {close_of(ws)[0] for ws in live} == {1001}
    return took_s


def test_reset_in_the_handshake_gives_the_slot_back(run_bridge: Run) -> None:
    """A client that vanishes during its handshake doesn't use up a display."""
    bridge = run_bridge(server="max_displays = 1")
    for _ in range(20):
        sock = raw_socket(bridge)
        # Linger 0: closing resets the connection.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    def free() -> bool:
        try:
            with bridge.socket("still") as ws:
                return bool(frame(ws, "state"))
        except InvalidStatus:
            return False

    wait_until(free)


def test_simulator_route(share_bridge: Run, kind: str) -> None:
    """POST sets a level (204); an unknown pin is 404, a bad body 400."""
    bridge = share_bridge(kind)
    path = "/simulator/pins/button"
    assert bridge.request(path, b'{"level": "low"}') == (204, "")
    assert bridge.request("/simulator/pins/nosuch", b'{"level": "low"}')[0] == 404
    for body in (
        b"",
        b"x",
        b'"low"',
        b"{}",
        b'{"level": "LOW"}',
        b'{"level": 0}',
        b'{"level": []}',
    ):
        assert bridge.request(path, body)[0] == 400, body
    assert bridge.request(path, b"x" * 5000)[0] == 413
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
        sock.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{bridge.port}\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n1388\r\n{'x' * 5000}\r\n0\r\n\r\n".encode()
        )
        assert status_of(sock) == 413
    assert bridge.get(path)[0] == 405


def test_pages_are_served(share_bridge: Run, kind: str) -> None:
    """/ leads to the start page, with its query; a page has the client in its head."""
    bridge = share_bridge(kind)
    status, html = bridge.get("/?display=kiosk")
    assert status == 200
    assert '<head><script src="/gpiobridge/client.js' in html
    assert 'data-socket="/ws/welcome"' in html
    assert bridge.get("/nosuch")[0] == 404
    assert json.loads(bridge.get("/gpiobridge/next/welcome")[1]) == {
        "prefetch": [{"urls": ["/open"], "eagerness": "immediate"}]
    }
