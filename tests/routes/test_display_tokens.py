"""A display with a token of its own: nobody else can be it, or do what it may."""

import contextlib
import http.client
import json
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from gpiobridge.client import asking
from gpiobridge.system import run_key

VIEWERS, API, OF_LEFT, OF_RIGHT = "v" * 16, "a" * 16, "l" * 16, "r" * 16
SECRET, TICKET = "s" * 43, "t" * 43

CONFIG = f"""
[server]
start = "welcome"
token = "{VIEWERS}"
api_token = "{API}"
[pins]
button = {{{{ pin = 17, debounce = "0ms" }}}}
door = {{{{ pin = 27, debounce = "0ms" }}}}

[pages.welcome]
on_low.button = "open"
on_low.door = {{{{ to = "open", displays = ["left"] }}}}
[pages.open]

[outputs.lamp]
pin = 5
from_pages = true

[displays.left]
pins = []
token = "{OF_LEFT}"
may = ["outputs"]

[displays.right]
token = "{OF_RIGHT}"
"""


@pytest.fixture
def bridge(share_bridge: Run) -> BridgeProcess:
    """A bridge with two displays that have tokens; the tests share it."""
    return share_bridge(config=CONFIG, token=VIEWERS)


def cookies_of(bridge: BridgeProcess, query: str) -> tuple[int, str]:
    """Open a page, as a browser does; its status, and the cookies that it gives."""
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=DEADLINE_S)
    with contextlib.closing(connection):
        connection.request("GET", f"/{query}")
        response = connection.getresponse()
        jar = SimpleCookie()
        for text in response.headers.get_all("Set-Cookie", ()):
            jar.load(text)
        return response.status, "; ".join(f"{each.key}={each.value}" for each in jar.values())


@contextlib.contextmanager
def display(
    bridge: BridgeProcess, name: str, *tokens: str, cookie: str = ""
) -> Iterator[ClientConnection]:
    """Open the socket of a display whose browser has sent these tokens; read its first frame."""
    cookies = [cookie] if cookie else []
    cookies += [cookies_of(bridge, f"?token={token}")[1] for token in tokens]
    headers = {"Cookie": "; ".join(cookies)}
    with bridge.socket("welcome", f"?display={name}", additional_headers=headers) as opened:
        assert frame(opened)["type"] == "state"
        yield opened


def names(bridge: BridgeProcess) -> list[str]:
    """The names of the open displays."""
    return [each["name"] for each in bridge.listed()["displays"]]


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        ((OF_LEFT,), "left"),  # it opens the pages, too
        ((VIEWERS, OF_LEFT), "left"),
        ((VIEWERS,), ""),
        ((OF_RIGHT,), ""),
        ((VIEWERS, OF_RIGHT), ""),
    ],
)
def test_who_has_a_name_with_a_token(
    bridge: BridgeProcess, tokens: tuple[str, ...], name: str
) -> None:
    """Only who has sent that token; any other is a display without a name, and obeys all pins."""
    with display(bridge, "left", *tokens) as socket:
        assert names(bridge) == [name]
        bridge.set_level("button", "low")
        if name:
            assert frame(socket, "edge")["event"] == "low"
        else:
            assert close_of(socket) == (4000, "/open")


def test_a_program_sends_the_token_with_its_request(bridge: BridgeProcess) -> None:
    """As a bearer's, or in the address."""
    headers = {"Authorization": f"Bearer {OF_LEFT}"}
    with bridge.socket("welcome", "?display=left", additional_headers=headers):
        wait_until(lambda: names(bridge) == ["left"])
    with bridge.socket("welcome", f"?display=left&token={OF_LEFT}"):
        wait_until(lambda: names(bridge) == ["left"])


def test_a_rule_that_names_it_leads_nobody_else(bridge: BridgeProcess) -> None:
    """A phone that calls itself so stays."""
    with display(bridge, "left", OF_LEFT) as left, display(bridge, "left", VIEWERS) as phone:
        bridge.set_level("door", "low")
        assert close_of(left) == (4000, "/open")
        assert frame(phone, "edge")["pin"] == "door"
        bridge.set_level("door", "high")
        assert frame(phone, "edge")["event"] == "high"


def test_a_wrong_token_opens_nothing(bridge: BridgeProcess) -> None:
    """Neither the pages nor the socket; and no display's token opens the API."""
    assert cookies_of(bridge, f"?display=left&token={'x' * 16}") == (401, "")
    with (
        pytest.raises(InvalidStatus) as refused,
        bridge.socket("welcome", f"?display=left&token={'x' * 16}"),
    ):
        pass
    assert refused.value.response.status_code == 401
    body, json_type = b'{"to": "open"}', {"Content-Type": "application/json"}
    for token, status in ((OF_LEFT, 401), (API, 200)):
        headers = json_type | {"Authorization": f"Bearer {token}"}
        assert bridge.request("/api/navigate", body, headers=headers)[0] == status


def lamp(bridge: BridgeProcess) -> str:
    """What the lamp does."""
    state: str = bridge.health()["outputs"]["lamp"]["state"]
    return state


