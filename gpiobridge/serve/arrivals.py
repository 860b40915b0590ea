"""Gather incomplete requests on the server's main thread.

Why: otherwise a client that sends its request byte by byte would hold an HTTP thread, and eight
such clients would hold all threads. Here an incomplete request costs some memory and no thread.
The number of requests is bounded: when there are too many, the oldest is dropped. A connection
without any bytes is merely silent, because browsers open some connections ahead. A request also
waits while its client leaves earlier answers unread: answering it would hold a thread, too.

One selector thread, the server's. `request_heads` tells how much of a request has come.
"""

import contextlib
import select
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gpiobridge.serve.request_heads import MAX_HEAD_BYTES, Head, read_head

REQUEST_S = 10.0
"""How long a head may take, in seconds. A gathered body then gets the same time."""

MAX_UNFINISHED = 500
"""How many requests may be unfinished at a time, for all clients together."""

_RECEIVE_BYTES = 64 * 1024


def _refusal(status: str, sentence: str) -> bytes:
    """Write an answer that ends its connection, with one sentence for a person."""
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(sentence) + 1}\r\n\r\n{sentence}\n"
    ).encode("ascii")


_ODD = _refusal("400 Bad Request", "Transfer-Encoding must be chunked: send that, or leave it out.")
_TOO_LATE = _refusal(
    "408 Request Timeout", "The request did not arrive in time: send it again, whole."
)
_TOO_LARGE = _refusal(
    "431 Request Header Fields Too Large",
    f"The request's headers are too long: they may have {MAX_HEAD_BYTES} bytes; delete the cookies "
    "that the browser keeps for this address.",
)


class Peer(Protocol):
    """A connection of the HTTP server."""

    sock: socket.socket


@dataclass(eq=False, slots=True)
class _Arriving:
    connection: Peer
    client: str | None
    since_s: float
    data: bytearray = field(default_factory=bytearray)
    head: Head | None = None
    watched: bool = False

    @property
    def is_silent(self) -> bool:
        return not self.data


