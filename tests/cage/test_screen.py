"""The screen's details under cage: cursor, rotation, off and on; and what a visitor opens instead.

docs/screen.md says how each is set. cage 0.1 turns the screen by a flag of its own, and can't
switch it off; cage 0.2 does as wlr-randr says.
"""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from .exhibit import BLUE, CONFIG, GREEN, is_full_of, page, press, shown
from .screen import Colour, Kiosk, Screenshot, near

_HELP = subprocess.run(["cage", "-h"], capture_output=True, text=True, check=False)
BY_RANDR = " -r\t" not in _HELP.stdout + _HELP.stderr

STRAY = (240, 240, 240)

# An order of the test opens a page without the script in place of this one, as a link would.
LEAVE = """
<script>
  addEventListener("gpiobridge:message", ({ detail }) => { location = detail.leave; });
</script>
"""


# A link and a text field, which cannot be seen, and a square in the colour of the pointer that the
# mouse had last.
POINTERS = """
<div style="position: fixed; left: 600px; width: 100px; height: 100%; cursor: pointer"></div>
<div style="position: fixed; left: 700px; width: 100px; height: 100%; cursor: text"></div>
<div id="told" style="position: fixed; top: 100px; width: 40px; height: 40px"></div>
<script>
  const marks = { auto: "red", pointer: "white", text: "yellow" };
  addEventListener("mousemove", ({ target }) => {
    document.getElementById("told").style.background = marks[getComputedStyle(target).cursor];
  });
</script>
"""
TOLD = {520: (255, 0, 0), 650: (255, 255, 255), 750: (255, 255, 0)}


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """A bridge with a green page, a blue one, and the usual beat."""
    folder = tmp_path_factory.mktemp("bridge")
    for name in ("templates", "static"):
        (folder / name).mkdir()
    (folder / "templates" / "welcome.html").write_text(page("welcome", GREEN) + LEAVE + POINTERS)
    (folder / "templates" / "open.html").write_text(page("open", BLUE))
    for name in ("hang", "stray"):  # which nobody opens here
        (folder / "templates" / f"{name}.html").write_text("<!doctype html>")
    (folder / "static" / "stray.html").write_text(page("stray", STRAY).replace("hang", "stray"))
    config = folder / "config.toml"
    text = CONFIG.replace('beat = "500ms"', 'api = "local"')
    config.write_text(text.format(port=0))
    running = BridgeProcess(config)
    config.write_text(text.format(port=running.port))
    yield running
    running.kill()


# ------------------------------------------------------------------- the cursor


