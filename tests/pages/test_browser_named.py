"""What a page makes of the pins that its display obeys, and of where it begins."""

from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.pages import ONLINE

EXHIBIT = """
[server]
start = "welcome"
beat = "60s"
catch_up = "160s"
api = "local"
[pins]
button = 17
door = 22
pir = {{ pin = 27, pull = "down" }}

[pages.welcome]
[pages.open]
idle = {{ after = "60s", to = "welcome", pins = ["pir"] }}
on_low.button = "still"
while_low.door = "still"
[pages.still]

[displays.left]
start = "still"
pins = ["button"]

[displays.right]
pins = []
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge with two named displays; the tests share it."""
    return share_bridge(config=EXHIBIT)


def open_as(page: Any, bridge: BridgeProcess, name: str) -> None:
    """Open a page on a named display, whose clock the test moves, with all its pins on it."""
    page.clock.install()
    page.goto(f"{bridge.url}/open?display={name}")
    page.wait_for_selector(ONLINE)
    for pin in ("button", "door", "pir"):
        page.evaluate(f"document.body.insertAdjacentHTML('beforeend', '<p data-pin={pin}>{pin}')")


def see(page: Any, pin: str, level: str) -> None:
    """Wait until the page shows a level."""
    page.wait_for_selector(f"[data-pin={pin}][data-level={level}]")


def pass_s(page: Any, seconds: float) -> None:
    """Let time pass in the page, in steps in which a page looks whether it is used."""
    for _ in range(2):
        page.clock.fast_forward(round(500 * seconds))


def test_a_button_that_a_display_does_not_obey_is_no_use_of_it(
    bridge: BridgeProcess, page: Any
) -> None:
    """Neither pressed for long nor just now; what `idle` names itself is."""
    open_as(page, bridge, "right")
    bridge.set_level("pir", "high")
    see(page, "pir", "high")
    pass_s(page, 62)
    page.wait_for_selector(ONLINE)
    bridge.set_level("pir", "low")
    see(page, "pir", "low")
    bridge.set_level("button", "low")
    see(page, "button", "low")
    pass_s(page, 62)
    page.wait_for_url("**/welcome*")


def test_a_page_may_not_decline_an_order_for_a_level_that_it_does_not_obey(
    bridge: BridgeProcess, page: Any
) -> None:
    """The order leads where the level would, but it is an order all the same."""
    open_as(page, bridge, "left")
    bridge.set_level("door", "low")
    see(page, "door", "low")
    page.evaluate("addEventListener('gpiobridge:navigate', (event) => event.preventDefault())")
    body, headers = b'{"to": "still", "display": "left"}', {"Content-Type": "application/json"}
    assert bridge.request("/api/navigate", body, headers=headers)[0] == 200
    page.wait_for_url("**/still*")


def test_a_page_that_is_gone_leads_to_where_the_display_begins(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """After a start of the bridge without that page."""
    config = write_exhibit(tmp_path, config=EXHIBIT.replace('beat = "60s"', 'beat = "2s"'))
    bridge = run_bridge(config=config)
    page.goto(f"{bridge.url}/open?display=left")
    page.wait_for_selector(ONLINE)
    bridge.stop()
    text = config.read_text()
    config.write_text(f"{text[: text.index('[pages.open]')]}{text[text.index('[pages.still]') :]}")
    run_bridge(config=config, port=bridge.port)
    page.wait_for_url("**/still?display=left")
