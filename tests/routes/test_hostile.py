"""Peers that are hostile, or only unlucky: the other displays and pages notice nothing.

Every test is inside `unharmed`: a display that saw all of it must have had every edge, in order and
without a gap; a page and a new socket must work; no display may be left over. And at the end of the
server's life nothing may have been raised into its log.
"""

import contextlib
import itertools
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
from fuzz import (
    BEAT,
    BINARY,
    CLOSE,
    ENDS_WITH_RST,
    PING,
    TEXT,
    ServerFrames,
    client_frame,
    connect,
    fuzz,
    handshake,
)
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from soak import EVERY_EDGE

BEAT_S = 0.2
SHORT_BEATS = 'beat = "200ms"'


class Peer:
    """A WebSocket client without manners, by hand.

    Args:
        port: the server's.
        page: where its socket goes, and a query if you like.
        buffer: the size of its receive buffer in bytes, if not the system's.
        opening: what it sends first, if not a handshake.
    """

    def __init__(
        self,
        port: int,
        page: str = "still",
        *,
        buffer: int | None = None,
        opening: bytes | None = None,
    ) -> None:
        self.sock = socket.socket()
        if buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = ServerFrames()
        self._frames: list[dict[str, Any]] = []
        self.sock.sendall(handshake(port, page) if opening is None else opening)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        """Send one frame; see `client_frame`."""
        self.sock.sendall(client_frame(opcode, payload, **options))

    def frame(self, at_once: int = 65536) -> dict[str, Any]:
        """The next frame that is no beat, received in pieces of at most ``at_once`` bytes."""
        while not self._frames:
            data = self.sock.recv(at_once)
            assert data, f"the server ended the connection: {self.stream.close}"
            for opcode, payload in self.stream.feed(data):
                if opcode == TEXT and payload != BEAT:
                    self._frames.append(json.loads(payload))
        return self._frames.pop(0)

    def close(self) -> tuple[int, str] | None:
        """Read to the end: code and reason of the close frame, None if there was none."""
        with contextlib.suppress(ConnectionResetError):
            while data := self.sock.recv(65536):
                self.stream.feed(data)
        return self.stream.close

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ENDS_WITH_RST)
        self.sock.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """One server for all tests here, with short beats and a door that reports every edge."""
    config = write_exhibit(tmp_path_factory.mktemp("exhibit"), SHORT_BEATS, EVERY_EDGE)
    bridge = BridgeProcess(config)
    yield bridge
    bridge.stop()  # it looks for tracebacks, too


class Witness(Peer):
    """A display that sees all, and must have had it all in order."""

    def __init__(self, bridge: BridgeProcess) -> None:
        super().__init__(bridge.port)
        self._bridge = bridge
        self.seq: int = self.frame()["seq"]
        self._levels = itertools.cycle(("high", "low"))

    def edges(self, count: int = 2) -> None:
        """Make edges of the door and see each of them; an even number leaves the door as it was."""
        for _ in range(count):
            self._bridge.set_level("door", next(self._levels))
        self.see(count)

    def see(self, count: int) -> None:
        """Read so many edges."""
        for _ in range(count):
            edge = self.frame()
            self.seq += 1
            assert (edge["type"], edge["seq"]) == ("edge", self.seq)


@contextlib.contextmanager
def unharmed(bridge: BridgeProcess) -> Iterator[Witness]:
    """Whatever happens inside, the witness sees every edge and the server is as before."""
    with Witness(bridge) as witness:
        yield witness
        witness.edges()
        assert bridge.get("/still")[0] == 200
        with Peer(bridge.port) as later:
            assert later.frame()["seq"] == witness.seq
    wait_until(lambda: bridge.health()["displays"] == [])


def flood(sock: socket.socket, data: bytes, stop: threading.Event, *, reads: bool) -> None:
    """Send without end, until ``stop`` or until the server has had enough."""
    sock.settimeout(0.05)
    while not stop.is_set():
        try:
            sock.sendall(data)
            if reads:
                sock.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return


