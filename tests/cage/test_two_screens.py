"""Two screens on one machine, each with a kiosk of its own, under sway: one page each.

What each is like is looked at in screenshots: a page shows what its browser tells it.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess

from .exhibit import BLUE, GREEN, page, press
from .screen import Colour, Kiosk, near, processes_with

CONFIG = """\
[server]
beat = "500ms"
port = {port}

[pins]
left-button = 17
right-button = 27

[displays.left]
connector = "HEADLESS-1"
pins = ["left-button"]

[displays.right]
connector = "HEADLESS-2"
rotate = 90
scale = 1.25
reduced_motion = true
contrast = "more"
start = "open"
pins = ["right-button"]

[pages.welcome]
on_low.left-button = "open"
on_low.right-button = "open"

[pages.open]
on_low.left-button = "welcome"
on_low.right-button = "welcome"
"""

LEFT, RIGHT = "HEADLESS-1", "HEADLESS-2"
YES, NO = (255, 255, 255), (0, 0, 0)

# Squares of 20 CSS pixels from the left, each white if it is so.
TOLD = (
    'matchMedia("(prefers-reduced-motion: reduce)").matches',
    'matchMedia("(prefers-contrast: more)").matches',
    'matchMedia("(forced-colors: active)").matches',
    "innerWidth === 1280 && innerHeight === 720 && devicePixelRatio === 1",
    "innerWidth === 864 && innerHeight === 1536",
)
SQUARES = """
<script>
  for (const [place, isSo] of [{}].entries()) {{
    const square = document.body.appendChild(document.createElement("div"));
    square.style = "position: fixed; top: 100px; width: 20px; height: 20px";
    square.style.left = `${{20 * place}}px`;
    (function look() {{
      square.style.background = isSo() ? "white" : "black";
      requestAnimationFrame(look);
    }})();
  }}
</script>
""".format(", ".join(f"() => {each}" for each in TOLD))


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """A bridge with a green page and a blue one, and a button for each screen."""
    folder = tmp_path_factory.mktemp("bridge")
    (folder / "templates").mkdir()
    (folder / "templates" / "welcome.html").write_text(page("welcome", GREEN) + SQUARES)
    (folder / "templates" / "open.html").write_text(page("open", BLUE) + SQUARES)
    config = folder / "config.toml"
    config.write_text(CONFIG.format(port=0))
    running = BridgeProcess(config, "telling")
    # For the kiosks, which find the bridge by its configuration.
    config.write_text(CONFIG.format(port=running.port))
    yield running
    running.kill()


@pytest.fixture(scope="module")
def wall(bridge: BridgeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """The unit's command for two screens, on this bridge; the second one is plugged in late."""
    config = Path(bridge.process.args[-1])  # type: ignore[index]
    kiosk = Kiosk(tmp_path_factory.mktemp("wall"), config, outputs=1)
    try:
        kiosk.wait(lambda: pages(bridge)["left"] == ["welcome"] and shows(kiosk, LEFT, GREEN), 40)
        assert "there is no screen" in kiosk.said()
        assert browser(kiosk, "right") == []
        sway(kiosk, "create_output")
        kiosk.wait(lambda: pages(bridge) == {"left": ["welcome"], "right": ["open"]}, 40)
        yield kiosk
    finally:
        kiosk.kill()


def pages(bridge: BridgeProcess) -> dict[str, list[str]]:
    """The pages that each display shows."""
    found: dict[str, list[str]] = {"left": [], "right": []}
    for display in bridge.health()["displays"]:
        if display["visible"]:
            found[display["name"]].append(display["page"])
    return found


def proven(bridge: BridgeProcess) -> list[str]:
    """The displays that have proven to be of a kiosk of this machine."""
    told = json.loads(bridge.get("/of-kiosk")[1])
    return sorted(name for name, _, is_proven in told if is_proven)


def shows(wall: Kiosk, output: str, colour: Colour) -> bool:
    """Whether a page's colour is what an output shows from edge to edge, but for its squares."""
    screen = wall.screenshot(output)
    corners = [screen.at(x, y) for x in (0, -1) for y in (1, -2)]
    return all(near(corner, colour) for corner in corners) and screen.share(colour) > 0.95


def told(wall: Kiosk, output: str, scale: float = 1.0) -> list[Colour]:
    """The colours of the squares on an output."""
    screen = wall.screenshot(output)
    places = (20 * number + 10 for number in range(len(TOLD)))
    return [screen.at(round(scale * place), round(scale * 110)) for place in places]


