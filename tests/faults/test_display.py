"""The model of a display does what its orders say."""

import asyncio
import multiprocessing

import pytest

from faults.display import Group, Tab
from faults.orders import Order


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
