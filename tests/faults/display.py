"""A display: the browser and our client in it, as a model in Python.

It does what ``client.js`` does, state by state: page and cursors, beats answered, a silent socket
given up, quick and then spread out retries, a question by HTTP before a page is left, and what the
server is told of when the page takes presses (`taking`). Times are those of ``client.js`` and of
Chromium. Films, farewells and what a page declines are drawn, as its author would have them.

One thing no browser can do: behind each word on taking presses it sends a ping, whose answer tells
the oracle when the server surely knew.

What Chromium does when a page can't be loaded is an assumption: its error page tries again after
1 s (as it does the first time).

Many displays live in one process, so that SIGSTOP can stop them; commands and notes go over a pipe.
"""

import asyncio
import contextlib
import html
import json
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection as Pipe
from random import Random
from urllib.parse import urlencode

from faults.graph import PLAIN, Graph, Traits, display_name, make_graph
from faults.orders import Order, take_orders
from faults.records import (
    Ended,
    Got,
    Heard,
    Joined,
    Known,
    Left,
    Loaded,
    Lost,
    Record,
    Said,
    Stayed,
    Stopped,
    Tried,
    Word,
)
from faults.taking import Taking, draw_films
from faults.websocket import FAILURES, Closed, Pong, WebSocket, open_websocket, request

