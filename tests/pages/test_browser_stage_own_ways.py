"""Pages on the stage that change by themselves: behind the shown one, and after they were left."""

from pathlib import Path
from typing import Any

from harness.bridge_process import Run
from harness.stage_tab import StageTab, write_stage_exhibit

OPEN = """\
<!doctype html>
<html lang="en"><head><title>open</title></head>
<body><h1>open</h1><script>{script}</script></body></html>
"""


def stage_with(run_bridge: Run, page: Any, folder: Path, script: str, of: str = "open") -> StageTab:
    """A stage of which the page named ``of`` has this script."""
    pages = {of: OPEN.format(script=script)}
    return StageTab(page, run_bridge(config=write_stage_exhibit(folder, **pages)))


def test_a_page_that_went_elsewhere_behind_is_not_shown(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A press leads to its page, even if the one that was held has gone on by itself."""
    script = "setTimeout(() => { if (document.prerendering) location = '/late'; }, 3000)"
    tab = stage_with(run_bridge, page, tmp_path, script)
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    tab.wait_behind("/late")
    tab.press()
    tab.wait("shownView()?.location.pathname !== '/welcome'")
    assert page.evaluate("shownView().location.pathname") == "/open"


def test_a_page_that_changes_its_address_is_held(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A router in the page, which adds a # or a query to its address, does not matter."""
    script = "history.replaceState(null, '', '/open?step=1#/')"
    tab = stage_with(run_bridge, page, tmp_path, script)
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    page.evaluate("window.staged = document.querySelector('iframe:not(.shown)')")
    page.wait_for_timeout(1500)  # it would have been taken out by now
    tab.press()
    tab.wait("shownFrame() === staged")
    tab.wait_shown("/open")


def test_a_page_behind_does_not_lead(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A page that takes another page's address behind leads there only once it is shown."""
    script = """
      const move = () => { history.pushState(null, "", "/late"); parent.moved = true; };
      setTimeout(() => { if (document.prerendering) move(); }, 1000);
    """
    tab = stage_with(run_bridge, page, tmp_path, script)
    tab.wait_shown("/welcome")
    tab.wait("window.moved")
    page.wait_for_timeout(1000)
    assert page.evaluate("shownView().location.pathname") == "/welcome"
    tab.press()
    tab.wait_shown("/late")


def test_a_page_that_was_left_does_not_lead(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A timer of it that is due after the press leads nowhere."""
    script = """
      document.addEventListener("gpiobridge:navigate", () => {
        setTimeout(() => gpiobridge.go("late"), 150);
      });
    """
    tab = stage_with(run_bridge, page, tmp_path, script, of="welcome")
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    tab.press()
    tab.wait_shown("/open")
    page.wait_for_timeout(1500)
    assert page.evaluate("shownView().location.pathname") == "/open"


def test_a_page_that_was_left_goes_nowhere(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """Nor is there a page in its frame that takes what was handed to the one on the screen."""
    script = """
      document.addEventListener("gpiobridge:navigate", () => {
        setTimeout(() => { location = "/late"; }, 50);
      });
    """
    tab = stage_with(run_bridge, page, tmp_path, script, of="welcome")
    tab.wait_shown("/welcome")
    tab.wait_behind("/open")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tab.press()
    tab.wait_shown("/open")
    tab.wait_behind("/welcome")
    assert [url for url in asked if url.endswith("/late")] == []


def test_a_page_joins_the_stage_once(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """A script that joins again changes nothing: the next press still leads on."""
    tab = stage_with(run_bridge, page, tmp_path, "")
    tab.wait_shown("/welcome")
    assert tab.shown("parent.gpiobridgeStage.join(window, 'x', {})") is None
    tab.press()
    tab.wait_shown("/open")
