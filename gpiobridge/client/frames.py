"""Follow a page of a running bridge from a program: a browser without a screen.

::

    from gpiobridge.client import connect

    with connect("http://pi.local:8000/welcome") as frames:
        for frame in frames:
            if frame["type"] == "edge":
                print(frame["pin"], frame["event"])

A thread of its own holds the connection: it answers beats, reconnects, and follows from page to
page, however long the program takes for a frame. Frames wait for the program meanwhile. It keeps
what it has acted on, and tells it with each new socket, as ``assets/client.js`` does; rules that
run in a page (lockout, idle) are no business of it.

It uses the wire as any other client would, and nothing of the server.
"""

import contextlib
import logging
import random
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync import client as websocket

from gpiobridge.client import asking
from gpiobridge.client.cursors import Cursors
from gpiobridge.client.page import LoadedPage, load_page, on_the_same_host, read_frame
from gpiobridge.core import wire
from gpiobridge.errors import PushError, RemoteError

log = logging.getLogger(__name__)

MAX_WAITING = 1000
"""So many frames wait for a program that is busy; after that the oldest are left out."""

MAX_SEND_WAIT_S = 5.0
"""How long `Frames.send` waits for a connection, in seconds."""

_FIRST_RETRY_S = 0.1
_MAX_RETRY_S = 2.0
_CLOSE_S = 1.0  # for the other end to take our close frame
_LOOK_UP_S = 1.0  # Ctrl-C doesn't end a wait without a limit on Windows
_GONE = (404, 410)


def connect(
    url: str,
    *,
    token: str = "",
    display: str = "",
    follow: bool = True,
    once: bool = False,
    tell: Callable[[str], None] | None = None,
) -> "Frames":
    """Open a page as a browser would, and follow what it is told.

    It returns when the page's socket has its first frame. From then on a lost connection is made
    anew for ever: after 0.1 s at first, then at pauses of up to 2 s.

    Args:
        url: a page of the bridge, or the bridge's address for the start page.
        token: what the bridge asks for, if it does.
        display: what this display is called, in the bridge's log and ``/healthz``.
        follow: go to the next page when a press (or the application) moves this one; if False, stay
            on the page, with a new socket past that press: a listener.
        once: end when the page would be left.
        tell: gets a sentence when the connection is lost, on the connection's thread; it must not
            block or raise.

    Raises:
        RemoteError: no bridge answers within some seconds, or it refuses: there is no such page,
            the token is wrong, all displays are taken.
    """
    return Frames(url, token, display, tell or (lambda _sentence: None), follow=follow, once=once)


