"""gunicorn's threaded worker, fit for a public room: ``gunicorn -k gpiobridge.gunicorn.Worker``.

With gunicorn's own worker, eight clients that send their requests byte by byte, or keep a thousand
connections open, keep everybody else out. Here a request gets a thread only when it is complete
(`arrivals`), and clients take turns (`turns`). Connections are bounded, in total and per client
(`clients`).

The way of a request: `accept` → `enqueue_req` → `arrivals` → `turns` → gunicorn's `enqueue_req` → a
thread. A kept-alive connection starts again at `enqueue_req`. The overrides are based on the code
of gunicorn 23 and 27, and are tested with both ends of the range that ``pyproject.toml`` allows.
"""

import contextlib
import errno
import io
import logging
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from gpiobridge.config import Limits
from gpiobridge.net.addresses import client_of
from gpiobridge.serve.arrivals import MAX_UNFINISHED, Arrivals
from gpiobridge.serve.clients import Clients
from gpiobridge.serve.silence import bound_waits
from gpiobridge.serve.turns import Turn, Turns
from gpiobridge.system.log_rate import LogRate

_SEND_BUFFER_BYTES = 256 * 1024
"""How much a thread can write without waiting for its reader: more than any page should need."""

_SILENT_S = 10
"""How long a thread waits for a peer that neither sends nor reads a single byte, in seconds."""

