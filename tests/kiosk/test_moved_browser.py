"""A site that forbids frames: the browser is moved to it, and comes back where a press leads."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import PAGE
from harness.other_site import FORBIDS, OtherSite

from gpiobridge.config import load_for_views
from gpiobridge.kiosk import foreign_site
from gpiobridge.kiosk.foreign_site import ForeignSites, boards, forbids_frames

BRIDGE = "http://127.0.0.1:8000"

CONFIG = """\
[server]
beat = "500ms"
[pins]
button = {{ pin = 17, debounce = "0ms" }}
pir = {{ pin = 27, pull = "down", debounce = "0ms" }}

[pages.welcome]
on_low.button = "board"

[pages.board]
url = "{url}"
on_low.button = "welcome"
{more}
"""


@pytest.mark.parametrize(
    ("policies", "options", "forbids"),
    [
        ([], [], False),
        ([], ["DENY"], True),
        ([], ["SAMEORIGIN"], True),
        ([], ["sameorigin, SAMEORIGIN"], True),
        ([], ["ALLOWALL"], False),
        ([], ["ALLOW-FROM https://example.org"], False),
        (["frame-ancestors 'none'"], [], True),
        (["default-src 'self'; frame-ancestors 'self'"], [], True),
        (["frame-ancestors"], [], True),
        (["default-src 'none'"], [], False),
        (["frame-ancestors *"], ["DENY"], False),
        (["frame-ancestors http:"], [], False),
        (["frame-ancestors https:"], [], True),
        ([f"frame-ancestors {BRIDGE}"], [], False),
        (["frame-ancestors 127.0.0.1:8000"], [], False),
        (["frame-ancestors http://127.0.0.1:*"], [], False),
        (["frame-ancestors http://127.0.0.1"], [], True),
        (["frame-ancestors *.example.org"], [], True),
        (["frame-ancestors *, frame-ancestors 'none'"], [], True),
        (["frame-ancestors *; frame-ancestors 'none'"], [], False),
        (["frame-ancestors *", "frame-ancestors 'none'"], [], True),
    ],
)
def test_which_answers_forbid_frames(
    policies: list[str], options: list[str], forbids: bool
) -> None:
    """As browsers read them, for a page of another site."""
    assert forbids_frames(policies, options, BRIDGE) is forbids


class Screen:
    """Stands in for the guard: notes where the browser is moved."""

    def __init__(self) -> None:
        self.visiting = False
        self.moves: list[str] = []

    def visit(self, url: str) -> None:
        """Show a site."""
        self.visiting = True
        self.moves.append(url)

    def lead(self, url: str) -> None:
        """Show a page of the bridge."""
        self.visiting = False
        self.moves.append(url)


class Scene:
    """A bridge and a site that forbids frames, and what moves a kiosk's browser between them.

    Args:
        bridge: the bridge; its page `board` shows the site.
        site: the site.
    """

    def __init__(self, bridge: BridgeProcess, site: OtherSite) -> None:
        self.bridge, self.site, self.screen = bridge, site, Screen()
        settings = load_for_views(bridge.exhibit / "config.toml", {})
        self.sites = ForeignSites(
            boards(settings), bridge.url, "kiosk", "", lambda path, cursor: f"{path} {cursor}"
        )
        self.on = ["board"]  # where the bridge says that this kiosk's displays are

    def attend(self) -> None:
        """Do what the launcher does each time it wakes."""
        now_s = time.monotonic()
        self.sites.attend(now_s, self.on, now_s, self.screen)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Attend until a condition is true."""

        def met() -> bool:
            self.attend()
            return condition()

        wait_until(met)

    def visit(self) -> None:
        """Wait until the browser was moved to the site."""
        self.wait(lambda: self.screen.moves == [self.site.url])
        self.on = []
        self.screen.moves.clear()

    def press(self) -> None:
        """Press the button, and let it go."""
        self.bridge.press("button")


@pytest.fixture
def scene(run_bridge: Run, tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """A function that makes a scene."""
    made: list[Scene] = []

    def make(more: str = "") -> Scene:
        site = OtherSite(FORBIDS)
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates/welcome.html").write_text(PAGE.format(name="welcome"))
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(url=site.url, more=more))
        made.append(Scene(run_bridge(config=file), site))
        return made[-1]

    yield make
    for each in made:
        each.sites.close()
        each.site.stop()
        wait_until(lambda: not [t for t in threading.enumerate() if "gpiobridge-kiosk" in t.name])


