"""The stage in a real Chromium: what is on the screen, what is behind it, and what is kept."""

import re
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

SLOW = """\
<!doctype html>
<html lang="en"><head><title>open</title></head>
<body><h1>open</h1><script>
  const untilMs = performance.now() + 900;
  while (performance.now() < untilMs);
</script></body></html>
"""
SHORT = """const wait = setTimeout;
window.setTimeout = (f, ms, ...rest) => wait(f, ms === 10_000 ? 1500 : ms, ...rest);"""


@pytest.fixture
def stage(run_bridge: Run, page: Any, tmp_path: Path) -> StageTab:
    """A stage whose start page is on the screen, and whose next page is behind it."""
    tab = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    return tab


def test_a_press_swaps_two_frames(stage: StageTab) -> None:
    """The page that was held behind is shown, without a request for it."""
    asked: list[str] = []
    stage.page.on("request", lambda request: asked.append(request.url))
    stage.page.evaluate("window.staged = document.querySelector('iframe:not(.shown)')")
    stage.bridge.set_level("button", "low")
    stage.wait("shownFrame() === staged")
    stage.wait_shown("/open")
    assert [url for url in asked if url.endswith("/open")] == []
    stage.wait("document.title === 'open' && document.activeElement === shownFrame()")
    wait_until(lambda: [each["page"] for each in stage.bridge.displays()] == ["open"])


def test_a_page_that_left_is_taken_out_and_made_anew(stage: StageTab) -> None:
    """Only the shown page and the next one are in the document."""
    stage.page.evaluate("window.first = shownFrame()")
    stage.press()
    stage.wait_shown("/open")
    stage.wait("!first.isConnected")
    stage.wait_behind("/welcome")
    assert stage.page.evaluate("document.querySelectorAll('iframe').length") == 2


def test_a_page_behind_is_no_display(stage: StageTab) -> None:
    """It has no socket, and says that it is asleep."""
    assert [each["page"] for each in stage.bridge.displays()] == ["welcome"]
    behind = "document.querySelector('iframe:not(.shown)').contentWindow"
    assert stage.page.evaluate(f"{behind}.gpiobridge.asleep")
    assert stage.page.evaluate(f"{behind}.document.prerendering")
    assert stage.shown("gpiobridge.asleep") is False


def test_nothing_is_held_before_the_shown_page_is_online(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A page that hangs while it is loaded behind must be missed: a kiosk is then restarted."""
    through: list[bool] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route_web_socket(
        re.compile("/ws/"), lambda socket: socket.connect_to_server() if through else None
    )
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    stage.wait("shownView()?.location.pathname === '/welcome'")
    for _ in range(2):
        page.wait_for_event("request", lambda request: "stage.json" in request.url)
    assert not [url for url in asked if url.endswith("/open")]
    through.append(True)
    stage.wait_behind("/open")


def test_levels_are_right_when_a_page_wakes(stage: StageTab) -> None:
    """The page before hands over what it knows: nobody sees an element without its level."""
    stage.page.evaluate("""() => {
      const view = document.querySelector("iframe:not(.shown)").contentWindow;
      view.document.addEventListener("gpiobridge:shown", () => {
        view.top.seen = view.document.querySelector("[data-pin=button]").dataset.level;
      });
    }""")
    stage.bridge.set_level("button", "low")
    stage.wait("window.seen")
    assert stage.page.evaluate("seen") == "low"


def test_a_page_that_is_not_staged_is_loaded_behind(stage: StageTab) -> None:
    """The present page stays on the screen until the next one is there."""
    asked: list[Any] = []
    stage.page.route("**/late", lambda route: asked.append(route))
    stage.press("door")
    wait_until(lambda: bool(stage.page.title()) and len(asked) == 1)
    assert stage.page.evaluate("shownView().location.pathname") == "/welcome"
    asked[0].continue_()
    stage.wait_shown("/late")
    stage.wait_behind("/welcome")
    stage.press()
    stage.wait_shown("/welcome")


def test_each_of_thirty_quick_presses_shows_a_page(stage: StageTab) -> None:
    """No press is lost, and none counts twice."""
    for number in range(30):
        stage.press()
        page = "/open" if number % 2 == 0 else "/welcome"
        stage.wait("shownView()?.location.pathname === path", page)
        wait_until(lambda page=page: [e["page"] for e in stage.bridge.displays()] == [page[1:]])


def test_an_edited_page_is_staged_anew(stage: StageTab, tmp_path: Path) -> None:
    """No visitor sees the old text."""
    edited = PAGE.format(name="open").replace("<h1>open", "<h1>edited")
    (tmp_path / "templates" / "open.html").write_text(edited)
    stage.press()
    stage.wait("shownView()?.document.querySelector('h1')?.textContent === 'edited'")


def test_a_page_that_holds_the_thread_is_not_staged_again(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The log says it; a press still leads to it."""
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path, open=SLOW)))
    stage.wait_shown("/welcome")
    stage.bridge.wait_for_line("page open .*")
    stage.wait_behind()
    stage.press()
    stage.wait_shown("/open")


