"""The machine's clock is set while a stage is open, as by NTP on a Pi without a battery."""

from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.stage_tab import StageTab, write_stage_exhibit

# A document that begins after the clock was set has another zero; `now()` goes on as ever.
PAGE = """\
<!doctype html>
<html lang="en"><head><title>{0}</title><script>
  if (top.setByMs) {{
    const origin = performance.timeOrigin + top.setByMs;
    const now = Date.now;
    Object.defineProperty(performance, "timeOrigin", {{ get: () => origin }});
    Date.now = () => now() + top.setByMs;
  }}
</script></head><body><h1>{0}</h1></body></html>
"""


@pytest.mark.parametrize("hours", [-5, 5])
def test_presses_and_their_times_are_right_after_the_clock_was_set(
    run_bridge: Run, page: Any, tmp_path: Path, hours: int
) -> None:
    """On the page that was held before it, and on those that are loaded after it."""
    pages = {name: PAGE.format(name) for name in ("welcome", "open", "late")}
    stage = StageTab(page, run_bridge(config=write_stage_exhibit(tmp_path, **pages)))
    stage.wait_shown("/welcome")
    stage.wait_behind("/open")
    page.evaluate("(ms) => { window.setByMs = ms; }", hours * 3_600_000)
    for path in ("/open", "/welcome", "/open"):
        stage.press()
        stage.wait_shown(path)
        wait_until(lambda: "ms" in (stage.bridge.health()["displays"][0]["shown"] or {}))
        assert 0 <= stage.bridge.health()["displays"][0]["shown"]["ms"] < 10_000
        stage.wait_behind("/welcome" if path == "/open" else "/open")
    # Loaded anew in the stage, too: what was pressed before doesn't count again.
    stage.shown("location.reload()")
    stage.wait_shown("/open")
    stage.press()
    stage.wait_shown("/welcome")