NAVIGATE = 4000
CONNECT_S = 6.0
SILENT_BEATS = 2.5
FIRST_RETRY_S = 0.1
MAX_RETRY_S = 2.0
ANSWER_S = 5.0
LOAD_S = 10.0
ERROR_PAGE_S = 1.0
NOTHING = ("", "", -inf)
MAX_PAINT_S = 0.3  # how long a page may take to be painted
HIDDEN = 0.06  # the part of the pages in whose time the tab is hidden for a while
PROGRAMS = 8  # one in so many displays never says what it shows
MAX_LAG_S = 0.1  # how long a busy page may take to say that it takes presses again


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded page: what our script tag says, and what its author made of it."""

    name: str
    path: str
    cursor: str
    beat_s: float
    lockout_s: float
    levels: dict[str, dict[str, str]]  # pin, level: the path where that leads
    traits: Traits


@dataclass(frozen=True, slots=True)
class Asked:
    """What a socket's address said; see `records.Joined`."""

    sent_s: float
    cursors: tuple[str, ...]
    takes: bool
    declined: tuple[tuple[str, str], ...]
    since: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The server closed with 4000: where to, and whether a press did it; see `records.Left`."""

    to: str
    pressed: bool
    at_once: bool
    again: bool


class Tab:
    """One tab of a browser.

    Args:
        port: of its way to the server.
        name: of the display.
        graph: what pages do, and which levels lead where.
        random: spreads its retries.
        note: takes its notes.
        careful: an edge counts as acted on only once it is known what follows it. False is the
            client of version 0.1, which lost a press whose edge arrived but whose close did not,
            and said nothing of when its page takes presses.
    """

    def __init__(
        self,
        port: int,
        name: str,
        graph: Graph,
        random: Random,
        note: Callable[[Record], None],
        careful: bool,
    ) -> None:
        self._careful = careful
        self._port = port
        self._name = name
        self._is_program = Random(f"program {name}").randrange(PROGRAMS) == 0
        self._graph = graph
        self._random = random
        self._note = note
        # sessionStorage: what a page hands to the next one, and what it keeps for itself: cursor,
        # path, and since when presses count; None: since the load, as none did before.
        self._handed: tuple[str, str, float | None] = NOTHING
        self._own: tuple[str, str, float | None] = NOTHING
        self._cursors: list[str] = []
        self._unheard: list[str] | None = None  # those of when presses began to count, if unknown
        self._since = ""  # the cursor with which the page began
        self._told = ""  # the cursor of an edge whose consequence may still be on its way
        self._attempt = 0
        self._last_frame_s = 0.0
        self._epoch = ""
        self._seq = 0
        self._levels: dict[str, str] = {}
        self._obeyed: list[str] | None = None  # the pins that it obeys; None: all
        self._declined: dict[str, str] = {}  # pin to the level by which the page won't leave
        self._joined = self._connecting = self._followed = False
        self._pressed = False  # the last frame was an edge
        self._led_s: float | None = None
        self._reloaded = False
        self._belongs = ""  # the page that the display belongs to
        self._taking = Taking(note, self._say)
        self._ending: set[asyncio.Task[None]] = set()
        self._said: dict[int, float] = {}  # number of a statement to when it was sent
        self._seat = ""  # in a browser, sessionStorage has it from page to page
        self._visible = self._said_visible = True
        self._painted = self._said_shown = False
        self._again = False  # the last frame was an edge that had been told before
        self._word = 0  # number of the newest word on what people see
        self._eyes = Random(f"eyes {name}")
        self._painting: list[asyncio.TimerHandle] = []
        self._hiding: list[asyncio.TimerHandle] = []
        self.leaving = False
        self.socket: WebSocket | None = None
        self.path = ""

    async def run(self, path: str, reloaded: bool = False) -> None:
        """Show ``path``, and whatever follows from it."""
        self._reloaded = reloaded
        page: Page | None = None
        while True:
            loaded = await self._load(path, patient=page is None)
            self.leaving = False
            if loaded is not None:
                page = loaded
                self._begin(page)
            else:  # the navigation came to nothing, and the old page is still there
                assert page is not None
                await self._wait_to_retry(page)
            path = await self._live(page)

    def forget(self) -> None:
        """The page is gone, and its socket with it."""
        self._taking.end()
        for timer in (*self._painting, *self._hiding):
            timer.cancel()
        self._hiding.clear()
        self._visible = True  # who reloads a page sees it
        self._drop()

    # ------------------------------------------------------------ a page and its socket

    async def _live(self, page: Page) -> str:
        """Stay on a page until it is left; return the next one's path."""
        while True:
            told = await self._connected(page)
            if told is None:
                await self._wait_to_retry(page)
            elif self._leaves(page, told):
                return await self._leave(page, told)

    def _leaves(self, page: Page, told: Told) -> bool:
        """Whether the page leaves as it is told to; if not, it reconnects."""
        if not self._careful:
            return True
        if told.pressed and self._taking.since_s is None:
            self._note_stayed(told, declined=False)
            return False
        levels = {
            pin: level
            for pin, rules in page.levels.items()
            if self._obeys(pin) and rules.get(level := self._levels.get(pin, "")) == told.to
        }
        order = not told.pressed and (self._taking.since_s is None or not levels)
        if order or self._random.random() >= page.traits.declines:
            return True
        self._declined.update(levels)
        self._note_stayed(told, declined=True)
        return False

    def _obeys(self, pin: str) -> bool:
        return self._obeyed is None or pin in self._obeyed

    async def _leave(self, page: Page, told: Told) -> str:
        self.leaving = True
        to = told.to
        self._taking.end()
        self._note_left(told)
        said_farewell = self._careful and page.traits.farewell_s > 0
        if said_farewell:
            to = await self._say_farewell(page, to)
        tries = 0
        while not await self._ask(to):
            await asyncio.sleep(self._delay_s(tries))
            tries += 1
        self._hand_over(to, said_farewell)
        return to

    async def _say_farewell(self, page: Page, to: str) -> str:
        """Keep the next page waiting; return its path, which an order may change meanwhile."""
        self._taking.say_farewell()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(page.traits.farewell_s):
                while True:
                    told = await self._connected(page)
                    if told is None:
                        await self._wait_to_retry(page)
                    elif told.pressed:
                        self._note_stayed(told, declined=False)
                    else:
                        to = told.to
                        self._note_left(told)
                        self._taking.say_farewell()
        self._drop()
        return to

    def _note_left(self, told: Told) -> None:
        to, now_s = told.to.lstrip("/"), time.monotonic()
        how = told.pressed, told.at_once, told.again
        self._note(Left(self._belongs, to, now_s, self._seq, *how))
        self._belongs = to

    def _note_stayed(self, told: Told, declined: bool) -> None:
        to, now_s, seq = told.to.lstrip("/"), time.monotonic(), self._seq
        how = told.pressed, told.at_once, declined, told.again
        self._note(Stayed(self._belongs, to, now_s, seq, *how))

    async def _wait_to_retry(self, page: Page) -> None:
        while True:
            await asyncio.sleep(self._delay_s(self._attempt))
            self._attempt += 1
            if self._attempt <= 1 or await self._ask(page.path):
                return

    async def _connected(self, page: Page) -> Told | None:
        """Hold a socket until it ends; return what it was closed with, or None if it was lost."""
        self._joined = self._followed = self._pressed = False
        self._connecting = True
        sent_s = time.monotonic()
        number = self._taking.number
        self._unheard = None
        try:
            async with asyncio.timeout(CONNECT_S) as silence:
                asked = Asked(
                    sent_s,
                    tuple(self._cursors),
                    self._taking.since_s is not None,
                    tuple(self._declined.items()),
                    bool(self._since),
                    self._visible,
                )
                self.socket = await open_websocket(self._port, self._address(page))
                while True:
                    frame = await self.socket.frame()
                    if isinstance(frame, Closed):
                        break
                    if isinstance(frame, Pong) and frame.number < 0:
                        self._note(Heard(-frame.number, time.monotonic()))
                        continue
                    if isinstance(frame, Pong):
                        self._note_known(frame.number, self._said[frame.number])
                        continue
                    if frame["type"] == "state":
                        self._take_state(frame, page, asked)
                        self._note_known(number, sent_s)
                        if number != self._taking.number:  # it changed meanwhile
                            self._say_now()
                    else:
                        self._take(frame)
                    loop_s = asyncio.get_running_loop().time()
                    wait_s = SILENT_BEATS * page.beat_s if self._joined else CONNECT_S
                    silence.reschedule(loop_s + wait_s)
        except (TimeoutError, *FAILURES):
            if not self._joined:
                self._note(Tried(page.name, sent_s, time.monotonic(), bool(self._since)))
            self._drop()
            return None
        ended, self.socket = self.socket, None
        self._joined = self._connecting = False
        if frame.code != NAVIGATE:
            self._ask_again()
            self._note(Lost(time.monotonic(), self._last_frame_s, self._followed))
            await ended.end()
            return None
        self._unheard = None
        self._act_on_told()
        told = Told(frame.reason, self._pressed, not self._followed, self._again)
        self._ending.add(task := asyncio.create_task(ended.end()))
        task.add_done_callback(self._ending.discard)
        return told

    def _address(self, page: Page) -> str:
        query = [("cursor", known) for known in self._cursors if known]
        query += [("since", self._since), ("display", self._name)]
        if self._careful:
            if (taking := self._taking.parameter) is not None:
                query.append(("taking", taking))
            query += [("declined", f"{pin}:{level}") for pin, level in self._declined.items()]
        query += [("seat", self._seat)] if self._seat else []
        self._said_visible = self._visible
        query += [] if self._visible else [("visible", "false")]
        return f"/ws/{page.name}?{urlencode(query)}"

    def _drop(self) -> None:
        """Give the socket up, whatever state it is in."""
        self._ask_again()
        ended, self.socket = self.socket, None
        if ended is not None:
            ended.forget()
        connecting, self._connecting = self._connecting, False
        if self._joined:
            self._joined = False
            self._note(Lost(time.monotonic(), self._last_frame_s, self._followed))
        elif connecting and self._taking.since_s is None:
            # What the server does with that socket, nobody will hear.
            self._note_known(self._taking.number, time.monotonic())

    # ------------------------------------------------------------ frames

    def _take_state(self, frame: dict[str, object], page: Page, asked: Asked) -> None:
        self._hear()
        self._joined, self._connecting = True, False
        self._told = ""
        self._pressed = self._again = False
        self._said_shown = False  # the server may not know it any more
        self._seat = str(frame.get("seat", ""))
        self._epoch = str(frame["epoch"])
        self._seq = seq = int(str(frame["seq"]))
        assert isinstance(frame["pins"], dict)
        self._levels = dict(frame["pins"])
        obeyed = frame.get("obeys")
        assert obeyed is None or isinstance(obeyed, list)
        self._obeyed = obeyed
        for pin, level in self._levels.items():
            self._forget_declined(pin, level)
        if not self._since.startswith(f"{self._epoch}:"):
            ours = (known for known in self._cursors if known.startswith(f"{self._epoch}:"))
            self._since = next(ours, f"{self._epoch}:{seq}")
        acted = seq_of(asked.cursors, self._epoch)
        self._note(
            Joined(
                self._belongs,
                asked.sent_s,
                self._last_frame_s,
                self._epoch,
                seq,
                page.name,
                asked.takes,
                asked.declined,
                seq if acted is None else acted,
                self.leaving,
                asked.since,
                asked.visible,
            )
        )
        self._told = f"{self._epoch}:{seq}"
        self._act_on_told()
        self._say_visible()
        self._say_shown()

    def _take(self, frame: dict[str, object]) -> None:
        self._hear()
        self._followed = True
        # What an edge leads to follows it at once: once anything else follows, it led nowhere.
        self._act_on_told()
        self._pressed = frame["type"] == "edge"
        self._again = self._pressed and int(str(frame["seq"])) <= self._seq
        if self._pressed:
            self._seq = int(str(frame["seq"]))
            self._told = f"{self._epoch}:{self._seq}"
            pin, level = str(frame["pin"]), str(frame["level"])
            self._levels[pin] = level
            self._forget_declined(pin, level)
            if not self._careful:
                self._act_on_told()
        elif frame["type"] == "beat" and self.socket is not None:
            self.socket.send({"type": "beat"})
        elif frame["type"] == "message":
            assert isinstance(frame["data"], dict)
            self._note(Got(frame["data"]["number"], self._last_frame_s, self._seq))

    def _forget_declined(self, pin: str, level: str) -> None:
        if self._declined.get(pin) != level:
            self._declined.pop(pin, None)

    def _hear(self) -> None:
        self._last_frame_s = time.monotonic()
        self._attempt = 0

    def _act_on_told(self) -> None:
        if self._told:
            self._cursors = [self._told]
            self._told = ""
            self._keep_own()

    def _ask_again(self) -> None:
        """The server may not have heard that presses count: those since then are not acted on."""
        if self._unheard is not None:
            self._cursors, self._unheard = self._unheard, None

    def _keep_own(self) -> None:
        known = next(filter(None, self._unheard or self._cursors), "")
        if known:
            self._own = (known, self.path, self._taking.since_s)

    def _hand_over(self, path: str, said_farewell: bool) -> None:
        known = next(filter(None, self._cursors), "")
        if known:
            self._handed = (known, path, None if said_farewell else -inf)

    # ------------------------------------------------------------ whether presses count

    def _say(self) -> None:
        """The page has begun or ceased to take presses."""
        self._unheard = None if self._taking.since_s is None else self._cursors
        self._keep_own()
        number = self._taking.number
        if self._taking.since_s is None:
            alone = not self._joined and not self._connecting
            self._note(Stopped(number, time.monotonic(), self._acted, alone))
            self._say_now()
        else:
            lag_s = self._random.choice((0.0, 0.0, self._random.uniform(0.0, MAX_LAG_S)))
            asyncio.get_running_loop().call_later(lag_s, self._say_if_newest, number)

    def _say_if_newest(self, number: int) -> None:
        if number == self._taking.number:
            self._say_now()

    def _say_now(self) -> None:
        if not self._careful or not self._joined or self.socket is None:
            return
        number = self._taking.number
        self._said[number] = time.monotonic()
        if self._taking.since_s is not None:
            self._note(Said(number, self._said[number], self._seq))
        self.socket.send(self._taking.frame)
        self.socket.ping(number)

    def _note_known(self, number: int, sent_s: float) -> None:
        self._note(Known(number, sent_s, time.monotonic(), self._seq))

    @property
    def _acted(self) -> int:
        """The event of this server that the page has acted on; -1 if there is none."""
        acted = seq_of(self._cursors, self._epoch)
        return -1 if acted is None else acted

    def _delay_s(self, attempt: int) -> float:
        most_s = min(MAX_RETRY_S, FIRST_RETRY_S * 2.0**attempt)
        return most_s if attempt == 0 else most_s * self._random.uniform(0.5, 1.0)

    # ------------------------------------------------------------ what people see

    def _await_paint(self) -> None:
        """A page begins: it is painted a moment later, and its tab may be hidden for a while."""
        for timer in self._painting:
            timer.cancel()
        self._painted = self._said_shown = False
        loop = asyncio.get_running_loop()
        paint_s = self._eyes.uniform(0.01, MAX_PAINT_S)
        self._painting = [loop.call_later(paint_s, self._paint)]
        if self._visible and self._eyes.random() < HIDDEN:
            at_s = self._eyes.choice((0.0, self._eyes.uniform(0.05, 1.0)))
            until_s = at_s + self._eyes.uniform(0.2, 1.5)
            self._hiding += [
                loop.call_later(at_s, self._see, False),
                loop.call_later(until_s, self._see, True),
            ]

    def _paint(self) -> None:
        if self._visible:
            self._painted = True
            self._say_shown()
        else:
            self._painting = [asyncio.get_running_loop().call_later(0.02, self._paint)]

    def _see(self, visible: bool) -> None:
        self._visible = visible
        self._say_visible()

    def _say_visible(self) -> None:
        if self._joined and self._said_visible is not self._visible:
            self._said_visible = self._visible
            frame = {"type": "visible", "visible": self._visible}
            self._say_word("visible" if self._visible else "hidden", frame)

    def _say_shown(self) -> None:
        if self._said_shown or not self._painted or not self._joined or self._is_program:
            return
        self._said_shown = True
        self._say_word("shown", {"type": "shown", "cursor": self._since})

    def _say_word(self, what: str, frame: dict[str, object]) -> None:
        assert self.socket is not None
        self._word += 1
        self._note(Word(self._word, what, time.monotonic()))
        self.socket.send(frame)
        self.socket.ping(-self._word)

    # ------------------------------------------------------------ HTTP

    async def _ask(self, path: str) -> bool:
        with contextlib.suppress(TimeoutError, *FAILURES):
            async with asyncio.timeout(ANSWER_S):
                status, _ = await request("HEAD", self._port, path)
                return status < 500
        return False

    async def _load(self, path: str, patient: bool) -> Page | None:
        """Load a page; None if an old one is still there when the time is up.

        Args:
            path: of the page.
            patient: True when there is no page to go back to.
        """
        while True:
            sent_s = time.monotonic()
            try:
                async with asyncio.timeout(LOAD_S):
                    status, text = await request("GET", self._port, path)
            except TimeoutError:
                if not patient:
                    return None
                continue
            except FAILURES:
                status = 0
            if status == 200:
                return self._read(path, text, sent_s)
            # The browser's error page: the old page is gone, and it tries again by itself.
            patient = True
            await asyncio.sleep(ERROR_PAGE_S)

    def _read(self, path: str, text: str, sent_s: float) -> Page:
        data = {
            key: html.unescape(value)
            for key, value in re.findall(r'data-(page|cursor|beat|lockout|levels)="([^"]*)"', text)
        }
        known, since_s = "", NOTHING[2]
        for cursor, to, counts_s in (self._handed, self._own if self._reloaded else NOTHING):
            if not known and to == path:
                known, since_s = cursor, counts_s
        self._handed = NOTHING
        self._own = (known, path, since_s) if known else NOTHING
        self._led_s = sent_s if since_s is None else since_s if since_s > -inf else None
        self._cursors = [known, data["cursor"]]
        epoch, _, seq = data["cursor"].partition(":")
        self._belongs = name = data["page"]
        self._note(Loaded(name, sent_s, time.monotonic(), epoch, int(seq), not known))
        return Page(
            name,
            path,
            data["cursor"],
            float(data["beat"]),
            float(data.get("lockout", 0.0)),
            json.loads(data.get("levels", "{}")),
            self._graph.traits.get(name, PLAIN),
        )

    def _begin(self, page: Page) -> None:
        """The page's script runs: presses count from now on, or not yet."""
        # What it kept of another run of the server says nothing of this one's events.
        epoch = page.cursor.partition(":")[0]
        acted = seq_of(self._cursors[:1], epoch) if self._reloaded else None
        self._attempt = 0
        self._since = self._epoch = ""
        self._await_paint()
        self._declined.clear()
        self.path = page.path
        self._reloaded = False
        spans = [(0.0, page.lockout_s)] if page.lockout_s else []
        if page.traits.film:
            spans += draw_films(self._random)
        if self._careful:
            acted_seq = -1 if acted is None else acted
            self._taking.begin(spans, time.monotonic(), self._led_s, acted_seq)
            self._keep_own()


