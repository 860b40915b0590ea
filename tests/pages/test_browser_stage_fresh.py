"""What a stage holds is fresh, and a stage itself is loaded anew after an update, at a swap."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

# The same program of another version.
UPDATED = [
    sys.executable,
    "-c",
    "import gpiobridge; gpiobridge.__version__ = '99.0';"
    " from gpiobridge.cli import main; raise SystemExit(main())",
]
LOOPS = """\
<!doctype html>
<html lang="en"><head><title>open</title></head>
<body><script>if (top.told) for (;;);</script></body></html>
"""
BUSY_S = 3.0  # seconds of a core, which no page of these tests needs
MARK_BEHIND = "window.behind0 = document.querySelector('iframe:not(.shown)')"


def open_stage(
    run_bridge: Run, page: Any, folder: Path, more: str = "", query: str = ""
) -> StageTab:
    """Open a stage that holds its next page."""
    config = write_stage_exhibit(folder, CONFIG + more)
    stage = StageTab(page, run_bridge(config=config), query)
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    return stage


def test_a_page_that_is_too_old_is_staged_anew(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """After `[stage] fresh`, while nobody presses anything; the shown page stays as it is."""
    stage = open_stage(run_bridge, page, tmp_path, '\n[stage]\nfresh = "1s"\n')
    page.evaluate("window.first = shownFrame()")
    page.evaluate(MARK_BEHIND)
    stage.wait("!behind0.isConnected")
    stage.wait_behind("/open")
    assert page.evaluate("shownFrame() === first")


def test_a_page_in_another_language_is_staged_anew(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The browser's languages have changed."""
    stage = open_stage(run_bridge, page, tmp_path)
    page.evaluate(MARK_BEHIND)
    page.evaluate("() => { dispatchEvent(new Event('languagechange')); }")
    stage.wait("!behind0.isConnected")
    stage.wait_behind("/open")


def test_an_edited_page_is_staged_anew_without_a_press(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """So the first press after it finds the new text behind."""
    stage = open_stage(run_bridge, page, tmp_path)
    edited = PAGE.format(name="open").replace("<h1>open", "<h1>edited")
    (tmp_path / "templates" / "open.html").write_text(edited)
    stage.wait(
        "document.querySelector('iframe:not(.shown)')?.contentDocument"
        "?.querySelector('h1')?.textContent === 'edited'"
    )


def test_the_page_that_is_used_is_not_disturbed(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Nothing is loaded while someone touches the shown page, only after it."""
    stage = open_stage(run_bridge, page, tmp_path, '\n[stage]\nfresh = "1s"\n')
    page.evaluate(MARK_BEHIND)
    page.evaluate("""() => {
      const touch = () => shownView().dispatchEvent(new PointerEvent("pointerdown"));
      touch();
      window.touching = setInterval(touch, 100);
    }""")
    with pytest.raises(AssertionError):
        wait_until(lambda: not page.evaluate("behind0.isConnected"), 6)
    page.evaluate("clearInterval(touching)")
    stage.wait("!behind0.isConnected")


def update(stage: StageTab, config: Path) -> BridgeProcess:
    """End the bridge, and start the same exhibit with the next version on its port."""
    stage.bridge.stop()
    stage.bridge = BridgeProcess(config, port=stage.bridge.port, command=UPDATED)
    stage.wait("shownView().document.documentElement.dataset.bridge === 'online'")
    return stage.bridge


def test_a_stage_that_nobody_touches_is_updated_at_the_next_swap(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The bridge came back as another version: once, with the page that the press leads to."""
    stage = open_stage(run_bridge, page, tmp_path, query="?display=hall")
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    page.evaluate("window.before = true")
    updated = update(stage, tmp_path / "config.toml")
    try:
        stage.wait_behind()  # it has noticed, and holds nothing for a stage that ends
        assert page.evaluate("window.before")
        for path in ("/open", "/welcome", "/open"):
            stage.press()
            stage.wait_shown(path)
        assert not page.evaluate("window.before")
        assert len(loads) == 1
        stage.wait_behind("/welcome")
        assert [each["name"] for each in updated.displays()] == ["hall"]
    finally:
        updated.stop()


def test_a_stage_whose_server_does_not_answer_is_updated_later(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The press leads on in the old stage; a later one updates it."""
    stage = open_stage(run_bridge, page, tmp_path)
    page.evaluate("window.before = true")
    updated = update(stage, tmp_path / "config.toml")
    try:
        stage.wait_behind()
        is_asked = "**/gpiobridge/stage*"
        page.route(
            is_asked, lambda it: it.abort() if it.request.method == "HEAD" else it.continue_()
        )
        stage.press()
        stage.wait_shown("/open")
        assert page.evaluate("window.before")
        page.unroute(is_asked)
        stage.press()
        stage.wait("!window.before")
        stage.wait_shown("/welcome")
    finally:
        updated.stop()


def test_a_page_that_hangs_the_tab_is_not_staged_again(
    run_bridge: Run, page: Any, browser: Any, tmp_path: Path
) -> None:
    """The tab is killed and opened anew, as a launcher does; the log says so, once."""
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, open=LOOPS))
    tab = page.context.new_page()
    tab.add_init_script("if (top === window) window.told = true;")
    tab.goto(f"{bridge.url}/gpiobridge/stage?display=hall")
    wait_until(lambda: hung(browser))
    for pid in hung(browser):
        os.kill(pid, signal.SIGKILL)
    stage = StageTab(page, bridge, "?display=hall")
    stage.wait_shown("/welcome")
    bridge.wait_for_line("page open .*")
    stage.wait_behind()
    StageTab(page, bridge, "?display=hall").wait_shown("/welcome")
    stage.wait_behind()
    bridge.stop()
    assert sum("page open" in line for line in bridge.log) == 1


def hung(browser: Any) -> list[int]:
    """The process ids of the browser's tabs that do nothing but compute."""
    devtools = browser.new_browser_cdp_session()
    infos = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    devtools.detach()
    tabs = [info for info in infos if info["type"] == "renderer"]
    return [int(info["id"]) for info in tabs if float(info["cpuTime"]) > BUSY_S]
