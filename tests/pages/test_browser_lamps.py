"""Lamps and locks beside a real Chromium, with pages alone and on the stage.

The simulator's socket tells each state of an output, however short it was.
"""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.either_tab import Alone, Staged, Tab
from harness.stage_tab import write_stage_exhibit
from websockets.sync.client import ClientConnection

CONFIG = """\
[server]
start = "welcome"
api = "local"
[pins]
button = { pin = 17, debounce = "0ms" }
door = { pin = 27, debounce = "0ms" }
[outputs]
lamp = { pin = 22, follows = "button" }
sign = { pin = 23, blink = "400ms" }
lock = { pin = 24, initial = "on" }

[pages.welcome]
prerender = true
on_low.button = "open"

[pages.open]
prerender = true
on_low.door = "welcome"
outputs.sign = "blink"
outputs.lock = { state = "off", keep = true }

[pages.late]
"""
DECLINES = """\
<!doctype html>
<html lang="en"><head><title>welcome</title></head><body><h1>welcome</h1><script>
  document.addEventListener("gpiobridge:navigate", (event) => event.preventDefault());
</script></body></html>
"""


class Told:
    """What the simulator is told of outputs."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.states: dict[str, list[str]] = {}

    def wait(self, output: str, *states: str) -> None:
        """Wait until an output has had just these states, beginning with the first one."""
        while self.states.get(output, [])[-1:] != [states[-1]] or len(self.states[output]) < len(
            states
        ):
            self._take(json.loads(self._connection.recv(timeout=20)))
        assert tuple(self.states[output]) == states

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "output":
            self.states.setdefault(frame["output"], []).append(frame["state"])


@contextmanager
def told(bridge: BridgeProcess) -> Iterator[Told]:
    """Listen as the simulator does."""
    with bridge.socket("simulator", "?visible=false") as connection:
        yield Told(connection)


@pytest.fixture(params=[Alone, Staged], ids=["alone", "stage"])
def way(request: pytest.FixtureRequest) -> type[Tab]:
    """How the pages are shown."""
    kind: type[Tab] = request.param
    return kind


@pytest.fixture
def lit(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """A bridge with outputs."""
    return run_bridge(config=write_stage_exhibit(tmp_path, CONFIG))


def state(bridge: BridgeProcess, output: str) -> str:
    """What /healthz says of an output."""
    return str(bridge.health()["outputs"][output]["state"])


def test_a_lamp_answers_the_press_until_the_page_is_shown(
    lit: BridgeProcess, way: type[Tab], page: Any
) -> None:
    """Lit, blinking, and dark on a page from which its button doesn't lead."""
    with told(lit) as lamps:
        lamps.wait("lamp", "off")
        tab = way(page, lit)
        tab.wait_shown("/welcome")
        lamps.wait("lamp", "off", "on")
        tab.press()
        tab.wait_shown("/open")
        lamps.wait("lamp", "off", "on", "blink", "off")
        lamps.wait("sign", "off", "blink")
        tab.press()  # it leads nowhere from there
        tab.press("door")
        tab.wait_shown("/welcome")
        lamps.wait("lamp", "off", "on", "blink", "off", "on")
        lamps.wait("sign", "off", "blink", "off")
        lamps.wait("lock", "on", "off")  # kept


def test_a_page_that_declines_has_its_lamp_lit_again(
    run_bridge: Run, way: type[Tab], page: Any, tmp_path: Path
) -> None:
    """It blinks for the moment in which the press seemed to lead away."""
    lit = run_bridge(config=write_stage_exhibit(tmp_path, CONFIG, welcome=DECLINES))
    with told(lit) as lamps:
        tab = way(page, lit)
        tab.wait_shown("/welcome")
        lamps.wait("lamp", "off", "on")
        tab.press()
        lamps.wait("lamp", "off", "on", "blink", "on")


def test_a_lamp_is_dark_in_the_lockout(
    run_bridge: Run, way: type[Tab], page: Any, tmp_path: Path
) -> None:
    """And lit when it is over."""
    config = CONFIG.replace('on_low.button = "open"', 'on_low.button = "open"\nlockout = "700ms"')
    lit = run_bridge(config=write_stage_exhibit(tmp_path, config))
    with told(lit) as lamps:
        tab = way(page, lit)
        tab.wait_shown("/welcome")
        lamps.wait("lamp", "off", "on")
        tab.press()
        tab.wait_shown("/open")
        lamps.wait("lamp", "off", "on", "blink", "off")


def test_a_reload_changes_no_output(lit: BridgeProcess, way: type[Tab], page: Any) -> None:
    """The page connects to the fresh process, and everything is as it was."""
    tab = way(page, lit)
    tab.wait_shown("/welcome")
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: state(lit, "sign") == "blink")
    lit.request(
        "/api/outputs/lock", b'{"state": "on"}', headers={"Content-Type": "application/json"}
    )
    wait_until(lambda: state(lit, "lock") == "on")
    lit.process.send_signal(signal.SIGHUP)
    lit.wait_for_line("restarting with it")
    before = len(lit.log)
    lit.wait_for_line(lit.READY)
    wait_until(lambda: [each["page"] for each in lit.displays()] == ["open"])
    tab.wait_shown("/open")
    wait_until(lambda: lit.health()["displays"][0]["shown"] is not None)
    health = lit.health()["outputs"]
    assert {name: each["state"] for name, each in health.items()} == {
        "lamp": "off", "sign": "blink", "lock": "on",
    }  # fmt: skip
    assert not [line for line in lit.log[before:] if "output " in line]
    tab.press("door")
    tab.wait_shown("/welcome")
    wait_until(lambda: state(lit, "lamp") == "on")
    assert state(lit, "sign") == "off"


def test_a_tab_that_crashes_opens_no_lock(lit: BridgeProcess, page: Any) -> None:
    """What its page has set stays; the tab that comes next goes on from there."""
    tab = Alone(page, lit)
    tab.press()
    tab.wait_shown("/open")
    wait_until(lambda: state(lit, "sign") == "blink")
    page.goto("about:blank")
    wait_until(lambda: lit.displays() == [])
    assert (state(lit, "sign"), state(lit, "lock")) == ("blink", "off")
    other = Alone(page.context.new_page(), lit)
    other.wait_shown("/welcome")
    wait_until(lambda: state(lit, "sign") == "off")
    assert state(lit, "lock") == "off"