def counted(bridge: BridgeProcess, what: str) -> float:
    """How many outputs or names were refused."""
    text = bridge.get("/metrics", Authorization=f"Bearer {VIEWERS}")[1]
    match = re.search(rf"^gpiobridge_{what}_refused_total (.*)$", text, re.M)
    assert match is not None
    return float(match[1])


def test_what_a_display_may_do(run_bridge: Run, tmp_path: Path) -> None:
    """`may` counts with the token only; a display whose section doesn't say it may only look."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=CONFIG))
    bridge.url, bridge.token = f"http://127.0.0.1:{bridge.port}", VIEWERS
    turn_on = json.dumps({"type": "output", "output": "lamp", "state": "on"})
    turn_off = turn_on.replace('"on"', '"off"')
    with display(bridge, "left", OF_LEFT) as left:
        left.send(turn_on)
        wait_until(lambda: lamp(bridge) == "on")
        others = (("left", VIEWERS), ("right", OF_RIGHT), ("", VIEWERS), ("x", OF_LEFT))
        for number, (name, token) in enumerate(others, 1):
            with display(bridge, name, token) as other:
                other.send(turn_off)
                wait_until(lambda count=number: counted(bridge, "outputs") == count)
    assert lamp(bridge) == "on"
    assert counted(bridge, "names") == 1


def test_the_log_names_a_false_display_once(run_bridge: Run, tmp_path: Path) -> None:
    """However often it comes; the metrics count each time."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=CONFIG))
    bridge.url, bridge.token = f"http://127.0.0.1:{bridge.port}", VIEWERS
    for name in ("left", "left", "right", "left"):
        with display(bridge, name, VIEWERS):
            pass
    assert counted(bridge, "names") == 4
    bridge.stop()
    said = [line for line in bridge.log if "without the token of" in line]
    assert len(said) == 2
    assert 'calls itself "left" without the token of [displays.left]' in said[0]


def prove(bridge: BridgeProcess, name: str) -> str:
    """Prove a kiosk, as its launcher does; return its browser's cookies."""
    ((key, _),) = run_key.find_kiosk_keys(bridge.url)
    asking.prove_kiosk(bridge.url, key, name, SECRET, TICKET)
    return cookies_of(bridge, f"welcome?display={name}&kiosk_ticket={TICKET}&token={VIEWERS}")[1]


def test_a_kiosk_of_this_machine_needs_no_token(run_bridge: Run, tmp_path: Path) -> None:
    """Its launcher has proven which display it is; it may what `may` says."""
    bridge = run_bridge(config=write_exhibit(tmp_path, config=CONFIG))
    bridge.url, bridge.token = f"http://127.0.0.1:{bridge.port}", VIEWERS
    cookie = prove(bridge, "left")
    with display(bridge, "left", cookie=cookie) as left:
        assert names(bridge) == ["left"]
        left.send(json.dumps({"type": "output", "output": "lamp", "state": "on"}))
        wait_until(lambda: lamp(bridge) == "on")
    with display(bridge, "right", cookie=cookie):
        wait_until(lambda: names(bridge) == [""])


def test_a_kiosk_waits_for_its_proof_after_a_restart(run_bridge: Run, tmp_path: Path) -> None:
    """It isn't taken for a display without a name, which would obey other pins."""
    file = write_exhibit(tmp_path, config=CONFIG)
    bridge = run_bridge(config=file)
    bridge.url = f"http://127.0.0.1:{bridge.port}"
    cookie = prove(bridge, "left")
    bridge.stop()
    bridge = run_bridge(config=file, port=bridge.port)
    bridge.url, bridge.token = f"http://127.0.0.1:{bridge.port}", VIEWERS
    with pytest.raises(InvalidStatus) as refused, display(bridge, "left", cookie=cookie):
        pass
    assert refused.value.response.status_code == 503
    prove(bridge, "left")
    with display(bridge, "left", cookie=cookie):
        assert names(bridge) == ["left"]


def test_a_phone_that_may_look_can_only_look(bridge: BridgeProcess) -> None:
    """It can neither press, navigate, push, set an output nor be the wall, however it asks."""
    cookies = cookies_of(bridge, f"?token={VIEWERS}")[1]
    orders = {
        "/api/pins/button": {"level": "low"},
        "/api/navigate": {"to": "open"},
        "/api/messages": {"data": 1},
        "/api/outputs/lamp": {"state": "on"},
    }
    with display(bridge, "left", VIEWERS) as phone:
        for path, order in orders.items():
            for headers, query in (
                ({"Cookie": cookies}, ""),
                ({"Authorization": f"Bearer {VIEWERS}"}, ""),
                ({}, f"?token={VIEWERS}"),
            ):
                sent = {"Content-Type": "application/json"} | headers
                body = json.dumps(order).encode()
                assert bridge.request(path + query, body, headers=sent)[0] == 401, (path, headers)
        phone.send(json.dumps({"type": "output", "output": "lamp", "state": "on"}))
        phone.send(json.dumps({"type": "message", "data": "it still may"}))
        assert names(bridge) == [""]
        assert (bridge.levels()["button"], lamp(bridge)) == ("high", "off")