class Arrivals:
    """Gathers requests and hands each over when a thread can answer it without waiting.

    Args:
        selector: where the server's main thread waits; its keys have callbacks as data.
        most_of_one: how many requests of one client may be unfinished.
        hand_over: takes a connection whose request has come, its bytes, its client, and whether
            its body has not come yet.
        give_up: closes a connection.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        most_of_one: int,
        hand_over: Callable[[Peer, bytes, str | None, bool], None],
        give_up: Callable[[Peer], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._selector = selector
        self._most_of_one = most_of_one
        self._hand_over = hand_over
        self._give_up = give_up
        self._clock = clock
        self._arriving: dict[Peer, _Arriving] = {}  # the oldest first
        self._unfinished: Counter[str | None] = Counter()
        self._next_look_s = 0.0

    def __len__(self) -> int:
        return len(self._arriving)

    def take(self, connection: Peer, client: str | None, data: bytes = b"") -> None:
        """Gather the next request of a connection.

        Args:
            connection: a connection that no thread is serving now.
            client: its client, as `net.addresses` names it.
            data: bytes that came together with the previous request.
        """
        connection.sock.setblocking(False)
        arriving = _Arriving(connection, client, self._clock())
        self._arriving[connection] = arriving
        if data:
            self._add(arriving, data)
        else:
            self._receive(arriving)

    def tick(self) -> None:
        """Drop requests that took too long; checks once a second, even if called more often."""
        now_s = self._clock()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + 1.0
        for arriving in list(self._arriving.values()):
            if now_s >= arriving.since_s + REQUEST_S:
                self._drop(arriving, b"" if arriving.is_silent else _TOO_LATE)

    def drop_oldest(self, client: str | None = None, *, silent: bool = False) -> bool:
        """Drop the connection that has waited longest; return False if there is none.

        Args:
            client: drop a connection of this client only; None for any client.
            silent: drop only a connection that has sent nothing.
        """
        for arriving in self._arriving.values():
            if client in (None, arriving.client) and (arriving.is_silent or not silent):
                self._drop(arriving, b"" if arriving.is_silent else _TOO_LATE)
                return True
        return False

    def close(self) -> None:
        """Drop all connections."""
        for arriving in list(self._arriving.values()):
            self._drop(arriving, b"")

    def _receive(self, arriving: _Arriving) -> None:
        if self._arriving.get(arriving.connection) is not arriving:
            return  # it was dropped at the very moment when more bytes came
        try:
            data = arriving.connection.sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            self._watch(arriving)
            return
        except OSError:
            data = b""
        if data:
            self._add(arriving, data)
        else:
            self._drop(arriving, b"")

    def _add(self, arriving: _Arriving, data: bytes) -> None:
        if arriving.is_silent:
            self._begin(arriving)
        looked_at = len(arriving.data)
        arriving.data += data
        if arriving.head is None:
            arriving.head = read_head(arriving.data, looked_at)
            arriving.since_s = self._clock() if arriving.head else arriving.since_s
        if arriving.head is not None and arriving.head.is_odd:
            self._drop(arriving, _ODD)
        elif arriving.head is not None and arriving.head.is_whole(len(arriving.data)):
            if _reads(arriving.connection.sock):
                self._go_on(arriving)
            else:
                self._await_reader(arriving)
        elif arriving.head is None and len(arriving.data) > MAX_HEAD_BYTES:
            self._drop(arriving, _TOO_LARGE)
        else:
            self._watch(arriving)

    def _go_on(self, arriving: _Arriving) -> None:
        if self._arriving.get(arriving.connection) is not arriving:
            return  # as above
        self._forget(arriving)
        slow = arriving.head is not None and arriving.head.request_bytes is None
        self._hand_over(arriving.connection, bytes(arriving.data), arriving.client, slow)

    def _await_reader(self, arriving: _Arriving) -> None:
        """Hold a request until its client reads the earlier answers."""
        arriving.since_s = self._clock()
        if arriving.watched:
            self._selector.unregister(arriving.connection.sock)
        arriving.watched = True
        self._selector.register(
            arriving.connection.sock, selectors.EVENT_WRITE, lambda _sock: self._go_on(arriving)
        )

    def _begin(self, arriving: _Arriving) -> None:
        """Note that a request has begun; drop the oldest if there are too many."""
        self._arriving[arriving.connection] = self._arriving.pop(arriving.connection)
        arriving.since_s = self._clock()
        self._unfinished[arriving.client] += 1
        if arriving.client is not None and self._unfinished[arriving.client] > self._most_of_one:
            self._drop_unfinished(arriving.client)
        if self._unfinished.total() > MAX_UNFINISHED:
            self._drop_unfinished(None)

    def _drop_unfinished(self, client: str | None) -> None:
        oldest = next(
            arriving
            for arriving in self._arriving.values()
            if arriving.data and client in (None, arriving.client)
        )
        self._drop(oldest, _TOO_LATE)

    def _watch(self, arriving: _Arriving) -> None:
        if not arriving.watched:
            arriving.watched = True
            self._selector.register(
                arriving.connection.sock,
                selectors.EVENT_READ,
                lambda _sock: self._receive(arriving),
            )

    def _forget(self, arriving: _Arriving) -> None:
        del self._arriving[arriving.connection]
        if arriving.watched:
            self._selector.unregister(arriving.connection.sock)
        if arriving.data:
            self._unfinished[arriving.client] -= 1
            if not self._unfinished[arriving.client]:
                del self._unfinished[arriving.client]

    def _drop(self, arriving: _Arriving, answer: bytes) -> None:
        self._forget(arriving)
        if answer:
            with contextlib.suppress(OSError):  # send what fits, without waiting
                arriving.connection.sock.send(answer)
        self._give_up(arriving.connection)


def _reads(sock: socket.socket) -> bool:
    """Tell whether the socket has room for an answer: it has if the client reads its answers."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(0))
