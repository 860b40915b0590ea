"""Show a site that forbids frames itself, in place of the stage, for as long as its page would be.

A page with a ``url`` shows another site in a frame (`routes.site`). Where the site forbids that,
the kiosk moves its browser to the site: the one case in which a stage is left. Meanwhile the
launcher holds the page's socket as the page would, so the display is alive and obeys its rules.
When the bridge closes it with 4000, the browser comes back to the stage, which begins with the page
that the press led to:

    on the page ──the site forbids frames──▶ joining ──joined──▶ visiting
         ▲                                                          │
         └──────── 4000, idle, the site is away, the tab is gone ────┘

`attend` runs on the launcher's thread. It waits for no site and no page, but at the end of a visit
for its socket, which closes within three seconds. The socket has a thread of its own
(`client.follower`), and so have the questions to the sites. Only a browser with a debugging pipe
can be moved: not cog. Loaded only where pages have a `url`: it brings a WebSocket client.
"""

import contextlib
import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from http.client import HTTPException
from typing import Any, NamedTuple, Protocol

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from gpiobridge.client.follower import Follower
from gpiobridge.client.waiting_frames import WaitingFrames
from gpiobridge.config import Page, Settings
from gpiobridge.core.wire import Close
from gpiobridge.net.hosts import origin_of

log = logging.getLogger(__name__)

_ANSWER_S = 5.0  # a site that takes longer is away
_AGAIN_S = 2.0  # between two questions to a site whose page is on the screen, and that is away
_FRESH_S = 60.0  # what is known of a site is asked again after this time, once its page is shown
_REST_S = 1.0  # after a visit, until the bridge no longer counts its display
_RETRY_S = 5.0  # after a visit that could not begin
_VISITED_S = 10.0  # between two questions to a site that the browser shows itself
_GONE = 2  # answers in a row that such a site may owe
_END_S = 2.0  # how long a thread may take to end
_AGENT = "Mozilla/5.0 (compatible; gpiobridge kiosk)"


class Board(NamedTuple):
    """What must be known of a page with a `url`.

    Args:
        page: the page.
        pins: the pins that keep it in use, each with its active level.
        always: those of them that do so whatever pins the display obeys.
    """

    page: Page
    pins: Mapping[str, str]
    always: Collection[str]


def boards(settings: Settings) -> dict[str, Board]:
    """Find the pages with a `url`, by name."""
    found = {}
    for name, page in settings.pages.items():
        if page.url:
            always = page.idle.pins if page.idle else ()
            pins = {pin: str(settings.pins[pin].active) for pin in {*always, *page.pins}}
            found[name] = Board(page, pins, always)
    return found


class Mover(Protocol):
    """What moves the browser: the guard."""

    @property
    def visiting(self) -> bool:
        """Whether the browser is on the site to which it was moved."""

    def visit(self, url: str) -> None:
        """Show a site in place of the exhibit's tab."""

    def lead(self, url: str) -> None:
        """Show a page of the bridge in place of the site."""


def forbids_frames(policies: Iterable[str], options: Iterable[str], bridge: str) -> bool:
    """Tell whether an answer forbids that a page of the bridge shows it in a frame.

    Args:
        policies: the values of its ``Content-Security-Policy`` headers.
        options: the values of its ``X-Frame-Options`` headers.
        bridge: the bridge's origin, as `origin_of` writes it.
    """
    named = False
    for policy in (one for header in policies for one in header.split(",")):
        for directive in policy.split(";"):
            name, *sources = directive.lower().split() or [""]
            if name == "frame-ancestors":
                named = True
                if not any(_means(source, bridge) for source in sources):
                    return True
                break  # the first of two counts
    # With frame-ancestors, a browser passes X-Frame-Options over (CSP 3, 6.4.2.1).
    said = {value.strip().lower() for header in options for value in header.split(",")}
    return not named and bool(said & {"deny", "sameorigin"})


def _means(source: str, bridge: str) -> bool:
    """Whether a source of a policy means the bridge (CSP 3, 6.7.2)."""
    scheme, _, place = bridge.partition("://")
    if source in ("*", f"{scheme}:"):
        return True
    written, _, rest = source.rpartition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    name, _, own_port = place.rpartition(":")
    usual = {"http": "80", "https": "443"}[scheme]
    return (
        written in ("", scheme) and fnmatchcase(name, host) and (port or usual) in (own_port, "*")
    )


