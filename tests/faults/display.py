"""A display: the browser and our client in it, as a model in Python.

It does what ``client.js`` does, state by state: page and cursor, the tab's own cursor before the
page's, beats answered, a silent socket given up, quick and then spread out retries, a question by
HTTP before a page is left. Times are those of ``client.js`` and of Chromium.

What Chromium does when a page can't be loaded is an assumption: its error page tries again after
1 s (as it does the first time).

Many displays live in one process, so that SIGSTOP can stop them; commands and notes go over a pipe.
"""

import asyncio
import contextlib
import html
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from random import Random
from urllib.parse import urlencode

from faults.orders import Order, take_orders
from faults.records import Ended, Joined, Left, Loaded, Lost, Record
from faults.websocket import FAILURES, Closed, WebSocket, open_websocket, request

NAVIGATE = 4000
CONNECT_S = 6.0
SILENT_BEATS = 2.5
FIRST_RETRY_S = 0.1
MAX_RETRY_S = 2.0
ANSWER_S = 5.0
LOAD_S = 10.0
ERROR_PAGE_S = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded page: what our script tag says."""

    name: str
    path: str
    cursor: str
    beat_s: float


class Tab:
    """One tab of a browser.

    Args:
        port: of its way to the server.
        random: spreads its retries.
        note: takes its notes.
        careful: an edge counts as acted on only once it is known what follows it. False is the
            client of version 0.1, which lost a press whose edge arrived but whose close did not.
    """

    def __init__(
        self, port: int, random: Random, note: Callable[[Record], None], careful: bool
    ) -> None:
        self._careful = careful
        self._port = port
        self._random = random
        self._note = note
        self._storage = ("", "")  # cursor and path: sessionStorage
        self._cursors: list[str] = []
        self._since = ""  # the cursor with which the page began
        self._told = ""  # the cursor of an edge whose consequence may still be on its way
        self._attempt = 0
        self._last_frame_s = 0.0
        self._epoch = ""
        self._seq = 0
        self._joined = False
        self.leaving = False
        self.socket: WebSocket | None = None
        self.path = ""

    async def run(self, path: str) -> None:
        """Show ``path``, and whatever follows from it."""
        self.path = path
        page: Page | None = None
        while True:
            loaded = await self._load(path, patient=page is None)
            self.leaving = False
            if loaded is not None:
                page = loaded
                self.path = page.path
                self._cursors = [self._handed_over(page.path), page.cursor]
                self._attempt = 0
                self._since = self._epoch = ""
            else:  # the navigation came to nothing, and the old page is still there
                assert page is not None
                await self._wait_to_retry(page)
            path = await self._live(page)

    def forget(self) -> None:
        """The page is gone, and its socket with it."""
        if self.socket is not None:
            self.socket.forget()
            self.socket = None
            self._note(Lost(time.monotonic(), self._last_frame_s))

    # ------------------------------------------------------------ a page and its socket

    async def _live(self, page: Page) -> str:
        """Stay on a page until it is left; return the next one's path."""
        while True:
            to = await self._connected(page)
            if to is None:
                await self._wait_to_retry(page)
                continue
            tries = 0
            while not await self._ask(to):
                await asyncio.sleep(self._delay_s(tries))
                tries += 1
            self._hand_over(to)
            return to

    async def _wait_to_retry(self, page: Page) -> None:
        while True:
            await asyncio.sleep(self._delay_s(self._attempt))
            self._attempt += 1
            if self._attempt <= 1 or await self._ask(page.path):
                return

    async def _connected(self, page: Page) -> str | None:
        """Hold a socket until it ends; return the path to go to, or None if it was lost."""
        self._joined = False
        sent_s = time.monotonic()
        try:
            async with asyncio.timeout(CONNECT_S) as silence:
                cursors = [("cursor", known) for known in self._cursors if known]
                query = urlencode([*cursors, ("since", self._since)])
                self.socket = await open_websocket(self._port, f"/ws/{page.name}?{query}")
                while True:
                    frame = await self.socket.frame()
                    if isinstance(frame, Closed):
                        break
                    self._receive(frame, page, sent_s)
                    loop_s = asyncio.get_running_loop().time()
                    wait_s = SILENT_BEATS * page.beat_s if self._joined else CONNECT_S
                    silence.reschedule(loop_s + wait_s)
        except (TimeoutError, *FAILURES):
            self._give_up()
            return None
        ended, self.socket = self.socket, None
        if frame.code != NAVIGATE:
            self._note(Lost(time.monotonic(), self._last_frame_s))
            await ended.end()
            return None
        self.leaving = True
        self._act_on_told(page.path)
        self._note(Left(page.name, frame.reason.lstrip("/"), time.monotonic(), self._seq))
        await ended.end()
        return frame.reason

    def _give_up(self) -> None:
        ended, self.socket = self.socket, None
        if ended is not None:
            ended.forget()
        if self._joined:
            self._note(Lost(time.monotonic(), self._last_frame_s))

    def _receive(self, frame: dict[str, object], page: Page, sent_s: float) -> None:
        self._last_frame_s = time.monotonic()
        self._attempt = 0
        if frame["type"] == "state":
            self._told = ""
            self._epoch = str(frame["epoch"])
            self._joined = True
            seq = int(str(frame["seq"]))
            if not self._since.startswith(f"{self._epoch}:"):
                ours = (known for known in self._cursors if known.startswith(f"{self._epoch}:"))
                self._since = next(ours, f"{self._epoch}:{seq}")
            self._note(Joined(page.name, sent_s, self._last_frame_s, self._epoch, seq))
        # What an edge leads to follows it at once: once anything else follows, it led nowhere.
        self._act_on_told(page.path)
        if "seq" in frame:
            self._seq = int(str(frame["seq"]))
            self._told = f"{self._epoch}:{self._seq}"
            if frame["type"] == "state" or not self._careful:
                self._act_on_told(page.path)
        if frame["type"] == "beat" and self.socket is not None:
            self.socket.send({"type": "beat"})

    def _act_on_told(self, path: str) -> None:
        if self._told:
            self._cursors = [self._told]
            self._told = ""
            self._hand_over(path)

    def _hand_over(self, path: str) -> None:
        known = next(filter(None, self._cursors), "")
        if known:
            self._storage = (known, path)

    def _handed_over(self, path: str) -> str:
        return self._storage[0] if self._storage[1] == path else ""

    def _delay_s(self, attempt: int) -> float:
        most_s = min(MAX_RETRY_S, FIRST_RETRY_S * 2.0**attempt)
        return most_s if attempt == 0 else most_s * self._random.uniform(0.5, 1.0)

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
            for key, value in re.findall(r'data-(page|cursor|beat|socket)="([^"]*)"', text)
        }
        epoch, _, seq = data["cursor"].partition(":")
        fresh = not self._handed_over(path)
        got_s = time.monotonic()
        self._note(Loaded(data["page"], sent_s, got_s, epoch, int(seq), fresh))
        return Page(data["page"], path, data["cursor"], float(data["beat"]))


# ---------------------------------------------------------------- a process full of them


class Group:
    """The displays of one process.

    Args:
        pipe: to the runner: `Order` in, (display, record) out.
        ports: display number to its port.
        seed: spreads their retries.
        careful: as of `Tab`.
    """

    def __init__(self, pipe: Pipe, ports: dict[int, int], seed: int, careful: bool) -> None:
        self._careful = careful
        self._pipe = pipe
        self._ports = ports
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
                self._start(number, tab, tab.path)
            case "stall" if tab and tab.socket:
                self._stalls.add(stall := asyncio.create_task(_stall(tab.socket, order.amount)))
                stall.add_done_callback(self._stalls.discard)

    def _start(self, number: int, tab: Tab, path: str) -> None:
        self._tasks[number] = asyncio.create_task(tab.run(path))
        self._tasks[number].add_done_callback(self._fail)

    def _stop(self, number: int, tab: Tab) -> None:
        self._tasks[number].cancel()
        tab.forget()

    def _fail(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._pipe.send((-1, repr(task.exception())))


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
