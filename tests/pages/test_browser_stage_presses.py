"""Many presses on a stage, at any pace: each shows a page, once, and nothing is left behind."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.stage_tab import CONFIG, StageTab, write_stage_exhibit

PRESSES = 30
PACES_MS = {"20": (20, 20), "50": (50, 50), "100": (100, 100), "300": (300, 300), "any": (0, 400)}

# A page that notes when it is shown. (An init script of Playwright misses some of the frames.)
NOTING = """\
<!doctype html>
<html lang="en"><head><title>{name}</title></head><body><h1>{name}</h1>
<p data-pin="button">button</p><script>
  document.addEventListener("gpiobridge:shown", () => {{
    (top.pagesShown ??= []).push(location.pathname);
  }});
</script></body></html>
"""

# Of a pin that is still pressed, so that nothing else drives it meanwhile.
PRESS_AGAIN = """async () => {
  for (const level of ["high", "low"]) {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ level });
    await fetch("/simulator/pins/button", { method: "POST", headers, body });
  }
}"""


def open_stage(run_bridge: Run, page: Any, folder: Path) -> StageTab:
    """Open a stage that notes which pages are shown."""
    pages = {name: NOTING.format(name=name) for name in ("welcome", "open")}
    config = CONFIG.replace('on_low.door = "late"\n', "")  # the door tells that nothing is to come
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(folder, config, **pages)))
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    return stage


def pages_from(first: str, count: int) -> list[str]:
    """The pages that presses lead to, one after the other."""
    other = {"/welcome": "/open", "/open": "/welcome"}
    pages = [first]
    while len(pages) < count:
        pages.append(other[pages[-1]])
    return pages


def expect_shown(stage: StageTab, pages: list[str]) -> None:
    """Wait until these pages were shown, and then the last one is, and goes no further."""
    wait_until(lambda: len(stage.page.evaluate("pagesShown")) >= len(pages))
    stage.wait_shown(pages[-1])
    # A press that counted twice would move this page before it learns of another pin's.
    stage.bridge.set_level("door", "low")
    stage.wait("shownView().gpiobridge.pins.door?.level === 'low'")
    assert stage.page.evaluate("pagesShown") == pages


@pytest.mark.parametrize("pace", PACES_MS)
def test_thirty_presses_show_thirty_pages(
    run_bridge: Run, page: Any, tmp_path: Path, pace: str
) -> None:
    """At any pace: what is pressed during a swap is caught up with."""
    stage = open_stage(run_bridge, page, tmp_path)
    between = random.Random(pace)
    at_s = time.monotonic()
    for _ in range(PRESSES):
        stage.press()
        at_s += between.uniform(*PACES_MS[pace]) / 1000
        time.sleep(max(0.0, at_s - time.monotonic()))  # the pace is what is tested
    expect_shown(stage, pages_from("/welcome", PRESSES + 1))


@pytest.mark.parametrize("when", ["swap", "shown", "online", "left"])
def test_a_press_during_a_swap_counts_once(
    run_bridge: Run, page: Any, tmp_path: Path, when: str
) -> None:
    """In the swap's task, as the page is shown, as it goes online, and as the old one leaves."""
    stage = open_stage(run_bridge, page, tmp_path)
    page.evaluate(
        """(when) => {
          const pressAgain = PRESS_AGAIN;
          const [shown, behind] = [shownFrame(), document.querySelector("iframe:not(.shown)")];
          const once = () => { if (!window.again) window.again = pressAgain(); };
          const next = behind.contentDocument;
          if (when === "shown") next.addEventListener("gpiobridge:shown", once);
          else if (when === "online") next.addEventListener("gpiobridge:online", once);
          else new MutationObserver(once).observe(when === "swap" ? behind : shown, {
            attributeFilter: ["class"],
          });
        }""".replace("PRESS_AGAIN", PRESS_AGAIN),
        when,
    )
    stage.bridge.set_level("button", "low")
    stage.wait("window.again")
    expect_shown(stage, pages_from("/welcome", 3))


def test_frames_stay_bounded_and_leave_nothing_behind(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """Two hundred presses: never more frames than it takes, and every page that left is freed."""
    stage = open_stage(run_bridge, page, tmp_path)
    devtools = page.context.new_cdp_session(page)
    page.evaluate("""() => {
      window.most = window.mostLeaving = 0;
      const look = () => {
        const frames = [...document.querySelectorAll("iframe")];
        const leaving = frames.filter((frame) => frame.matches(".leaving")).length;
        window.most = Math.max(most, frames.length - leaving);
        window.mostLeaving = Math.max(mostLeaving, leaving);
      };
      new MutationObserver(look).observe(document.body, {
        attributeFilter: ["class"], childList: true, subtree: true,
      });
    }""")
    kept = []
    for count in (20, 200):
        press_until(stage, count)
        stage.wait_behind("/open")
        stage.wait("document.querySelectorAll('iframe').length === 2")
        kept.append(documents(devtools))
    assert page.evaluate("most") <= 2 + 2  # shown and coming, and `[stage] ahead`
    assert page.evaluate("mostLeaving") <= 10  # those of the last 300 ms
    wait_until(lambda: documents(devtools) <= kept[0])


def press_until(stage: StageTab, count: int) -> None:
    """Press, each time once the page is shown, until so many presses were made."""
    for number in range(int(stage.page.evaluate("pagesShown.length")), count + 1):
        stage.press()
        stage.wait("pagesShown.length > path", number)


def documents(devtools: Any) -> int:
    """How many documents the tab keeps, after its garbage is collected."""
    devtools.send("HeapProfiler.collectGarbage")
    return int(devtools.send("Memory.getDOMCounters")["documents"])


def test_a_next_page_whose_connections_die_is_loaded_until_it_comes(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """The present page stays on the screen meanwhile, and the press is not used up."""
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    stage.wait_shown("/welcome")
    cut: list[str] = []

    def cut_thrice(route: Any) -> None:
        if route.request.method == "GET" and len(cut) < 3:
            cut.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/late", cut_thrice)
    stage.press("door")
    stage.wait_shown("/late")
    assert len(cut) == 3
