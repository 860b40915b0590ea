"""Pages that show levels, and the simulator, in a real Chromium."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import CONFIG, write_exhibit
from harness.pages import open_page
from harness.sockets import frame


def test_simulated_pins_are_shown_as_such(shared_bridge: BridgeProcess, page: Any) -> None:
    """A page never shows simulated state without saying so."""
    open_page(page, shared_bridge, "/still")
    page.wait_for_selector("html[data-simulated]")
    assert page.locator("#gpiobridge-badge").is_visible()


def test_simulator_page(shared_bridge: BridgeProcess, page: Any) -> None:
    """The simulator shows levels live; its button makes a press, under a strict policy."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    open_page(page, shared_bridge, "/simulator")
    with shared_bridge.socket("welcome") as ws:
        assert json.loads(ws.recv(timeout=20))["type"] == "state"
        page.get_by_role("button", name=re.compile("press", re.IGNORECASE)).first.click()
        assert json.loads(ws.recv(timeout=20))["event"] == "low"
    page.wait_for_selector('[data-pin="button"][data-level="high"]')
    assert page.url.endswith("/simulator")
    assert complaints == []


def test_simulator_leads_to_the_stage(shared_bridge: BridgeProcess, page: Any) -> None:
    """One link beside those to the pages shows them as the kiosk does, in a tab of its own."""
    open_page(page, shared_bridge, "/simulator")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="the stage").click(timeout=5000)
    assert popup.value.url == f"{shared_bridge.url}/gpiobridge/stage"


SLOW = CONFIG.replace("button = 17", 'button = {{ pin = 17, debounce = "250ms", hold = "1s" }}')


def test_quick_clicks_in_the_simulator_are_events(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A click is longer than the pin's debounce, and the next one waits for it (row 15)."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=SLOW))
    open_page(page, bridge, "/simulator")
    card = page.locator("li[data-pin=button]")
    with bridge.socket("still") as ws:
        frame(ws, "state")
        for button, events in (
            ("Press button", ["low", "high"] * 2),
            ("Hold button", ["low", "high"]),
        ):
            card.get_by_label(button).click()
            card.get_by_label(button).click()
            assert [frame(ws, "edge")["event"] for _ in events] == events
    assert page.locator(".error[role=alert]").is_hidden()


def test_later_elements_have_their_level(shared_bridge: BridgeProcess, page: Any) -> None:
    """Whenever they come into the page, or get their pin (row 24)."""
    open_page(page, shared_bridge, "/still")
    shared_bridge.set_level("button", "low")
    page.wait_for_selector('[data-pin="button"][data-level="low"]')
    levels = page.evaluate(
        """async () => {
          const late = [];
          const add = (where) => late.push(where.appendChild(document.createElement("p")));
          add(document.body);
          late[0].dataset.pin = "button";
          document.body.insertAdjacentHTML("beforeend", "<div><b><i data-pin=door>x</i></b></div>");
          late.push(document.querySelector("i"));
          const copy = late[1].cloneNode(true);
          copy.dataset.pin = "button";
          copy.dataset.level = "old";
          late.push(document.body.appendChild(copy));
          await null;
          late[1].dataset.pin = "nosuch";
          const other = document.body.appendChild(document.createElement("p"));
          other.innerHTML = "<template><u data-pin=button>x</u></template>";
          other.append(other.firstChild.content.cloneNode(true));
          late.push(other.lastChild);
          await new Promise((done) => setTimeout(done));
          return late.map(({ dataset }) => [dataset.level, dataset.active]);
        }"""
    )
    assert levels == [["low", "true"], [None, None], ["low", "true"], ["low", "true"]]


def test_swapped_content_keeps_levels_and_the_word_of_simulated_pins(
    shared_bridge: BridgeProcess, page: Any
) -> None:
    """A script that writes the whole body anew takes neither away (rows 24, 46)."""
    open_page(page, shared_bridge, "/still")
    page.evaluate("document.body.innerHTML = '<p data-pin=door>door</p>'")
    page.wait_for_selector('[data-pin="door"][data-level="low"]')
    assert page.locator("#gpiobridge-badge").is_visible()


@pytest.mark.parametrize(("width", "height"), [(320, 480), (3840, 2160)])
def test_the_badge_fits_the_screen(
    shared_bridge: BridgeProcess, page: Any, width: int, height: int
) -> None:
    """Not over a headline, which stands at the top; and large enough to be read (row 46)."""
    page.set_viewport_size({"width": width, "height": height})
    open_page(page, shared_bridge, "/still")
    box = page.locator("#gpiobridge-badge").bounding_box()
    assert 0 < height - (box["y"] + box["height"]) < 0.02 * height  # the very corner is the page's
    assert box["y"] > 0.9 * height
    assert box["width"] < width / 3
    assert box["height"] > 0.025 * height