def browser(wall: Kiosk, name: str) -> list[int]:
    """The main process of a display's browser."""
    folder = f"--user-data-dir={wall.folder}/state/{name} "
    return [pid for pid, line in processes_with(folder) if "--type=" not in line]


def launcher(wall: Kiosk, name: str) -> list[int]:
    """The launcher of a display's browser."""
    mine = wall.processes()
    lines = processes_with(f"--display {name} ")
    return [pid for pid, line in lines if pid in mine and " -m gpiobridge kiosk " in line[:200]]


def sway(wall: Kiosk, *words: str) -> None:
    """Give sway an order, as a person would."""
    [socket] = (wall.folder / "run").glob("sway-ipc.*")
    environ = {**wall.environ, "SWAYSOCK": str(socket)}
    subprocess.run(
        ["swaymsg", *words], env=environ, check=True, timeout=10, stdout=subprocess.DEVNULL
    )


@pytest.mark.timeout(60)
def test_each_screen_has_its_page(wall: Kiosk, bridge: BridgeProcess) -> None:
    """From edge to edge; one screen is turned. Each kiosk proves itself."""
    wall.wait(lambda: shows(wall, LEFT, GREEN) and shows(wall, RIGHT, BLUE))
    left, right = (wall.screenshot(output) for output in (LEFT, RIGHT))
    assert (left.width, left.height) == (1280, 720)
    assert (right.width, right.height) == (1080, 1920)
    assert proven(bridge) == ["left", "right"]
    # Each has its own file with its own secrets, where its browser's policy lets it begin.
    assert all((wall.folder / name / "start.html").exists() for name in ("left", "right"))


def test_each_browser_tells_its_pages_what_is_written(wall: Kiosk) -> None:
    """Its size by scale and turn, less motion, more contrast; the page keeps its own colours."""
    wall.wait(lambda: told(wall, LEFT) == [NO, NO, NO, YES, NO])
    wall.wait(lambda: told(wall, RIGHT, 1.25) == [YES, YES, NO, NO, YES])


@pytest.mark.timeout(60)
def test_press_moves_its_own_screen(wall: Kiosk, bridge: BridgeProcess) -> None:
    """The other one stays where it is."""
    press(bridge, "left-button")
    wall.wait(lambda: shows(wall, LEFT, BLUE))
    assert pages(bridge) == {"left": ["open"], "right": ["open"]}
    press(bridge, "right-button")
    wall.wait(lambda: shows(wall, RIGHT, GREEN))
    assert pages(bridge) == {"left": ["open"], "right": ["welcome"]}
    assert shows(wall, LEFT, BLUE)
    press(bridge, "left-button")
    press(bridge, "right-button")
    wall.wait(lambda: pages(bridge) == {"left": ["welcome"], "right": ["open"]})


@pytest.mark.timeout(60)
@pytest.mark.parametrize("killed", [browser, launcher])
@pytest.mark.parametrize(
    ("name", "other", "output", "colour"),
    [("left", "right", LEFT, GREEN), ("right", "left", RIGHT, BLUE)],
)
def test_killed_kiosk_comes_back(
    wall: Kiosk,
    bridge: BridgeProcess,
    killed: object,
    name: str,
    other: str,
    output: str,
    colour: Colour,
) -> None:
    """By itself, at its start page and on its own screen; nobody touches the other one."""
    assert callable(killed)
    wall.wait(lambda: all(len(browser(wall, each)) == 1 for each in (name, other)))
    stays = browser(wall, other), launcher(wall, other), pages(bridge)[other]
    [old] = killed(wall, name)
    [gone] = browser(wall, name)
    os.kill(old, signal.SIGKILL)
    wall.wait(lambda: gone not in browser(wall, name))
    wall.wait(lambda: len(browser(wall, name)) == 1 and len(pages(bridge)[name]) == 1, 40)
    wall.wait(lambda: shows(wall, output, colour))
    wall.wait(lambda: proven(bridge) == ["left", "right"])
    assert (browser(wall, other), launcher(wall, other), pages(bridge)[other]) == stays


def test_end_of_the_compositor(wall: Kiosk, bridge: BridgeProcess) -> None:
    """When sway is stopped, nothing of either kiosk is left within a few seconds."""
    assert wall.stop() < 5
    assert bridge.health()["displays"] == []
