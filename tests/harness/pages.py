"""A page of a bridge in a real Chromium."""

from typing import Any

from playwright.sync_api import Error

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

ONLINE = 'html[data-bridge="online"]'
NOW_MS = "performance.now()"


def open_page(page: Any, bridge: BridgeProcess, path: str = "/welcome") -> None:
    """Open a page and wait until its socket is up."""
    page.goto(bridge.url + path)
    page.wait_for_selector(ONLINE)


def put_forward(page: Any, ms: float) -> None:
    """Put the made clock of a page forward.

    Playwright does nothing, and doesn't say so, while it believes that the page is navigating.

    Args:
        page: whose clock was installed.
        ms: by how many milliseconds.
    """
    until_ms = page.evaluate(NOW_MS) + ms
    page.clock.fast_forward(ms)

    def is_there() -> bool:
        try:
            left_ms = until_ms - page.evaluate(NOW_MS)
        except Error:
            return True  # the page has just left, so it has noticed
        if left_ms > 0:
            page.clock.fast_forward(left_ms)
        return bool(left_ms <= 0)

    wait_until(is_there)
