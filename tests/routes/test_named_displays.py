"""Displays that the configuration names: where they begin, and which pins they obey."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame
from websockets.sync.client import ClientConnection

from gpiobridge.client.frames import connect

CONFIG = """
[server]
start = "welcome"
api = "local"
[pins]
button = 17
door = 27
bell = {{ source = "http" }}

[pages.welcome]
on_low.button = "open"
while_low.door = "still"
on_press.bell = "open"

[pages.open]
[pages.still]

[displays.left]
start = "open"
group = "wall"

[displays.right]
pins = ["bell"]
group = "wall"
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge with two named displays; the tests share it."""
    return share_bridge(config=CONFIG)


@contextlib.contextmanager
def display(bridge: BridgeProcess, name: str, query: str = "") -> Iterator[ClientConnection]:
    """Open the socket of a named display on the page welcome, and read its first frame."""
    with bridge.socket("welcome", f"?display={name}{query}") as opened:
        assert frame(opened)["type"] == "state"
        yield opened


def lead(bridge: BridgeProcess, path: str) -> tuple[int, str | None]:
    """Status and place of an answer that leads elsewhere."""
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=DEADLINE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("asked", "begins"),
    [
        ("/?display=left", "/open?display=left"),
        ("/?display=right", "/welcome?display=right"),
        ("/?display=phone", "/welcome?display=phone"),
        ("/?x=1&display=left", "/open?x=1&display=left"),
        ("/", "/welcome"),
        ("/gpiobridge/start?display=left", "/open?display=left"),
        ("/gpiobridge/start", "/welcome"),
        ("/gpiobridge/start?token=x&display=left", "/open?display=left"),
    ],
)
def test_where_a_display_begins(bridge: BridgeProcess, asked: str, begins: str) -> None:
    """At its own page, if it has one; its name goes along."""
    assert lead(bridge, asked) == (302, begins)


@pytest.mark.parametrize(("query", "start"), [("?display=left", "/open"), ("", "/welcome")])
def test_where_a_display_with_a_stage_begins(bridge: BridgeProcess, query: str, start: str) -> None:
    """The stage is told so, each time it asks."""
    status, page = bridge.get(f"/gpiobridge/stage{query}")
    assert (status, f'data-page="{start}"' in page) == (200, True)
    status, told = bridge.get(f"/gpiobridge/stage.json{query}")
    assert (status, json.loads(told)["start"]) == (200, start)


def test_a_program_begins_where_its_display_does(bridge: BridgeProcess) -> None:
    """As a browser: its name goes along with the first request, and isn't part of the address."""
    with connect(bridge.url, display="left") as frames:
        assert next(iter(frames))["type"] == "state"
        assert frames.url == f"{bridge.url}/open"


def test_a_page_hears_which_pins_its_display_obeys(bridge: BridgeProcess) -> None:
    """If these are not all."""
    told = {}
    for name in ("left", "right"):
        with bridge.socket("welcome", f"?display={name}") as socket:
            told[name] = frame(socket, "state").get("obeys")
    assert told == {"left": None, "right": ["bell"]}


