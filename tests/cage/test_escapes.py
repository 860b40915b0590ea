"""Whatever a visitor presses or taps, the exhibit fills the screen and hears the keyboard.

`escapes` has all the ways out; here are those that people find first. A way is over when the page
fills the screen and a letter that was typed has reached it: then no dialog, window or address bar
has the keyboard either.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpiobridge.kiosk.chromium_policy import START_PAGE

from .escapes import BACK_S, BLUE, ESCAPES, GREEN, Escape, Room, fills_the_screen, room
from .exhibit import press
from .screen import processes_with

FIRST_FOUND = """ctrl+t ctrl+n ctrl+shift+n F1 ctrl+h ctrl+j ctrl+p ctrl+o ctrl+s alt+F4
ctrl+shift+Delete ctrl+w ctrl+f ctrl+l shift+Escape F7 F11 F12 ctrl+plus"""
# What needs no key of the kiosk's keyboard.
TAPPED = [
    "click: blank",
    "click: blank on the bridge",
    "click: window.open",
    "click: link elsewhere",
    "click: download",
    "click: mailto",
    "click: file",
    "click: chrome",
    "click: midi",
    "click: print",
    "click: notification",
    "click: picture in picture",
    "middle click: link elsewhere",
    "shift+click: blank",
]
# What a page in the stage's frame can do to the tab around it.
FRAMED = [
    "click: sign-in of a link",
    "click: sign-in of a picture",
    "click: top",
    "click: target top",
    "click: top nothing",
    "click: top blob",
    "click: nothing",
    "click: question at the end",
    "click: parent emptied",
    "click: parent written",
]
# What the debugging pipe and the policy have to end alone, where the keyboard is the system's.
OPENED = (
    """ctrl+t ctrl+n ctrl+shift+n F1 ctrl+h ctrl+j ctrl+p ctrl+o ctrl+s ctrl+shift+Delete F11"""
)


def named(name: str) -> Escape:
    """The way out of this name."""
    return next(escape for escape in ESCAPES if escape.name == name)


def comes_back(tried: Room, escape: Escape) -> bool:
    """Go a way, and say whether the exhibit is there again within 5 s, and hears a letter."""
    before = GREEN if fills_the_screen(tried.kiosk, GREEN) else BLUE
    key, after = ("x", BLUE) if before == GREEN else ("c", GREEN)
    escape.do(tried.visitor)
    until_s = time.monotonic() + BACK_S
    while time.monotonic() < until_s:
        tried.visitor.press(key)
        if fills_the_screen(tried.kiosk, after) and len(tried.pages()) == 1:
            return True
    return False


def those_that_lead_out(tried: Room, names: list[str]) -> list[str]:
    """Try ways, one after the other, and list those from which the exhibit doesn't come back."""
    found = []
    for name in names:
        if not comes_back(tried, named(name)):
            found.append(name)
            tried.again()
    return found


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The unit's kiosk, with its keyboard, its policy and the pipe."""
    with room(tmp_path_factory.mktemp("locked")) as opened:
        yield opened


@pytest.mark.timeout(120)
def test_no_key_leads_out(locked: Room) -> None:
    """The keys that open a tab, a window or a dialog elsewhere do nothing (row 2)."""
    assert those_that_lead_out(locked, FIRST_FOUND.split()) == []
    assert "closed another window" not in locked.kiosk.said()


@pytest.mark.timeout(120)
def test_no_tap_leads_out(locked: Room) -> None:
    """Whatever a link or a button of the page opens is gone within 5 s (row 1, row 2)."""
    assert those_that_lead_out(locked, TAPPED) == []


@pytest.mark.timeout(120)
def test_no_framed_page_leads_out(locked: Room) -> None:
    """Nor does a page that leaves the stage, writes over it or asks for a password (row 2)."""
    [pid] = [pid for pid, line in processes_with("--kiosk") if str(locked.kiosk.folder) in line]
    assert "/gpiobridge/stage" in Path(f"/proc/{pid}/root{START_PAGE}").read_text()
    assert those_that_lead_out(locked, FRAMED) == []


@pytest.mark.timeout(120)
def test_a_prerendered_page_is_shown(locked: Room) -> None:
    """A page that was loaded ahead, which turns blue when it is shown, is shown (row 2)."""
    locked.again()
    press(locked.bridge, "button")
    locked.kiosk.wait(lambda: locked.pages() == ["open"])
    locked.kiosk.wait(lambda: fills_the_screen(locked.kiosk, BLUE))
    assert "closed another window" not in locked.kiosk.said()


@pytest.mark.timeout(120)
def test_windows_are_closed_with_the_systems_keyboard(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Without the kiosk's keyboard the pipe closes what opens, and no dialog comes (row 2)."""
    with room(tmp_path_factory.mktemp("opened"), frozenset({"keyboard"})) as opened:
        assert those_that_lead_out(opened, OPENED.split()) == []
        assert opened.kiosk.said().count("closed another window") >= 4


@pytest.mark.timeout(120)
def test_without_any_of_it_a_key_leads_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    """These tests can fail: without keyboard, policy and pipe a new tab stays (row 2)."""
    without = frozenset({"keyboard", "policy", "pipe"})
    with room(tmp_path_factory.mktemp("open"), without) as opened:
        assert not comes_back(opened, named("ctrl+t"))


@pytest.mark.timeout(120)
def test_no_command_line_has_the_token(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The unit's kiosk knows the bridge's token, and none of its processes shows it (row 3)."""
    token = "only-for-this-kiosk"
    folder: Path = tmp_path_factory.mktemp("token")
    with room(folder, token=token) as opened:
        assert len(opened.kiosk.processes()) > 3
        assert processes_with(token) == []