class _Visit(WaitingFrames):
    """A page's socket, held in its place. The follower's thread puts frames in.

    Args:
        address: the page's address.
        token: the bridge's token, or "".
        display: the display's name.
        board: the page.
        wake: wakes the launcher.
    """

    def __init__(
        self, address: str, token: str, display: str, board: Board, wake: Callable[[], None]
    ) -> None:
        super().__init__()
        self.to: str | None = None  # the path to which the bridge has led
        self.over = False
        self.used_s = self._begun_s = time.monotonic()
        self._board = board
        self._wake = wake
        self._using = dict(board.pins)  # the pins that keep the page in use on this display
        self._active: set[str] = set()  # those of them that do so now
        self._takes = board.page.lockout_s == 0
        self._connection: ClientConnection | None = None
        tell = log.info
        self._follower = Follower(
            address, token, display, lambda text: tell("%s", text), self, follow=False, once=True
        )
        self._thread = threading.Thread(
            target=self._follower.run, name="gpiobridge-kiosk-visit", daemon=True
        )
        self._thread.start()

    @property
    def cursor(self) -> str:
        """What the page has acted on, for the next page."""
        return self._follower.cursor

    # ------------------------------------------------------------ the follower's thread

    def put(self, frame: dict[str, Any]) -> None:
        """Take a frame."""
        match frame["type"]:
            case "state":
                obeyed = frame.get("obeys", self._board.pins)
                self._using = {
                    pin: active
                    for pin, active in self._board.pins.items()
                    if pin in obeyed or pin in self._board.always
                }
                self._active = {
                    pin for pin, level in frame["pins"].items() if self._using.get(pin) == level
                }
                self._say({"type": "shown", "cursor": f"{frame['epoch']}:{frame['seq']}"})
                if not self._takes:
                    self._say({"type": "taking", "since_ms": None})
                    if self._takes:  # the lockout has ended meanwhile: this must be the last word
                        self._say({"type": "taking", "since_ms": 0})
            case "edge" if frame["pin"] in self._using:
                self.used_s = time.monotonic()
                active = frame["level"] == self._using[frame["pin"]]
                (self._active.add if active else self._active.discard)(frame["pin"])
            case "close" if frame["code"] == Close.NAVIGATE:
                self.to = frame["reason"]
        if not self.joined or self.to is not None:
            self.joined = True
            self._wake()

    def set_socket(self, connection: ClientConnection | None) -> None:
        """Say which socket can be sent to from now on."""
        self._connection = connection

    def end(self, failure: Exception | None) -> None:
        """Note the end of the follower."""
        if failure is not None:
            log.info("the page's socket can't be held: %s", failure)
        self.over = True
        self._wake()

    # ------------------------------------------------------------ the launcher's thread

    def attend(self, now_s: float) -> None:
        """Say when presses count, as time passes."""
        if not self._takes and now_s - self._begun_s >= self._board.page.lockout_s:
            self._takes = True
            self._say({"type": "taking", "since_ms": 0})
        if self._active:
            self.used_s = now_s

    def leave(self, to: str) -> None:
        """Tell the bridge that the page leaves by itself, because nobody uses it."""
        self._say({"type": "idle", "to": to})

    def close(self) -> None:
        """End it."""
        self._follower.closing.set()
        if (connection := self._connection) is not None:
            with contextlib.suppress(OSError):
                connection.close()
        self._thread.join(_END_S)

    def _say(self, frame: Mapping[str, Any]) -> None:
        if (connection := self._connection) is not None:
            with contextlib.suppress(ConnectionClosed, OSError):
                connection.send(json.dumps(frame))


class _Questions:
    """Asks sites, one after the other, whether they forbid frames; on a thread of its own.

    Args:
        urls: the address of each page's site, by the page's name.
        bridge: the bridge's origin.
        wake: wakes the launcher when something new is known.
    """

    def __init__(self, urls: Mapping[str, str], bridge: str, wake: Callable[[], None]) -> None:
        self._urls = urls
        self._bridge = bridge
        self._wake = wake
        self._known: dict[str, bool | None] = {}  # whether it forbids frames; None: it is away
        self._owes: dict[str, int] = {}  # how many answers in a row it has not given
        self._asked_s: dict[str, float] = {}
        self._due = dict.fromkeys(urls)  # those to ask now, in this order
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(
            target=self._run, name="gpiobridge-kiosk-sites", daemon=True
        )
        self._thread.start()

    def forbids(self, page: str, now_s: float) -> bool:
        """Whether the site of a page that is on the screen forbids frames, as far as is known."""
        with self._changed:
            known = self._known.get(page)
            self._ask_after_locked(page, now_s, _AGAIN_S if known is None else _FRESH_S)
        return bool(known)

    def is_gone(self, page: str, now_s: float) -> bool:
        """Whether a site that the browser shows itself is away; asks it from time to time."""
        with self._changed:
            owes = self._owes.get(page, 0)
            self._ask_after_locked(page, now_s, _AGAIN_S if owes else _VISITED_S)
        return owes >= _GONE

    def _ask_after_locked(self, page: str, now_s: float, after_s: float) -> None:
        if now_s - self._asked_s.get(page, now_s) >= after_s:
            self._due.setdefault(page)
            self._changed.notify()

    @property
    def found(self) -> bool:
        """Whether any site forbids frames, as far as is known."""
        with self._changed:
            return any(self._known.values())

    def close(self) -> None:
        """End it; a question that is under way ends by itself."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closing)
                if self._closing:
                    return
                page = next(iter(self._due))
            found = self._ask(self._urls[page])
            with self._changed:
                self._due.pop(page)
                self._asked_s[page] = time.monotonic()
                is_new = self._known.get(page, ...) != found
                self._known[page] = found
                self._owes[page] = 0 if found is not None else self._owes.get(page, 0) + 1
            if is_new:
                if found:  # its address is not for a log: the query may be a secret
                    log.info("the site of %s forbids frames: this kiosk shows it itself", page)
                self._wake()

    def _ask(self, url: str) -> bool | None:
        """Whether a site forbids frames; None if it isn't there, or leads to another one."""
        request = urllib.request.Request(url.partition("#")[0], headers={"User-Agent": _AGENT})
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:
                if origin_of(answer.url) != origin_of(url):
                    return None
                headers = answer.headers
        except (OSError, HTTPException, ValueError):  # an error of HTTP is an OSError, too
            return None
        policies = headers.get_all("Content-Security-Policy", [])
        return forbids_frames(policies, headers.get_all("X-Frame-Options", []), self._bridge)


