"""A page's seat, in a real Chromium: its next socket is let in though all displays are taken."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.pages import ONLINE
from harness.sockets import frame
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection


class Greedy:
    """A stranger who takes every display, and tries again all the time."""

    def __init__(self, bridge: BridgeProcess) -> None:
        self.refused = 0
        self._bridge = bridge
        self._ended = threading.Event()
        self._taken = contextlib.ExitStack()
        self._thread = threading.Thread(target=self._run, name="test-greedy")
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.01):
            with contextlib.suppress(InvalidStatus, OSError):
                self._take()
                continue
            self.refused += 1

    def _take(self) -> ClientConnection:
        stranger = ("127.0.0.2", 0)
        ws = self._taken.enter_context(self._bridge.socket("still", source_address=stranger))
        frame(ws, "state")
        return ws

    def wait(self) -> None:
        """Wait until it was refused once more, so that nothing is left."""
        before = self.refused
        wait_until(lambda: self.refused > before + 1)

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self._thread.join()
        self._taken.close()


@pytest.fixture
def crowded(run_bridge: Run) -> Iterator[tuple[BridgeProcess, Callable[[], Greedy]]]:
    """A bridge for two displays, none of which is kept, and a stranger who takes what is left."""
    bridge = run_bridge(server="max_displays = 2")
    greedy: list[Greedy] = []

    def start() -> Greedy:
        greedy.append(Greedy(bridge))
        greedy[0].wait()
        return greedy[0]

    yield bridge, start
    for each in greedy:
        each.stop()


@pytest.mark.parametrize("how", ["press", "link", "reload", "lost", "back"])
def test_a_page_keeps_its_slot(
    crowded: tuple[BridgeProcess, Callable[[], Greedy]], page: Any, how: str
) -> None:
    """From page to page, however it is left, and to its next socket (row 4)."""
    bridge, start = crowded
    page.goto(bridge.url + "/welcome")
    page.wait_for_selector(ONLINE)
    greedy = start()
    path = "/open"
    if how == "press":
        bridge.set_level("button", "low")
    elif how == "link":
        page.evaluate('location.href = "/open"')
    elif how == "back":
        page.evaluate('location.href = "/still"')
        page.wait_for_url("**/still")
        page.wait_for_selector(ONLINE)
        greedy.wait()
        page.evaluate("history.back()")
        path = "/welcome"
    elif how == "reload":
        page.reload()
        path = "/welcome"
    else:
        # The page gives its socket up, and opens another.
        page.evaluate('dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))')
        page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
        path = "/welcome"
    page.wait_for_url(f"**{path}", wait_until="commit")  # from the cache there is no more
    page.wait_for_selector(ONLINE)  # a page from the cache still says what it said when it left

    def names() -> list[str]:
        return sorted(display["page"] for display in bridge.health()["displays"])

    wait_until(lambda: names() == sorted(["still", path[1:]]))
    greedy.wait()
    assert names() == sorted(["still", path[1:]])
    assert page.evaluate("document.documentElement.dataset.bridge") == "online"


def test_a_kiosk_goes_on_from_press_to_press(
    crowded: tuple[BridgeProcess, Callable[[], Greedy]], page: Any
) -> None:
    """Each page hands a new seat on (row 4)."""
    bridge, start = crowded
    page.goto(bridge.url + "/welcome")
    page.wait_for_selector(ONLINE)
    start()
    for path in ("/open", "/welcome", "/open", "/welcome"):
        bridge.set_level("button", "low")
        page.wait_for_url(f"**{path}")
        page.wait_for_selector(ONLINE)
        bridge.set_level("button", "high")
        page.wait_for_selector('[data-pin="button"][data-level="high"]')


def test_without_storage_a_page_still_works(bridge: BridgeProcess, page: Any) -> None:
    """It has no seat to hand on, and comes as anyone does (row 4)."""
    page.add_init_script(
        'Object.defineProperty(window, "sessionStorage", { get() { throw new Error("no"); } });'
    )
    page.goto(bridge.url + "/welcome")
    page.wait_for_selector(ONLINE)
    bridge.set_level("button", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
