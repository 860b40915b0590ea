"""Our worker, at a running server: what clients that dawdle may hold, and what they may not."""

import contextlib
import errno
import logging
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until
from harness.sockets import frame
from websockets.sync.client import connect

from gpiobridge.serve.arrivals import MAX_UNFINISHED
from gpiobridge.serve.silence import bound_waits
from gpiobridge.serve.threaded_worker import Worker, bound_failures
from gpiobridge.serve.turns import REST_S
from gpiobridge.system.log_rate import MOST

THREADS = 2
SERVER = f"""\
threads = {THREADS}
beat = "200ms"
token = "0123456789abcdef"
[limits]
connections_per_address = 5
unfinished_per_address = 4
"""
TOKEN = "0123456789abcdef"
STRANGER = "127.0.0.2"
BODY = b'{"level":"low","for":"150ms"}'

Share = Callable[..., BridgeProcess]


@pytest.fixture
def bridge(share_bridge: Share) -> BridgeProcess:
    """A bridge with few threads, small limits and a token."""
    return share_bridge(server=SERVER, token=TOKEN)


class Client:
    """Connections to a bridge, from one address; all are closed at the end."""

    def __init__(self, bridge: BridgeProcess, address: str = "127.0.0.1") -> None:
        self._bridge = bridge
        self._address = address
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def connect(self, data: bytes = b"") -> socket.socket:
        """Open a connection, and send on it."""
        sock = socket.create_connection(("127.0.0.1", self._bridge.port), 20, (self._address, 0))
        self._stack.enter_context(sock)
        sock.sendall(data)
        return sock

    def request(self, start: str = "GET /still", more: str = "", token: str = TOKEN) -> bytes:
        """The head of a request."""
        host = f"Host: 127.0.0.1:{self._bridge.port}\r\n"
        return (f"{start} HTTP/1.1\r\n{host}Authorization: Bearer {token}\r\n{more}\r\n").encode()