class Frames:
    """What a page is told, one frame after the other; made by `connect`.

    An iterator of frames as README, "The wire", has them: ``state``, ``edge``, ``message`` and
    ``beat``. A close is ``{"type": "close", "code": …, "reason": …}``; a connection that died
    without one is only told to ``tell``, and by the ``state`` with which the next one begins.

    Up to `MAX_WAITING` frames wait for the program; beats are left out while any does. If the
    connection is refused for good (the page is gone, the token has changed) the iteration raises
    `RemoteError` after the frames that were before.

    Every method may be called from any thread. It is a context manager that closes it; without
    `close` its thread goes on until the program ends.
    """

    def __init__(
        self,
        url: str,
        token: str,
        display: str,
        tell: Callable[[str], None],
        *,
        follow: bool,
        once: bool,
    ) -> None:
        self._token = token
        self._display = display
        self._tell = tell
        self._follow = follow
        self._once = once
        # The connection's thread alone:
        self._to: str | None = asking.with_scheme(url)  # of the page to load before the next socket
        self._page = LoadedPage(self._to or "", "", "", 0.0)
        self._cursors = Cursors()
        self._seat = ""  # brings the next socket to the slot of the one before
        self._attempt = 0
        self._closing = threading.Event()
        # Shared, under its lock:
        self._changed = threading.Condition()
        self._waiting: deque[dict[str, Any]] = deque()
        self._left_out = 0
        self._socket: websocket.ClientConnection | None = None  # while it can be sent to
        self._joined = False  # has there been a first frame?
        self._over = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="gpiobridge-client", daemon=True)
        self._thread.start()
        try:
            with self._changed:
                self._wait(lambda: self._joined or self._over)
                failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The page whose socket is open now (or was last); it can be ahead of a busy program."""
        return self._page.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        with self._changed:
            self._wait(lambda: self._waiting or self._over)
            if self._waiting:
                return self._waiting.popleft()
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        raise StopIteration

    def send(self, data: Any) -> None:
        """Send ``data`` to the application, for its ``on_message``.

        It goes out at once; while there is no connection, with the next one, for which it waits
        `MAX_SEND_WAIT_S` at most. That it has arrived is not confirmed: a connection that has died
        silently takes it, too.

        Args:
            data: anything that JSON can say, of at most `wire.MAX_MESSAGE_BYTES` with its frame.

        Raises:
            PushError: it is no JSON, or too large; nothing was sent.
            RemoteError: there is no connection; nothing was sent.
        """
        try:
            text = wire.message_frame(data)
        except ValueError as error:
            raise PushError(f"the message {error}") from error
        until_s = time.monotonic() + MAX_SEND_WAIT_S
        lost = None
        while True:
            connection = self._connection(until_s, lost)
            try:
                connection.send(text)
            except ConnectionClosed:  # just now: the next one, then
                lost = connection
            else:
                return

    def close(self) -> None:
        """Leave the page, and end the iteration; frames that wait are discarded.

        It takes as long as the farewell does, a second at most; if a connection is just being
        made, at most until that has failed, some seconds.
        """
        self._closing.set()
        with self._changed:
            open_socket = self._socket
            self._waiting.clear()
        self._end(None)
        if open_socket is not None:
            open_socket.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(2 * asking.TIMEOUT_S)

    def _connection(
        self, until_s: float, lost: websocket.ClientConnection | None
    ) -> websocket.ClientConnection:
        """Wait for a connection that is not ``lost``."""
        with self._changed:
            while not self._over:
                if self._socket is not None and self._socket is not lost:
                    return self._socket
                if not self._changed.wait(until_s - time.monotonic()):
                    raise RemoteError(
                        f"nothing was sent: {self.url} has not answered for {MAX_SEND_WAIT_S:g} s"
                    )
        raise RemoteError(f"nothing was sent: {self.url} is closed")

    def _wait(self, condition: Callable[[], object]) -> None:
        """Wait, with the lock held, until ``condition`` is true."""
        while not self._changed.wait_for(condition, _LOOK_UP_S):
            pass

    def _end(self, failure: Exception | None) -> None:
        with self._changed:
            if not self._over:
                self._over, self._failure = True, failure
            self._changed.notify_all()

    # What follows runs on the connection's thread.

    def _run(self) -> None:
        failure = None
        try:
            while not self._closing.is_set():
                if not self._connect():
                    self._closing.wait(_retry_delay_s(self._attempt, random.random()))
                    self._attempt += 1
        except Exception as error:  # for the program's own thread, where it is raised
            failure = error
        self._end(failure)

    def _connect(self) -> bool:
        """Hold one connection, from the page's load to the close; whether to go on at once."""
        try:
            if self._to is not None:
                self._load(self._to)
            code, reason = self._listen(self._page)
        except RemoteError as error:
            if not self._closing.is_set():
                self._cope(error)
            return False
        if self._closing.is_set():
            return False
        if not self._joined:
            raise RemoteError(
                f"{self._page.url} is no page of a bridge: it closed ({code}) at once"
            )
        pressed = bool(self._cursors.told)
        if code == wire.Close.NAVIGATE:
            self._cursors.act()
        self._put({"type": "close", "code": code, "reason": reason})
        if code != wire.Close.NAVIGATE:
            self._tell(f"the connection was closed ({code}); connecting again")
            return False
        if self._once:
            self._closing.set()
            return False
        if self._follow:
            self._to = on_the_same_host(self._page.url, reason)
            return self._to is not None
        return pressed  # else a level that leads away would close each next socket, too

    def _load(self, url: str) -> None:
        """Load a page, the next one: what was acted on goes with us to just that."""
        page = load_page(url, self._token)
        same = urllib.parse.urlsplit(url).path == urllib.parse.urlsplit(page.url).path
        self._cursors = Cursors(self._cursors.newest if same else "", page.cursor)
        self._page, self._to = page, None

    def _cope(self, error: RemoteError) -> None:
        """Go on in spite of an error, if that may help."""
        if not self._joined:
            raise error
        at, start = self._to or self._page.url, self._page.start
        if error.status is None:
            self._tell(f"{at} does not answer; trying again")
        elif error.status >= 500:
            self._tell(f"{at} answers {error.status}; trying again")
        elif error.status not in _GONE or at == start or not self._follow:
            raise error
        elif self._to is not None:
            self._tell(f"there is no page at {at}; staying at {self._page.url}")
            self._to = None
        else:
            self._tell(f"there is no page at {at} any longer; going to {start}")
            self._to = start

    def _listen(self, page: LoadedPage) -> tuple[int, str]:
        """Open the page's socket, and take its frames until it is closed: code and reason."""
        query = self._cursors.query()
        if self._display:
            query.append(("display", self._display))
        if self._seat:
            query.append(("seat", self._seat))
        try:
            with websocket.connect(
                f"{page.socket_url}?{urllib.parse.urlencode(query)}",
                additional_headers=asking.headers(self._token),
                compression=None,
                ping_interval=None,
                open_timeout=asking.TIMEOUT_S,
                close_timeout=_CLOSE_S,
                proxy=None,
            ) as connection:
                try:
                    self._take_frames(connection)
                except ConnectionClosed:
                    pass
                finally:
                    self._set_socket(None)
                protocol = connection.protocol
            return protocol.close_code or 1006, protocol.close_reason or ""
        except InvalidStatus as error:
            answer = error.response
            sent = bool(self._token)
            raise asking.refusal(page.url, answer.status_code, answer.body, sent) from error
        except (OSError, WebSocketException) as error:
            raise asking.no_bridge(page.url, error) from error

    def _take_frames(self, connection: websocket.ClientConnection) -> None:
        self._set_socket(connection)
        while not self._closing.is_set():
            silent_s = max(asking.TIMEOUT_S, wire.SILENT_BEATS * self._page.beat_s)
            try:
                text = connection.recv(silent_s)
            except TimeoutError:
                # No farewell to a peer that is silent; and whoever is sending to it is freed.
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
                raise
            frame = read_frame(text, self._page.url)
            restarted = self._cursors.take(frame)
            if frame["type"] == "state":
                self._seat = frame.get("seat", "")
            if frame["type"] == "beat":
                # A close may have come right behind it, and there is more to read before that.
                with contextlib.suppress(ConnectionClosed):
                    connection.send(wire.BEAT)
            if frame["type"] != "state":  # a page that is moved at once still has its pauses
                self._attempt = 0
            self._put(frame)
            if restarted:
                self._relearn()

    def _set_socket(self, connection: websocket.ClientConnection | None) -> None:
        with self._changed:
            self._socket = connection
            self._changed.notify_all()

    def _put(self, frame: dict[str, Any]) -> None:
        with self._changed:
            if self._over or (frame["type"] == "beat" and self._waiting):
                return
            if not self._waiting:
                self._left_out = 0
            full = len(self._waiting) == MAX_WAITING
            if full:
                self._waiting.popleft()
                self._left_out += 1
            first = full and self._left_out == 1
            self._waiting.append(frame)
            self._joined = True
            self._changed.notify_all()
        if first:
            log.warning("%d frames wait for the program: the oldest are left out", MAX_WAITING)

    def _relearn(self) -> None:
        """Ask a server that was started again for its beat: it may have another configuration."""
        with contextlib.suppress(RemoteError):
            health = asking.health(self._page.base, self._token, even_ill=True)
            self._page = self._page._replace(beat_s=float(health.get("beat", self._page.beat_s)))


def _retry_delay_s(attempt: int, chance: float) -> float:
    """How long to wait before trying again: quickly at first, then spread out, at most 2 s."""
    most = min(_MAX_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(attempt, 16))
    return most if attempt == 0 else most * (0.5 + 0.5 * chance)
