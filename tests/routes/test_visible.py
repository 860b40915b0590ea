"""Whether a page is visible: what its socket says, and who is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import close_of, frame
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from gpiobridge import Display

API = """
[server]
start = "welcome"
api = "local"
{server}
[pins]
button = 17

[pages.welcome]
on_low.button = "open"

[pages.open]

[pages.still]
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge that the tests share."""
    return share_bridge(config=API)


def say(socket: ClientConnection, visible: object) -> None:
    """Say whether the page is visible."""
    socket.send(json.dumps({"type": "visible", "visible": visible}))


def displays(bridge: BridgeProcess) -> list[dict[str, Any]]:
    """What is said of the open displays."""
    told: list[dict[str, Any]] = bridge.health()["displays"]
    return told


def is_told(bridge: BridgeProcess, *visible: bool) -> Callable[[], bool]:
    """Whether the health says this of the displays, in any order."""
    return lambda: sorted(display["visible"] for display in displays(bridge)) == sorted(visible)


@pytest.mark.parametrize(
    ("query", "visible"), [("", True), ("&visible=true", True), ("&visible=false", False)]
)
def test_address_says_whether_the_page_is_visible(
    bridge: BridgeProcess, query: str, visible: bool
) -> None:
    """A page that says nothing, as an older one, is visible (row 1)."""
    with bridge.socket("welcome", f"?display=wall{query}") as socket:
        frame(socket, "state")
        wall = {"name": "wall", "page": "welcome", "shown": None, "visible": visible}
        assert displays(bridge) == [wall]


@pytest.mark.parametrize("text", ["", "no", "False", "0", "false,true"])
def test_address_that_says_something_else_is_refused(bridge: BridgeProcess, text: str) -> None:
    """With 400, and what is right (row 1)."""
    with pytest.raises(InvalidStatus) as refused, bridge.socket("welcome", f"?visible={text}"):
        pass
    assert refused.value.response.status_code == 400
    said = f'visible = {text!r}: must be "true" or "false", or left out: visible.\n'
    assert (refused.value.response.body or b"").decode() == said


def test_frame_says_so_each_time_it_changes(bridge: BridgeProcess) -> None:
    """Hidden and visible again, on one socket that stays, and of that display alone (row 1)."""
    with bridge.socket("welcome") as other, bridge.socket("welcome") as socket:
        frame(other, "state")
        frame(socket, "state")
        for visible in (False, False, True, False):
            say(socket, visible)
            wait_until(is_told(bridge, visible, True))


@pytest.mark.parametrize("text", ["null", "0", "1", '"false"', "[]", "{}", None])
def test_frame_without_a_boolean_breaks_a_rule(bridge: BridgeProcess, text: str | None) -> None:
    """It is closed with 1008, as for other frames that are malformed (row 1)."""
    with bridge.socket("welcome") as socket:
        frame(socket, "state")
        said = "" if text is None else f', "visible": {text}'
        socket.send(f'{{"type": "visible"{said}}}')
        assert close_of(socket) == (1008, "visible must be true or false")


def test_hidden_display_is_told_and_moved(bridge: BridgeProcess) -> None:
    """Messages, edges, orders, and the press that moves it (row 1)."""
    with bridge.socket("welcome", "?visible=false") as socket:
        frame(socket, "state")
        assert bridge.request("/api/messages", b'{"data":7}')[:2] == (200, '{"displays":1}\n')
        assert frame(socket, "message")["data"] == 7
        bridge.set_level("button", "low")
        assert frame(socket, "edge")["event"] == "low"
        assert close_of(socket) == (4000, "/open")
    with bridge.socket("still", "?visible=false&display=hall") as socket:
        frame(socket, "state")
        body = b'{"to":"open","display":"hall"}'
        assert bridge.request("/api/navigate", body)[:2] == (200, '{"displays":1}\n')
        assert close_of(socket) == (4000, "/open")


def test_metrics_count_hidden_displays(bridge: BridgeProcess) -> None:
    """By page, among those that are open (row 1)."""
    with bridge.socket("welcome", "?visible=false") as one, bridge.socket("welcome") as other:
        frame(one, "state")
        frame(other, "state")
        text = bridge.get("/metrics")[1]
        assert 'gpiobridge_displays{page="welcome"} 2.0\n' in text
        assert 'gpiobridge_displays_hidden{page="welcome"} 1.0\n' in text
        assert 'gpiobridge_displays_hidden{page="open"} 0.0\n' in text


def test_display_is_the_same_whether_it_is_visible_or_not() -> None:
    """An application that has kept one finds it again, and can push to it (row 1)."""
    shown, hidden = Display("welcome", "wall", 7), Display("welcome", "wall", 7, visible=False)
    assert shown.visible
    assert shown == hidden
    assert len({shown, hidden}) == 1