def test_stalled_reader_is_dropped(server: BridgeProcess) -> None:
    """A display that stopped reading is dropped when too far behind; others get every edge."""
    with unharmed(server) as witness, Peer(server.port, buffer=2048) as stalled:
        wait_until(lambda: len(server.health()["displays"]) == 2)
        behind = 0
        while len(server.health()["displays"]) == 2:
            witness.edges(100)
            behind += 100
            assert behind < 5000, "a display that reads nothing is kept"
        # What it finds when it wakes up is in order: whole frames, then the end.
        with contextlib.suppress(ConnectionResetError):
            while data := stalled.sock.recv(65536):
                stalled.stream.feed(data)
    server.wait_for_line("stopped reading")


def test_answers_that_nobody_reads(server: BridgeProcess) -> None:
    """A client that pings without end and doesn't read the answers is dropped."""
    # With a small receive buffer its own kernel drops the acknowledgements that come with the
    # answers, and sends no more pings: then only TCP_USER_TIMEOUT, 12 s, ends it.
    with unharmed(server), Peer(server.port) as stalled:
        wait_until(lambda: len(server.health()["displays"]) == 2)
        with contextlib.suppress(OSError):
            for _ in range(5000):
                stalled.send(PING, b"x" * 125)
        wait_until(lambda: len(server.health()["displays"]) == 1, 40)


def test_slow_reader_gets_everything(server: BridgeProcess) -> None:
    """A display that reads byte by byte gets every frame whole and in order, however late."""
    with unharmed(server) as witness, Peer(server.port, buffer=2048) as slow:
        seq = slow.frame(1)["seq"]
        witness.edges(400)  # more than the kernel takes: the rest waits in the outbox
        for number in range(seq + 1, seq + 401):
            assert slow.frame(1)["seq"] == number


def test_half_open_display_is_dropped(server: BridgeProcess) -> None:
    """A display that answered beats and then falls silent is dropped; one that never did isn't."""
    with unharmed(server), Peer(server.port, "still?display=silent") as silent:
        silent.send(TEXT, BEAT)
        wait_until(lambda: len(server.health()["displays"]) == 2)
        server.wait_for_line('"silent" on still no longer answers')
        assert [d["name"] for d in server.health()["displays"]] == [""]  # the witness answers none
        assert silent.close() is None


def test_byte_by_byte_handshake(server: BridgeProcess) -> None:
    """A handshake whose bytes come one by one is a handshake; so is a message after it."""
    with unharmed(server), Peer(server.port, opening=b"") as slow:
        message = client_frame(TEXT, b"no json", mask=b"abcd")
        for byte in handshake(server.port) + message:
            slow.sock.sendall(bytes([byte]))
        assert slow.frame()["type"] == "state"
        assert slow.close() == (1008, "a message is a JSON object with a type")