def test_a_name_with_other_letters(run_bridge: Run, tmp_path: Path) -> None:
    """It is another name; the log says once what was probably meant."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=CONFIG))
    for name in ("Left", "LEFT", "Right"):
        with display(bridge, name):
            pass
    bridge.wait_for_line('calls itself "Right"')
    lines = [line for line in bridge.log if "calls itself" in line]
    assert len(lines) == 2
    assert 'a display calls itself "Left", and is not that of [displays.left]' in lines[0]


def test_a_display_obeys_its_pins(bridge: BridgeProcess) -> None:
    """A press of another one moves the displays beside it, and is told to all."""
    with (
        display(bridge, "right") as right,
        display(bridge, "other") as other,
    ):
        bridge.set_level("button", "low")
        assert close_of(other) == (4000, "/open")
        assert frame(right, "edge")["pin"] == "button"
        bridge.set_level("button", "high")
        assert frame(right, "edge")["event"] == "high"
        bridge.set_level("bell", "low")
        assert close_of(right) == (4000, "/open")


def test_a_level_that_a_display_does_not_obey(bridge: BridgeProcess) -> None:
    """Neither when the level comes nor when it is there as the page is loaded."""
    with display(bridge, "right") as right:
        bridge.set_level("door", "low")
        assert frame(right, "edge")["event"] == "low"
        with display(bridge, "right-2") as other:
            assert close_of(other) == (4000, "/still")
        with display(bridge, "right") as again:
            bridge.set_level("door", "high")
            assert frame(again, "edge")["event"] == "high"


def test_a_press_that_a_display_does_not_obey_is_not_caught_up(bridge: BridgeProcess) -> None:
    """Of those that it has missed, the first that it obeys counts."""
    with bridge.socket("still") as witness:
        state = frame(witness, "state")
        for pin in ("button", "bell"):
            bridge.set_level(pin, "low")
            assert frame(witness, "edge")["pin"] == pin
    cursor = f"{state['epoch']}:{state['seq']}"
    missed = f"&cursor={cursor}&since={cursor}"
    for name, pin in (("right", "bell"), ("other", "button")):
        with display(bridge, name, missed) as socket:
            assert frame(socket, "edge")["pin"] == pin
            assert close_of(socket) == (4000, "/open")


def test_a_lamp_is_dark_while_no_display_obeys_its_pin(run_bridge: Run, tmp_path: Path) -> None:
    """It is lit while a press would move a display."""
    lamp = f'{CONFIG}[outputs.lamp]\npin = 22\nfollows = "button"\n'
    bridge = run_bridge(config=write_exhibit(tmp_path, config=lamp))

    def lit(name: str) -> str:
        """What the lamp does beside one display, which shows its page."""
        with bridge.socket("welcome", f"?display={name}") as socket:
            state = frame(socket, "state")
            cursor = f"{state['epoch']}:{state['seq']}"
            socket.send(json.dumps({"type": "shown", "cursor": cursor}))
            for _ in range(2):  # the first message may still go out in the turn before
                assert bridge.request("/api/messages", b'{"data":1}')[0] == 200
                frame(socket, "message")
            state_now: str = bridge.health()["outputs"]["lamp"]["state"]
            return state_now

    assert [lit("right"), lit("other")] == ["off", "on"]


@pytest.mark.parametrize(
    ("body", "moved"),
    [({"group": "wall"}, "left right"), ({"group": "wall", "display": "left"}, "left")],
)
def test_an_order_to_a_group(bridge: BridgeProcess, body: dict[str, str], moved: str) -> None:
    """It reaches the displays whose names belong to it."""
    with (
        display(bridge, "left") as left,
        display(bridge, "right") as right,
        display(bridge, "phone") as phone,
    ):
        sockets = {"left": left, "right": right, "phone": phone}
        text = json.dumps({"to": "still", **body}).encode()
        headers = {"Content-Type": "application/json"}
        status, said = bridge.request("/api/navigate", text, headers=headers)
        assert (status, json.loads(said)) == (200, {"displays": len(moved.split())})
        for name in moved.split():
            assert close_of(sockets.pop(name)) == (4000, "/still")
        for socket in sockets.values():
            assert bridge.request("/api/messages", b'{"data":1}')[0] == 200
            assert frame(socket, "message")["data"] == 1


def test_an_order_to_a_group_that_is_none(bridge: BridgeProcess) -> None:
    """The groups that there are, are named."""
    body, headers = b'{"to": "still", "group": "wal"}', {"Content-Type": "application/json"}
    status, said = bridge.request("/api/navigate", body, headers=headers)
    assert (status, said) == (400, "group = 'wal': there is no such group; groups: wall.\n")