_MOST_UNREAD = 16  # times 64 KiB
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NOT_LISTENING = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK)
# Since gunicorn 24, only the main thread ends requests.
_IS_NEW = hasattr(ThreadWorker, "set_accept_enabled")
_REFUSED = ("401", "403", "421")  # by `admission`, or by the application
_NOT_NOW = "503"  # for example, there is no room for another display


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, changed so that no client can block it.

    Attributes:
        limits: what one client may hold.
    """

    limits: Limits
    wsgi: Any
    poller: selectors.BaseSelector

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients = Clients[Any]()
        self._turn_of: dict[Any, Turn[Any]] = {}  # the requests on the threads
        self._again: deque[Any] = deque()  # connections whose next request has already come
        # These two are made when the limits are known.
        self._arrivals: Arrivals
        self._turns: Turns[Any]

    @property
    def threads_for_clients(self) -> int:
        """How many threads all clients get together; this machine itself is not counted."""
        threads: int = self.cfg.threads
        return threads

    def load_wsgi(self) -> None:
        """Load the application, and wrap it: a refused client's connection is closed."""
        super().load_wsgi()
        self.application: Any = self.wsgi
        bridge = getattr(self.application, "extensions", {}).get("gpiobridge")
        self.limits = Limits() if bridge is None else bridge.limits
        self.wsgi = self._ending_refused(self.application)

    def run(self) -> None:
        """Serve until a signal."""
        most = self.limits.unfinished_per_address
        self._turns = Turns(self.cfg.threads, most, MAX_UNFINISHED, self.threads_for_clients)
        bound_failures(logging.getLogger("gunicorn.error"))
        self.poller.close()  # nothing is registered yet
        self.poller = _Poller(self._turns.rest_s)
        self._arrivals = Arrivals(self.poller, most, self._let_wait, self._end)
        # A thread that has answered must wake the poller, and so must a signal. gunicorn 23 doesn't
        # do the latter.
        self.poller.register(self.PIPE[0], selectors.EVENT_READ, self._woken)
        super().run()

    def accept(self, *args: Any) -> None:
        """Accept a connection; if no descriptor is free, leave it in the queue and go on."""
        listener = args[-1]  # gunicorn 23 passes its address, too
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in _OUT_OF_RESOURCES:
                if not self._drop_idle(None):
                    time.sleep(0.05)  # the poller would report it again at once
            elif error.errno in _NOT_LISTENING:
                raise
            return  # any other error belongs to the connection that was to come (accept(2))
        with contextlib.suppress(OSError):  # a Unix socket's buffer is fine as it is
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        # gunicorn's connections block without a limit: a reader that has lost its Wi-Fi would hold
        # a thread for ever.
        bound_waits(sock, "SO_SNDTIMEO", _SILENT_S)
        client = client_of(address[0] if isinstance(address, tuple) else "")
        connection = TConn(self.cfg, sock, address, listener.getsockname())
        self.nr_conns += 1
        too_many = self._clients.add(connection, client) > self.limits.connections_per_address
        # Since 26 gunicorn waits up to 2 s, on the main thread, for each peer to hang up.
        connection.close = lambda graceful=False: self._close(connection)
        if client is not None and too_many and not self._drop_idle(client):
            self._end(connection)
            return
        if self.nr_conns >= self.worker_connections:
            self._drop_idle(None)
        self.enqueue_req(connection)

    def enqueue_req(self, connection: Any) -> None:
        """Wait for the next request of a connection; the main thread."""
        if self._is_gathered:
            client = self._clients.of(connection)
            self._arrivals.take(connection, client, _take_ahead(connection))
        else:
            super().enqueue_req(connection)

    def on_client_socket_readable(self, connection: Any, sock: socket.socket) -> None:
        """Go on with a kept-alive connection, unless it was closed at that very moment."""
        if self._is_kept(connection):
            super().on_client_socket_readable(connection, sock)

    def handle(self, connection: Any) -> Any:
        """Answer a request, on one of the HTTP threads."""
        try:
            answered = super().handle(connection)
            _finish_body(connection, answered)
            return answered
        finally:
            turn = self._turn_of.pop(connection, None)
            if turn is not None:
                self._turns.done(turn)
                if not _IS_NEW:  # a newer gunicorn wakes it for `finish_request`
                    self._wake()

    def finish_request(self, *args: Any) -> None:
        """Keep a connection alive, or close it; gunicorn 23 calls this on the HTTP thread."""
        super().finish_request(*args)
        connection = args[0] if _IS_NEW else args[0].conn
        # Before 27 gunicorn only waits for more bytes, but the next request may have come together
        # with the previous one.
        if self._is_kept(connection) and _has_ahead(connection):
            self._again.append(connection)
            self._wake()

    def murder_keepalived(self, *args: Any, **options: Any) -> None:
        """Also drop requests that don't come; called at each event, and each second."""
        super().murder_keepalived(*args, **options)
        if self.alive:
            self._arrivals.tick()
            self._dispatch()  # clients that have rested
        else:
            self._arrivals.close()

    @property
    def _kept(self) -> deque[Any]:
        """The connections that wait for their next request."""
        kept: deque[Any] = self.keepalived_conns if _IS_NEW else self._keep
        return kept

    @property
    def _kept_lock(self) -> contextlib.AbstractContextManager[Any]:
        """The lock of `_kept`: gunicorn 23 adds connections on the HTTP threads."""
        return contextlib.nullcontext() if _IS_NEW else self._lock

    def _is_kept(self, connection: Any) -> bool:
        with self._kept_lock:
            return connection in self._kept

    @cached_property
    def _is_gathered(self) -> bool:
        """Whether requests are plain HTTP/1.1, which we can read before gunicorn's parser does."""
        off = (False, "off")
        return (
            not self.cfg.is_ssl
            and getattr(self.cfg, "protocol", "http") == "http"
            and self.cfg.proxy_protocol in off
            and getattr(self.cfg, "http2_cleartext", "off") in off
        )

    def _ending_refused(self, application: Callable[..., Iterable[bytes]]) -> Callable[..., Any]:
        """Wrap a WSGI application so that a refused client has to connect again.

        A client that is refused or opens a socket rests before its next turn.
        """

        def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if "HTTP_UPGRADE" in environ:
                self._turns.let_rest(client_of(environ["REMOTE_ADDR"]))

            def start(status: str, *rest: Any) -> Any:
                if status[:3] in _REFUSED:
                    # An application can't tell gunicorn to close, but its response can.
                    start_response.__self__.force_close()  # type: ignore[attr-defined]
                if status[:3] in (*_REFUSED, _NOT_NOW):
                    self._turns.let_rest(client_of(environ["REMOTE_ADDR"]))
                return start_response(status, *rest)

            return application(environ, start)

        return call

    def _let_wait(self, connection: Any, data: bytes, client: str | None, slow: bool) -> None:
        """Let a complete request wait for its turn; the main thread."""
        # A request without a body may open the application's own WebSocket, which may be silent.
        bound_waits(connection.sock, "SO_RCVTIMEO", _SILENT_S if slow else 0)
        connection.init()
        connection.parser.unreader.unread(data)
        connection.data_ready = True  # so that gunicorn 27 doesn't wait for data
        given_up = self._turns.put(Turn(connection, client, slow))
        if given_up is not None:
            self._end(given_up)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give the threads the requests that they may answer now; the main thread."""
        while (turn := self._turns.next()) is not None:
            self._turn_of[turn.item] = turn
            super().enqueue_req(turn.item)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # if the pipe is full, the poller wakes anyway
            os.write(self.PIPE[1], b".")

    def _woken(self, ear: int) -> None:
        with contextlib.suppress(OSError):
            os.read(ear, 4096)
        while self._again:
            connection = self._again.popleft()
            with self._kept_lock:
                if connection not in self._kept:  # it was closed meanwhile
                    continue
                self._kept.remove(connection)
                self.poller.unregister(connection.sock)
            self.enqueue_req(connection)
        self._dispatch()

    def _drop_idle(self, client: str | None) -> bool:
        """Close an idle connection, the longest-waiting first; return False if there is none.

        Silent connections go first, then kept-alive ones, then those with an incomplete request.
        Requests that wait for a thread to read their body go last.

        Args:
            client: close a connection of this client only; None for any client.
        """
        if self._arrivals.drop_oldest(client, silent=True):
            return True
        with self._kept_lock:
            oldest = next((c for c in self._kept if client in (None, self._clients.of(c))), None)
            if oldest is not None:
                self._kept.remove(oldest)
                self.poller.unregister(oldest.sock)
        if oldest is None and self._arrivals.drop_oldest(client):
            return True
        if oldest is None:
            oldest = self._turns.give_up(client)
        if oldest is None:
            return False
        self._end(oldest)
        return True

    def _end(self, connection: Any) -> None:
        """Close a connection that no thread is serving."""
        self.nr_conns -= 1
        connection.close()

    def _close(self, connection: Any) -> None:
        """Close a connection without waiting for its peer; any thread."""
        self._clients.remove(connection)
        close_soon(connection.sock)


class _Poller(selectors.DefaultSelector):
    """gunicorn's selector, which also wakes when a client has rested.

    Args:
        rest_s: returns in how many seconds the next client has rested; None if none rests.
    """

    def __init__(self, rest_s: Callable[[], float | None]) -> None:
        super().__init__()
        self._rest_s = rest_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events, for at most `timeout` seconds."""
        waits_s = [seconds for seconds in (timeout, self._rest_s()) if seconds is not None]
        return super().select(min(waits_s, default=None))


