"""The kiosk on the stage: a press swaps two frames, and no fault shows an error page.

`test_cage` has the scenes that a kiosk without a stage goes through as well.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess

from .exhibit import BLUE, GREEN, READY_CONFIG, is_full_of, page, press, shown
from .screen import Kiosk

# It runs for ever while it waits behind another page.
LOOPS = """\
<script>
  while (document.prerendering);
</script>
"""


class Hall:
    """A kiosk and its bridge, which can be killed and started again.

    Args:
        folder: for all that they write.
        opens: more for the blue page, which is held ready behind the green one.
    """

    def __init__(self, folder: Path, opens: str = "") -> None:
        (folder / "templates").mkdir()
        for name, text in (("welcome", page("welcome", GREEN)), ("open", page("open", BLUE))):
            more = opens if name == "open" else ""
            (folder / "templates" / f"{name}.html").write_text(text + more)
        self.config = folder / "config.toml"
        self.config.write_text(READY_CONFIG.format(port=0, token=""))
        self.bridge = BridgeProcess(self.config)
        self.config.write_text(READY_CONFIG.format(port=self.bridge.port, token=""))
        (folder / "kiosk").mkdir()
        self.kiosk = Kiosk(folder / "kiosk", self.config)

    def start_bridge(self) -> None:
        """Start the bridge again, on its port."""
        self.bridge = BridgeProcess(self.config, port=self.bridge.port)

    def shows(self, name: str, colour: tuple[int, int, int]) -> Callable[[], bool]:
        """Make a condition: the page is shown, and fills the screen."""
        return lambda: shown(self.bridge) == [name] and is_full_of(self.kiosk, colour)

    def press(self, name: str, colour: tuple[int, int, int]) -> None:
        """Press, and wait for the next page."""
        press(self.bridge, "button")
        self.kiosk.wait(self.shows(name, colour))

    def close(self) -> None:
        """End both."""
        self.kiosk.kill()
        self.bridge.kill()


@pytest.fixture
def open_hall(tmp_path: Path) -> Iterator[Callable[..., Hall]]:
    """A function that starts a kiosk and its bridge."""
    halls: list[Hall] = []

    def start(opens: str = "") -> Hall:
        halls.append(Hall(tmp_path, opens))
        halls[0].kiosk.wait(halls[0].shows("welcome", GREEN), 40)
        return halls[0]

    yield start
    for hall in halls:
        hall.close()


@pytest.mark.timeout(120)
def test_a_dead_bridge_leaves_its_page_on_the_screen(open_hall: Callable[..., Hall]) -> None:
    """The screen keeps the page while the bridge is gone; then a press moves it again."""
    hall = open_hall()
    [old] = hall.kiosk.settled()
    for name, colour, before in (("open", BLUE, GREEN), ("welcome", GREEN, BLUE)):
        hall.bridge.kill()
        until_s = time.monotonic() + 4
        while time.monotonic() < until_s:
            assert is_full_of(hall.kiosk, before)
        hall.start_bridge()
        hall.kiosk.wait(lambda: len(shown(hall.bridge)) == 1)
        hall.press(name, colour)
    assert hall.kiosk.browsers() == [old]


@pytest.mark.timeout(120)
def test_a_page_that_hangs_while_it_is_held_ready(open_hall: Callable[..., Hall]) -> None:
    """The browser is restarted once: then the page isn't held ready, and the exhibit stays."""
    hall = open_hall(LOOPS)
    hall.kiosk.wait(lambda: "its page has not been alive" in hall.kiosk.said(), 40)
    hall.bridge.wait_for_line("page open is not held ready behind other pages any more")
    hall.kiosk.wait(hall.shows("welcome", GREEN), 40)
    until_s = time.monotonic() + 5  # a display that hangs is dropped after two seconds
    while time.monotonic() < until_s:
        assert hall.shows("welcome", GREEN)()
    assert hall.kiosk.said().count(": started ") == 2
