"""Static files, for readers of any speed.

A browser that plays a film reads ahead and then stops reading, for as long as the film is paused.
An HTTP thread that writes to it would wait just as long, and a few such films would hold all
threads: pages would no longer load. So the thread only sends the head; the connection then goes
to one feeder thread, which gives each reader what it takes. A reader that takes nothing for
`STALL_S` is cut off, a browser then asks again for the rest. When all places are taken, a slow
reader makes room for the next one, so that nobody can hold them all by reading slowly.

`FileFeeder` runs one thread, started with the first large file; `send_file` may be called from
any HTTP thread.
"""

import logging
import os
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flask import Response, current_app, request, send_from_directory
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.security import safe_join

from gpiobridge.config.hidden import is_hidden
from gpiobridge.loop.waker import Waker
from gpiobridge.net.addresses import client_of
from gpiobridge.routes import handoff
from gpiobridge.routes.byte_ranges import Span, if_range_holds, satisfiable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024
"""The most that one range request gets: a player asks for the next piece when it needs it."""

STALL_S = 60.0
"""A reader that takes nothing for this long, in seconds, is cut off."""

MAX_READERS = 200
"""There are no more readers than this at a time."""

CLIENT_READERS = MAX_READERS // 4
"""Nor are there more of one client; a browser has six connections to a server."""

SLOW_BYTES = 64 * 1024
"""A reader that has taken less than this in the last minute makes room for others."""

IDLE_S = 10.0
"""So does one that has taken nothing for this long, in seconds: a film that is paused."""

_SMALL_BYTES = 64 * 1024  # an HTTP thread writes it and goes on, if it fits into the send buffer
_CHUNK_BYTES = 64 * 1024

_MINUTE_S = 60
_YOUNG_S = 1.0  # so long the system's buffers fill, which says nothing about a reader's speed


class _Reader:
    """A connection, and what it is to get.

    Args:
        sock: the connection.
        head: the response up to its body.
        file: open at the first byte to send.
        left_bytes: how many bytes of it.
        client: whose connection it is; None for this machine's.
        now_s: monotonic seconds.
    """

    def __init__(
        self,
        sock: socket.socket,
        head: bytes,
        file: BinaryIO,
        left_bytes: int,
        client: str | None,
        now_s: float,
    ) -> None:
        self.sock = sock
        self.file = file
        self.left_bytes = left_bytes
        self.client = client
        self.chunk = memoryview(head)  # read but not yet sent
        self.joined_s = self.took_s = now_s
        self._taken: deque[tuple[int, int]] = deque()  # second, and bytes in it
        self._taken_bytes = 0

    def note(self, sent_bytes: int, now_s: float) -> None:
        """Note that it has taken something."""
        self.took_s = now_s
        if self.is_young(now_s):
            return
        second = int(now_s)
        if self._taken and self._taken[-1][0] == second:
            self._taken[-1] = (second, self._taken[-1][1] + sent_bytes)
        else:
            self._taken.append((second, sent_bytes))
        self._taken_bytes += sent_bytes
        self._forget(now_s)

    def taken_bytes(self, now_s: float) -> int:
        """What it has taken in the last minute, its first second excepted."""
        self._forget(now_s)
        return self._taken_bytes

    def is_young(self, now_s: float) -> bool:
        """Whether nothing is known of its speed yet."""
        return now_s - self.joined_s < _YOUNG_S

    def is_slow(self, now_s: float) -> bool:
        """Whether it takes too little to keep its place when others wait."""
        return now_s - self.took_s >= IDLE_S or self.taken_bytes(now_s) < SLOW_BYTES

    def _forget(self, now_s: float) -> None:
        while self._taken and self._taken[0][0] < now_s - _MINUTE_S:
            self._taken_bytes -= self._taken.popleft()[1]


