"""A stage that is reloaded: its page knows what it has acted on, so each press counts once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

# A page that notes in the tab's storage when it is shown, and which presses it declines.
PAGE = """\
<!doctype html>
<html lang="en"><head><title>{name}</title></head><body><h1>{name}</h1>
<p data-pin="button">button</p><script>
  const note = (what) => {{
    sessionStorage.setItem("test", `${{sessionStorage.getItem("test") ?? ""}} ${{what}}`);
  }};
  document.addEventListener("gpiobridge:shown", () => note("{name}"));
  document.addEventListener("gpiobridge:navigate", (event) => {{
    if (!window.declines) return;
    event.preventDefault();
    note("declined");
  }});
</script></body></html>
"""


class Sockets:
    """The pages' sockets; the first, second and so on can be kept from a page.

    Args:
        page: Playwright's.
        deaf: the numbers of the sockets, from 1 on, whose page is told of no edge.
        lost: the numbers of those that never come to anything.
    """

    def __init__(self, page: Any, deaf: tuple[int, ...] = (), lost: tuple[int, ...] = ()) -> None:
        self.count = 0
        self._deaf = deaf
        self._lost = lost
        page.route_web_socket(re.compile("/ws/"), self._carry)

    def _carry(self, socket: Any) -> None:
        self.count += 1
        if self.count in self._lost:
            return
        server = socket.connect_to_server()
        if self.count in self._deaf:
            server.on_message(lambda text: '"edge"' in text or socket.send(text))
            server.on_close(lambda *_: None)


@pytest.fixture
def bridge(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """A bridge whose pages note when they are shown."""
    pages = {name: PAGE.format(name=name) for name in ("welcome", "open", "late")}
    config = CONFIG.replace("[server]", '[server]\napi = "local"')
    return run_bridge(config=write_stage_exhibit(tmp_path, config, **pages))


def press(bridge: BridgeProcess, pin: str = "button") -> None:
    """Press a pin and let it go, and wait until the bridge has acted on it."""
    bridge.set_level(pin, "low")
    wait_until(lambda: bridge.levels()[pin] == "low")
    bridge.set_level(pin, "high")
    wait_until(lambda: bridge.levels()[pin] == "high")


def open_stage(page: Any, bridge: BridgeProcess) -> StageTab:
    """Open a stage, and wait until its first page is online."""
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    return stage


def expect(stage: StageTab, *noted: str) -> None:
    """Wait until the pages have noted this, and see that they note no more."""
    wait_until(lambda: len(notes(stage)) >= len(noted))
    stage.wait_shown("/" + [each for each in noted if each != "declined"][-1])
    stage.shown("document.addEventListener('gpiobridge:message', () => { window.heard = true; })")
    wait_until(lambda: tells_a_display(stage.bridge))
    stage.wait("shownView().heard")  # it comes after all that was pressed before
    assert notes(stage) == list(noted)


def tells_a_display(bridge: BridgeProcess) -> bool:
    """Send a message; whether a display was told."""
    return bool(json.loads(bridge.request("/api/messages", b'{"data": 1}')[1])["displays"])


def notes(stage: StageTab) -> list[str]:
    """What the pages have noted so far."""
    return str(stage.page.evaluate("sessionStorage.getItem('test') ?? ''")).split()


def test_a_press_that_the_page_has_missed_counts_after_the_reload(
    page: Any, bridge: BridgeProcess
) -> None:
    """It was on its way when the stage was reloaded."""
    Sockets(page, deaf=(1,))
    stage = open_stage(page, bridge)
    press(bridge)
    page.reload()
    expect(stage, "welcome", "welcome", "open")


def test_a_press_while_the_stage_is_reloaded_counts(page: Any, bridge: BridgeProcess) -> None:
    """There is no page just then."""
    stage = open_stage(page, bridge)
    stage.wait_behind("/open")
    pressed: list[str] = []

    def press_first(route: Any) -> None:
        if not pressed:
            pressed.append(route.request.url)
            wait_until(lambda: bridge.displays() == [])
            press(bridge)
        route.continue_()

    page.route("**/welcome", press_first)  # the stage itself has come; its page's old one has gone
    page.reload()
    expect(stage, "welcome", "welcome", "open")
    assert pressed


def test_a_press_whose_page_is_still_loaded_counts_after_the_reload(
    page: Any, bridge: BridgeProcess
) -> None:
    """The page on the screen had acted on it, but nobody has seen where that led."""
    stage = open_stage(page, bridge)
    asked: list[str] = []

    def hold_the_first(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()

    page.route("**/late", hold_the_first)
    with page.expect_request("**/late"):
        press(bridge, "door")
    page.reload()
    expect(stage, "welcome", "welcome", "late")


def test_a_press_that_was_acted_on_is_not_repeated(page: Any, bridge: BridgeProcess) -> None:
    """The page that it led to is the one that is reloaded."""
    stage = open_stage(page, bridge)
    press(bridge)
    expect(stage, "welcome", "open")
    page.reload()
    expect(stage, "welcome", "open", "open")


def test_a_press_that_was_declined_is_not_asked_about_again(
    page: Any, bridge: BridgeProcess
) -> None:
    """The page has acted on it, by staying, even if it has no new socket yet."""
    sockets = Sockets(page, lost=(2,))
    stage = open_stage(page, bridge)
    stage.shown("window.declines = true")
    press(bridge)
    wait_until(lambda: notes(stage) == ["welcome", "declined"] and sockets.count == 2)
    page.reload()
    expect(stage, "welcome", "declined", "welcome")


def test_a_reload_right_after_a_swap_loses_and_repeats_no_press(
    page: Any, bridge: BridgeProcess
) -> None:
    """The new page has no socket yet, so it knows only what the page before has handed over."""
    sockets = Sockets(page, lost=(2,))
    stage = open_stage(page, bridge)
    stage.wait_behind("/open")
    press(bridge)
    stage.wait("shownView()?.location.pathname === '/open'")
    wait_until(lambda: bool(page.title()) and sockets.count == 2)
    press(bridge)
    page.reload()
    expect(stage, "welcome", "open", "open", "welcome")
