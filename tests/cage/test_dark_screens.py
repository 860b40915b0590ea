"""Two kiosks under sway, at night: one screen is switched by sway, the other by commands.

sway 1.7 can't switch off an output without a screen (wlroots 0.15 refuses). So a stand-in for
swaymsg notes what it was told, and says it of the outputs; all else is sway's own.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess

from .exhibit import BLUE, GREEN, page, press
from .screen import Kiosk, near, processes_with

CONFIG = """\
[server]
beat = "500ms"
port = {port}
api = "local"

[pins]
left-button = 17
right-button = 27

[hours]
open = ["00:00-24:00"]
page = "closed"
trust_clock = true
screen = "off"
wake = "8s"

[displays.left]
connector = "HEADLESS-1"
pins = ["left-button"]

[displays.right]
connector = "HEADLESS-2"
pins = ["right-button"]

[displays.right.hours.screen]
off = ["/bin/sh", "-c", "echo off >>{told}"]
on = ["/bin/sh", "-c", "echo on >>{told}"]

[pages.welcome]
on_low.left-button = "closed"
on_low.right-button = "closed"

[pages.closed]
"""

SWAYMSG = """\
#!{python} -SE
import json, subprocess, sys
from pathlib import Path

words, file = sys.argv[1:], Path("{off}")
off = json.loads(file.read_text())
if words[0] == "output" and words[2] in ("dpms", "power"):
    off[words[1]] = words[3] == "off"
    file.write_text(json.dumps(off))
    sys.exit()
done = subprocess.run(["/usr/bin/swaymsg", *words], capture_output=True)
out = done.stdout
if words[:2] == ["-t", "get_outputs"]:
    outputs = json.loads(out)
    for output in outputs:
        output["dpms"] = not off.get(output["name"], False)
    out = json.dumps(outputs).encode()
sys.stdout.buffer.write(out)
sys.stderr.buffer.write(done.stderr)
sys.exit(done.returncode)
"""

LEFT, RIGHT = "HEADLESS-1", "HEADLESS-2"
LONGER_S = 15.0  # than a page may be hidden while it is open (`liveness.LOST_S`)


class Hall:
    """The kiosks of two screens, and their bridge.

    Args:
        folder: for all that they write.
    """

    def __init__(self, folder: Path) -> None:
        self._off, self._told = folder / "off.json", folder / "told"
        self._off.write_text("{}")
        self._told.touch()
        (folder / "templates").mkdir()
        for name, colour in (("welcome", GREEN), ("closed", BLUE)):
            (folder / "templates" / f"{name}.html").write_text(page(name, colour))
        config = folder / "config.toml"
        config.write_text(CONFIG.format(port=0, told=self._told))
        self.bridge = BridgeProcess(config)
        # For the kiosks, which find the bridge by its configuration.
        config.write_text(CONFIG.format(port=self.bridge.port, told=self._told))
        programs = folder / "bin"
        programs.mkdir()
        swaymsg = programs / "swaymsg"
        swaymsg.write_text(SWAYMSG.format(python=sys.executable, off=self._off))
        swaymsg.chmod(0o755)
        (folder / "kiosk").mkdir()
        path = {"PATH": f"{programs}:/usr/bin:/bin"}
        self.kiosk = Kiosk(folder / "kiosk", config, environ=path, outputs=2)

    @property
    def off(self) -> tuple[bool, bool]:
        """Whether the left and the right screen have been switched off."""
        off = json.loads(self._off.read_text() or "{}")
        told = self._told.read_text().split()
        return off.get(LEFT, False), told[-1:] == ["off"]

    @property
    def pages(self) -> dict[str, list[str]]:
        """The pages that each display is on."""
        found: dict[str, list[str]] = {"left": [], "right": []}
        for display in self.bridge.health()["displays"]:
            found[display["name"]].append(display["page"])
        return found

    @property
    def browsers(self) -> list[int]:
        """The main processes of the browsers."""
        lines = processes_with(f"--user-data-dir={self.kiosk.folder}/state/")
        return sorted(pid for pid, line in lines if "--type=" not in line)

    def shows(self, output: str, colour: tuple[int, int, int]) -> bool:
        """Whether an output is full of a colour."""
        screen = self.kiosk.screenshot(output)
        corners = [screen.at(x, y) for x in (0, -1) for y in (0, -1)]
        return all(near(corner, colour) for corner in corners) and screen.share(colour) > 0.95

    def order(self, verb: str) -> None:
        """Open or close it by hand."""
        body = json.dumps({"hours": verb, "for": "1h"}).encode()
        headers = {"Content-Type": "application/json"}
        assert self.bridge.request("/api/hours", body, headers=headers)[0] == 204


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    """Both kiosks, at work."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state-of-bridge"))
    hall = Hall(tmp_path)
    try:
        both = {"left": ["welcome"], "right": ["welcome"]}
        hall.kiosk.wait(lambda: hall.pages == both and hall.shows(LEFT, GREEN), 60)
        hall.kiosk.wait(lambda: hall.kiosk.said().count("its page is live") == 2)
        yield hall
    finally:
        hall.kiosk.kill()
        hall.bridge.kill()


@pytest.mark.timeout(180)
def test_a_night(hall: Hall) -> None:
    """Both screens go off; a press wakes its own one, and nothing else; nothing is restarted."""
    browsers = hall.browsers
    assert len(browsers) == 2
    assert hall.off == (False, False)
    hall.order("close")
    hall.kiosk.wait(lambda: hall.off == (True, True))
    assert hall.pages == {"left": ["closed"], "right": ["closed"]}
    until_s = time.monotonic() + LONGER_S
    hall.kiosk.wait(lambda: time.monotonic() > until_s)
    press(hall.bridge, "left-button")
    hall.kiosk.wait(lambda: hall.off == (False, True), 6)
    hall.kiosk.wait(lambda: hall.shows(LEFT, BLUE))
    hall.kiosk.wait(lambda: hall.off == (True, True))
    press(hall.bridge, "right-button")
    hall.kiosk.wait(lambda: hall.off == (True, False), 6)
    hall.order("open")
    hall.kiosk.wait(lambda: hall.off == (False, False), 6)
    hall.kiosk.wait(lambda: hall.pages == {"left": ["welcome"], "right": ["welcome"]})
    hall.kiosk.wait(lambda: hall.shows(LEFT, GREEN) and hall.shows(RIGHT, GREEN))
    assert hall.browsers == browsers
    assert "restarted" not in hall.kiosk.said()
    assert "can't be switched" not in hall.kiosk.said()