def status_of(sock: socket.socket) -> int:
    """The status of the next answer, all of which is read."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")),
        0,
    )
    while len(body) < length:
        body += sock.recv(65536)
    return int(head.split()[1])


def is_ended(sock: socket.socket) -> bool:
    """Whether the server has ended a connection; what it has said before is passed over."""
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(65536):
            pass
    return True


def processor_s(pid: int) -> float:
    """The processor time of a process so far, in seconds (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def page_is_served(bridge: BridgeProcess) -> bool:
    """Whether a page comes, by a new connection."""
    return bridge.get("/still", Authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize("address", ["127.0.0.1", STRANGER])
def test_half_a_head_holds_no_thread(bridge: BridgeProcess, address: str) -> None:
    """Pages are served beside more unfinished requests than there are threads (row 1)."""
    with Client(bridge, address) as client:
        for _ in range(4 * THREADS):
            client.connect(b"GET /still HTTP/1.1\r\nHo")
        assert page_is_served(bridge)


@pytest.mark.parametrize("address", ["127.0.0.1", STRANGER])
def test_half_a_body_holds_no_thread(bridge: BridgeProcess, address: str) -> None:
    """Pages are served beside more unfinished bodies than there are threads (row 2)."""
    with Client(bridge, address) as client:
        for _ in range(4 * THREADS):
            client.connect(client.request("POST /api/messages", "Content-Length: 9\r\n") + b"{")
        assert page_is_served(bridge)


@pytest.mark.parametrize(
    "more",
    ["Transfer-Encoding: chunked\r\n", "Content-Length: 99999\r\n",
     "Expect: 100-continue\r\nContent-Length: 9\r\n"],
)  # fmt: skip
def test_bodies_that_are_not_gathered_hold_half_the_threads(
    bridge: BridgeProcess, more: str
) -> None:
    """A page is served beside as many of them as one likes (row 1)."""
    with Client(bridge) as client:
        for _ in range(4 * THREADS):
            client.connect(client.request("POST /api/messages", more))
        assert page_is_served(bridge)


def test_bodies_that_are_not_gathered_are_bounded_in_all(bridge: BridgeProcess) -> None:
    """Else those that come through a proxy would be all connections that there may be (row 1)."""
    with Client(bridge) as client:
        slow = client.request("POST /api/messages", "Transfer-Encoding: chunked\r\n")
        _, first_waiting, *_ = [client.connect(slow) for _ in range(MAX_UNFINISHED + THREADS)]
        assert is_ended(first_waiting)
        assert page_is_served(bridge)
    with Client(bridge) as client:  # the next test finds the bridge at rest
        assert status_of(client.connect(slow + b"0\r\n\r\n")) == 400


def test_answers_that_nobody_reads_hold_no_thread(bridge: BridgeProcess) -> None:
    """Pages are served beside clients that ask for a lot and read nothing."""
    with Client(bridge) as client:
        for _ in range(2 * THREADS):
            sock = client.connect()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(client.request("GET /gpiobridge/client.js") * 300)
        began_s = time.monotonic()
        for _ in range(60):  # meanwhile there is no more room for their answers
            assert page_is_served(bridge)
        assert time.monotonic() < began_s + 10  # WHOLE_REQUEST_S ends those that hold a thread


def test_a_thread_waits_for_a_silent_peer_for_a_while_only() -> None:
    """Neither for what it doesn't send nor for what it doesn't read, however often it is told."""
    with contextlib.ExitStack() as stack:
        ours, theirs = map(stack.enter_context, socket.socketpair())
        bound_waits(ours, "SO_RCVTIMEO", 0.01)
        bound_waits(ours, "SO_SNDTIMEO", 0.01)
        ours.setblocking(True)  # as gunicorn does
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        with pytest.raises(BlockingIOError):
            ours.sendall(b"x" * 10_000_000)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_failures_are_logged_at_a_bounded_rate(caplog: pytest.LogCaptureFixture) -> None:
    """Clients can bring them about; other lines of gunicorn's tell of its start and end."""
    log = logging.getLogger(__name__)
    bound_failures(log)
    for _ in range(MOST + 5):
        log.error("Socket error processing request.", exc_info=BlockingIOError())
        log.error("Worker failed to boot.")
    messages = [record.getMessage() for record in caplog.records]
    assert messages.count("Socket error processing request.") == MOST
    assert messages.count("Worker failed to boot.") == MOST + 5


def test_unfinished_requests_cost_no_time(bridge: BridgeProcess) -> None:
    """While nothing comes of them, the server sleeps (row 1)."""
    worker = bridge.workers()[0]
    with Client(bridge) as client, bridge.socket("still", f"?token={TOKEN}") as ws:
        for _ in range(40):
            client.connect(b"GET /still HTTP/1.1\r\nHo")
        assert page_is_served(bridge)
        frame(ws, "state")
        before_s = processor_s(worker)
        for _ in range(5):  # a second
            frame(ws, "beat")
        assert processor_s(worker) - before_s < 0.3


def test_a_client_s_oldest_unfinished_request_goes(bridge: BridgeProcess) -> None:
    """It is told; and another client's stay (row 1)."""
    with Client(bridge) as machine, Client(bridge, STRANGER) as stranger:
        others = machine.connect(machine.request()[:-2])
        oldest, *_ = [stranger.connect(b"GET /still HTTP/1.1\r\nHo") for _ in range(5)]
        assert status_of(oldest) == 408
        others.sendall(b"\r\n")
        assert status_of(others) == 200


def test_a_client_s_oldest_idle_connection_goes(bridge: BridgeProcess) -> None:
    """A kept-alive one makes room for a new one; this machine's are not bounded (row 3)."""
    with Client(bridge) as machine, Client(bridge, STRANGER) as stranger:
        for client in (machine, stranger):
            connections = []
            for _ in range(6):
                connections.append(client.connect(client.request()))
                assert status_of(connections[-1]) == 200
            if client is stranger:
                assert is_ended(connections[0])
            else:
                connections[0].sendall(client.request())
                assert status_of(connections[0]) == 200


@pytest.mark.parametrize("refused", [("GET /still", "x" * 16), ("GET /healthz", "")])
def test_who_is_refused_connects_anew(bridge: BridgeProcess, refused: tuple[str, str]) -> None:
    """A refusal ends its connection, and says so (row 3)."""
    with Client(bridge) as client:
        sock = client.connect(client.request(refused[0], token=refused[1]))
        answer = sock.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close\r\n" in answer
        assert is_ended(sock)


def test_who_is_refused_rests_only_a_moment(bridge: BridgeProcess) -> None:
    """A stranger's twenty refusals, one after the other, are spread out, but not over seconds."""
    began_s = time.monotonic()
    with Client(bridge, STRANGER) as stranger:
        for _ in range(20):
            sock = stranger.connect(stranger.request(token="no"))
            assert status_of(sock) == 401
            sock.close()
    assert 19 * REST_S <= time.monotonic() - began_s < 10  # the server looks once a second anyway


def test_who_opens_sockets_rests(bridge: BridgeProcess) -> None:
    """Those who flood come back at once: a stranger's sockets are spread out (row 5)."""
    asked = {"additional_headers": {"Authorization": f"Bearer {TOKEN}"}, "proxy": None}
    url = f"ws://127.0.0.1:{bridge.port}/ws/still"
    began_s = time.monotonic()
    for _ in range(12):
        with connect(url, source_address=(STRANGER, 0), **asked) as opened:
            frame(opened, "state")
    assert time.monotonic() - began_s >= 11 * REST_S


def test_a_kept_alive_connection_goes_on(bridge: BridgeProcess) -> None:
    """One request after the other, each byte by byte, and with bodies of each kind."""
    with Client(bridge) as client:
        sock = client.connect()
        for _ in range(2):
            for byte in client.request():
                sock.sendall(bytes([byte]))
            assert status_of(sock) == 200
        length = f"Content-Length: {len(BODY)}\r\n"
        sock.sendall(client.request("POST /simulator/pins/door", length) + BODY)
        assert status_of(sock) in (204, 400)  # pressed already, perhaps
        sock.sendall(client.request("POST /nothing", "Transfer-Encoding: chunked\r\n"))
        sock.sendall(b"5\r\nabcde\r\n0\r\n\r\n")
        assert status_of(sock) == 404
        sock.sendall(client.request())
        assert status_of(sock) == 200


def test_pipelined_requests_are_answered_in_order(bridge: BridgeProcess) -> None:
    """What comes together with a request is the next one, or the beginning of it."""
    with Client(bridge) as client:
        both = client.request("GET /nothing") + client.request() + client.request("GET /not")
        sock = client.connect(both + client.request()[:20])
        answers = b""
        while answers.count(b"HTTP/1.1 ") < 3:
            answers += sock.recv(65536)
        statuses = [part.split()[0] for part in answers.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"404", b"200", b"404"]
        sock.sendall(client.request()[20:])
        wait_until(lambda: b"HTTP/1.1 200" in sock.recv(65536))


def test_the_first_frames_may_come_with_the_handshake(bridge: BridgeProcess) -> None:
    """Bytes behind a handshake are the socket's: a masked ping is answered."""
    with Client(bridge) as client:
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\n{key}"
        sock = client.connect(client.request("GET /ws/still", upgrade) + b"\x89\x80abcd")
        data = b""
        while b"\x8a\x00" not in data:
            data += sock.recv(65536)
        assert data.startswith(b"HTTP/1.1 101 ")


def test_a_client_that_floods_keeps_nobody_waiting(bridge: BridgeProcess) -> None:
    """Requests of others are answered between those of one that has many."""
    with Client(bridge, STRANGER) as stranger:
        for _ in range(5):
            stranger.connect(stranger.request() * 100)
        assert page_is_served(bridge)
        with connect(f"ws://127.0.0.1:{bridge.port}/ws/still?token={TOKEN}", open_timeout=20) as ws:
            frame(ws, "state")


class Listener:
    """A listening socket whose next connection has failed before it was accepted."""

    def __init__(self, number: int) -> None:
        self._number = number

    def accept(self) -> None:
        """Say what became of it."""
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(
    "name", ["EPERM", "EPROTO", "ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH"]
)
def test_a_connection_that_failed_before_ends_no_worker(name: str) -> None:
    """What the network has against a connection is none of the others' (accept(2))."""
    Worker.accept(object.__new__(Worker), Listener(getattr(errno, name)))


def test_a_listening_socket_that_is_none_ends_the_worker() -> None:
    """It would fail again at once, for ever."""
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        Worker.accept(object.__new__(Worker), Listener(errno.EBADF))
