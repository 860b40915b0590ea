"""In a real Chromium: what a page says of whether it is visible.

A driven tab is always visible, so the tests make theirs hidden by hand; `tests/pages` has a page
that is prerendered, and `tests/cage` one behind another tab.
"""

from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.pages import ONLINE, open_page

# What a page says, in its sockets' addresses and in its frames, beside what the browser says.
HEARD = """
window.said = [];
window.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    said.push(new URL(url).searchParams.get("visible"));
  }
  send(text) {
    super.send(text);
    if (JSON.parse(text).type === "visible") said.push(JSON.parse(text).visible);
  }
};
"""
HIDE = """
Object.defineProperty(document, "visibilityState", {
  configurable: true, get: () => (window.isHidden ? "hidden" : "visible"),
});
Object.defineProperty(document, "hidden", { configurable: true, get: () => !!window.isHidden });
window.setHidden = (hidden) => {
  window.isHidden = hidden;
  document.dispatchEvent(new Event("visibilitychange"));
};
"""


@pytest.fixture
def tab(page: Any) -> Any:
    """A tab whose pages tell what they say, and can be hidden."""
    page.add_init_script(HEARD + HIDE)
    return page


def visible(bridge: BridgeProcess) -> list[bool]:
    """What the health says of each display."""
    return [display["visible"] for display in bridge.health()["displays"]]


def test_visible_page_says_nothing(shared_bridge: BridgeProcess, tab: Any) -> None:
    """It is what a page is that says nothing (row 1)."""
    open_page(tab, shared_bridge)
    assert visible(shared_bridge) == [True]
    assert tab.evaluate("said") == [None]


def test_page_says_when_it_is_hidden_and_visible_again(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """Each time on the socket that it has, and once (row 1)."""
    open_page(tab, shared_bridge)
    for hidden in (True, True, False, True):
        tab.evaluate(f"setHidden({str(hidden).lower()})")
        wait_until(lambda hidden=hidden: visible(shared_bridge) == [not hidden])
    assert tab.evaluate("said") == [None, False, True, False]


def test_page_that_opens_hidden_says_so_in_the_address(
    shared_bridge: BridgeProcess, tab: Any
) -> None:
    """Before anything can take it for visible (row 1)."""
    tab.add_init_script("window.isHidden = true;")
    open_page(tab, shared_bridge)
    assert visible(shared_bridge) == [False]
    assert tab.evaluate("said") == ["false"]


def test_change_before_the_socket_is_open_is_said(shared_bridge: BridgeProcess, tab: Any) -> None:
    """With the first frame: until then there is no one to tell (row 1)."""
    tab.add_init_script(
        "addEventListener('DOMContentLoaded', () => setHidden(true), { once: true });"
    )
    open_page(tab, shared_bridge)
    wait_until(lambda: visible(shared_bridge) == [False])


def test_hidden_page_is_moved_and_stays_hidden(shared_bridge: BridgeProcess, tab: Any) -> None:
    """A press leads it on as ever; the next page says anew what it is (row 1)."""
    tab.add_init_script("window.isHidden = true;")
    open_page(tab, shared_bridge)
    shared_bridge.set_level("button", "low")
    tab.wait_for_url("**/open")
    tab.wait_for_selector(ONLINE)
    assert [(d["page"], d["visible"]) for d in shared_bridge.health()["displays"]] == [
        ("open", False)
    ]


def test_page_that_reconnects_says_what_it_is_now(
    bridge: BridgeProcess, run_bridge: Run, tab: Any
) -> None:
    """Not what it was when the connection was lost (row 1)."""
    open_page(tab, bridge)
    bridge.kill()
    tab.wait_for_selector('html[data-bridge="offline"]')
    tab.evaluate("setHidden(true)")
    again = run_bridge(port=bridge.port)
    tab.wait_for_selector(ONLINE)
    assert visible(again) == [False]


def test_page_from_the_back_forward_cache_is_visible(
    shared_bridge: BridgeProcess, page: Any
) -> None:
    """It was hidden meanwhile, which is nothing to say (row 1)."""
    page.add_init_script(HEARD)
    open_page(page, shared_bridge)
    page.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    page.goto(f"{shared_bridge.url}/static/a.txt")
    wait_until(lambda: visible(shared_bridge) == [])
    page.go_back(wait_until="commit")  # no load event: nothing is loaded
    page.wait_for_function("window.kept")
    wait_until(lambda: visible(shared_bridge) == [True])
    assert page.evaluate("said") == [None, None]