def test_the_display_is_alive_while_the_site_is_shown(
    scene: Callable[..., Scene], caplog: pytest.LogCaptureFixture
) -> None:
    """It is shown, under its name; a press leads back, and the next page knows it."""
    caplog.set_level(logging.INFO)
    here = scene()
    here.visit()
    assert "the site of board forbids frames" in caplog.text
    assert here.site.url not in caplog.text  # many a board has a key in its query
    wait_until(lambda: here.bridge.health()["displays"][0]["shown"] is not None)
    [display] = here.bridge.displays()
    assert display == {"name": "kiosk", "page": "board", "visible": True}
    here.press()
    here.wait(lambda: here.screen.moves != [])
    [back] = here.screen.moves
    path, cursor = back.split()
    assert path == "/welcome"
    assert cursor.endswith(":1")  # the low; the high that followed may be caught up
    assert here.bridge.health()["displays"] == []


def test_the_lockout_holds_on_the_site(scene: Callable[..., Scene]) -> None:
    """A press in it does nothing; a later one leads on."""
    here = scene('lockout = "60s"')
    here.visit()
    here.press()
    here.attend()
    assert here.screen.moves == []
    here.sites._visit._begun_s -= 60  # type: ignore[union-attr]
    here.attend()

    def leads() -> bool:
        here.press()  # again and again: the word that presses count may still be on its way
        here.attend()
        return here.screen.moves != []

    wait_until(leads)
    assert here.screen.moves[0].startswith("/welcome ")


def test_a_lockout_that_ends_as_the_visit_begins(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Presses count then: the launcher's word may come before that of the socket's thread."""
    say = foreign_site._Visit._say

    def interrupted(visit: foreign_site._Visit, frame: Mapping[str, Any]) -> None:
        if frame.get("since_ms", 0) is None:
            visit.attend(math.inf)
        say(visit, frame)

    monkeypatch.setattr(foreign_site._Visit, "_say", interrupted)
    here = scene('lockout = "60s"')
    here.visit()

    def leads() -> bool:
        here.press()
        here.attend()
        return here.screen.moves != []

    wait_until(leads)


def test_a_phone_with_the_kiosk_s_name_moves_it_nowhere(scene: Callable[..., Scene]) -> None:
    """It is on the page, and the kiosk on another one: the bridge can't tell which is which."""
    here = scene()
    here.on = ["board", "welcome"]
    here.wait(lambda: here.sites.expecting)
    for _ in range(5):
        here.attend()
    assert here.screen.moves == []
    here.on = ["board", "board"]
    here.visit()


def test_nobody_uses_the_site(scene: Callable[..., Scene]) -> None:
    """It leads home by itself; not while a pin that keeps it in use is active."""
    here = scene('idle = { after = "1s", to = "welcome", pins = ["pir"] }')
    here.bridge.set_level("pir", "high")
    here.visit()
    begun_s = time.monotonic()
    here.wait(lambda: time.monotonic() - begun_s > 1.5)
    assert here.screen.moves == []
    here.bridge.set_level("pir", "low")
    here.wait(lambda: here.screen.moves != [])
    assert here.screen.moves[0].startswith("/welcome ")
    here.bridge.wait_for_line("idle: board leads to welcome")


def test_a_site_that_goes_away(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page around it comes back, which says so; and the site again once it answers."""
    monkeypatch.setattr(foreign_site, "_VISITED_S", 0.1)
    monkeypatch.setattr(foreign_site, "_AGAIN_S", 0.1)
    here = scene()
    here.visit()
    here.site.stop()
    here.wait(lambda: here.screen.moves != [])
    assert here.screen.moves.pop().startswith("/board ")
    here.on = ["board"]
    here.attend()
    assert here.screen.moves == []
    here.site.start()
    here.visit()


def test_another_display_uses_its_own_button(scene: Callable[..., Scene]) -> None:
    """Only the pins that this display obeys keep the site in use."""
    here = scene('idle = { after = "1s", to = "welcome" }\n[displays.kiosk]\npins = ["pir"]')
    here.bridge.set_level("button", "low")
    here.visit()
    here.wait(lambda: here.screen.moves != [])
    assert here.screen.moves[0].startswith("/welcome ")


def test_a_guard_that_has_led_home(scene: Callable[..., Scene]) -> None:
    """The page's socket is given up: the exhibit's own page has one."""
    here = scene()
    here.visit()
    here.screen.visiting = False
    here.wait(lambda: here.bridge.health()["displays"] == [])
    assert here.screen.moves == []


def test_a_site_that_allows_frames_stays_in_its_frame(scene: Callable[..., Scene]) -> None:
    """The browser isn't moved."""
    here = scene()
    here.site.headers = {}
    asked = len(here.site.asked)
    here.sites.close()
    here = Scene(here.bridge, here.site)
    try:
        here.wait(lambda: len(here.site.asked) > asked)
        for _ in range(5):
            here.attend()
        assert here.screen.moves == []
        assert not here.sites.expecting
    finally:
        here.sites.close()
