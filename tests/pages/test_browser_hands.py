"""What a page hears of a press that dwells or is ignored, in a real Chromium."""

from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.pages import open_page
from harness.sockets import frame

# A press of `slow` is never long enough, one of `quick` is as soon as anybody has looked at it.
HANDS = """
[server]
start = "welcome"
[pins.slow]
pin = 17
dwell = "5s"
[pins.quick]
pin = 27
dwell = "300ms"
[pins.shaking]
pin = 22
cooldown = "5s"
[pins.both]
pin = 23
dwell = "5s"
cooldown = "5s"
[pages.welcome]
on_press.slow = "open"
on_press.quick = "open"
[pages.open]
on_release.quick = "welcome"
[pages.still]
"""
HEARD = """document.addEventListener("gpiobridge:ignored", ({ detail }) => {
  document.title = `${detail.pin}: ${detail.why}`;
});"""


@pytest.fixture
def hands(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """An exhibit with a pin of each kind, all shown on each page."""
    config = write_exhibit(tmp_path, config=HANDS)
    shown = "".join(
        f'<p data-pin="{pin}">{pin}</p>' for pin in ("slow", "quick", "shaking", "both")
    )
    for template in (tmp_path / "templates").iterdir():
        template.write_text(template.read_text().replace("</body>", f"{shown}</body>"))
    return run_bridge(config=config)


def test_a_press_that_is_too_short_is_shown_and_ignored(hands: BridgeProcess, page: Any) -> None:
    """It dwells, with its time in ms, for a page that comes meanwhile, too; then it is nothing."""
    open_page(page, hands)
    page.evaluate(HEARD)
    hands.set_level("slow", "low")
    slow = page.wait_for_selector('[data-pin="slow"][data-dwelling="5000"]')
    assert slow.get_attribute("data-active") == "false"
    other = page.context.new_page()
    open_page(other, hands, "/still")
    other.wait_for_selector('[data-pin="slow"][data-dwelling]')
    hands.set_level("slow", "high")
    page.wait_for_function("document.title === 'slow: dwell'")
    for each in (page, other):
        each.wait_for_selector('[data-pin="slow"]:not([data-dwelling])')
    assert page.url.endswith("/welcome")


def test_an_interruption_of_a_press_that_dwells_is_shown(hands: BridgeProcess, page: Any) -> None:
    """So what shows how long it has lasted stands still meanwhile."""
    open_page(page, hands)
    for level, shown in (("low", ":not([data-interrupted])"), ("high", "[data-interrupted]")) * 2:
        hands.set_level("both", level)
        page.wait_for_selector(f'[data-pin="both"][data-dwelling="5000"]{shown}')


def test_a_press_that_lasts_counts_and_so_does_its_release(hands: BridgeProcess, page: Any) -> None:
    """While it dwells nothing moves; then it does, and at the release again."""
    open_page(page, hands)
    hands.set_level("quick", "low")
    page.wait_for_url("**/open")
    page.wait_for_selector('[data-pin="quick"][data-active="true"]:not([data-dwelling])')
    hands.set_level("quick", "high")
    page.wait_for_url("**/welcome")


def test_a_press_in_the_cooldown_is_ignored(hands: BridgeProcess, page: Any) -> None:
    """The page hears of it; the pin stays pressed, as one press."""
    open_page(page, hands, "/still")
    page.evaluate(HEARD)
    hands.set_level("shaking", "low")
    page.wait_for_selector('[data-pin="shaking"][data-active="true"]')
    with hands.socket("still") as ws:
        before = frame(ws, "state")["seq"]
        hands.set_level("shaking", "high")
        hands.set_level("slow", "low")
        frame(ws, "dwelling")  # so the release has settled
        hands.set_level("shaking", "low")
        assert frame(ws, "ignored") == {"type": "ignored", "pin": "shaking", "why": "cooldown"}
    page.wait_for_function("document.title === 'shaking: cooldown'")
    page.wait_for_selector('[data-pin="shaking"][data-active="true"]')
    with hands.socket("still") as ws:
        assert frame(ws, "state")["seq"] == before


def test_hold_in_the_simulator_is_as_quick_as_a_hand(hands: BridgeProcess, page: Any) -> None:
    """So a press that is too short can be tried without a button."""
    open_page(page, hands, "/still")
    page.evaluate(HEARD)
    simulator = page.context.new_page()
    open_page(simulator, hands, "/simulator")
    hold = simulator.locator("li[data-pin=slow]").get_by_label("Hold slow")
    hold.click()
    page.wait_for_selector('[data-pin="slow"][data-dwelling]')
    hold.click()
    page.wait_for_function("document.title === 'slow: dwell'")
    assert simulator.locator(".error[role=alert]").is_hidden()


def test_a_restart_ends_what_is_shown_as_dwelling(hands: BridgeProcess, page: Any) -> None:
    """A page whose connection is lost doesn't know any longer."""
    open_page(page, hands, "/still")
    hands.set_level("slow", "low")
    page.wait_for_selector('[data-pin="slow"][data-dwelling]')
    hands.stop()
    page.wait_for_selector('html[data-bridge="offline"]')
    page.wait_for_selector('[data-pin="slow"]:not([data-dwelling])')


OLDER = sorted(Path(__file__).parents[1].glob("exhibits/*/client.js"))


@pytest.mark.parametrize("script", OLDER, ids=lambda path: path.parent.name)
def test_an_older_script_ignores_what_it_does_not_know(
    script: Path, hands: BridgeProcess, page: Any
) -> None:
    """Frames of a later version neither move the page nor break it; a press that counts does."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route(
        "**/gpiobridge/client.js*",
        lambda route: route.fulfill(body=script.read_text(), content_type="text/javascript"),
    )
    open_page(page, hands)
    with hands.socket("still") as ws:
        frame(ws, "state")
        hands.set_level("slow", "low")
        assert frame(ws) == {"type": "dwelling", "pin": "slow", "ms": 5000}
        hands.set_level("slow", "high")
        assert frame(ws) == {"type": "ignored", "pin": "slow", "why": "dwell"}
    assert page.url.endswith("/welcome")
    hands.set_level("quick", "low")
    page.wait_for_url("**/open")
    assert errors == []
