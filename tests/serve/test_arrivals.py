"""Requests that have not come whole yet."""

import contextlib
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from gpiobridge.serve import arrivals
from gpiobridge.serve.arrivals import Arrivals

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
MOST_OF_ONE = 3


class Connection:
    """As the HTTP server has it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


class Server:
    """A server's main thread, whose clock stands."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self.now_s = 100.0
        self.selector = stack.enter_context(selectors.DefaultSelector())
        self.came: list[tuple[Any, bytes, str | None, bool]] = []
        self.given_up: list[Any] = []
        self.arrivals = Arrivals(
            self.selector, MOST_OF_ONE, lambda *came: self.came.append(came), self._give_up,
            lambda: self.now_s,
        )  # fmt: skip

    def _give_up(self, connection: Any) -> None:
        connection.sock.close()
        self.given_up.append(connection)

    def connect(self, client: str | None = "a", data: bytes = b"") -> tuple[Any, socket.socket]:
        """Let a client connect, and perhaps send; return both ends."""
        ours, theirs = socket.socketpair()
        self._stack.enter_context(ours)
        self._stack.enter_context(theirs)
        connection = Connection(ours)
        if data:
            theirs.sendall(data)
        self.arrivals.take(connection, client)
        return connection, theirs

    def turn(self) -> int:
        """Serve what is ready; return how many sockets were."""
        ready = self.selector.select(0)
        for key, _ in ready:
            key.data(key.fileobj)
        return len(ready)


