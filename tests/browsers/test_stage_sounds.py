"""Sounds on a stage, in each browser, once somebody has touched the page."""

from pathlib import Path

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.sounds import CONFIG, write_sounds
from harness.stage_tab import write_stage_exhibit

from browsers.tab import Tab

COUNT = """
window.started = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  started.push(this.buffer.duration < 0.5 ? "click" : "rain");
  return start.apply(this, when);
};
"""


@pytest.mark.needs("sound")
def test_a_stage_plays_sounds(tab: Tab, run_bridge: Run, tmp_path: Path) -> None:
    """Rain for a page that has it, and a click at a press; nothing twice."""
    write_sounds(tmp_path)
    bridge = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG))

    def press(pin: str, page: str) -> None:
        """Press a pin, and wait until the next page is shown."""
        bridge.set_level(pin, "low")
        bridge.set_level(pin, "high")
        wait_until(lambda: shown() == [page])

    def shown() -> list[str]:
        return [each["page"] for each in bridge.health()["displays"] if each["shown"] is not None]

    tab.goto(f"{bridge.url}/gpiobridge/stage")
    tab.wait_for("document.querySelector('iframe.shown') !== null")
    wait_until(lambda: shown() == ["welcome"])
    tab.click("iframe.shown")
    press("door", "late")
    tab.run(COUNT + "setTimeout(() => { window.isOver = true }, 1000);")
    tab.wait_for("window.isOver")  # the rain, which may have begun before
    press("button", "welcome")
    tab.wait_for("started.length === 1")
    press("button", "open")
    tab.wait_for("started.length === 2")
    press("button", "welcome")
    assert tab.evaluate("started") == ["rain", "click"]
