"""`POST /api/outputs/<name>`: lamps and locks, set from outside."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import API_TOKEN, BOTH, EXHIBIT, GUARDED, LOCAL, OPEN, TOKEN, bearer
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import frame

OUTPUTS = """
[outputs]
lamp = 22
lock = { pin = 23, active = "low" }
button-lamp = { pin = 24, follows = "button" }
""".replace("{", "{{").replace("}", "}}")
LAMPS = EXHIBIT + OUTPUTS
LAMP, FOLLOWING = "/api/outputs/lamp", "/api/outputs/button-lamp"
ON = '{"state": "on"}'


def state(client: FlaskClient, output: str = "lamp") -> str:
    """What an output does, by /healthz."""
    return str(client.get("/healthz").get_json()["outputs"][output]["state"])


def wait_for(client: FlaskClient, wanted: str, output: str = "lamp") -> None:
    """Wait until an output does something."""
    wait_until(lambda: state(client, output) == wanted)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"state": "on"}, "on"),
        ({"state": "blink"}, "blink"),
        ({"state": "pulse", "for": "1h"}, "pulse"),
        ({"state": "on", "for": "2s"}, "on"),
        ({"state": "on", "for": "1440min"}, "on"),
    ],
)
def test_an_output_is_set(
    served: Callable[..., FlaskClient], body: dict[str, str], wanted: str
) -> None:
    """204, without a word; the line follows a moment later."""
    client = served(text=LAMPS)
    answer = client.post(LAMP, json=body)
    assert (answer.status_code, answer.data) == (204, b"")
    wait_for(client, wanted)


def test_the_log_says_that_it_was_the_api(
    served: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    """So a lock that opens at night has a reason that can be found."""
    caplog.set_level(logging.INFO, "gpiobridge")
    assert served(text=LAMPS).post(LAMP, data=ON).status_code == 204
    wait_until(lambda: "output lamp: on; set by the API" in caplog.messages)


def test_a_time_ends_by_itself(served: Callable[..., FlaskClient]) -> None:
    """Then the output does what it did before."""
    client = served(text=LAMPS)
    assert client.post(LAMP, data=ON).status_code == 204
    assert client.post(LAMP, json={"state": "off", "for": "50ms"}).status_code == 204
    wait_for(client, "off")
    wait_for(client, "on")


DURATION = 'must be a duration of at most 1d, such as "2s".'
STATES = 'must be "on", "off", "blink" or "pulse"'


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/api/outputs/lmap", ON, 404,
         "There is no output 'lmap'; outputs: lamp, lock, button-lamp."),
        ("/api/outputs/", ON, 404, ""),
        (LAMP, "", 400, 'The body must be a JSON object with "state".'),
        (LAMP, "on", 400, 'The body must be a JSON object with "state".'),
        (LAMP, '"on"', 400, 'The body must be a JSON object with "state".'),
        (LAMP, "{}", 400, 'The body must be a JSON object with "state".'),
        (LAMP, '{"for": "2s"}', 400, 'The body must be a JSON object with "state".'),
        (LAMP, "[" * 1000, 400, 'The body must be a JSON object with "state".'),
        (LAMP, '{"state": "On"}', 400, f'state = "On": {STATES}; did you mean "on"?'),
        (LAMP, '{"state": true}', 400, f"state = true: {STATES}."),
        (LAMP, '{"state": 1}', 400, f"state = 1: {STATES}."),
        (LAMP, '{"state": null}', 400, f"state = null: {STATES}."),
        (LAMP, '{"state": ["on"]}', 400, f"state = list: {STATES}."),
        (LAMP, '{"state": {"on": 1}}', 400, f"state = dict: {STATES}."),
        (LAMP, '{"state": "\\ud800"}', 400, f'state = "\\ud800": {STATES}.'),
        (LAMP, '{"state": "a\\nb"}', 400, f'state = "a\\nb": {STATES}.'),
        (LAMP, '{"state": "on", "for": 2}', 400, '"for" = 2: needs a unit; '),
        (LAMP, '{"state": "on", "for": "2"}', 400, '"for" = "2": needs a unit; '),
        (LAMP, '{"state": "on", "for": "0s"}', 400, f'"for" = "0s": {DURATION}'),
        (LAMP, '{"state": "on", "for": "25h"}', 400, f'"for" = "25h": {DURATION}'),
        (LAMP, '{"state": "on", "for": "-1s"}', 400, '"for" = "-1s": must not be negative'),
        (LAMP, '{"state": "on", "for": null}', 400, f'"for" = null: {DURATION}'),
        (LAMP, '{"state": "on", "for": true}', 400, f'"for" = true: {DURATION}'),
        (LAMP, '{"state": "on", "for": ["2s"]}', 400, f'"for" = ["2s"]: {DURATION}'),
        (LAMP, '{"state": "on", "for": NaN}', 400, '"for" = NaN: '),
        (LAMP, '{"state": "on", "for": "\\ud800"}', 400, '"for" = "\\ud800": '),
        (LAMP, '{"state": "on", "stat": 1}', 400,
         "'stat' is unknown; the body has \"state\", and may have: for. Did you mean \"state\"?"),
        (LAMP, '{"state": "on", "state": "off"}', 400, "'state' is in the body twice: remove one."),
        (f"{LAMP}?for=2s", ON, 400, "'for' is unknown in the address: write it into the JSON "),
        (LAMP, f'{{"state": "on"{" " * 1100}}}', 413, "The body is too long: it may have 1024 "),
        (LAMP, f'{{"state": {"[" * 490}{"]" * 490}}}', 400, f"state = list: {STATES}."),
        (LAMP, f'{{"state": "on", "for": {"[" * 490}{"]" * 490}}}', 400, '"for" = [[[[['),
        (FOLLOWING, ON, 400, 'output "button-lamp" follows pin "button": it can be set for a time '
         "only; give one, such as 2s."),
        (FOLLOWING, '{"state": "off"}', 400, 'output "button-lamp" follows pin "button"'),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused(
    served: Callable[..., FlaskClient], path: str, body: str, status: int, said: str
) -> None:
    """In one line, which the command shows as it is; nothing changes."""
    client = served(text=LAMPS)
    answer = client.post(path, data=body)
    assert answer.status_code == status
    assert answer.text.startswith(said)
    if said:
        assert answer.text.count("\n") == 1
        assert answer.text.rstrip("\n").isprintable()
    assert {state(client, name) for name in ("lamp", "lock", "button-lamp")} == {"off"}


def test_the_lamp_of_a_button_can_be_set_for_a_time(served: Callable[..., FlaskClient]) -> None:
    """And for a pulse, which ends by itself."""
    client = served(text=LAMPS)
    assert client.post(FOLLOWING, json={"state": "on", "for": "1h"}).status_code == 204
    wait_for(client, "on", "button-lamp")
    assert client.post(FOLLOWING, json={"state": "pulse"}).status_code == 204
    wait_for(client, "pulse", "button-lamp")


def test_without_outputs_there_are_none(served: Callable[..., FlaskClient]) -> None:
    """The sentence says so."""
    answer = served().post(LAMP, data=ON)
    assert (answer.status_code, answer.text) == (404, "There is no output 'lamp'; outputs: none.\n")


def test_only_post_sets_an_output(served: Callable[..., FlaskClient]) -> None:
    """A link, or a prefetch, opens no lock."""
    client = served(text=LAMPS)
    assert client.get(LAMP).status_code == 405
    assert client.put(LAMP, data=ON).status_code == 405
    assert state(client) == "off"


@pytest.mark.parametrize(
    ("server", "sent", "status"),
    [
        (LOCAL, {}, 204),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 403),
        ("", {}, 403),
        (OPEN, {}, 403),
        (GUARDED, {}, 401),
        (GUARDED, {"headers": bearer(TOKEN)}, 204),
        (BOTH, {"headers": bearer(TOKEN)}, 401),
        (BOTH, {"query_string": {"token": TOKEN}}, 401),
        (BOTH, {"headers": bearer(API_TOKEN)}, 204),
        (BOTH, {"headers": bearer(API_TOKEN) | {"Origin": "http://evil.test"}}, 403),
        (BOTH, {"headers": bearer(API_TOKEN) | {"Host": "evil.test"}}, 421),
    ],
)
def test_who_may_set_an_output(
    served: Callable[..., FlaskClient], server: str, sent: dict[str, Any], status: int
) -> None:
    """As with pins: who may look may not therefore open a lock."""
    client = served(server, LAMPS)
    assert client.post(LAMP, data=ON, **sent).status_code == status
    lamp = client.application.extensions["gpiobridge"].outputs["lamp"]
    if status == 204:
        wait_until(lambda: lamp.state == "on")
    else:
        assert lamp.state == "off"


@pytest.mark.parametrize("path", [LAMP, "/api/outputs/nosuch"])
def test_admission_comes_before_what_there_is(
    served: Callable[..., FlaskClient], path: str
) -> None:
    """Who may not use the API learns nothing of the outputs."""
    assert served(BOTH, LAMPS).post(path, data=ON, headers=bearer(TOKEN)).status_code == 401


def test_who_looks_may_not_therefore_open_a_lock(served: Callable[..., FlaskClient]) -> None:
    """The cookie that lets a display in opens no way to an output."""
    client = served(GUARDED, LAMPS)
    assert client.get("/welcome", query_string={"token": TOKEN}).status_code == 200
    assert client.get("/welcome").status_code == 200  # by the cookie
    assert client.post(LAMP, data=ON).status_code == 401


def test_who_looks_may_not_by_a_frame_either(share_bridge: Run) -> None:
    """Neither the viewers' token nor this machine's address nor a kiosk's name opens a lock."""
    text = LAMPS.replace("lamp = 22", "lamp = {{ pin = 22, from_pages = true }}")
    bridge = share_bridge(server=BOTH, config=text, token=TOKEN)
    with bridge.socket("still", "?display=kiosk", additional_headers=bearer(TOKEN)) as ws:
        frame(ws, "state")
        ws.send('{"type":"output","output":"lamp","state":"on"}')
        bridge.wait_for_line('display "kiosk" on still may not set output lamp')
        assert bridge.health()["outputs"]["lamp"] == {"state": "off"}
        ws.send('{"type":"beat"}')  # it is still open
        bridge.set_level("bell", "low")
        assert frame(ws, "edge")["pin"] == "bell"


def test_a_bridge_that_stops_says_so(served: Callable[..., FlaskClient]) -> None:
    """A program that comes too late gets a sentence, as with pins."""
    client = served(text=LAMPS)
    assert client.post(LAMP, data=ON).status_code == 204
    client.application.extensions["gpiobridge"].stop()
    answer = client.post(LAMP, data=ON)
    assert (answer.status_code, answer.text) == (
        503,
        "output 'lamp' is closed: the bridge is not running\n",
    )


def test_both_servers_set_outputs(share_bridge: Run, kind: str) -> None:
    """With a body that they read themselves."""
    bridge: BridgeProcess = share_bridge(kind, LOCAL, LAMPS)
    for wanted in ("blink", "off"):
        body = json.dumps({"state": wanted}).encode()
        assert bridge.request(LAMP, body) == (204, "")
        wait_until(lambda: bridge.health()["outputs"]["lamp"] == {"state": wanted})  # noqa: B023
    assert bridge.request(LAMP, b"{}")[0] == 400
    assert bridge.request("/api/outputs/nosuch", b"{}")[0] == 404