ENDLESS = {
    "messages": client_frame(TEXT, BEAT),
    "pings": client_frame(PING, b"x" * 125),
    "pongs": client_frame(10),
    "empty messages": client_frame(TEXT, b"{}"),
    "empty pieces": client_frame(0, first=0),
    "other messages": client_frame(TEXT, b'{"type":"message","data":"' + b"x" * 10_000 + b'"}'),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_client_that_sends_without_end(server: BridgeProcess, what: str) -> None:
    """However much some clients send, the others' edges arrive, and pages are served."""
    stop = threading.Event()
    begin = client_frame(TEXT, b"{", first=TEXT) if what == "empty pieces" else b""
    with unharmed(server) as witness, contextlib.ExitStack() as stack:
        threads = []
        for _ in range(3):
            peer = stack.enter_context(Peer(server.port))
            peer.frame()
            peer.sock.sendall(begin)
            args = (peer.sock, ENDLESS[what] * (4000 // len(ENDLESS[what]) + 1), stop)
            thread = threading.Thread(target=flood, args=args, kwargs={"reads": what == "pings"})
            thread.start()
            threads.append(thread)
        try:
            witness.edges(20)
            assert server.get("/still")[0] == 200
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def test_too_many_frames_are_1008(server: BridgeProcess) -> None:
    """A display that sends more frames in a second than any page would is told so, and closed."""
    with unharmed(server), Peer(server.port) as peer:
        peer.frame()
        with contextlib.suppress(OSError):
            peer.sock.sendall(client_frame(TEXT, BEAT) * 2000)
        assert (peer.close() or (0,))[0] == 1008


SHORT_LIMIT = [
    sys.executable,
    "-c",
    "from gpiobridge import cli; from gpiobridge.serve import gunicorn_worker; "
    "gunicorn_worker.WHOLE_REQUEST_S = 1; cli.main()",
]


def test_endless_requests_are_given_up(run_bridge: Callable[..., BridgeProcess]) -> None:
    """More clients than HTTP threads that send a request byte by byte, for ever, end no page."""
    bridge = run_bridge(command=SHORT_LIMIT)
    stop = threading.Event()

    def dribble(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not stop.wait(0.2):
                sock.sendall(b"x")

    with contextlib.ExitStack() as stack:
        threads = []
        for _ in range(10):
            sock = stack.enter_context(connect(bridge.port))
            sock.sendall(b"GET /still HTTP/1.1\r\nX: ")
            threads.append(threading.Thread(target=dribble, args=(sock,)))
            threads[-1].start()
        try:
            assert bridge.get("/still")[0] == 200
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def test_message_in_endless_pieces_is_1009(server: BridgeProcess) -> None:
    """A message that comes in small pieces counts as one: too large is too large."""
    with unharmed(server), Peer(server.port) as peer:
        peer.send(TEXT, b'{"type":"', first=TEXT)
        with contextlib.suppress(OSError):
            for _ in range(200):
                peer.send(0, b"x" * 100, first=0)
        assert (peer.close() or (0,))[0] == 1009


MASK = b"\x0f\xf0\x55\xaa"
MALFORMED = {
    "reserved bit 1": (client_frame(TEXT, BEAT, first=0xC1), 1002),
    "reserved bit 3": (client_frame(TEXT, BEAT, first=0x91), 1002),
    "unmasked": (client_frame(TEXT, BEAT, mask=None), 1002),
    "unknown opcode": (client_frame(3, BEAT), 1002),
    "unknown control opcode": (client_frame(11), 1002),
    "fragmented ping": (client_frame(PING, first=PING), 1002),
    "ping of 126 bytes": (client_frame(PING, b"x" * 126), 1002),
    "continuation of nothing": (client_frame(0, b"x"), 1002),
    "message within a message": (client_frame(TEXT, b"{", first=TEXT) * 2, 1002),
    "length of 2^63": (client_frame(TEXT, b"x", claim=2**63), 1002),
    "length of 2^64 - 1": (client_frame(TEXT, b"x", claim=2**64 - 1), 1002),
    "length in a form too long": (client_frame(TEXT, BEAT, claim=len(BEAT)), 1002),
    "length of 2^63 - 1": (client_frame(TEXT, b"x" * 20_000, claim=2**63 - 1), 1009),
    "message of 16 KiB and a byte": (client_frame(TEXT, b"x" * 16_385), 1009),
    "no UTF-8": (client_frame(TEXT, b"\xff", mask=MASK), 1007),
    "half a character": (client_frame(TEXT, b"\xe2\x82", mask=MASK), 1007),
    "a surrogate": (client_frame(TEXT, b"\xed\xa0\x80", mask=MASK), 1007),
    "binary": (client_frame(BINARY, b"x"), 1008),
    "giant binary": (client_frame(BINARY, b"x", claim=2**40), 1008),
    "deeply nested": (client_frame(TEXT, b"[" * 10_000), 1008),
    "close with half a code": (client_frame(CLOSE, b"\x03"), 1002),
    "close with code 999": (client_frame(CLOSE, (999).to_bytes(2, "big")), 1002),
    "close with code 1006": (client_frame(CLOSE, (1006).to_bytes(2, "big")), 1002),
    "close with a reason that is no UTF-8": (client_frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "close": (client_frame(CLOSE, b"\x03\xe8"), 1000),
    "close with a code of the application's": (client_frame(CLOSE, b"\x0f\xa0/open"), 4000),
    "close without a code": (client_frame(CLOSE), 1005),
}


def test_malformed_frames(server: BridgeProcess) -> None:
    """What breaks RFC 6455 is answered with a close frame that says so, then the end."""
    with unharmed(server), contextlib.ExitStack() as stack:
        # All at once: after its close frame the server waits a second for the peer's.
        peers = {what: stack.enter_context(Peer(server.port)) for what in MALFORMED}
        for what, peer in peers.items():
            peer.frame()
            peer.sock.sendall(MALFORMED[what][0])
        got = {what: (peer.close() or (None,))[0] for what, peer in peers.items()}
    assert got == {what: code for what, (_, code) in MALFORMED.items()}


def test_giant_frame_takes_no_memory(server: BridgeProcess) -> None:
    """A header that announces 2^63 - 1 bytes reserves nothing, and ends with the 16 KiB allowed."""
    with unharmed(server), Peer(server.port) as peer:
        peer.frame()
        peer.send(TEXT, claim=2**63 - 1)
        with contextlib.suppress(OSError):
            for _ in range(100):
                peer.sock.sendall(b"x" * 1000)
        assert (peer.close() or (0,))[0] == 1009


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Connection", "Upgrade, \xff"),
        ("Upgrade", "websocket, \xe9"),
        ("Host", "127.0.0.1:{port}\xff"),
        ("Host", "127.0.0.1:" + "8" * 300),
        ("Sec-WebSocket-Protocol", "\xff"),
        ("Sec-WebSocket-Extensions", "\xff"),
        ("Sec-WebSocket-Key", "\xff" * 24),
        ("Origin", "\xff"),
    ],
)
def test_odd_bytes_in_a_handshake(server: BridgeProcess, header: str, value: str) -> None:
    """Bytes beyond ASCII in a handshake are no reason for an error of ours."""
    line = f"{header}: {value.format(port=server.port)}".encode("latin-1")
    request = handshake(server.port)
    if header.encode() in request:
        request = re.sub(header.encode() + rb": [^\r]*", lambda _: line, request)
    else:
        request = request.replace(b"Upgrade:", line + b"\r\nUpgrade:", 1)
    with unharmed(server), Peer(server.port, opening=request) as peer:
        while peer.stream.status is None and (data := peer.sock.recv(65536)):
            peer.stream.feed(data)
        assert peer.stream.status in (101, 400, 403, 421)


def test_reconnect_storm(server: BridgeProcess) -> None:
    """300 displays that come and go as fast as they can leave nothing behind."""
    with unharmed(server) as witness:
        for i in range(300):
            peer = Peer(server.port)
            match i % 5:
                case 0:
                    peer.sock.close()
                case 1:
                    peer.reset()
                case 2:
                    peer.frame()
                    peer.sock.close()
                case 3:
                    peer.frame()
                    peer.reset()
                case 4:
                    peer.send(CLOSE)
                    assert peer.close() == (1005, "")
                    peer.sock.close()
            if i % 50 == 0:
                witness.edges()


def test_silent_preconnects(server: BridgeProcess) -> None:
    """A hundred connections that say nothing, as browsers make them, delay nobody."""
    with unharmed(server) as witness, contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connect(server.port))
        witness.edges(10)
        assert server.get("/still")[0] == 200


def test_many_tabs_move_on_one_press(server: BridgeProcess) -> None:
    """50 tabs on one page are all sent to its next page by one press; other pages stay."""
    with unharmed(server) as witness, contextlib.ExitStack() as stack:
        tabs = [stack.enter_context(Peer(server.port, "welcome")) for _ in range(50)]
        for tab in tabs:
            tab.frame()
        server.set_level("button", "low")
        witness.see(1)
        for tab in tabs:
            assert (tab.frame()["seq"], tab.close()) == (witness.seq, (4000, "/open"))
        server.set_level("button", "high")
        witness.see(1)


def test_oscillating_pin(server: BridgeProcess) -> None:
    """Edges as fast as they can be made: numbers only rise, and the last level is told to all."""
    count = 1000
    bodies = itertools.cycle((b'{"level": "high"}', b'{"level": "low"}'))

    def oscillate() -> None:
        for _ in range(count):
            assert server.request("/simulator/pins/door", next(bodies))[0] == 204

    thread = threading.Thread(target=oscillate)
    with unharmed(server) as witness:
        last = witness.seq + count
        thread.start()
        try:
            while witness.seq < last:
                # Where they can't be told in time some are left out, never the newest.
                edge = witness.frame()
                assert edge["seq"] > witness.seq
                witness.seq = edge["seq"]
                if witness.seq % 100 < 5:
                    with Peer(server.port) as joining:
                        state = joining.frame()
                        assert state["seq"] >= witness.seq
                        if state["seq"] < last:
                            assert joining.frame()["seq"] > state["seq"]
            assert edge["level"] == "low"
        finally:
            thread.join()


POST = b"POST /simulator/pins/door HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 17\r\n\r\n"
RESETS: tuple[tuple[bool, str, bytes], ...] = (
    # a handshake, what is read then, what is sent then
    (False, "nothing", b""),
    (False, "nothing", b"GET /ws/st"),
    (False, "nothing", b"GET /ws/still HTTP/1.1\r\nHost: 127"),
    (False, "nothing", b"GET /still HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    (False, "nothing", POST + b'{"level"'),
    (True, "nothing", b""),
    (True, "a byte", b""),
    (True, "the state", b""),
    (True, "the state", client_frame(TEXT, BEAT)[:1]),  # in a frame's header
    (True, "the state", client_frame(TEXT, BEAT)[:-3]),  # in a frame
    (True, "the state", client_frame(TEXT, BEAT)),
    (True, "nothing", client_frame(TEXT, b"no json")),
    (True, "the state", client_frame(TEXT, b"no json")),
    (True, "the state", client_frame(CLOSE)),
)


def test_reset_at_every_stage(server: BridgeProcess) -> None:
    """A client that resets its connection, at whatever moment, is a display less and no more."""
    with unharmed(server) as witness:
        for _ in range(5):
            for shakes, reads, sends in RESETS:
                peer = Peer(server.port, opening=None if shakes else b"")
                if reads == "a byte":
                    peer.sock.recv(1)
                elif reads == "the state":
                    peer.frame()
                peer.sock.sendall(sends)
                peer.reset()
            witness.edges()


def test_reset_while_it_is_moved(server: BridgeProcess) -> None:
    """Tabs that vanish at the press that moves them don't hold up those that are there."""
    with unharmed(server) as witness, contextlib.ExitStack() as stack:
        tabs = [stack.enter_context(Peer(server.port, "welcome")) for _ in range(20)]
        for tab in tabs:
            tab.frame()
        for tab in tabs[::2]:
            tab.reset()
        server.set_level("button", "low")
        witness.see(1)
        for tab in tabs[1::2]:
            assert (tab.frame()["seq"], tab.close()) == (witness.seq, (4000, "/open"))
        server.set_level("button", "high")
        witness.see(1)


def test_peer_that_does_not_hang_up_after_a_close(server: BridgeProcess) -> None:
    """A display that sends on after our close frame, and never hangs up, is gone soon after."""
    stop = threading.Event()
    with unharmed(server), Peer(server.port) as peer:
        peer.frame()
        peer.send(TEXT, b"no json")
        args = (peer.sock, client_frame(TEXT, BEAT) * 100, stop)
        thread = threading.Thread(target=flood, args=args, kwargs={"reads": False})
        thread.start()
        try:
            server.wait_for_line("did not hang up")
        finally:
            stop.set()
            thread.join()


def test_generated_handshakes_and_frames(server: BridgeProcess) -> None:
    """A short run of `fuzz`: every case is answered or closed, and the server lives on."""
    with unharmed(server):
        pass
    report = fuzz(server, seed=int(os.environ.get("FUZZ_SEED", "3")), numbers=range(500))
    print("\n".join(report.lines()))
    assert report.failures == []
