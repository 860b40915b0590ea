"""The kiosk and sites of somebody else: one allows frames, one forbids them, one goes away."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.other_site import FORBIDS, OtherSite

from .exhibit import GREEN, is_full_of, page, press, shown
from .screen import Kiosk
from .visitor import environment, with_policy, x_server

RED, BLUE = (200, 40, 40), (32, 64, 208)
GROUND = (0xF2, 0xF1, 0xEE)  # of the page around a site (site.css)

CONFIG = """\
[server]
beat = "500ms"
port = {port}

[pins]
button = 17
door = 27

[pages.welcome]
on_low.button = "allows"
on_low.door = "forbids"

[pages.allows]
url = "{allows}"
on_low.button = "welcome"
on_low.door = "forbids"

[pages.forbids]
url = "{forbids}"
on_low.button = "welcome"
on_low.door = "allows"
"""


class Hall:
    """A kiosk, its bridge, and two other sites; with Chromium's policy as the unit has it.

    Args:
        folder: for all that they write.
    """

    def __init__(self, folder: Path) -> None:
        self.allows, self.forbids = OtherSite(), OtherSite(FORBIDS)
        self.allows.body, self.forbids.body = page("allows", BLUE), page("forbids", RED)
        (folder / "templates").mkdir()
        (folder / "templates/welcome.html").write_text(page("welcome", GREEN))
        config = folder / "config.toml"
        urls = {"allows": self.allows.url, "forbids": self.forbids.url}
        config.write_text(CONFIG.format(port=0, **urls))
        self._config = config
        self.bridge = BridgeProcess(config)
        config.write_text(CONFIG.format(port=self.bridge.port, **urls))
        (folder / "kiosk").mkdir()
        self._ending = contextlib.ExitStack()
        self.visitor = self._ending.enter_context(x_server(folder, locked=True))
        self.kiosk = Kiosk(
            folder / "kiosk",
            config,
            inside=with_policy(config, folder),
            environ=environment(self.visitor, folder, locked=True),
        )

    def wait_for(self, name: str, colour: tuple[int, int, int], limit_s: float = 20.0) -> None:
        """Wait until the page's display is alive, and a colour fills the screen."""
        self.kiosk.wait(
            lambda: shown(self.bridge) == [name] and is_full_of(self.kiosk, colour), limit_s
        )

    def restart_bridge(self) -> None:
        """Kill the bridge, and start it again on its port."""
        self.bridge.kill()
        self.bridge = BridgeProcess(self._config, port=self.bridge.port)

    def wait_for_sentence(self, name: str) -> None:
        """Wait until the page's display is alive, and nothing but a sentence is on the screen."""

        def says() -> bool:
            ground = self.visitor.look().share(GROUND)
            return shown(self.bridge) == [name] and 0.9 < ground < 0.999

        self.kiosk.wait(says, 40)

    def close(self) -> None:
        """End all of it."""
        self.kiosk.kill()
        self.bridge.kill()
        self._ending.close()
        for site in (self.allows, self.forbids):
            site.stop()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A hall whose kiosk shows the exhibit's own page."""
    made = Hall(tmp_path)
    try:
        made.wait_for("welcome", GREEN, 40)
        yield made
    finally:
        made.close()


@pytest.mark.timeout(180)
def test_each_site_is_reached_and_left_by_a_press(hall: Hall) -> None:
    """The one in a frame, the other by itself; the browser is never restarted."""
    for pin, name, colour in (
        ("button", "allows", BLUE),
        ("button", "welcome", GREEN),
        ("door", "forbids", RED),
        ("button", "welcome", GREEN),
        ("door", "forbids", RED),
        ("door", "allows", BLUE),
        ("door", "forbids", RED),
        ("button", "welcome", GREEN),
    ):
        press(hall.bridge, pin)
        hall.wait_for(name, colour)
    assert hall.kiosk.said().count(": started ") == 1


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("pin", "name", "colour"), [("button", "allows", BLUE), ("door", "forbids", RED)]
)
def test_a_site_that_was_away_comes_back(
    hall: Hall, pin: str, name: str, colour: tuple[int, int, int]
) -> None:
    """At the press, and while it is shown: a sentence, and the site again by itself."""
    site = hall.allows if name == "allows" else hall.forbids
    site.body += "<script>setTimeout(() => location.reload(), 2000)</script>"
    site.stop()
    press(hall.bridge, pin)
    hall.wait_for_sentence(name)
    site.start()
    hall.wait_for(name, colour)
    site.stop()  # its page loads itself anew
    hall.wait_for_sentence(name)
    site.start()
    hall.wait_for(name, colour)
    press(hall.bridge, "button")
    hall.wait_for("welcome", GREEN)
    assert hall.kiosk.said().count(": started ") == 1


@pytest.mark.timeout(180)
def test_a_tab_that_crashes_on_a_site(hall: Hall) -> None:
    """It is replaced, and the exhibit begins anew."""
    press(hall.bridge, "door")
    hall.wait_for("forbids", RED)
    for pid in hall.kiosk.renderers():
        os.kill(pid, signal.SIGKILL)
    hall.wait_for("welcome", GREEN)
    press(hall.bridge, "door")
    hall.wait_for("forbids", RED)


@pytest.mark.timeout(180)
def test_a_bridge_that_restarts_meanwhile(hall: Hall) -> None:
    """The site stays on the screen, its display comes back, and a press leads on."""
    press(hall.bridge, "door")
    hall.wait_for("forbids", RED)
    hall.restart_bridge()
    hall.wait_for("forbids", RED)
    press(hall.bridge, "button")
    hall.wait_for("welcome", GREEN)
    assert hall.kiosk.said().count(": started ") == 1