def assert_said(sock: socket.socket, status: bytes, sentence: bytes) -> None:
    """The answer is one sentence, of the length that its head says."""
    head, _, body = sock.recv(1000).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert body == sentence
    assert b"Content-Length: %d" % len(body) in head.split(b"\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    """A server; what is open at the end is closed."""
    with contextlib.ExitStack() as stack:
        yield Server(stack)


def test_a_request_that_has_come_is_handed_over_at_once(server: Server) -> None:
    """Nothing waits for a request that came with its connection."""
    connection, _ = server.connect("a", GET)
    assert server.came == [(connection, GET, "a", False)]
    assert len(server.arrivals) == 0


def test_a_request_is_gathered_byte_by_byte(server: Server) -> None:
    """It is handed over with its last byte, its body included; what waits costs no turn."""
    connection, theirs = server.connect()
    whole = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
    for number in range(len(whole)):
        assert server.came == []
        assert server.turn() == 0
        theirs.sendall(whole[number : number + 1])
        assert server.turn() == 1
    assert server.came == [(connection, whole, "a", False)]


def test_a_body_that_is_not_gathered_is_still_to_come(server: Server) -> None:
    """The request is handed over with its head, and said to be slow."""
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection, _ = server.connect("a", head)
    assert server.came == [(connection, head, "a", True)]


def test_what_came_with_the_request_before_counts(server: Server) -> None:
    """The bytes behind a request are the beginning of the next, or all of it."""
    connection, theirs = server.connect("a", GET + GET)
    assert server.came == [(connection, GET + GET, "a", False)]
    server.arrivals.take(connection, "a", GET[:9])
    assert len(server.came) == 1
    theirs.sendall(GET[9:])
    server.turn()
    assert server.came[1] == (connection, GET, "a", False)


def full(server: Server) -> tuple[Any, socket.socket]:
    """A connection whose answers are not read, and on which the next request is half there."""
    connection, theirs = server.connect("a", GET[:5])
    with contextlib.suppress(BlockingIOError):
        while True:
            connection.sock.send(b"x" * 65536)
    return connection, theirs


def test_whoever_leaves_answers_unread_gets_no_more(server: Server) -> None:
    """The next request waits, without costing time, until there is room for its answer."""
    connection, theirs = full(server)
    theirs.sendall(GET[5:] + GET)
    server.turn()
    assert server.turn() == 0
    assert server.came == []
    while not server.came:
        assert theirs.recv(65536)
        server.turn()
    assert server.came == [(connection, GET + GET, "a", False)]
    assert len(server.selector.get_map()) == 0


def test_answers_must_be_read_within_ten_seconds(server: Server) -> None:
    """They begin when the next request has come."""
    connection, theirs = full(server)
    server.now_s += arrivals.REQUEST_S - 1
    theirs.sendall(GET[5:])
    server.turn()
    server.now_s += arrivals.REQUEST_S - 1
    server.arrivals.tick()
    assert server.given_up == []
    server.now_s += 1
    server.arrivals.tick()
    assert server.given_up == [connection]
    assert len(server.selector.get_map()) == 0


def test_a_head_has_ten_seconds_in_all(server: Server) -> None:
    """Each byte that comes makes it no longer; the client is told."""
    connection, theirs = server.connect("a", GET[:5])
    for _ in range(3):
        server.now_s += arrivals.REQUEST_S / 3 + 0.1
        theirs.sendall(b"x")
        server.turn()
        server.arrivals.tick()
    assert server.given_up == [connection]
    assert_said(theirs, b"408 ", b"The request did not arrive in time: send it again, whole.\n")


def test_a_body_has_ten_seconds_of_its_own(server: Server) -> None:
    """They begin with the end of the head."""
    connection, theirs = server.connect("a", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n")
    server.now_s += arrivals.REQUEST_S - 1
    theirs.sendall(b"\r\n")
    server.turn()
    server.now_s += arrivals.REQUEST_S - 1
    server.arrivals.tick()
    assert server.given_up == []
    server.now_s += 1
    server.arrivals.tick()
    assert server.given_up == [connection]


def test_a_silent_connection_goes_without_a_word(server: Server) -> None:
    """Browsers open some ahead; an answer to nothing would confuse them."""
    connection, theirs = server.connect()
    server.now_s += arrivals.REQUEST_S
    server.arrivals.tick()
    assert server.given_up == [connection]
    assert theirs.recv(100) == b""


def test_the_oldest_unfinished_request_of_a_client_goes(server: Server) -> None:
    """More than so many of one client are not kept; another's are."""
    other, _ = server.connect("b", GET[:5])
    mine = [server.connect("a", GET[:5])[0] for _ in range(MOST_OF_ONE + 1)]
    assert server.given_up == [mine[0]]
    assert other not in server.given_up


def test_the_machine_itself_has_the_bound_in_all_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy has many unfinished requests; beyond the bound the oldest of all goes."""
    monkeypatch.setattr(arrivals, "MAX_UNFINISHED", 8)
    first, _ = server.connect("b", GET[:5])
    for _ in range(7):
        server.connect(None, GET[:5])
    assert server.given_up == []
    server.connect(None, GET[:5])
    assert server.given_up == [first]


def test_silent_connections_are_not_unfinished(server: Server) -> None:
    """They count when they begin to speak."""
    peers = [server.connect() for _ in range(MOST_OF_ONE + 1)]
    assert server.given_up == []
    for _, theirs in peers:
        theirs.sendall(b"G")
        server.turn()
    assert server.given_up == [peers[0][0]]


def test_a_head_without_end_is_refused(server: Server) -> None:
    """It is given up beyond the largest that anybody needs."""
    connection, theirs = server.connect("a", b"GET / HTTP/1.1\r\nX: ")
    theirs.setblocking(False)
    while not server.given_up:
        with contextlib.suppress(BlockingIOError):
            theirs.send(b"x" * 8192)
        server.turn()
    assert server.given_up == [connection]
    said = b"The request's headers are too long: they may have 65536 bytes; delete the cookies "
    assert_said(theirs, b"431 ", said + b"that the browser keeps for this address.\n")


def test_an_odd_transfer_encoding_is_refused(server: Server) -> None:
    """No thread hears of it (row 7)."""
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: \xff\r\n\r\n"
    connection, theirs = server.connect("a", head)
    assert (server.came, server.given_up) == ([], [connection])
    said = b"Transfer-Encoding must be chunked: send that, or leave it out.\n"
    assert_said(theirs, b"400 ", said)


def test_a_client_that_leaves_is_forgotten(server: Server) -> None:
    """Nothing is kept of half a request."""
    connection, theirs = server.connect("a", GET[:5])
    theirs.close()
    server.turn()
    assert server.given_up == [connection]
    assert len(server.arrivals) == 0
    assert len(server.selector.get_map()) == 0


def test_given_up_at_the_moment_in_which_more_comes(server: Server) -> None:
    """A connection whose bytes are reported in the same turn as what makes it go is left alone."""
    peers = [server.connect("a", GET[:5]) for _ in range(MOST_OF_ONE)]
    late, theirs = server.connect()
    for _, other in peers:
        other.sendall(b"x")
    theirs.sendall(b"G")
    ready = server.selector.select(0)
    for key, _ in sorted(ready, key=lambda item: item[0].fileobj is not late.sock):
        key.data(key.fileobj)
    assert server.given_up == [peers[0][0]]


def test_dropping_prefers_who_has_said_nothing(server: Server) -> None:
    """Who makes room may be a silent connection only, or of one client only."""
    unfinished, _ = server.connect("a", GET[:5])
    silent, _ = server.connect("b")
    assert not server.arrivals.drop_oldest("a", silent=True)
    assert server.arrivals.drop_oldest(silent=True)
    assert server.given_up == [silent]
    assert server.arrivals.drop_oldest()
    assert server.given_up == [silent, unfinished]
    assert not server.arrivals.drop_oldest()
