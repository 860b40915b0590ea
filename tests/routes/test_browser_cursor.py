"""The mouse's cursor on a display that has a name, in a real Chromium."""

from collections.abc import Callable
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.pages import ONLINE

CURSORS = (
    "['html', 'body', '#link'].map((each) => getComputedStyle(document.querySelector(each)).cursor)"
)
NONE = ["none", "none", "none"]
OWN = ["auto", "auto", "pointer"]


@pytest.fixture
def open_page(share_bridge: Run, page: Any) -> Callable[[str], Any]:
    """A function that opens a page with a link, by a strict policy and a clock of its own."""
    bridge = share_bridge(server='csp = "strict"')

    def opened(path: str) -> Any:
        page.clock.install()
        page.goto(bridge.url + path)
        page.wait_for_selector(ONLINE)
        # From here on the page's time is what the test lets pass.
        page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
        page.evaluate(
            """() => {
              const link = document.createElement("a");
              link.id = "link";
              link.href = "/open";
              document.body.append(link);
            }"""
        )
        return page

    return opened


def test_mouse_has_a_cursor_while_it_moves(open_page: Callable[[str], Any]) -> None:
    """And none before it does, nor after a rest of 3 s (issue 12, row 6)."""
    page = open_page("/still?display=kiosk")
    assert page.evaluate(CURSORS) == NONE
    page.mouse.move(30, 30, steps=2)
    wait_until(lambda: page.evaluate(CURSORS) == OWN)
    page.clock.run_for(2900)
    assert page.evaluate(CURSORS) == OWN
    page.mouse.move(40, 40)
    page.clock.run_for(2900)
    assert page.evaluate(CURSORS) == OWN
    page.clock.run_for(200)
    assert page.evaluate(CURSORS) == NONE


def test_finger_has_no_cursor(open_page: Callable[[str], Any]) -> None:
    """A touch takes the one away that a mouse has left (issue 12, row 6)."""
    page = open_page("/still?display=kiosk")
    page.mouse.move(30, 30, steps=2)
    wait_until(lambda: page.evaluate(CURSORS) == OWN)
    page.evaluate(
        "document.body.dispatchEvent(new PointerEvent('pointerdown', "
        "{ bubbles: true, pointerType: 'touch' }))"
    )
    assert page.evaluate(CURSORS) == NONE


def test_page_without_a_name_keeps_its_cursor(open_page: Callable[[str], Any]) -> None:
    """Where it is not said that this is a display, someone may sit before it (issue 12, row 6)."""
    page = open_page("/still")
    page.clock.run_for(10_000)
    assert page.evaluate(CURSORS) == OWN
