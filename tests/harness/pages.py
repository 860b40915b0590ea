"""A page of a bridge in a real Chromium."""

from typing import Any

from harness.bridge_process import BridgeProcess

ONLINE = 'html[data-bridge="online"]'


def open_page(page: Any, bridge: BridgeProcess, path: str = "/welcome") -> None:
    """Open a page and wait until its socket is up."""
    page.goto(bridge.url + path)
    page.wait_for_selector(ONLINE)
