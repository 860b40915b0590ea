"""The model of a display does what its orders say, and notes what holds for the server that is."""

import asyncio
import multiprocessing
from random import Random

import pytest

from faults.display import Group, Page, Tab
from faults.graph import make_graph
from faults.orders import Order
from faults.records import Record, Stopped


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
        asyncio.run(main())
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
    asyncio.run(main())
    assert [note.seq for note in notes if isinstance(note, Stopped)] == [-1, acted]
