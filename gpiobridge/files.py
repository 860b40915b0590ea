"""Static files, for readers of any speed.

A browser that plays a film reads ahead and then stops reading, for as long as the film is paused.
An HTTP thread that writes to it would wait just as long, and a few such films would hold all
threads: pages would no longer load. So the thread only sends the head; the connection then goes
to one feeder thread, which gives each reader what it takes. A reader that takes nothing for
`STALL_S` is cut off, a browser then asks again for the rest.

`FileFeeder` runs one thread, started with the first large file; `send_file` may be called from
any HTTP thread.
"""

import logging
import os
import re
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flask import Response, current_app, request, send_from_directory
from werkzeug.security import safe_join

from gpiobridge import handoff
from gpiobridge.waker import Waker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024
"""The most that one range request gets: a player asks for the next piece when it needs it."""

STALL_S = 60.0
"""A reader that takes nothing for this long, in seconds, is cut off."""

MAX_READERS = 200
"""More readers than this at a time get 503."""

_SMALL_BYTES = 64 * 1024  # fits into most send buffers: an HTTP thread writes it and goes on
_CHUNK_BYTES = 64 * 1024


@dataclass(eq=False, slots=True)
class _Reader:
    sock: socket.socket
    file: BinaryIO
    left_bytes: int
    stalled_at_s: float
    chunk: memoryview  # read but not yet sent


class FileFeeder:
    """Feeds files to slow readers from one thread, which starts with the first of them."""

    def __init__(self) -> None:
        self._joining: deque[_Reader] = deque()
        self._readers: set[_Reader] = set()
        self._stopped = False
        self._lock = threading.Lock()
        # These three are made with the first file: in the process that serves it.
        self._thread: threading.Thread | None = None
        self._selector: selectors.BaseSelector
        self._waker: Waker

    def feed(self, sock: socket.socket, head: bytes, file: BinaryIO, length: int) -> None:
        """Send ``head`` and the next ``length`` bytes of ``file``, then close both.

        Args:
            sock: a connection, non-blocking; ours from now on.
            head: the response up to its body.
            file: open at the first byte to send.
            length: how many bytes of it.
        """
        reader = _Reader(sock, file, length, time.monotonic() + STALL_S, memoryview(head))
        with self._lock:
            if self._stopped:
                _close(reader)
                return
            if self._thread is None:
                self._begin_locked()
            self._joining.append(reader)
            self._waker.wake()

    @property
    def full(self) -> bool:
        """Whether there are as many readers as we serve at a time."""
        return len(self._readers) + len(self._joining) >= MAX_READERS

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
        self._selector.close()
        self._waker.close()
        self._thread = None

    def _turn(self) -> None:
        due_s = min((reader.stalled_at_s for reader in self._readers), default=None)
        timeout_s = None if due_s is None else max(0.0, due_s - time.monotonic())
        for key, _ in self._selector.select(timeout_s):
            if isinstance(key.data, _Reader):
                self._write(key.data)
            else:
                self._waker.drain()
        while self._joining:
            reader = self._joining.popleft()
            self._readers.add(reader)
            self._selector.register(reader.sock, selectors.EVENT_WRITE, reader)
        now_s = time.monotonic()
        for reader in [r for r in self._readers if r.stalled_at_s <= now_s]:
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
        reader.stalled_at_s = time.monotonic() + STALL_S
        if not reader.chunk and not reader.left_bytes:
            self._drop(reader)

    def _drop(self, reader: _Reader) -> None:
        self._readers.discard(reader)
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
        werkzeug.exceptions.NotFound: there is no such file.
    """
    _shorten_range(request.environ)
    response = send_from_directory(folder, name, conditional=True)
    length = response.content_length or 0
    connection = handoff.server_socket(request.environ)
    if (
        request.method != "GET"
        or response.status_code not in (200, 206)
        or length <= _SMALL_BYTES
        or connection is None
    ):
        return response
    response.close()
    if feeder.full:
        return Response("Too many files are being read.\n", 503, {"Retry-After": "5"})
    # The very path that send_from_directory has checked: relative to the application, normalized.
    path = safe_join(os.fspath(folder), name)
    assert path is not None
    file = (Path(current_app.root_path) / path).open("rb")
    file.seek(response.content_range.start or 0)

    def hand_over(head: bytes) -> None:
        feeder.feed(handoff.take(connection), head, file, length)

    return _FedResponse(hand_over, response)


_OPEN_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


def _shorten_range(environ: "WSGIEnvironment") -> None:
    """Let a range end a piece after its start: a server may send less (RFC 9110, 14.2)."""
    match = _OPEN_RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    if match:
        start = int(match[1])
        last = start + PIECE_BYTES - 1
        if match[2]:
            last = min(last, int(match[2]))
        environ["HTTP_RANGE"] = f"bytes={start}-{last}"


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
