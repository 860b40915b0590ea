"""Outputs in the simulator, and `gpiobridge.output` in a page, in a real Chromium."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import CONFIG, write_exhibit
from harness.line import Line
from harness.pages import ONLINE, open_page
from harness.served_application import make_app, served

from gpiobridge import GpioBridge

LAMPS = (
    CONFIG
    + """
[outputs]
lamp = 22
button-lamp = {{ pin = 24, follows = "button" }}
sign = {{ pin = 25, initial = "blink", blink = "1s" }}
a-name-of-thirty-two-characters- = {{ pin = 3, chip = "gpiochip2", active = "low" }}
"""
)
LOCAL = 'api = "local"'
OFFLINE = 'html[data-bridge="offline"]'


def card(page: Any, output: str) -> Any:
    """What the simulator shows of an output, found as a screen reader finds it."""
    heading = page.get_by_role("heading", name=output, exact=True)
    return page.get_by_role("list", name="Outputs").get_by_role("listitem").filter(has=heading)


def wait_for(page: Any, output: str, state: str) -> None:
    """Wait until the simulator shows what an output does."""
    card(page, output).get_by_text(state, exact=True).wait_for()


def set_output(bridge: BridgeProcess, output: str, state: str) -> None:
    """Set an output, as a program does."""
    body = json.dumps({"state": state}).encode()
    assert bridge.request(f"/api/outputs/{output}", body) == (204, "")


def test_the_simulator_shows_what_outputs_do(share_bridge: Run, page: Any) -> None:
    """At once and from then on, in words, too, and under a strict policy."""
    bridge = share_bridge(server=LOCAL, config=LAMPS)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    set_output(bridge, "lamp", "off")
    open_page(page, bridge, "/simulator")
    wait_for(page, "sign", "blink")
    wait_for(page, "button-lamp", "off")
    assert (
        "Line 3 of gpiochip2, active low"
        in card(page, "a-name-of-thirty-two-characters-").inner_text()
    )
    assert (
        "GPIO 24, header pin 18, active high, follows button"
        in card(page, "button-lamp").inner_text()
    )
    for state in ("on", "blink", "pulse", "off"):
        set_output(bridge, "lamp", state)
        wait_for(page, "lamp", state)
    assert complaints == []


def test_the_lamp_of_a_button_lights_up_in_the_simulator(share_bridge: Run, page: Any) -> None:
    """While a page is shown that its button would move."""
    bridge = share_bridge(server=LOCAL, config=LAMPS)
    open_page(page, bridge, "/simulator")
    wait_for(page, "button-lamp", "off")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="welcome").click()
    opened.value.wait_for_selector(ONLINE)
    wait_for(page, "button-lamp", "on")
    opened.value.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lamp_that_is_lit_looks_so(share_bridge: Run, page: Any, scheme: str) -> None:
    """Filled while it is on, an empty ring while it is off, and in turn while it blinks."""
    bridge = share_bridge(server=LOCAL, config=LAMPS)
    page.emulate_media(color_scheme=scheme)
    open_page(page, bridge, "/simulator")
    lamp = card(page, "lamp").locator(".lamp")
    looks = "each => { const { backgroundColor, animationName } = getComputedStyle(each); "
    looks += "return [backgroundColor, animationName]; }"
    seen = {}
    for state in ("on", "pulse", "off"):
        set_output(bridge, "lamp", state)
        wait_for(page, "lamp", state)
        seen[state] = lamp.evaluate(looks)
    assert seen["on"] == seen["pulse"] != seen["off"]
    assert seen["off"] == ["rgba(0, 0, 0, 0)", "none"]
    sign = card(page, "sign").locator(".lamp")
    wait_for(page, "sign", "blink")
    assert sign.evaluate("each => getComputedStyle(each).animationDuration") == "1s"
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert sign.evaluate("each => getComputedStyle(each).animationName") == "none"


def test_the_simulator_fits_a_phone(share_bridge: Run, page: Any) -> None:
    """With the longest name there can be."""
    page.set_viewport_size({"width": 320, "height": 640})
    open_page(page, share_bridge(server=LOCAL, config=LAMPS), "/simulator")
    wait_for(page, "sign", "blink")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_simulator_has_no_list_without_outputs(shared_bridge: BridgeProcess, page: Any) -> None:
    """Most exhibits have none."""
    open_page(page, shared_bridge, "/simulator")
    assert page.get_by_role("list", name="Outputs").count() == 0


# ---------------------------------------------------------------- gpiobridge.output


@pytest.fixture
def line(page: Any) -> Line:
    """The tab's sockets."""
    return Line(page)


@pytest.fixture
def bridge(page: Any, line: Line) -> Iterator[GpioBridge]:
    """An application in this process, whose start page the tab shows as the kiosk would."""
    config = {"outputs": {"lamp": {"pin": 22, "from_pages": True}}}
    app, bridge = make_app(config=config)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector(ONLINE)
        (connection,) = bridge.running.watcher._hub.connections
        connection.of_kiosk = True
        yield bridge


def output_frames(line: Line) -> list[dict[str, Any]]:
    """The frames of the page that are to set an output."""
    return [frame for text in line.sent if (frame := json.loads(text))["type"] == "output"]


def test_a_page_of_the_kiosk_sets_an_output(bridge: GpioBridge, page: Any, line: Line) -> None:
    """By its state, and for a time; the frames are those of docs/wire.md."""
    lamp = bridge.outputs["lamp"]
    page.evaluate("gpiobridge.output('lamp', 'blink')")
    wait_until(lambda: lamp.state == "blink")
    page.evaluate("gpiobridge.output('lamp', 'on', '1h')")
    wait_until(lambda: lamp.state == "on")
    assert bridge.running.watcher.counts.outputs_refused == 0
    assert output_frames(line) == [
        {"type": "output", "output": "lamp", "state": "blink"},
        {"type": "output", "output": "lamp", "state": "on", "for": "1h"},
    ]


def test_without_a_connection_nothing_is_kept_for_later(
    bridge: GpioBridge, page: Any, line: Line
) -> None:
    """A lock that opens a minute after the press would be worse than one that doesn't."""
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "output" in m.text else None)
    line.cut()
    page.wait_for_selector(OFFLINE)
    page.evaluate("gpiobridge.output('lamp', 'on')")
    assert said == ["gpiobridge: output lamp isn't set, because there is no connection"]
    line.mend()
    page.wait_for_selector(ONLINE)
    page.evaluate("gpiobridge.output('nosuch', 'on')")  # what was kept would come before it
    wait_until(lambda: len(output_frames(line)) == 1)
    assert output_frames(line)[0]["output"] == "nosuch"
    assert bridge.outputs["lamp"].state == "off"


def test_any_other_page_is_refused(run_bridge: Run, page: Any, tmp_path: Any) -> None:
    """On this machine, too, and with the name of a kiosk; it stays online."""
    text = LAMPS.replace("lamp = 22", "lamp = {{ pin = 22, from_pages = true }}")
    bridge = run_bridge(config=write_exhibit(tmp_path, config=text))
    open_page(page, bridge, "/still?display=kiosk")
    for output in ("lamp", "sign"):
        page.evaluate("name => gpiobridge.output(name, 'on')", output)
        bridge.wait_for_line(f'display "kiosk" on still may not set output {output}: only this')
    assert re.search(r"^gpiobridge_outputs_refused_total 2.0$", bridge.get("/metrics")[1], re.M)
    assert bridge.health()["outputs"]["lamp"] == {"state": "off"}
    assert page.locator(ONLINE).count() == 1