@pytest.fixture
def mouse() -> Iterator[dict[str, str]]:
    """A screen of an X server, which has a mouse: the environment for its clients."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as said:
        yield {"DISPLAY": f":{said.readline().strip()}", "PATH": os.environ["PATH"]}
    server.terminate()
    server.wait(10)


def cursors(screen: Screenshot, colour: Colour) -> int:
    """How many pixels in the middle of the screen are not the page's."""
    across = range(screen.width // 4, screen.width * 3 // 4)
    down = range(screen.height // 4, screen.height * 3 // 4)
    return sum(not near(screen.at(x, y), colour) for x in across for y in down)


def test_only_a_mouse_that_moves_has_a_cursor(
    bridge: BridgeProcess, mouse: dict[str, str], tmp_path: Path
) -> None:
    """None is in the middle of the screen at first, nor where a mouse rests (row 6)."""
    config = Path(bridge.process.args[-1])  # type: ignore[index]
    # Without a picture of its own for the cursor it is in the screenshot.
    screen = {"WLR_BACKENDS": "x11", "WLR_NO_HARDWARE_CURSORS": "1", "DISPLAY": mouse["DISPLAY"]}
    kiosk = Kiosk(tmp_path, config, "--no-sandbox", environ=screen)
    try:
        kiosk.wait(lambda: shown(bridge) == ["welcome"] and is_full_of(kiosk, GREEN), 30)
        assert cursors(kiosk.screenshot(), GREEN) == 0

        def moves() -> bool:
            for x in ("500", "520"):
                subprocess.run(
                    ["xdotool", "mousemove", x, "400"], env=mouse, check=True, timeout=10
                )
            return cursors(kiosk.screenshot(), GREEN) > 20

        kiosk.wait(moves)
        kiosk.wait(lambda: cursors(kiosk.screenshot(), GREEN) == 0)
    finally:
        kiosk.kill()
    wait_until(lambda: shown(bridge) == [])


@pytest.mark.timeout(60)
def test_hidden_pointer_is_never_shown(
    bridge: BridgeProcess, mouse: dict[str, str], tmp_path: Path
) -> None:
    """Neither an arrow nor a hand nor a text cursor, while the mouse moves."""
    config = Path(bridge.process.args[-1])  # type: ignore[index]
    screen = {"WLR_BACKENDS": "x11", "WLR_NO_HARDWARE_CURSORS": "1", "DISPLAY": mouse["DISPLAY"]}
    hidden = {"GPIOBRIDGE_KIOSK__POINTER": "hidden"}
    kiosk = Kiosk(tmp_path, config, "--no-sandbox", environ=screen | hidden)
    try:
        kiosk.wait(lambda: shown(bridge) == ["welcome"] and is_full_of(kiosk, GREEN), 30)
        rows = itertools.cycle((400, 420))
        for x in (*TOLD, *TOLD):

            def has_moved(x: int = x) -> bool:
                place = str(x), str(next(rows))
                subprocess.run(["xdotool", "mousemove", *place], env=mouse, check=True, timeout=10)
                return near(kiosk.screenshot().at(20, 120), TOLD[x])

            kiosk.wait(has_moved)
            assert cursors(kiosk.screenshot(), GREEN) == 0
    finally:
        kiosk.kill()
    wait_until(lambda: shown(bridge) == [])


# ------------------------------------------------------------------- the screen


@pytest.fixture(scope="module")
def turned(bridge: BridgeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """A kiosk whose screen is turned by 90 degrees."""
    config = Path(bridge.process.args[-1])  # type: ignore[index]
    kiosk = Kiosk(
        tmp_path_factory.mktemp("turned"),
        config,
        compositor=() if BY_RANDR else ("-r",),
    )
    try:
        kiosk.wait(lambda: shown(bridge) == ["welcome"], 30)
        if BY_RANDR:
            randr(kiosk, "--transform", "90")
        yield kiosk
    finally:
        kiosk.kill()


def randr(kiosk: Kiosk, *how: str) -> None:
    """Set the one screen up, as a person would."""
    [wayland] = [p for p in (kiosk.folder / "run").glob("wayland-*") if p.suffix != ".lock"]
    environ = {**kiosk.environ, "WAYLAND_DISPLAY": wayland.name}
    subprocess.run(
        ["wlr-randr", "--output", "HEADLESS-1", *how], env=environ, check=True, timeout=10
    )


def test_turned_screen_is_filled(turned: Kiosk) -> None:
    """It is higher than wide, and the page's from corner to corner (row 6)."""
    turned.wait(lambda: is_full_of(turned, GREEN))
    screen = turned.screenshot()
    assert screen.height > screen.width


@pytest.mark.skipif(not BY_RANDR, reason="cage 0.1 can't switch a screen off")
def test_screen_that_is_off_is_no_fault(turned: Kiosk, bridge: BridgeProcess) -> None:
    """The page stays, a press leads on, and the next page is there once it is on (row 6)."""
    starts = turned.said().count("started")
    randr(turned, "--off")
    press(bridge, "button")
    turned.wait(lambda: shown(bridge) == ["open"])
    assert [display["visible"] for display in bridge.health()["displays"]] == [True]
    randr(turned, "--on")
    turned.wait(lambda: is_full_of(turned, BLUE))
    press(bridge, "button")
    turned.wait(lambda: shown(bridge) == ["welcome"])
    assert turned.said().count("started") == starts


@pytest.mark.timeout(90)
def test_stray_page_is_gone_within_20_s(turned: Kiosk, bridge: BridgeProcess) -> None:
    """A page without our script, which a visitor has opened, ends in the exhibit (row 1)."""
    turned.wait(lambda: "its page is live" in turned.said())
    turned.wait(lambda: is_full_of(turned, GREEN))
    begun_s = time.monotonic()
    body = json.dumps({"data": {"leave": "/static/stray.html"}}).encode()
    assert bridge.request("/api/messages", body)[0] == 200
    turned.wait(lambda: is_full_of(turned, STRAY))
    turned.wait(lambda: is_full_of(turned, GREEN), 40)
    assert time.monotonic() - begun_s < 20