class FileFeeder:
    """Feeds files to slow readers from one thread, which starts with the first of them.

    Args:
        clock: tells the time, in monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._joining: deque[_Reader] = deque()
        self._readers: set[_Reader] = set()
        self._leaving: set[_Reader] = set()  # of the readers
        self._stopped = False
        self._lock = threading.Lock()
        # These three are made with the first file: in the process that serves it.
        self._thread: threading.Thread | None = None
        self._selector: selectors.BaseSelector
        self._waker: Waker

    def feed(
        self,
        sock: socket.socket,
        head: bytes,
        file: BinaryIO,
        length: int,
        client: str | None = None,
    ) -> None:
        """Send ``head`` and the next ``length`` bytes of ``file``, then close both.

        Args:
            sock: a connection, non-blocking; ours from now on.
            head: the response up to its body.
            file: open at the first byte to send.
            length: how many bytes of it.
            client: as for `make_room`, which is asked before.
        """
        reader = _Reader(sock, head, file, length, client, self._clock())
        with self._lock:
            if self._stopped:
                _close(reader)
                return
            if self._thread is None:
                self._begin_locked()
            self._joining.append(reader)
            self._waker.wake()

    def make_room(self, client: str | None) -> bool:
        """See that there is room for one more reader: a slow one may have to go.

        Args:
            client: whose reader it is (`gpiobridge.net.addresses.client_of`); None for this
                machine's, for which only the bound in all holds.

        Returns:
            Whether there is room.
        """
        now_s = self._clock()
        with self._lock:
            staying = [r for r in (*self._readers, *self._joining) if r not in self._leaving]
            held = Counter(reader.client for reader in staying)
            if client is not None and held[client] >= CLIENT_READERS:
                candidates = [reader for reader in staying if reader.client == client]
            elif len(staying) >= MAX_READERS:
                candidates = staying
            else:
                return True

            def staying_power(reader: _Reader) -> tuple[bool, int, bool, int, float]:
                return (
                    reader.is_young(now_s),
                    -held[reader.client],
                    reader.client is None,
                    reader.taken_bytes(now_s),
                    reader.took_s,
                )

            def may_go(reader: _Reader) -> bool:
                # Else whoever begins anew every second would never lose a place.
                known = not reader.is_young(now_s) or held[reader.client] > CLIENT_READERS // 2
                return known and reader in self._readers and reader.is_slow(now_s)

            slow = [reader for reader in candidates if may_go(reader)]
            if not slow:
                return False
            self._leaving.add(min(slow, key=staying_power))
            self._waker.wake()
            return True

    def stop(self) -> None:
        """Cut every reader off and end the thread."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            if thread is not None:
                self._waker.wake()
        if thread is not None:
            thread.join(1.0)

    def _begin_locked(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._waker = Waker(self._selector)
        self._thread = threading.Thread(target=self._run, name="gpiobridge-files", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._turn()
        except Exception:
            log.exception("the file feeder failed; its readers are cut off")
        finally:
            with self._lock:
                self._end_locked()

    def _end_locked(self) -> None:
        """Cut every reader off; the next file begins anew, unless we were stopped."""
        for reader in (*self._readers, *self._joining):
            _close(reader)
        self._readers.clear()
        self._joining.clear()
        self._leaving.clear()
        self._selector.close()
        self._waker.close()
        self._thread = None

    def _turn(self) -> None:
        last_s = min((reader.took_s for reader in self._readers), default=None)
        timeout_s = None if last_s is None else max(0.0, last_s + STALL_S - self._clock())
        for key, _ in self._selector.select(timeout_s):
            if isinstance(key.data, _Reader):
                self._write(key.data)
            else:
                self._waker.drain()
        with self._lock:
            joining = list(self._joining)
            self._joining.clear()
            self._readers.update(joining)
            going = set(self._leaving)
        for reader in joining:
            self._selector.register(reader.sock, selectors.EVENT_WRITE, reader)
        now_s = self._clock()
        going.update(r for r in self._readers if r.took_s + STALL_S <= now_s)
        for reader in going:
            self._drop(reader)

    def _write(self, reader: _Reader) -> None:
        try:
            if not reader.chunk:
                # One chunk a turn, so that one fast reader doesn't hold up the others.
                data = reader.file.read(min(_CHUNK_BYTES, reader.left_bytes))
                reader.left_bytes = reader.left_bytes - len(data) if data else 0
                reader.chunk = memoryview(data)
            sent = reader.sock.send(reader.chunk)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(reader)
            return
        reader.chunk = reader.chunk[sent:]
        with self._lock:
            reader.note(sent, self._clock())
        if not reader.chunk and not reader.left_bytes:
            self._drop(reader)

    def _drop(self, reader: _Reader) -> None:
        with self._lock:
            self._readers.discard(reader)
            self._leaving.discard(reader)
        self._selector.unregister(reader.sock)
        _close(reader)


def _close(reader: _Reader) -> None:
    reader.sock.close()
    reader.file.close()


def send_file(folder: Path, name: str, feeder: FileFeeder) -> Response:
    """Answer with a file, or with the range of it that was asked for.

    Args:
        folder: where the file lies; ``name`` can't lead out of it.
        name: path below ``folder``, with forward slashes.
        feeder: takes the connection over when the body is large.

    Raises:
        werkzeug.exceptions.NotFound: there is no such file, or it is a hidden one.
        werkzeug.exceptions.RequestedRangeNotSatisfiable: it has no such range.
    """
    if is_hidden(name):
        raise NotFound
    # Werkzeug would refuse several ranges, and look at If-None-Match after the range.
    try:
        response = send_from_directory(folder, name, conditional=False)
    except OSError as error:
        raise _not_readable(folder, name, error) from error
    try:
        _answer_conditions(response)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    length = response.content_length or 0
    connection = handoff.server_socket(request.environ)
    if (
        request.method != "GET"
        or response.status_code not in (200, 206)
        or connection is None
        or _fits(connection, length)
    ):
        return response
    response.close()
    start = response.content_range.start or 0
    client = client_of(request.remote_addr or "")
    if not feeder.make_room(client):
        return Response("Too many files are being read.\n", 503, {"Retry-After": "5"})
    # The very path that send_from_directory has checked: relative to the application, normalized.
    path = safe_join(os.fspath(folder), name)
    assert path is not None
    try:
        file = (Path(current_app.root_path) / path).open("rb")
    except OSError as error:
        raise _not_readable(folder, name, error) from error
    file.seek(start)

    def hand_over(head: bytes) -> None:
        feeder.feed(handoff.take(connection), head, file, length, client)

    return _FedResponse(hand_over, response)


def _not_readable(folder: Path, name: str, error: OSError) -> NotFound:
    """Make the answer for a file that is there and can't be read, or was removed just now."""
    if not isinstance(error, FileNotFoundError):
        _say_once(f"{folder / name}: {error.strerror}; its readers get 404")
    return NotFound()


@cache
def _say_once(sentence: str) -> None:
    """Tell the owner, and not with every request."""
    log.warning("%s", sentence)


def _fits(connection: socket.socket, length: int) -> bool:
    """Whether a thread can write so many bytes without waiting for the reader."""
    # The system counts what it needs around the bytes, too (socket(7), SO_SNDBUF).
    buffer_bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    return length <= min(_SMALL_BYTES, buffer_bytes // 2)


def _answer_conditions(response: Response) -> None:
    """Make the response what the request's conditions and range ask for (RFC 9110, 13.2.2).

    Raises:
        werkzeug.exceptions.RequestedRangeNotSatisfiable: the file has no such range.
    """
    size = response.content_length or 0
    environ = {key: request.environ[key] for key in _CONDITIONS if key in request.environ}
    response.make_conditional(environ)
    response.accept_ranges = "bytes"
    asked = request.environ.get("HTTP_RANGE", "")
    if request.method != "GET" or response.status_code != 200 or not asked or not size:
        return
    if not if_range_holds(
        request.environ.get("HTTP_IF_RANGE", ""),
        response.headers.get("ETag", ""),
        response.headers.get("Last-Modified", ""),
    ):
        return
    spans = satisfiable(asked, size)
    if spans is None or len(spans) > 1:
        return  # the whole, as a server may always send
    if not spans:
        raise RequestedRangeNotSatisfiable(size)
    environ["HTTP_RANGE"] = _shortened(spans[0])
    response.make_conditional(environ, accept_ranges=True, complete_length=size)


_CONDITIONS = (
    "REQUEST_METHOD",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_CACHE_CONTROL",
)


def _shortened(span: Span) -> str:
    """Let a range end a piece after its start: a server may send less (RFC 9110, 14.2)."""
    last = span.last if span.is_suffix else min(span.last, span.first + PIECE_BYTES - 1)
    return f"bytes={span.first}-{last}"


class _FedResponse(Response):
    """A response whose connection leaves the HTTP server when it would be written."""

    def __init__(self, hand_over: Callable[[bytes], None], like: Response) -> None:
        super().__init__(status=like.status, headers=like.headers)
        self._hand_over = hand_over

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        headers = self.get_wsgi_headers(environ)
        headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {self.status}", *(f"{key}: {value}" for key, value in headers)]
        self._hand_over(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        # The server writes this to the dead end that it holds now, and closes that.
        start_response(self.status, [("Connection", "close")])
        return ()
