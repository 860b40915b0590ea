"""Two tabs of one display's name in one browser: they share the note of what is being loaded."""

from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.stage_tab import StageTab, write_stage_exhibit

MARK = "localStorage.getItem('gpiobridge:staging:hall')"


@pytest.mark.timeout(90)
def test_a_page_that_the_other_tab_is_loading_has_not_hung(
    run_bridge: Run, page: Any, tmp_path: Path
) -> None:
    """A second tab is opened meanwhile: both hold the page ready in the end."""
    bridge = run_bridge(config=write_stage_exhibit(tmp_path))
    held: list[Any] = []
    page.route("**/open", lambda route: held.append(route))
    first = StageTab(page, bridge, "?display=hall")
    first.wait_shown("/welcome")
    first.wait(f"{MARK}?.startsWith('open ')")
    second = StageTab(page.context.new_page(), bridge, "?display=hall")
    second.wait_shown("/welcome")
    second.wait_behind("/open")
    wait_until(lambda: bool(held))
    for route in held:
        route.continue_()
    page.unroute("**/open")
    first.wait_behind("/open")
    bridge.stop()
    assert not [line for line in bridge.log if "page open" in line]
