"""A page of a bridge in a real Chromium."""

from typing import Any

from playwright.sync_api import Error

from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

ONLINE = 'html[data-bridge="online"]'
MARKED_NOW_MS = "window.putForward ? performance.now() : Infinity"  # Infinity: another page came


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
    until_ms = page.evaluate("() => { window.putForward = true; return performance.now(); }") + ms
    page.clock.fast_forward(ms)

    def has_moved() -> bool:
        """Whether the clock has moved, or the page has; else put the clock forward by the rest."""
        try:
            left_ms = until_ms - page.evaluate(MARKED_NOW_MS)
            if left_ms > 0:
                page.clock.fast_forward(left_ms)
        except Error:
            if page.is_closed():
                raise
            return True  # it is just leaving
        return bool(left_ms <= 0)

    wait_until(has_moved)
