"""When presses count on a page: what its socket says, and what the bridge makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

CONFIG = """
[server]
start = "welcome"
api = "local"
{server}
[pins]
button = 17
door = 27
bell = {{ pin = 22, hold = "400ms" }}

[pages.welcome]
on_low.button = "open"
while_low.door = "still"

[pages.open]
on_tap.bell = "welcome"
on_hold.bell = "still"

[pages.still]
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge with presses, taps, holds and a level; the tests share it."""
    return share_bridge(config=CONFIG)


@pytest.fixture
def own_bridge(run_bridge: Run, tmp_path: Path) -> BridgeProcess:
    """The same for a test that reads the log."""
    return run_bridge(config=write_exhibit(tmp_path, config=CONFIG))


def say(socket: ClientConnection, since_ms: float | None) -> None:
    """Say that presses have counted for so long, or don't now."""
    socket.send(json.dumps({"type": "taking", "since_ms": since_ms}))


def heard(bridge: BridgeProcess, socket: ClientConnection) -> None:
    """Wait until the bridge has taken what the socket has sent."""
    # The first message may still go out in the turn that had looked at the sockets before.
    for _ in range(2):
        assert bridge.request("/api/messages", b'{"data":"heard"}')[0] == 200
        assert frame(socket, "message")["data"] == "heard"


def press(bridge: BridgeProcess, socket: ClientConnection, pin: str = "button") -> None:
    """Press and release a pin, each told on a socket that stays."""
    for level in ("low", "high"):
        bridge.set_level(pin, level)
        assert frame(socket, "edge")["event"] == level


def health_of(bridge: BridgeProcess) -> list[dict[str, Any]]:
    """The open displays."""
    displays: list[dict[str, Any]] = bridge.health()["displays"]
    return displays


def test_presses_while_a_page_takes_none_never_count(bridge: BridgeProcess) -> None:
    """Three of them leave it as it is, now and later; it is told all of them (row 1)."""
    with bridge.socket("welcome", "?taking=none") as socket:
        frame(socket, "state")
        for _ in range(3):
            press(bridge, socket)
        say(socket, 0)
        heard(bridge, socket)
        bridge.set_level("button", "low")
        assert close_of(socket) == (4000, "/open")


def test_what_was_pressed_meanwhile_is_not_caught_up_with(bridge: BridgeProcess) -> None:
    """Nor by a socket that comes back, as long as it says the same (row 1)."""
    with bridge.socket("still") as witness:
        before = frame(witness, "state")
        cursor, seq = "{epoch}:{seq}".format(**before), before["seq"]
        press(bridge, witness)
        for taking, moves in (("none", False), ("0", False), ("9000", True)):
            with bridge.socket("welcome", f"?cursor={cursor}&taking={taking}") as socket:
                state = frame(socket, "state")
                assert state["seq"] == seq + (0 if moves else 2)
                if moves:
                    assert frame(socket, "edge")["seq"] == seq + 1
                    assert close_of(socket) == (4000, "/open")


def test_a_press_since_then_counts_when_the_page_says_so(bridge: BridgeProcess) -> None:
    """Its frame comes once more, right before the close (row 1)."""
    with bridge.socket("welcome", "?taking=none") as socket:
        seq = frame(socket, "state")["seq"]
        press(bridge, socket)
        say(socket, 9000)
        again = frame(socket, "edge")
        assert (again["seq"], again["event"]) == (seq + 1, "low")
        assert close_of(socket) == (4000, "/open")


def test_a_level_is_acted_on_once_when_the_page_takes_presses(
    own_bridge: BridgeProcess,
) -> None:
    """Its one socket stays open until then (row 2)."""
    with own_bridge.socket("welcome", "?taking=none&display=wall") as socket:
        frame(socket, "state")
        own_bridge.set_level("door", "low")
        assert frame(socket, "edge")["pin"] == "door"
        heard(own_bridge, socket)
        assert health_of(own_bridge) == [
            {"name": "wall", "page": "welcome", "shown": None, "visible": True}
        ]
        say(socket, 0)
        assert close_of(socket) == (4000, "/still")
    own_bridge.wait_for_line('display "wall" on welcome is sent to still at once')


