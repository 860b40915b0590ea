"""A real Chromium on the host, for pages that the guest serves."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of this machine, or else the one that Playwright has installed."""
    # Chromium's sandbox doesn't start as root, and image builds need root.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            browser.close()


def wait_online(page: Page) -> None:
    """Wait until the page has an open socket: a press from now on moves it."""
    page.locator("html[data-bridge=online]").wait_for(state="attached")
