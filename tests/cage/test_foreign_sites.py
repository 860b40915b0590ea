"""The kiosk and sites of somebody else: one allows frames, one forbids them, one goes away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.other_site import FORBIDS, OtherSite

from .exhibit import GREEN, is_full_of, page, press, shown
from .screen import Kiosk
from .visitor import with_policy

RED, BLUE = (200, 40, 40), (32, 64, 208)

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
        self.bridge = BridgeProcess(config)
        config.write_text(CONFIG.format(port=self.bridge.port, **urls))
        (folder / "kiosk").mkdir()
        self.kiosk = Kiosk(folder / "kiosk", config)

    def wait_for(self, name: str, colour: tuple[int, int, int], limit_s: float = 20.0) -> None:
        """Wait until the page's display is alive, and a colour fills the screen."""
        self.kiosk.wait(
            lambda: shown(self.bridge) == [name] and is_full_of(self.kiosk, colour), limit_s
        )

    def close(self) -> None:
        """End all of it."""
        self.kiosk.kill()
        self.bridge.kill()
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