def bound_failures(log: logging.Logger) -> None:
    """Bound the rate of failures in gunicorn's log: each wait for a silent peer ends in one."""
    log.addFilter(LogRate(log, kind_of=lambda record: record.msg if record.exc_info else None))


def close_soon(sock: socket.socket) -> None:
    """Close a connection without waiting; what was sent still goes out."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.setblocking(False)
        # Unread bytes would reset the connection and cut off our answer. A peer that sends without
        # end gets that.
        for _ in range(_MOST_UNREAD):
            if not sock.recv(65536):
                break
    sock.close()


def _take_ahead(connection: Any) -> bytes:
    """Take the bytes that the parser has read after the last request."""
    if connection.parser is None:
        return b""
    unreader = connection.parser.unreader
    data: bytes = unreader.buf.getvalue()
    unreader.buf = io.BytesIO()
    return data


def _has_ahead(connection: Any) -> bool:
    return connection.parser is not None and bool(connection.parser.unreader.buf.getvalue())


def _finish_body(connection: Any, answered: Any) -> None:
    """Read the rest of a body that the application left unread: the next request follows it."""
    # gunicorn 23 would only do this when it reads the next request. Newer ones have done it.
    if not _IS_NEW and answered[0]:
        while connection.parser.mesg.body.read(8192):
            pass
