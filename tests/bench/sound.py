"""How long after a press its sound is heard on a stage: `python -m bench.sound` in `tests/`.

All times are of this machine's clock: the edge has its stamp from the bridge, and Chromium says
which sample of its audio is heard when (Web Audio, `getOutputTimestamp`). What a sound card, an
amplifier or HDMI adds is not in it. Chromium plays on the sound server that `PULSE_SERVER` names;
without one, on a silent device of its own.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from harness.bridge_process import BridgeProcess
from harness.sounds import CONFIG, write_sounds
from harness.stage_tab import StageTab, write_stage_exhibit
from playwright.sync_api import sync_playwright

EXHIBIT = CONFIG.replace('debounce = "0ms"', 'debounce = "20ms"').replace(
    'on_low.button = "welcome"', 'on_low.button = { to = "welcome", sound = "click" }', 1
)

# The stamps of edges, as frames have them, and when each click is begun and heard; ms since 1970.
LISTEN = """
top.edges ??= [];
top.clicks ??= [];
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", ({ data }) => {
      const { type, event, at } = JSON.parse(data);
      if (type === "edge" && event === "low") top.edges.push(1000 * at);
    });
  }
};
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  if (this.buffer.duration < 0.5) {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    const now = performance.timeOrigin + performance.now();
    const inMs = 1000 * (this.context.currentTime - contextTime);
    clicks.push([now, performance.timeOrigin + performanceTime + inMs]);
  }
  return start.apply(this, when);
};
"""


def measure(presses: int) -> list[tuple[float, float]]:
    """Press again and again; from each edge until its sound was begun and was heard, in ms."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_sounds(folder)
        bridge = BridgeProcess(write_stage_exhibit(folder, EXHIBIT))
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            # Playwright's own choice; without it Chromium plays on what there is.
            ignore_default_args=["--mute-audio"] if "PULSE_SERVER" in os.environ else [],
        )
        page = chromium.new_page()
        page.add_init_script(LISTEN)
        stage = StageTab(page, bridge)
        for number in range(presses + 1):
            stage.wait_shown("/open" if number % 2 else "/welcome")
            stage.wait_behind("/welcome" if number % 2 else "/open")
            if number < presses:
                bridge.set_level("button", "low")
                stage.wait("clicks.length >= path", number + 1)
                bridge.set_level("button", "high")
        edges, clicks = page.evaluate("[edges, clicks]")
        chromium.close()
        bridge.stop()
    assert len(edges) == len(clicks) == presses
    return [(began - at, heard - at) for at, (began, heard) in zip(edges, clicks, strict=True)]


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=40, help="how often to press")
    found = measure(parser.parse_args().presses)
    for what, times in zip(("begun", "heard"), zip(*found, strict=True), strict=True):
        tenths = statistics.quantiles(times, n=10)
        print(
            f"{what}: median {statistics.median(times):.0f} ms, 90 % within {tenths[-1]:.0f} ms, "
            f"at most {max(times):.0f} ms after the edge ({len(times)} presses)"
        )


if __name__ == "__main__":
    main()
