"""Displays that are stages, in a real Chromium; they note what `display` notes.

Each is a tab of its own context on ``/gpiobridge/stage``. Its pages note their lives themselves
(`stage.js`, in their templates), on the console, in ms since 1970 on the browser's clock.

Not played on a stage: films, farewells and what a page declines (tests/pages has them), and a
display that stops reading. A browser sends no ping: that the server has heard that presses count
again is known with the next socket, or after some beats; until then either is right for the oracle.
"""

import asyncio
import contextlib
import json
import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from faults.graph import display_name
from faults.orders import Order, take_orders
from faults.records import (
    Ended,
    Got,
    Joined,
    Known,
    Left,
    Loaded,
    Lost,
    Record,
    Said,
    Seen,
    Stayed,
    Stopped,
    Took,
)

SCRIPT = Path(__file__).with_name("stage.js").read_text()
AGAIN_S = 1.0  # until a stage that did not come is asked for again
OPEN_MS = 10_000

_FORGET = "() => { window.faultsGone = true; window.faultsSocket?.forget(); }"
_RELOAD = """() => {
  if (window.faultsLeaving) return false;
  window.faultsSocket?.forget();
  return true;
}"""
_SHOWN = "() => document.querySelector('iframe.shown')?.contentWindow.location.pathname ?? ''"
_CLOCK = "() => performance.timeOrigin + performance.now()"


class StageTab:
    """One tab with a stage.

    Args:
        browser: Playwright's.
        url: of the stage.
        note: takes its notes.
    """

    def __init__(self, browser: Any, url: str, note: Callable[[Record], None]) -> None:
        self._browser = browser
        self._url = url
        self._note = note
        self._page: Any = None
        self._zero_s = 0.0  # the browser's zero, in monotonic seconds
        self._over = False

    async def open(self) -> None:
        """Open the stage, again and again until it is there."""
        context = await self._browser.new_context()
        self._page = await context.new_page()
        self._zero_s = await self._measure_clock()
        self._page.on("console", self._take)
        await self._until_there(lambda: self._page.goto(self._url, timeout=OPEN_MS))

    async def reload(self) -> None:
        """Have the visitor press F5, unless the page is just being left."""
        if self._page is not None and await self._page.evaluate(_RELOAD):
            await self._until_there(lambda: self._page.reload(timeout=OPEN_MS))

    async def close(self) -> None:
        """Close the tab."""
        with contextlib.suppress(Exception):  # whatever state it is in
            await self._page.evaluate(_FORGET)
        self._note(Ended(time.monotonic()))
        self._over = True
        await self._page.context.close()

    async def look(self) -> None:
        """Note which page is on the screen."""
        self._note(Seen(str(await self._page.evaluate(_SHOWN)), time.monotonic()))

    async def _until_there(self, go: Callable[[], Any]) -> None:
        """Load the stage: a launcher does so where the server is down, or a file did not come."""
        from playwright.async_api import Error

        while not self._over:
            with contextlib.suppress(Error):
                await go()
                if await self._page.evaluate("() => Boolean(window.gpiobridgeStage)"):
                    return
            await asyncio.sleep(AGAIN_S)
            go = lambda: self._page.reload(timeout=OPEN_MS)  # noqa: E731 - keeps what was shown

    async def _measure_clock(self) -> float:
        found = []
        for _ in range(20):
            before_s = time.monotonic()
            ms = await self._page.evaluate(_CLOCK)
            after_s = time.monotonic()
            found.append((after_s - before_s, (before_s + after_s) / 2 - ms / 1000))
        return float(min(found)[1])

    def _take(self, message: Any) -> None:
        word, _, text = message.text.partition(" ")
        if word == "faults" and not self._over:
            self._note(self._record(json.loads(text)))

    def _record(self, said: dict[str, Any]) -> Record:
        def at(key: str) -> float:
            return self._zero_s + float(said[key]) / 1000

        match said.pop("kind"):
            case "loaded":
                times = at("sent"), at("got")
                return Loaded(said["page"], *times, said["epoch"], said["seq"], said["fresh"])
            case "joined":
                times = at("sent"), at("got")
                page, epoch, seq = said["page"], said["epoch"], said["seq"]
                takes, acted = said["takes"], said["acted"]
                return Joined(page, *times, epoch, seq, page, takes, acted=acted)
            case "left" | "stayed" as kind:
                to_seq = said["page"], said["to"], at("at"), said["seq"]
                how = said["pressed"], said["at_once"]
                if kind == "left":
                    return Left(*to_seq, *how)
                return Stayed(*to_seq, *how, said["declined"])
            case "stopped":
                return Stopped(said["number"], float("-inf"), -1, True)
            case "took":
                return Took(said["number"], at("at"))
            case "said":
                return Said(said["number"], at("sent"), said["seq"])
            case "known":
                return Known(said["number"], at("sent"), at("at"), said["seq"])
            case "got":
                return Got(said["number"], at("at"), said["seq"])
            case "lost":
                return Lost(at("at"), at("heard"), said["followed"])
            case kind:
                raise ValueError(kind)


class Stages:
    """The stages of one process; orders and notes as of `display.Group`."""

    def __init__(self, pipe: Pipe, ports: dict[int, int], browser: Any) -> None:
        self._pipe = pipe
        self._ports = ports
        self._browser = browser
        self._tabs: dict[int, StageTab] = {}
        self._work: dict[int, asyncio.Task[None]] = {}  # what is being done with each
        self._notes: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take orders until the pipe ends."""
        await take_orders(self._pipe, self._carry_out)

    def _carry_out(self, order: Order) -> None:
        number, tab = order.display, self._tabs.get(order.display)
        match order.kind:
            case "open":
                port, query = self._ports[number], f"display={display_name(number)}"
                url = f"http://127.0.0.1:{port}/gpiobridge/stage?{query}&page=/{order.page}"
                tab = StageTab(self._browser, url, lambda record: self._send(number, record))
                self._tabs[number] = tab
                self._do(number, tab.open)
            case "close" if tab:
                del self._tabs[number]
                self._do(number, tab.close)
            case "reload" if tab:
                self._do(number, tab.reload)
            case "look" if tab:
                self._do(number, tab.look)

    def _send(self, number: int, record: Any) -> None:
        self._pipe.send((number, record))

    def _do(self, number: int, act: Callable[[], Any]) -> None:
        """Do one thing after the other with a tab."""
        before = self._work.get(number)

        async def do() -> None:
            if before is not None:
                await before
            try:
                await act()
            except Exception as error:
                self._send(-1, repr(error))

        self._work[number] = asyncio.create_task(do())


def run(pipe: Pipe, ports: dict[int, int]) -> None:
    """Be a process of stages; ends when the pipe does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    from playwright.async_api import async_playwright

    async def main() -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            try:
                await Stages(pipe, ports, browser).run()
            finally:
                await browser.close()

    asyncio.run(main())
