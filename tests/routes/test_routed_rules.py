"""Rules that lead the displays that they name, whatever page these are on."""

import contextlib
from collections.abc import Iterator

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.sockets import close_of, frame
from websockets.sync.client import ClientConnection

CONFIG = """
[pins]
red = {{ pin = 17, debounce = "0ms" }}
green = {{ pin = 27, debounce = "0ms" }}
reset = {{ source = "http", debounce = "0ms" }}

[every_page]
on_press.reset = {{ to = "start", group = "wall" }}

[pages.start]
template = "welcome.html"
[pages.desk]
template = "welcome.html"
on_low.red = {{ to = "film", displays = ["left"] }}
[pages.tablet]
template = "welcome.html"
on_low.red = {{ to = "film", displays = ["desk"] }}
on_low.green = {{ to = "film", displays = ["left", "desk"] }}
[pages.clock]
template = "welcome.html"
on_low.red = "start"
[pages.locked]
template = "welcome.html"
lockout = "1m"
[pages.film]
template = "welcome.html"

[displays.left]
pins = ["green"]
group = "wall"
[displays.right]
group = "wall"
[displays.desk]
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge whose pages lead each other's displays; the tests share it."""
    return share_bridge(config=CONFIG)


@contextlib.contextmanager
def display(
    bridge: BridgeProcess, name: str, page: str, query: str = ""
) -> Iterator[ClientConnection]:
    """Open the socket of a display on a page, and read its first frame."""
    with bridge.socket(page, f"?display={name}{query}") as opened:
        assert frame(opened)["type"] == "state"
        yield opened


def stays(socket: ClientConnection, pin: str) -> None:
    """Check that a display hears of a press of this pin, and stays."""
    assert frame(socket, "edge")["pin"] == pin
    assert frame(socket, "edge")["event"] == "high"


def press(bridge: BridgeProcess, pin: str) -> None:
    """Press and release."""
    bridge.set_level(pin, "low")
    bridge.set_level(pin, "high")


def test_a_press_leads_the_display_that_its_rule_names(bridge: BridgeProcess) -> None:
    """Though that is on another page, and doesn't obey the pin; all others stay."""
    with (
        display(bridge, "left", "start") as left,
        display(bridge, "right", "start") as right,
        display(bridge, "desk", "desk") as desk,
    ):
        press(bridge, "red")
        assert close_of(left) == (4000, "/film")
        stays(right, "red")
        stays(desk, "red")


def test_a_rule_counts_while_a_display_shows_its_page(bridge: BridgeProcess) -> None:
    """Nobody is at the desk, so its button leads nowhere."""
    with display(bridge, "left", "start") as left:
        press(bridge, "red")
        stays(left, "red")


def test_a_display_that_is_there_stays(bridge: BridgeProcess) -> None:
    """It isn't loaded anew."""
    with display(bridge, "left", "film") as left, display(bridge, "desk", "desk"):
        press(bridge, "red")
        stays(left, "red")


def test_a_display_whose_page_takes_no_presses_stays(bridge: BridgeProcess) -> None:
    """A page that is locked is left by no press, wherever its rule stands."""
    with (
        display(bridge, "left", "locked", "&taking=none") as left,
        display(bridge, "desk", "desk"),
    ):
        press(bridge, "red")
        stays(left, "red")


def test_the_page_that_a_display_is_on_goes_first(bridge: BridgeProcess) -> None:
    """It has a rule of its own for this event."""
    with display(bridge, "desk", "clock") as desk, display(bridge, "phone", "tablet"):
        press(bridge, "red")
        assert close_of(desk) == (4000, "/start")


def test_a_group_from_every_page(bridge: BridgeProcess) -> None:
    """Each of them, on any page; whoever doesn't belong to it stays."""
    with (
        display(bridge, "left", "film") as left,
        display(bridge, "right", "locked") as right,
        display(bridge, "desk", "film") as desk,
    ):
        press(bridge, "reset")
        assert close_of(left) == (4000, "/start")
        assert close_of(right) == (4000, "/start")
        stays(desk, "reset")


def test_two_displays_lead_each_other(bridge: BridgeProcess) -> None:
    """A display that a press leads away has brought about the route of its own page, too."""
    with (
        display(bridge, "left", "tablet") as left,
        display(bridge, "desk", "desk") as desk,
        display(bridge, "right", "tablet") as right,
    ):
        press(bridge, "red")
        assert close_of(left) == (4000, "/film")
        assert close_of(desk) == (4000, "/film")
        stays(right, "red")


def test_a_display_that_loads_catches_up(bridge: BridgeProcess) -> None:
    """With a press that has led it while it had no socket."""
    with display(bridge, "right", "start") as right:
        cursor = frame_cursor(bridge)
        with display(bridge, "desk", "desk") as desk:
            press(bridge, "red")
            stays(desk, "red")
        stays(right, "red")
    with bridge.socket("start", f"?display=left&cursor={cursor}&since={cursor}") as left:
        assert frame(left, "state")["type"] == "state"
        assert frame(left, "edge")["pin"] == "red"
        assert close_of(left) == (4000, "/film")


def test_a_page_that_loads_leads_others(bridge: BridgeProcess) -> None:
    """By a press that it has missed: once, and as an order to them."""
    with display(bridge, "left", "start") as left:
        cursor = frame_cursor(bridge)
        press(bridge, "red")
        stays(left, "red")
        with bridge.socket("desk", f"?display=desk&cursor={cursor}&since={cursor}"):
            assert close_of(left) == (4000, "/film")
    with (
        display(bridge, "left", "start", f"&cursor={cursor}&since={cursor}") as left,
        bridge.socket("desk", f"?display=desk&cursor={cursor}&since={cursor}"),
    ):
        assert close_of(left) == (4000, "/film")


def frame_cursor(bridge: BridgeProcess) -> str:
    """The newest event's cursor."""
    with bridge.socket("film") as socket:
        state = frame(socket)
        return f"{state['epoch']}:{state['seq']}"