class ForeignSites:
    """Moves one start of the browser to sites that forbid frames, and back.

    Args:
        pages: the pages with a `url`, from `boards`.
        base: the bridge's address.
        display: the name of this kiosk's display.
        token: the bridge's token, or "".
        home: returns the address that leads back to a page, from its path and the cursor of what
            its display has acted on.
    """

    def __init__(
        self,
        pages: Mapping[str, Board],
        base: str,
        display: str,
        token: str,
        home: Callable[[str, str], str],
    ) -> None:
        self._pages = pages
        self._base, self._display, self._token = base, display, token
        self._home_address = home
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)
        urls = {name: board.page.url for name, board in pages.items()}
        self._questions = _Questions(urls, origin_of(base), self._wake)
        self._visit: _Visit | None = None
        self._page = ""  # of the visit
        self._moved = False  # whether the browser was moved
        self._not_before_s = 0.0

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._woken.fileno()

    @property
    def expecting(self) -> bool:
        """Whether a page may come for which the browser has to be moved."""
        return self._visit is None and self._questions.found

    def attend(self, now_s: float, shown: Collection[str], told_s: float, mover: Mover) -> None:
        """Do what is due.

        Args:
            now_s: monotonic seconds.
            shown: the pages that displays of this kiosk's name are on, by the bridge's last answer.
            told_s: when the bridge was asked for it, in monotonic seconds.
            mover: moves the browser.
        """
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        if self._visit is None:
            # Anybody may use the kiosk's name. With two pages nobody knows which is the kiosk's.
            page = next(iter(shown)) if len(set(shown)) == 1 else ""
            rested = told_s >= self._not_before_s
            if page in self._pages and self._questions.forbids(page, now_s) and rested:
                self._begin(page)
            return
        visit, board = self._visit, self._pages[self._page]
        visit.attend(now_s)
        if not self._moved:
            if visit.over:  # a press has led on meanwhile, or there is no such page
                self._end(now_s, _RETRY_S if visit.to is None else _REST_S)
            elif visit.joined:
                self._moved = True
                mover.visit(board.page.url)
            return
        idle = board.page.idle
        if visit.to is not None:
            self._home(mover, now_s, visit.to)
        elif visit.over:
            self._home(mover, now_s, f"/{self._page}")
        elif not mover.visiting:
            self._end(now_s, _REST_S)  # the guard has led home already
        elif self._questions.is_gone(self._page, now_s):
            # The page around it says so. A browser doesn't tell whether it shows an error.
            self._home(mover, now_s, f"/{self._page}")
        elif idle is not None and now_s - visit.used_s >= idle.after_s:
            visit.leave(idle.to)
            self._home(mover, now_s, f"/{idle.to}")

    def close(self) -> None:
        """End all of it, as the browser has ended."""
        self._questions.close()
        if self._visit is not None:
            self._visit.close()
        self._woken.close()
        self._waker.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it is full, or closed
            self._waker.send(b"\0")

    def _begin(self, page: str) -> None:
        """Take the page's place at the bridge, before the browser leaves it: no press is lost."""
        self._page, self._moved = page, False
        address = f"{self._base}/{page}"
        self._visit = _Visit(address, self._token, self._display, self._pages[page], self._wake)

    def _home(self, mover: Mover, now_s: float, path: str) -> None:
        """Come back to the stage, which begins with the page at `path`."""
        assert self._visit is not None
        mover.lead(self._home_address(path, self._visit.cursor))
        self._end(now_s, _REST_S)

    def _end(self, now_s: float, rest_s: float) -> None:
        assert self._visit is not None
        self._visit.close()
        self._visit = None
        self._not_before_s = now_s + rest_s