def test_a_level_that_a_page_has_declined_waits_for_a_change(bridge: BridgeProcess) -> None:
    """It says so with its next socket, and is not asked again (row 2)."""
    bridge.set_level("door", "low")
    with bridge.socket("welcome") as socket:
        assert close_of(socket) == (4000, "/still")
    with bridge.socket("welcome", "?declined=door:low&declined=nonsense") as socket:
        frame(socket, "state")
        say(socket, None)
        say(socket, 0)
        heard(bridge, socket)
        bridge.set_level("door", "high")
        assert frame(socket, "edge")["event"] == "high"
        bridge.set_level("door", "low")
        assert close_of(socket) == (4000, "/still")


def test_an_order_moves_a_page_that_takes_no_presses(own_bridge: BridgeProcess) -> None:
    """It is no press; it is counted for those whom it was sent to (row 3)."""
    with own_bridge.socket("welcome", "?taking=none") as socket:
        frame(socket, "state")
        status, text = own_bridge.request("/api/navigate", b'{"to":"still"}')
        assert (status, json.loads(text)) == (200, {"displays": 1})
        assert close_of(socket) == (4000, "/still")
    own_bridge.wait_for_line("the application: welcome leads to still, displays sent: 1")
    assert json.loads(own_bridge.request("/api/navigate", b'{"to":"still"}')[1]) == {"displays": 0}


@pytest.mark.parametrize(("event", "to"), [("tap", "/welcome"), ("hold", "/still")])
def test_a_press_belongs_to_the_moment_in_which_it_began(
    bridge: BridgeProcess, event: str, to: str
) -> None:
    """A tap or hold that ends after the lockout doesn't count, the next one does (row 4)."""
    with bridge.socket("open", "?taking=none") as socket:
        frame(socket, "state")
        bridge.set_level("bell", "low")
        frame(socket, "edge")
        say(socket, 0)
        heard(bridge, socket)
        for counts in (False, True):
            if event == "tap":
                bridge.set_level("bell", "high")
                frame(socket, "edge")
            assert frame(socket, "edge")["event"] == event
            if counts:
                assert close_of(socket) == (4000, to)
                return
            if event == "hold":
                bridge.set_level("bell", "high")
                frame(socket, "edge")
            heard(bridge, socket)
            bridge.set_level("bell", "low")
            frame(socket, "edge")


@pytest.mark.parametrize("taking", ["", "-1", "nan", "always"])
def test_a_socket_that_says_nonsense_is_refused(bridge: BridgeProcess, taking: str) -> None:
    """Before the upgrade, with what is right."""
    with (
        pytest.raises(InvalidStatus) as refused,
        bridge.socket("welcome", f"?taking={taking}"),
    ):
        pass
    assert refused.value.response.status_code == 400
    assert b'must be "none", or milliseconds from 0 on' in refused.value.response.body
    assert health_of(bridge) == []


def test_a_page_that_takes_no_presses_is_pushed_to(bridge: BridgeProcess) -> None:
    """Messages go on, and so do beats (row 1)."""
    with bridge.socket("welcome", "?taking=none") as socket:
        frame(socket, "state")
        heard(bridge, socket)
        say(socket, None)
        heard(bridge, socket)


def test_a_page_that_says_when_it_takes_presses_is_asked_for_a_sign_of_life(
    bridge: BridgeProcess,
) -> None:
    """So that one whose word can't arrive is noticed, and no page stays locked for ever (row 1)."""
    for query, first in (("?taking=none", "beat"), ("", "message")):
        with bridge.socket("welcome", query) as socket:
            frame(socket, "state")
            assert bridge.request("/api/messages", b'{"data":1}')[0] == 200
            assert json.loads(socket.recv(timeout=5))["type"] == first
