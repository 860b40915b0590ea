"""What a page does, opened alone and on a stage: the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.stage_tab import StageTab, write_stage_exhibit

CONFIG = """\
[server]
start = "welcome"
api = "local"
[pins]
button = { pin = 17, debounce = "0ms", hold = "300ms" }
door = { pin = 27, debounce = "0ms" }
bell = { pin = 22, debounce = "0ms" }

[pages.welcome]
on_low.button = "open"
on_low.door = "late"

[pages.open]
prerender = true
lockout = "700ms"
on_low.button = "welcome"
while_low.bell = "late"

[pages.late]
on_tap.button = "open"
on_hold.button = "welcome"
"""

OPEN = """\
<!doctype html>
<html lang="en"><head><title>open</title></head><body><h1>open</h1><script>
  document.addEventListener("gpiobridge:message", (event) => {
    document.body.dataset.message = event.detail;
  });
</script></body></html>
"""


class Alone:
    """A tab in which the exhibit's pages are shown alone; as much of `StageTab` as is needed."""

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "") -> None:
        self.page = page
        self.bridge = bridge
        page.goto(f"{bridge.url}/welcome{query}")

    def wait_shown(self, path: str) -> None:
        """Wait until the page at ``path`` is on the screen, and online."""
        self.page.wait_for_url(f"{self.bridge.url}{path}*")
        self.page.wait_for_selector("html[data-bridge=online]")

    def press(self, pin: str = "button") -> None:
        """Press a pin and let it go."""
        self.bridge.set_level(pin, "low")
        self.bridge.set_level(pin, "high")

    def shown(self, expression: str) -> Any:
        """Evaluate an expression in the page on the screen."""
        return self.page.evaluate(expression)


class Staged(StageTab):
    """The same on a stage, with the page that a press leads to held behind."""

    def __init__(self, page: Any, bridge: BridgeProcess, query: str = "") -> None:
        super().__init__(page, bridge, query)
        self.wait_shown("/welcome")
        self.wait_behind("/open")


Tab = Alone | Staged


@pytest.fixture(params=[Alone, Staged], ids=["alone", "stage"])
def tab(request: pytest.FixtureRequest, run_bridge: Run, page: Any, tmp_path: Path) -> Tab:
    """A tab on the start page, opened either way."""
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG, open=OPEN))
    found: Tab = request.param(page, bridge, "?display=hall")
    found.wait_shown("/welcome")
    return found


def test_a_press_is_caught_up_with(tab: Tab) -> None:
    """It was made while the page was on its way to another one."""
    tab.press()
    tab.press()
    tab.press("door")  # behind the lockout's press, which is used up
    tab.wait_shown("/open")
    tab.page.wait_for_timeout(1000)  # longer than the lockout
    tab.press()
    tab.wait_shown("/welcome")


def test_taps_and_holds_lead_to_their_pages(tab: Tab) -> None:
    """A hold while the button is down, a tap at its release."""
    tab.press("door")
    tab.wait_shown("/late")
    tab.press()
    tab.wait_shown("/open")
    tab.bridge.set_level("bell", "low")
    tab.wait_shown("/late")
    tab.bridge.set_level("button", "low")
    tab.wait_shown("/welcome")


def test_a_press_in_the_lockout_is_used_up(tab: Tab) -> None:
    """The lockout runs from the moment when the page is shown, not from its load."""
    tab.press()
    tab.wait_shown("/open")
    tab.press()
    tab.page.wait_for_timeout(1000)  # longer than the lockout
    assert tab.shown("gpiobridge.page") == "open"
    tab.press()
    tab.wait_shown("/welcome")


def test_a_farewell_keeps_the_next_page_waiting(tab: Tab) -> None:
    """Until its promise is kept."""
    tab.shown("""document.addEventListener("gpiobridge:navigate", (event) => {
      event.detail.waitUntil(new Promise((done) => { window.farewell = done; }));
    })""")
    tab.press()
    wait_until(lambda: bool(tab.shown("Boolean(window.farewell)")))
    assert tab.shown("gpiobridge.page") == "welcome"
    tab.shown("farewell()")
    tab.wait_shown("/open")


def test_a_page_may_decline(tab: Tab) -> None:
    """It stays, and the next press is asked about again."""
    tab.shown("""document.addEventListener("gpiobridge:navigate", (event) => {
      window.asked = (window.asked ?? 0) + 1;
      if (asked === 1) event.preventDefault();
    })""")
    tab.press()
    wait_until(lambda: tab.shown("window.asked") == 1)
    tab.wait_shown("/welcome")
    wait_until(lambda: len(tab.bridge.displays()) == 1)
    tab.press()
    tab.wait_shown("/open")


def test_a_level_that_holds_leads_on_at_once(tab: Tab) -> None:
    """`while_low`: the bell is low before the page with the rule is shown; not in its lockout."""
    tab.bridge.set_level("bell", "low")
    tab.press()
    tab.wait_shown("/late")


def test_a_retained_message_comes_to_the_page_that_wakes(tab: Tab) -> None:
    """It was sent before the page was shown."""
    body = json.dumps({"data": "news", "retain": "key"}).encode()
    headers = {"Content-Type": "application/json"}
    assert tab.bridge.request("/api/messages", body, headers=headers)[0] < 300
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: tab.shown("document.body.dataset.message") == "news")


def test_an_order_leads_to_its_page(tab: Tab) -> None:
    """By the display's name, which /healthz says, too."""
    assert [each["name"] for each in tab.bridge.displays()] == ["hall"]
    body = json.dumps({"to": "late", "display": "hall"}).encode()
    headers = {"Content-Type": "application/json"}
    assert tab.bridge.request("/api/navigate", body, headers=headers)[0] < 300
    tab.wait_shown("/late")
    wait_until(lambda: [e["name"] for e in tab.bridge.displays()] == ["hall"])


def test_a_script_goes_to_a_page(tab: Tab) -> None:
    """By `gpiobridge.go`."""
    tab.shown("gpiobridge.go('late')")
    tab.wait_shown("/late")


def test_the_time_from_press_to_paint_is_told(tab: Tab) -> None:
    """In ms, by the display of the page that is shown."""
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: "shown" in tab.bridge.health()["displays"][0])
    assert 0 <= tab.bridge.health()["displays"][0]["shown"]["ms"] < 10_000
