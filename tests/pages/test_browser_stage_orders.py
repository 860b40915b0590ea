"""Orders of the application to a display that is a stage, in every phase of a swap."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

WITH_FORM = PAGE.format(name="welcome").replace(
    "</body>",
    '<form action="/late" method="post"><button name="x" value="1">send</button></form></body>',
)


@pytest.fixture
def stage(run_bridge: Run, page: Any, tmp_path: Path) -> StageTab:
    """A stage named hall, whose start page is on the screen, and whose next page is behind it."""
    config = write_stage_exhibit(
        tmp_path, CONFIG.replace("[pins]", 'api = "local"\n[pins]'), welcome=WITH_FORM
    )
    tab = StageTab(page, run_bridge(config=config), "?display=hall")
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    return tab


def order(stage: StageTab, to: str) -> int:
    """Order the display to a page; how many displays were reached."""
    body = json.dumps({"to": to, "display": "hall"}).encode()
    headers = {"Content-Type": "application/json"}
    status, text = stage.bridge.request("/api/navigate", body, headers=headers)
    assert status == 200, text
    return int(json.loads(text)["displays"])


def hold_back(page: Any, path: str) -> list[Any]:
    """Hold requests for a page back; they are put into the list."""
    held: list[Any] = []
    page.route(f"**{path}", lambda route: held.append(route))
    return held


def let_go(page: Any, path: str, held: list[Any]) -> None:
    """Let them pass, those to come, too."""
    for route in held:
        route.continue_()
    page.unroute(f"**{path}")


def test_an_order_while_the_next_page_loads(stage: StageTab) -> None:
    """The display is between two pages: it is not reached, which the answer says, as alone."""
    held = hold_back(stage.page, "/late")
    stage.press("door")
    wait_until(lambda: bool(stage.page.evaluate("true") and held))
    assert order(stage, "open") == 0
    let_go(stage.page, "/late", held)
    stage.wait_shown("/late")
    assert order(stage, "open") == 1
    stage.wait_shown("/open")


def test_an_order_while_a_page_loads_for_another_order(stage: StageTab) -> None:
    """As while it loads for a press."""
    held = hold_back(stage.page, "/late")
    assert order(stage, "late") == 1
    wait_until(lambda: bool(stage.page.evaluate("true") and held))
    assert order(stage, "open") == 0
    let_go(stage.page, "/late", held)
    stage.wait_shown("/late")


def test_an_order_while_a_forms_answer_comes(stage: StageTab) -> None:
    """The display is still on its page, and goes; the answer that comes later shows nothing."""
    held = hold_back(stage.page, "/late")
    stage.shown("document.querySelector('button').click()")
    wait_until(lambda: bool(stage.page.evaluate("true") and held))
    assert order(stage, "open") == 1
    stage.wait_shown("/open")
    for route in held:
        route.fulfill(body="<h1>answer</h1>", content_type="text/html")
    stage.wait_behind("/welcome")
    assert stage.page.evaluate("shownView().location.pathname") == "/open"


def test_an_order_at_any_moment_of_a_swap(stage: StageTab) -> None:
    """What was reached is led on, what wasn't has shown the press's page; nothing is left over."""
    between = random.Random(1)
    reached = []
    for number in range(16):
        stage.press()
        # Until the watcher has taken the press, an order would count the page that it closes.
        wait_until(lambda: "welcome" not in [d["page"] for d in stage.bridge.displays()])
        time.sleep(between.uniform(0, 0.02 if number % 2 else 0.4))  # the moment is what is tested
        reached.append(order(stage, "late"))
        stage.wait_shown("/late" if reached[-1] else "/open")
        stage.wait("document.querySelectorAll('iframe.leaving').length === 0")
        stage.press()
        stage.wait_shown("/welcome")
        stage.wait_behind("/open")
    assert 1 in reached
