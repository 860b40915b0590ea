"""Follow a page from socket to socket: the client's own thread.

It answers beats, reconnects, and goes from page to page. It keeps what it has acted on, and sends
that with each new socket, as ``routes/assets/client.js`` does. Rules that run in a page (lockout,
idle) don't concern it. The frames that it receives go to `waiting_frames`. It uses the wire as any
other client would, and nothing of the server.
"""

import contextlib
import random
import socket
import threading
import urllib.parse
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync import client as websocket

from gpiobridge.client import asking
from gpiobridge.client.cursors import Cursors
from gpiobridge.client.page import LoadedPage, load_page, on_the_same_host, read_frame
from gpiobridge.client.waiting_frames import WaitingFrames
from gpiobridge.core import wire
from gpiobridge.errors import RemoteError

_FIRST_RETRY_S = 0.1
_MAX_RETRY_S = 2.0
_CLOSE_S = 1.0  # for the other end to take our close frame
_GONE = (404, 410)


class Follower:
    """Follows a page; `run` is for its own thread.

    Args:
        url: a page of the bridge, or the bridge's address for the start page.
        token: the bridge's token, or an empty string.
        display: the name of this display, or an empty string.
        tell: receives a sentence when the connection is lost.
        waiting: receives the frames, the socket while it can be sent to, and the end.
        follow: whether to go to the next page when this one is moved.
        once: whether to end when the page would be left.

    Attributes:
        closing: any thread sets it to end the follower; an open socket must be closed, too.
    """

    def __init__(
        self,
        url: str,
        token: str,
        display: str,
        tell: Callable[[str], None],
        waiting: WaitingFrames,
        *,
        follow: bool,
        once: bool,
    ) -> None:
        self.closing = threading.Event()
        self._token = token
        self._display = display
        self._tell = tell
        self._waiting = waiting
        self._follow = follow
        self._once = once
        self._to: str | None = asking.with_scheme(url)  # the page to load before the next socket
        self._page = LoadedPage(self._to or "", "", "", 0.0)
        self._cursors = Cursors()
        self._seat = ""  # brings the next socket to the slot of the one before
        self._attempt = 0

    @property
    def url(self) -> str:
        """The page whose socket is open now, or was last; any thread."""
        return self._page.url

    @property
    def cursor(self) -> str:
        """What it has acted on, for the next page; any thread."""
        return self._cursors.newest

    def run(self) -> None:
        """Follow until `closing` is set, or there is nothing left to follow."""
        failure = None
        try:
            while not self.closing.is_set():
                if not self._connect():
                    self.closing.wait(_retry_delay_s(self._attempt, random.random()))
                    self._attempt += 1
        except Exception as error:  # it is raised again on the program's own thread
            failure = error
        self._waiting.end(failure)

    def _connect(self) -> bool:
        """Hold one connection, from the page to the close; return whether to go on at once."""
        try:
            if self._to is not None:
                self._load(self._to)
            code, reason = self._listen(self._page)
        except RemoteError as error:
            if not self.closing.is_set():
                self._cope(error)
            return False
        if self.closing.is_set():
            return False
        if not self._waiting.joined:
            raise RemoteError(
                f"{self._page.url} is not a page of a bridge: it closed ({code}) at once"
            )
        pressed = bool(self._cursors.told)
        if code == wire.Close.NAVIGATE:
            self._cursors.act()
        self._waiting.put({"type": "close", "code": code, "reason": reason})
        if code != wire.Close.NAVIGATE:
            self._tell(f"the connection was closed ({code}); connecting again")
            return False
        if self._once:
            self.closing.set()
            return False
        if self._follow:
            self._to = on_the_same_host(self._page.url, reason)
            return self._to is not None
        return pressed  # else a level that leads away would close each next socket, too

    def _load(self, url: str) -> None:
        """Load the next page; the cursor goes along unless a redirect leads elsewhere."""
        page = load_page(url, self._token, self._display)
        same = urllib.parse.urlsplit(url).path == urllib.parse.urlsplit(page.url).path
        self._cursors = Cursors(self._cursors.newest if same else "", page.cursor)
        self._page, self._to = page, None

    def _cope(self, error: RemoteError) -> None:
        """Go on despite an error, if that may help."""
        if not self._waiting.joined:
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
        """Open the page's socket and take its frames until it closes; return code and reason."""
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
                    self._waiting.set_socket(None)
                protocol = connection.protocol
            return protocol.close_code or 1006, protocol.close_reason or ""
        except InvalidStatus as error:
            answer = error.response
            sent = bool(self._token)
            raise asking.refusal(page.url, answer.status_code, answer.body, sent) from error
        except (OSError, WebSocketException) as error:
            raise asking.no_bridge(page.url, error) from error

    def _take_frames(self, connection: websocket.ClientConnection) -> None:
        self._waiting.set_socket(connection)
        while not self.closing.is_set():
            silent_s = max(asking.TIMEOUT_S, wire.SILENT_BEATS * self._page.beat_s)
            try:
                text = connection.recv(silent_s)
            except TimeoutError:
                # A silent peer gets no close frame, and a thread that is sending to it is released.
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
                raise
            frame = read_frame(text, self._page.url)
            restarted = self._cursors.take(frame)
            if frame["type"] == "state":
                self._seat = frame.get("seat", "")
            if frame["type"] == "beat":
                # A close may have come right after it; frames before that close must be read.
                with contextlib.suppress(ConnectionClosed):
                    connection.send(wire.BEAT)
            if frame["type"] != "state":  # only then: a page that is moved at once keeps its pauses
                self._attempt = 0
            self._waiting.put(frame)
            if restarted:
                self._relearn()

    def _relearn(self) -> None:
        """Ask a restarted server for its beat: it may have another configuration."""
        with contextlib.suppress(RemoteError):
            health = asking.health(self._page.base, self._token, even_ill=True)
            self._page = self._page._replace(beat_s=float(health.get("beat", self._page.beat_s)))


def _retry_delay_s(attempt: int, chance: float) -> float:
    """Return the seconds until the next try: few at first, then more and spread out, at most 2."""
    most = min(_MAX_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(attempt, 16))
    return most if attempt == 0 else most * (0.5 + 0.5 * chance)