def test_the_stage_is_loaded_anew_after_its_settings_have_changed(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """At the next press, and once; until then the page on the screen stays."""
    config = write_stage_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    page.evaluate("window.before = true")
    config.write_text(CONFIG + "\n[stage]\nahead = 1\n")
    bridge.process.send_signal(1)
    bridge.wait_for_line(bridge.READY)
    stage.wait_behind()  # the stage has noticed it, and holds nothing that it won't show
    stage.wait_shown("/welcome")
    assert page.evaluate("window.before")
    stage.press()
    stage.wait("!window.before")
    stage.wait_shown("/open")
    stage.wait_behind("/welcome")


def test_nobody_is_asked_when_the_stage_is_loaded_anew(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The page that was touched may save its data, but not hold the press up with a question."""
    asked: list[str] = []

    def note(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    config = write_stage_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    stage.shown(
        "addEventListener('beforeunload', (event) => {"
        " sessionStorage.saved = 1; event.preventDefault(); })"
    )
    page.frame_locator("iframe.shown").locator("h1").click()
    page.evaluate("window.before = true")
    config.write_text(CONFIG + "\n[stage]\nahead = 1\n")
    bridge.process.send_signal(1)
    bridge.wait_for_line(bridge.READY)
    stage.wait_behind()
    stage.press()
    stage.wait("!window.before")
    stage.wait_shown("/open")
    assert asked == []
    assert page.evaluate("sessionStorage.saved") == "1"


def test_a_stage_that_does_not_come_is_tried_again(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A bridge may hang just then: the page on the screen doesn't wait for ever."""
    held: list[Any] = []
    config = write_stage_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    page.add_init_script(SHORT)
    stage = StageTab(page, bridge)
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    config.write_text(CONFIG + "\n[stage]\nahead = 1\n")
    bridge.process.send_signal(1)
    bridge.wait_for_line(bridge.READY)
    stage.wait_behind()
    page.route(
        "**/gpiobridge/stage?*page=*",
        lambda route: route.continue_() if held else held.append(route),
    )
    stage.press()
    stage.wait_shown("/open")
    assert held


def test_a_script_that_leaves_the_stage_leads_back_to_it(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """With the page that it went to as the shown one, where the browser doesn't tell beforehand."""
    page.add_init_script("delete window.navigation; delete Window.prototype.navigation;")
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    stage.wait_shown("/welcome")
    page.evaluate("window.before = true")
    stage.shown("top.location = '/late'")
    stage.wait_shown("/late")
    assert not page.evaluate("window.before")


def test_a_reload_of_the_stage_keeps_the_page(stage: StageTab) -> None:
    """As a reload of a page alone does."""
    stage.press("door")
    stage.wait_shown("/late")
    stage.page.reload()
    stage.wait_shown("/late")


def test_the_first_page_is_the_one_asked_for(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """The name of the display is that of the stage's address."""
    bridge = run_bridge(config=write_stage_exhibit(tmp_path))
    stage = StageTab(page, bridge, "?display=hall&page=/late")
    stage.wait_shown("/late")
    assert [each["name"] for each in bridge.displays()] == ["hall"]
    assert page.url == f"{bridge.url}/gpiobridge/stage?display=hall"


def test_no_more_pages_are_held_than_the_configuration_says(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """With 0, each page is loaded at the press."""
    config = write_stage_exhibit(tmp_path, CONFIG + "\n[stage]\nahead = 0\n")
    stage = StageTab(page, run_bridge(config=config))
    stage.wait_shown("/welcome")
    stage.press()
    stage.wait_shown("/open")
    assert page.evaluate("document.querySelectorAll('iframe:not(.shown, .leaving)').length") == 0
