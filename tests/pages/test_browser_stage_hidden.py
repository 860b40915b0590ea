"""A stage behind another tab, or in a minimized window: presses count, and nothing is left behind.

A driven tab is always visible, so the test hides it by hand: then no frame is drawn.
"""

from pathlib import Path
from typing import Any

from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.stage_tab import StageTab, write_stage_exhibit

HIDING = """
const nextFrame = window.requestAnimationFrame.bind(window);
const held = [];
const isHidden = () => Boolean(top.isHidden);
Object.defineProperty(document, "hidden", { configurable: true, get: isHidden });
Object.defineProperty(document, "visibilityState", {
  configurable: true, get: () => (isHidden() ? "hidden" : "visible"),
});
window.requestAnimationFrame = (act) => (isHidden() ? held.push(act) : nextFrame(act));
window.letFramesBeDrawn = () => {
  document.dispatchEvent(new Event("visibilitychange"));
  held.splice(0).forEach((act) => nextFrame(act));
};
"""


def test_presses_count_while_a_stage_is_hidden(run_bridge: Run, page: Any, tmp_path: Path) -> None:
    """It is hidden in a swap, before the frame in which that is drawn; later it goes on as ever."""
    page.add_init_script(HIDING)
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path)))
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    page.evaluate("""() => {
      const hide = new MutationObserver(() => {
        hide.disconnect();
        window.isHidden = true;
        for (const view of [window, ...Array.from(window)]) {
          view.document.dispatchEvent(new Event("visibilitychange"));
        }
      });
      hide.observe(document.querySelector("iframe:not(.shown)"), { attributeFilter: ["class"] });
    }""")
    for path in ("/open", "/welcome", "/open", "/welcome"):
        stage.press()
        stage.wait_shown(path)
        wait_until(
            lambda path=path: (
                [(e["page"], e["visible"]) for e in stage.bridge.displays()] == [(path[1:], False)]
            )
        )
    stage.wait("document.querySelectorAll('iframe').length <= 2")  # the one whose frame never came
    stage.wait_behind()  # nobody would see what is loaded now
    page.evaluate("""() => {
      window.isHidden = false;
      for (const view of [window, ...Array.from(window)]) view.letFramesBeDrawn?.();
    }""")
    stage.wait_behind("/open")
    stage.wait("document.querySelectorAll('iframe').length === 2 && document.title === 'welcome'")
    page.evaluate("window.staged = document.querySelector('iframe:not(.shown)')")
    stage.press()
    stage.wait("shownFrame() === staged")
    stage.wait_shown("/open")
