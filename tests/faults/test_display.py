"""The model of a display does what its orders say, and notes what holds for the server that is."""

import asyncio
import multiprocessing
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest

from faults.display import Group, Page, Tab
from faults.graph import make_graph
from faults.orders import Order
from faults.records import Record, Stopped


def play(work: Coroutine[None, None, None]) -> None:
    """Run it in a thread of its own: Playwright keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def test_a_tab_that_is_reloaded_as_it_is_opened_shows_its_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both orders wait for a process that is slow to start: the second finds a page to load."""
    ours, theirs = multiprocessing.Pipe()
    shown = []

    async def run(tab: Tab, path: str, reloaded: bool = False) -> None:
        shown.append((path, reloaded))
        ours.close()  # which ends the group

    async def main() -> None:
        async with asyncio.timeout(10):
            await Group(theirs, {0: 1}, seed=1, careful=True).run()

    monkeypatch.setattr(Tab, "run", run)
    ours.send(Order(0, "open", "page3"))
    ours.send(Order(0, "reload"))
    with theirs:
        play(main())
    assert shown == [("/page3", True)]


@pytest.mark.parametrize(("cursor", "acted"), [("old:440", 431), ("new:16", -1)])
def test_a_page_that_is_reloaded_has_acted_on_events_of_its_own_server(
    monkeypatch: pytest.MonkeyPatch, cursor: str, acted: int
) -> None:
    """What it kept from the server before says nothing of the new one's numbers."""
    cursors = ["old:431", cursor]
    notes: list[Record] = []
    tab = Tab(1, "display-0", make_graph(1), Random(1), notes.append, careful=True)

    async def request(method: str, port: int, path: str) -> tuple[int, str]:
        data = {"page": "page4", "cursor": cursors.pop(0), "beat": 0.4, "lockout": 0.5}
        return 200, " ".join(f'data-{key}="{value}"' for key, value in data.items())

    async def main() -> None:
        for reloaded in (False, True):
            joined = asyncio.Event()

            async def connected(tab: Tab, page: Page, joined: asyncio.Event = joined) -> None:
                tab._epoch = page.cursor.partition(":")[0]
                joined.set()
                await asyncio.Event().wait()

            monkeypatch.setattr(Tab, "_connected", connected)
            async with asyncio.timeout(10), asyncio.TaskGroup() as group:
                task = group.create_task(tab.run("/page4", reloaded))
                await joined.wait()
                task.cancel()
        tab.forget()

    monkeypatch.setattr("faults.display.request", request)
    play(main())
    assert [note.seq for note in notes if isinstance(note, Stopped)] == [-1, acted]


class LostSocket:
    """One that tells of an edge once presses count on its page, and of another one; then fails."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._told = 5

    async def frame(self) -> dict[str, object]:
        """The next frame, or the failure."""
        self._told += 1
        if self._told == 6:
            return {"type": "state", "epoch": "e", "seq": 5, "pins": {}}
        while self._tab._taking.since_s is None:
            await asyncio.sleep(0.001)
        if self._told == 9:
            raise ConnectionResetError
        return {"type": "edge", "seq": self._told - 1, "pin": "red", "level": "low"}

    def send(self, message: object) -> None:
        """It goes nowhere."""

    def ping(self, number: int) -> None:
        """The same."""

    def forget(self) -> None:
        """There is nothing to say goodbye to."""


def test_a_display_asks_again_for_what_came_since_presses_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server may not have heard that they do, when it told of an edge that led nowhere."""
    tab = Tab(1, "display-0", make_graph(1), Random(1), lambda note: None, careful=True)
    asked: list[list[str]] = []

    async def request(method: str, port: int, path: str) -> tuple[int, str]:
        data = {"page": "page4", "cursor": "e:4", "beat": 0.4, "lockout": 0.01}
        return 200, " ".join(f'data-{key}="{value}"' for key, value in data.items())

    async def open_websocket(port: int, address: str) -> LostSocket:
        asked.append(parse_qs(urlsplit(address).query)["cursor"])
        if len(asked) == 2:
            raise asyncio.CancelledError
        return LostSocket(tab)

    async def main() -> None:
        async with asyncio.timeout(10):
            await tab.run("/page4")

    monkeypatch.setattr("faults.display.request", request)
    monkeypatch.setattr("faults.display.open_websocket", open_websocket)
    with pytest.raises(asyncio.CancelledError):
        play(main())
    tab._taking.end()
    assert asked == [["e:4"], ["e:5"]]