# ---------------------------------------------------------------- a process full of them


class Group:
    """The displays of one process.

    Args:
        pipe: to the runner: `Order` in, (display, record) out.
        ports: display number to its port.
        seed: of the exhibit; it spreads their retries, too.
        careful: as of `Tab`.
    """

    def __init__(self, pipe: Pipe, ports: dict[int, int], seed: int, careful: bool) -> None:
        self._careful = careful
        self._pipe = pipe
        self._ports = ports
        self._graph = make_graph(seed)
        self._random = Random(f"displays {seed} {min(ports)}")
        self._tabs: dict[int, Tab] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stalls: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take orders until the pipe ends."""
        await take_orders(self._pipe, self._carry_out)
        for task in [*self._tasks.values(), *self._stalls]:
            task.cancel()

    def _carry_out(self, order: Order) -> None:
        number = order.display
        tab = self._tabs.get(number)
        match order.kind:
            case "open":
                tab = Tab(
                    self._ports[number],
                    display_name(number),
                    self._graph,
                    self._random,
                    lambda record: self._pipe.send((number, record)),
                    self._careful,
                )
                self._tabs[number] = tab
                self._start(number, tab, f"/{order.page}")
            case "close" if tab:
                self._stop(number, tab)
                del self._tabs[number]  # nobody can reload it now
                self._pipe.send((number, Ended(time.monotonic())))
            # Who reloads a page that is being left undoes the press by hand: not played here.
            case "reload" if tab and not tab.leaving:
                self._stop(number, tab)
                self._start(number, tab, tab.path, reloaded=True)
            case "stall" if tab and tab.socket:
                self._stalls.add(stall := asyncio.create_task(_stall(tab.socket, order.amount)))
                stall.add_done_callback(self._stalls.discard)

    def _start(self, number: int, tab: Tab, path: str, reloaded: bool = False) -> None:
        tab.path = path  # for the next reload, which may come before the first step
        self._tasks[number] = asyncio.create_task(tab.run(path, reloaded))
        self._tasks[number].add_done_callback(self._fail)

    def _stop(self, number: int, tab: Tab) -> None:
        self._tasks[number].cancel()
        tab.forget()

    def _fail(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._pipe.send((-1, repr(task.exception())))


def seq_of(cursors: Iterable[str], epoch: str) -> int | None:
    """The number in the first cursor of an epoch."""
    parts = (cursor.partition(":") for cursor in cursors)
    return next((int(seq) for known, _, seq in parts if known and known == epoch), None)


async def _stall(socket: WebSocket, for_s: float) -> None:
    socket.pause(True)
    await asyncio.sleep(for_s)
    socket.pause(False)


def run(pipe: Pipe, ports: dict[int, int], seed: int, careful: bool) -> None:
    """Be a process full of displays; ends when the pipe does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us

    async def main() -> None:
        await Group(pipe, ports, seed, careful).run()

    asyncio.run(main())
