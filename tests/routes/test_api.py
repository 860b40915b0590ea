"""The HTTP API: who may use it, and virtual pins that do all that wired ones do."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, request
from flask.testing import FlaskClient
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.sockets import close_of, frame

from gpiobridge import GpioBridge, config
from gpiobridge.cli import main
from gpiobridge.client.answers import own_sentence
from gpiobridge.serve.standalone import create_app

TOKEN = "correct-horse_battery"
API_TOKEN = "staple-of-the-program"
LOW, HIGH = b'{"level": "low"}', b'{"level": "high"}'
LOCAL = 'api = "local"'
BELL, GATE = "/api/pins/bell", "/api/pins/gate"

# Both kinds of pins; and pages for an edge, a tap, a hold and a level.
EXHIBIT = """\
[server]
start = "welcome"
{server}
[pins]
button = 17
[pins.bell]
source = "http"
debounce = "5ms"
hold = "300ms"
[pins.gate]
source = "http"
pull = "none"
active = "high"

[pages.welcome]
on_tap.bell = "open"
on_hold.bell = "still"
[pages.open]
while_high.gate = "still"
[pages.still]
"""

# A press of it is short, however slow the machine is.
LONG_HOLD = EXHIBIT.replace('hold = "300ms"', 'hold = "10min"')

# No GPIO at all: a back end that is not installed doesn't matter.
VIRTUAL = """\
[server]
start = "welcome"
{server}
[gpio]
pin_factory = "pigpio"
[pins.bell]
source = "http"

[pages.welcome]
on_low.bell = "open"
[pages.open]
[pages.still]
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., FlaskClient]]:
    """A function that gives a client of an exhibit, in this process."""
    apps = []

    def serve(server: str = LOCAL, text: str = EXHIBIT) -> FlaskClient:
        app = create_app(config.load(write_exhibit(tmp_path, server, text), environ={}))
        apps.append(app)
        return app.test_client()

    yield serve
    for app in apps:
        app.extensions["gpiobridge"].stop()


@pytest.fixture
def exhibit(run_bridge: Run, tmp_path: Path) -> Callable[..., BridgeProcess]:
    """A function that starts a bridge with both kinds of pins."""

    def run(kind: str = "gunicorn", server: str = LOCAL, text: str = EXHIBIT) -> BridgeProcess:
        bridge = run_bridge(kind, config=write_exhibit(tmp_path, server, text))
        bridge.url = (
            f"http://127.0.0.1:{bridge.port}"  # whether or not this machine's name is known
        )
        return bridge

    return run


def post(bridge: BridgeProcess, pin: str, level: str, **headers: str) -> tuple[int, str]:
    """Set a virtual pin."""
    body = json.dumps({"level": level}).encode()
    return bridge.request(f"/api/pins/{pin}", body, headers=headers)


def set_level(bridge: BridgeProcess, pin: str, level: str) -> None:
    """Set a virtual pin, which must work."""
    assert post(bridge, pin, level) == (204, "")


# --- Who may use it ---------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    """The header in which a program sends a token."""
    return {"Authorization": f"Bearer {token}"}


NETWORK = 'host = "0.0.0.0"\n'
GUARDED = f'{NETWORK}token = "{TOKEN}"'
OPEN = f"{NETWORK}open = true"
OPEN_GUARDED = f'{OPEN}\napi_token = "{API_TOKEN}"'
BOTH = f'{GUARDED}\napi_token = "{API_TOKEN}"'
OPEN_LOCAL = f"{OPEN}\n{LOCAL}"
PROXIED = 'allowed_hosts = ["kiosk.example.org"]'
PROXIED_LOCAL = f"{PROXIED}\n{LOCAL}"
LOCAL_GUARDED = f'api_token = "{API_TOKEN}"'


@pytest.mark.parametrize(
    ("server", "sent", "status"),
    [
        (LOCAL, {}, 204),
        (OPEN_LOCAL, {}, 204),
        (LOCAL, {"headers": bearer("whatever")}, 204),
        (LOCAL, {"base_url": "http://127.0.0.1:8000"}, 204),
        (LOCAL, {"base_url": "http://[::1]:8000", "environ_base": {"REMOTE_ADDR": "::1"}}, 204),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": "::ffff:127.0.0.1"}}, 204),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 403),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": ""}}, 403),
        (OPEN_LOCAL, {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 403),
        (LOCAL, {"base_url": "http://192.168.1.10:8000"}, 403),
        (PROXIED_LOCAL, {"base_url": "http://kiosk.example.org"}, 403),
        (PROXIED_LOCAL, {}, 403),  # a proxy may hide behind localhost
        (LOCAL, {"headers": {"X-Forwarded-For": "127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"X-Forwarded-Proto": "https"}}, 403),
        (LOCAL, {"headers": {"X-Real-IP": "127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"Forwarded": "for=127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"Via": "1.1 proxy"}}, 403),
        ("", {}, 403),
        ("", {"headers": bearer("whatever")}, 403),
        (OPEN, {}, 403),
        (PROXIED, {}, 403),
        ('url = "https://pi.example.org"', {}, 403),
        ('url = "https://pi.example.org"\n' + LOCAL, {}, 403),
        (GUARDED, {}, 401),
        (f"{GUARDED}\n{LOCAL}", {}, 401),
        (GUARDED, {"headers": bearer(TOKEN)}, 204),
        (GUARDED, {"query_string": {"token": TOKEN}}, 204),
        (GUARDED, {"headers": bearer("wrong")}, 401),
        (GUARDED, {"headers": {"Authorization": f"Basic {TOKEN}"}}, 401),
        (LOCAL_GUARDED, {}, 401),
        (LOCAL_GUARDED, {"headers": bearer(API_TOKEN)}, 204),
        (OPEN_GUARDED, {}, 401),
        (OPEN_GUARDED, {"query_string": {"token": API_TOKEN}}, 204),
        (
            OPEN_GUARDED,
            {"headers": bearer(API_TOKEN), "environ_base": {"REMOTE_ADDR": "192.168.1.20"}},
            204,
        ),
        (OPEN_GUARDED, {"headers": bearer(API_TOKEN) | {"Via": "1.1 proxy"}}, 204),
        (BOTH, {"headers": bearer(TOKEN)}, 401),
        (BOTH, {"query_string": {"token": TOKEN}}, 401),
        (BOTH, {"headers": bearer(API_TOKEN)}, 204),
        (BOTH, {"query_string": {"token": "ä" * len(API_TOKEN)}}, 401),
    ],
)
def test_who_may_use_the_api(
    served: Callable[..., FlaskClient], server: str, sent: dict[str, Any], status: int
) -> None:
    """Who knows its token; without any token, if that is written, local programs (row 11)."""
    answer = served(server).post(BELL, data=LOW, **sent)
    assert answer.status_code == status
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert "Set-Cookie" not in answer.headers
    proxied = "url" in server or "allowed_hosts" in server
    if status == 403 and LOCAL not in server:
        # Where a proxy is configured, "local" would let nobody in.
        local = '; or write server.api = "local" to let every program on this machine in'
        assert answer.text == (
            "The API asks for a token, and none is set: write server.api_token, and send it as "
            f"Authorization: Bearer{'' if proxied else local}. On the machine itself "
            "gpiobridge push, navigate and press need none, as the bridge's user, at a loopback "
            "address.\n"
        )
        assert answer.text.strip() == own_sentence(403, answer.data)  # a command shows all of it
    elif status == 403 and proxied:
        assert answer.text == (
            'server.api = "local" lets nobody in where server.url or server.allowed_hosts mean a '
            "proxy: write server.api_token, and send it as Authorization: Bearer.\n"
        )
    elif status == 403:
        assert answer.text.startswith("Only programs on this machine itself may use the API: ")
        assert "write server.api_token, and send it as Authorization: Bearer." in answer.text
    if status == 401:
        key = "api_token" if "api_token" in server else "token"
        assert answer.text == (
            f"The API asks for its token: send server.{key} as Authorization: Bearer.\n"
        )


def test_who_looks_may_not_therefore_push(served: Callable[..., FlaskClient]) -> None:
    """The cookie that lets a display in opens no way into the API."""
    client = served(GUARDED)
    assert client.get("/welcome", query_string={"token": TOKEN}).status_code == 200
    assert client.get("/welcome").status_code == 200  # by the cookie
    assert client.post(BELL, data=LOW).status_code == 401


def test_who_pushes_may_not_therefore_look(served: Callable[..., FlaskClient]) -> None:
    """The API's token opens no page."""
    client = served(BOTH)
    assert client.get("/welcome", headers=bearer(API_TOKEN)).status_code == 401
    assert client.get("/healthz", headers=bearer(API_TOKEN)).status_code == 401


def test_open_pages_with_a_protected_api(served: Callable[..., FlaskClient]) -> None:
    """Everyone may look, and nothing but the API asks for its token."""
    client = served(OPEN_GUARDED)
    assert client.get("/welcome").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.post("/simulator/pins/bell", data=LOW).status_code == 204


@pytest.mark.parametrize("server", ["", LOCAL_GUARDED])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.test"}, 421),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_host_and_origin_are_checked_here_too(
    served: Callable[..., FlaskClient], server: str, headers: dict[str, str], status: int
) -> None:
    """A page of another site can't press, whatever it knows."""
    client = served(server)
    answer = client.post(BELL, data=LOW, headers=headers | bearer(API_TOKEN))
    assert answer.status_code == status
    assert client.get("/healthz").get_json()["pins"]["bell"]["level"] == "high"


@pytest.mark.parametrize("path", ["/api/pins/button", "/api/pins/nosuch"])
def test_admission_comes_before_what_there_is(
    served: Callable[..., FlaskClient], path: str
) -> None:
    """Who may not use the API learns nothing of the pins."""
    assert served(GUARDED).post(path, data=LOW).status_code == 401


def test_an_application_of_ones_own_has_the_same_api() -> None:
    """The extension guards it by itself, and asks viewers for their own token."""
    app = Flask("own")
    bridge = GpioBridge(
        app,
        pins={"bell": {"source": "http"}},
        config={"server": {"token": TOKEN, "api_token": API_TOKEN}},
    )

    @app.get("/welcome")
    @bridge.page("welcome")
    def welcome() -> str:
        return "<h1>welcome</h1>"

    client = app.test_client()
    try:
        assert client.get("/welcome", headers=bearer(API_TOKEN)).status_code == 401
        assert client.post(BELL, data=LOW, headers=bearer(TOKEN)).status_code == 401
        assert client.post(BELL, data=LOW, headers=bearer(API_TOKEN)).status_code == 204
    finally:
        bridge.stop()


def test_a_hook_may_read_the_body_first() -> None:
    """As one does that logs every request."""
    app = Flask("own")
    app.before_request(lambda: request.get_data() and None)
    bridge = GpioBridge(app, pins={"bell": {"source": "http"}}, config={"server": {"api": "local"}})
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: ""))
    try:
        assert app.test_client().post(BELL, data=LOW).status_code == 204
    finally:
        bridge.stop()


def test_both_servers_ask_for_the_api_token(share_bridge: Run, kind: str) -> None:
    """In the header and in the URL; a page is open to all."""
    bridge = share_bridge(kind, OPEN_GUARDED, EXHIBIT)
    assert post(bridge, "bell", "low")[0] == 401
    assert post(bridge, "bell", "low", Authorization=f"Bearer {TOKEN}")[0] == 401
    assert post(bridge, "bell", "low", Authorization=f"Bearer {API_TOKEN}") == (204, "")
    assert bridge.request(f"{BELL}?token={API_TOKEN}", HIGH) == (204, "")
    assert bridge.get("/welcome")[0] == 200


def test_both_servers_know_their_own_machine(share_bridge: Run, kind: str) -> None:
    """Without a token a program on it may, by a loopback name, and what a proxy sends may not."""
    bridge = share_bridge(kind, LOCAL, EXHIBIT)
    port = bridge.port
    assert post(bridge, "bell", "low") == (204, "")
    assert post(bridge, "bell", "high", Host=f"localhost:{port}") == (204, "")
    assert post(bridge, "bell", "low", Host=f"192.168.1.10:{port}")[0] == 403
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert bridge.request(BELL, LOW, headers={header: "x"})[0] == 403, header


# --- Virtual pins -----------------------------------------------------------------------------


def test_a_level_is_set(share_bridge: Run, kind: str) -> None:
    """204; an unknown pin and a wired one are 404, a bad body 400, a long one 413."""
    bridge = share_bridge(kind, LOCAL, EXHIBIT)
    with bridge.socket("still") as ws:
        state = frame(ws, "state")
        assert state["pins"] == {"button": "high", "bell": "high", "gate": "low"}
        set_level(bridge, "bell", "low")
        edge = frame(ws, "edge")
        assert (edge["pin"], edge["level"], edge["seq"]) == ("bell", "low", state["seq"] + 1)
        set_level(bridge, "bell", "low")  # it is so already
        set_level(bridge, "gate", "high")
        assert frame(ws, "edge")["pin"] == "gate"
    assert post(bridge, "nosuch", "low")[0] == 404
    assert post(bridge, "button", "low") == (
        404,
        "Pin 'button' is wired: only pins with source = \"http\" can be set here.\n",
    )
    for body in (b"", b"x", b'"low"', b"{}", b'{"level": "LOW"}', b'{"level": 0}', b"[" * 1000):
        assert bridge.request(BELL, body)[0] == 400, body
    assert bridge.request(BELL, b" " * 2000)[0] == 413
    assert bridge.get(BELL)[0] == 405


def test_health_tells_the_kinds_apart(share_bridge: Run) -> None:
    """A virtual pin has no number."""
    pins = share_bridge(server=LOCAL, config=EXHIBIT).health()["pins"]
    assert {name: (pin["pin"], pin["source"]) for name, pin in pins.items()} == {
        "button": (17, "gpio"),
        "bell": (None, "http"),
        "gate": (None, "http"),
    }


def test_virtual_pins_alone_open_no_gpio(exhibit: Callable[..., BridgeProcess], kind: str) -> None:
    """No back end is needed, and nothing is simulated: neither badge nor simulator."""
    bridge = exhibit(kind, text=VIRTUAL)
    assert bridge.health()["simulated"] is False
    assert bridge.get("/simulator")[0] == 404
    assert bridge.request("/simulator/pins/bell", LOW)[0] == 404
    with bridge.socket("welcome") as ws:
        assert frame(ws, "state")["simulated"] is False
        set_level(bridge, "bell", "low")
        assert close_of(ws) == (4000, "/open")
    assert not [line for line in bridge.log if "imulated" in line]


def test_a_tap_and_a_hold(share_bridge: Run) -> None:
    """A short press and a long one of a virtual pin lead to two pages."""
    bridge = share_bridge(server=LOCAL, config=LONG_HOLD)
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        set_level(bridge, "bell", "low")
        assert frame(ws, "edge")["level"] == "low"
        set_level(bridge, "bell", "high")
        assert close_of(ws) == (4000, "/open")
    bridge = share_bridge(server=LOCAL, config=EXHIBIT)
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        set_level(bridge, "bell", "low")
        pressed = frame(ws, "edge")
        held = frame(ws, "edge")
        assert (held["event"], held["press"]) == ("hold", pressed["seq"])
        assert close_of(ws) == (4000, "/still")


def test_a_pulse_shorter_than_the_debounce_is_none(served: Callable[..., FlaskClient]) -> None:
    """A virtual pin is debounced as a wired one is."""
    client = served(text=EXHIBIT.replace('active = "high"', 'active = "high"\ndebounce = "1s"'))
    for body in (HIGH, LOW, HIGH):
        assert client.post(GATE, data=body).status_code == 204
    bridge = client.application.extensions["gpiobridge"].running.watcher.core
    wait_until(lambda: bridge.levels["gate"] == "high")
    assert bridge.seq == 1


def test_a_level_moves_a_page_at_load(share_bridge: Run) -> None:
    """A virtual pin that is high already leads on as soon as the page is there."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        set_level(bridge, "gate", "high")
        frame(ws, "edge")
    with bridge.socket("open") as ws:
        assert frame(ws, "state")["pins"]["gate"] == "high"
        assert close_of(ws) == (4000, "/still")


def test_a_press_during_the_load_is_caught_up_with(exhibit: Callable[..., BridgeProcess]) -> None:
    """A press between a page and its socket counts, once."""
    bridge = exhibit(text=VIRTUAL)
    with bridge.socket("still") as ws:
        epoch = frame(ws, "state")["epoch"]
        set_level(bridge, "bell", "low")
        frame(ws, "edge")
    with bridge.socket("welcome", f"?cursor={epoch}:0") as ws:
        assert frame(ws, "state")["seq"] == 0
        assert frame(ws, "edge")["pin"] == "bell"
        assert close_of(ws) == (4000, "/open")
    with bridge.socket("welcome", f"?cursor={epoch}:1") as ws:
        frame(ws, "state")
        set_level(bridge, "bell", "high")
        assert frame(ws, "edge")["level"] == "high"  # and it was not moved


def test_a_restart_makes_virtual_pins_inactive(exhibit: Callable[..., BridgeProcess]) -> None:
    """Their levels are the running bridge's, and the first reading is no edge."""
    bridge = exhibit()
    with bridge.socket("still") as ws:
        epoch = frame(ws, "state")["epoch"]
        set_level(bridge, "bell", "low")
        frame(ws, "edge")
        bridge.process.send_signal(signal.SIGHUP)
        assert close_of(ws)[0] == 1001
    bridge.wait_for_line("pages at")
    with bridge.socket("still") as ws:
        state = frame(ws, "state")
        assert state["epoch"] != epoch
        assert (state["seq"], state["pins"]["bell"]) == (0, "high")


def test_a_bridge_that_stops_says_so(served: Callable[..., FlaskClient]) -> None:
    """A program that comes too late gets a sentence, as when the pins can't be opened."""
    client = served()
    assert client.post(BELL, data=LOW).status_code == 204
    client.application.extensions["gpiobridge"].stop()
    answer = client.post(BELL, data=HIGH)
    assert (answer.status_code, answer.text) == (
        503,
        "pin 'bell' is closed: the bridge is not running\n",
    )


def test_metrics_count_a_virtual_pin(share_bridge: Run) -> None:
    """Its edges are among the others."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        set_level(bridge, "bell", "low")
        frame(ws, "edge")
    told = bridge.get("/metrics")[1]
    assert 'gpiobridge_pin_active{pin="bell"} 1.0' in told


def test_the_simulator_presses_virtual_pins_too(share_bridge: Run) -> None:
    """One page for all, where the wired ones are simulated."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT)
    status, page = bridge.get("/simulator")
    assert status == 200
    assert "GPIO 17, pull up, active low" in page
    assert "Set by POST /api/pins/gate, no pull, active high" in page
    with bridge.socket("simulator") as ws:
        frame(ws, "state")
        for pin in ("bell", "button"):
            bridge.set_level(pin, "low")
            assert frame(ws, "edge")["pin"] == pin


def test_the_simulator_names_the_chip_of_a_pin(served: Callable[..., FlaskClient]) -> None:
    """As the greeting and `doctor` do: line 3 of an expander is not GPIO 3 of the Pi (row 12)."""
    text = EXHIBIT.replace("[pins.bell]", '[pins.far]\npin = 3\nchip = "gpiochip2"\n[pins.bell]')
    page = served(text=text).get("/simulator").text
    assert "line 3 of gpiochip2, pull up, active low" in page
    assert "GPIO 17, pull up, active low" in page


# --- At the terminal --------------------------------------------------------------------------


def test_the_greeting_says_how_a_virtual_pin_is_set(exhibit: Callable[..., BridgeProcess]) -> None:
    """Each pin has a line, with where its level comes from."""
    bridge = exhibit()
    bridge.wait_for_line("  button: GPIO 17, active low\n")
    bridge.wait_for_line("  bell: set by POST /api/pins/bell, active low\n")
    bridge.wait_for_line("  gate: set by POST /api/pins/gate, active high\n")


def test_check_shows_virtual_pins(tmp_path: Path) -> None:
    """They have http where others have a number."""
    path = write_exhibit(tmp_path, config=EXHIBIT)
    said = CliRunner().invoke(main, ["check", "--config", str(path)]).output
    assert "button  17    up    low     20 ms\n" in said
    assert "bell    http  up    low     5 ms\n" in said
    assert "gate    http  none  high    20 ms\n" in said


@pytest.mark.parametrize(
    ("server", "environ", "options"),
    [
        ("", {}, []),
        (GUARDED, {}, ["--token", TOKEN]),
        (LOCAL_GUARDED, {}, ["--api-token", API_TOKEN]),
        (OPEN_GUARDED, {"GPIOBRIDGE_SERVER__API_TOKEN": API_TOKEN}, []),
        (BOTH, {"GPIOBRIDGE_SERVER__TOKEN": TOKEN}, ["--api-token", API_TOKEN]),
    ],
)
def test_press_presses_a_virtual_pin(
    share_bridge: Run,
    server: str,
    environ: dict[str, str],
    options: list[str],
) -> None:
    """It goes active and inactive again, with whichever token the API asks for."""
    token = TOKEN if f'\ntoken = "{TOKEN}"' in server else ""
    bridge = share_bridge(server=server, config=EXHIBIT, token=token)
    headers = bearer(TOKEN) if token else {}
    with bridge.socket("still", additional_headers=headers) as ws:
        frame(ws, "state")
        done = CliRunner().invoke(
            main, ["press", "bell", "--for", "50ms", "--url", bridge.url, *options], env=environ
        )
        assert (done.exit_code, done.output) == (0, "")
        assert [frame(ws, "edge")["event"] for _ in range(3)] == ["low", "high", "tap"]


def test_press_says_which_token_is_missing(share_bridge: Run, tmp_path: Path) -> None:
    """Where a command line has it from, if it finds no key of the bridge (row 44)."""
    bridge = share_bridge(server=LOCAL_GUARDED, config=EXHIBIT)
    elsewhere = {"XDG_RUNTIME_DIR": str(tmp_path / "none"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "gpiobridge", "press", "bell", "--url", bridge.url],
        capture_output=True, text=True, timeout=20, check=False, env=os.environ | elsewhere,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "gpiobridge: the bridge answered 401: The API asks for its token, server.api_token: "
        "set GPIOBRIDGE_SERVER__API_TOKEN, or add --api-token\n"
    )


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (1, '"for" = 1: must be a duration of at most 10min, such as "150ms".'),
        (0.15, '"for" = 0.15: must be a duration'),
        (True, '"for" = True: must be a duration'),
        (None, '"for" = None: must be a duration'),
        (["150ms"], "\"for\" = ['150ms']: must be a duration"),
        ("150", "\"for\" = '150': needs a unit"),
        ("0ms", "must be a duration of at most 10min"),
        ("11min", "must be a duration of at most 10min"),
    ],
)
def test_a_press_lasts_for_a_duration(
    served: Callable[..., FlaskClient], duration: object, said: str
) -> None:
    """A wrong one is said, also one that says nothing, and nothing is pressed (row 14)."""
    client = served()
    answer = client.post(BELL, json={"level": "low", "for": duration})
    assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert client.get("/healthz").get_json()["pins"]["bell"]["level"] == "high"


def test_one_request_is_a_whole_press(share_bridge: Run, kind: str) -> None:
    """The pin goes back by itself; a later request takes its place."""
    bridge = share_bridge(kind, LOCAL, LONG_HOLD)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        body = json.dumps({"level": "low", "for": "50ms"}).encode()
        assert bridge.request(BELL, body) == (204, "")
        events = [frame(ws, "edge") for _ in range(3)]
        assert [event["event"] for event in events] == ["low", "high", "tap"]
        assert events[1]["at"] - events[0]["at"] >= 0.05
        body = json.dumps({"level": "low", "for": "5min"}).encode()
        assert bridge.request(BELL, body) == (204, "")
        assert frame(ws, "edge")["event"] == "low"  # it counts: no bounce
        set_level(bridge, "bell", "high")
        assert [frame(ws, "edge")["event"] for _ in range(2)] == ["high", "tap"]


def test_a_resting_pin_is_not_pressed_to_its_rest(served: Callable[..., FlaskClient]) -> None:
    """It is high already: after the press it would not be low, for good (row 13)."""
    client = served()
    answer = client.post(BELL, json={"level": "high", "for": "150ms"})
    assert (answer.status_code, answer.text) == (
        400,
        "pin 'bell' is high already, so a press to high would be no event: set it to low first, "
        "or press it to low.\n",
    )
    assert client.get("/healthz").get_json()["pins"]["bell"]["level"] == "high"


def test_a_press_goes_back_to_what_was(share_bridge: Run) -> None:
    """A pin that is kept low is high for the press, and then low (row 13)."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        set_level(bridge, "bell", "low")
        assert frame(ws, "edge")["event"] == "low"
        assert frame(ws, "edge")["event"] == "hold"
        assert bridge.request(BELL, b'{"level": "high", "for": "50ms"}') == (204, "")
        assert [frame(ws, "edge")["event"] for _ in range(2)] == ["high", "low"]


SIMULATED = "/simulator/pins/bell"
DOES_NOT_KNOW = "'{}' is unknown; beside \"level\" there is: for.{}\n"


@pytest.mark.parametrize("path", [BELL, SIMULATED, "/simulator/pins/button"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"level": "low", "For": "150ms"}', DOES_NOT_KNOW.format("For", ' Did you mean "for"?')),
        ('{"level": "low", "duration": 1}', DOES_NOT_KNOW.format("duration", "")),
        ('{"Level": "low"}', DOES_NOT_KNOW.format("Level", ' Did you mean "level"?')),
        ('{"level": "high", "level": "low"}', "'level' is in the body twice: say it once.\n"),
        ('{"level": "low", "for": null}', '"for" = None: must be a duration'),
        ('{"level": "low", "for": 150}', '"for" = 150: must be a duration'),
        ('{"level": null}', 'The body must be {"level": "low"} or {"level": "high"}.\n'),
        ('[{"level": "low"}]', 'The body must be {"level": "low"} or {"level": "high"}.\n'),
        ("level=low", 'The body must be {"level": "low"} or {"level": "high"}.\n'),
    ],
)
def test_nothing_is_ignored_in_silence(
    served: Callable[..., FlaskClient], path: str, body: str, said: str
) -> None:
    """A key that is unknown, there twice, or of a wrong type: 400, and nothing is set (row 14)."""
    client = served()
    answer = client.post(path, data=body)
    assert (answer.status_code, answer.text.startswith(said)) == (400, True), answer.text
    pins = client.get("/healthz").get_json()["pins"]
    assert {pins["bell"]["level"], pins["button"]["level"]} == {"high"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (BELL, {"level": "low"}),
        (SIMULATED, {"level": "low"}),
        ("/api/messages", {"data": 1}),
        ("/api/navigate", {"to": "open"}),
    ],
)
def test_the_address_says_nothing_but_the_token(
    served: Callable[..., FlaskClient], path: str, body: object
) -> None:
    """What stands there instead of in the body would be ignored (row 14)."""
    answer = served().post(f"{path}?for=150ms", json=body)
    assert (answer.status_code, answer.text) == (
        400,
        "'for' is unknown in the address: what is asked for is in the body.\n",
    )


@pytest.mark.parametrize("path", [BELL, "/simulator/pins/button"])
def test_a_press_that_would_be_none_is_refused(
    served: Callable[..., FlaskClient], path: str
) -> None:
    """Shorter than the debounce, too soon, or during another: 400 and the reason (row 15)."""
    client = served(
        text=EXHIBIT.replace('"5ms"', '"1s"').replace("= 17", '= {{pin = 17, debounce = "1s"}}')
    )

    def press(duration: str) -> tuple[int, str]:
        answer = client.post(path, json={"level": "low", "for": duration})
        return answer.status_code, answer.text

    short = press("10ms")
    assert short[0] == 400
    assert "a press of 10ms is shorter than the pin's debounce of 1s" in short[1]
    assert press("1s") == (204, "")
    during = press("1s")
    assert during[0] == 400
    assert "is pressed already, for another " in during[1]
    back = client.post(path, data=HIGH)
    assert back.status_code == 400
    assert "changed less than its debounce of 1s ago, so that press would be no" in back.text
    pins = client.application.extensions["gpiobridge"].running.watcher.pins
    wait_until(lambda: pins.read(path.rpartition("/")[2]) == "high")
    soon = press("1s")
    assert soon[0] == 400
    assert "changed less than its debounce of 1s ago, so a press now would be no event" in soon[1]


def test_a_simulated_pin_takes_a_whole_press(share_bridge: Run, kind: str) -> None:
    """One request, as for a virtual one (row 15)."""
    bridge = share_bridge(kind, LOCAL, EXHIBIT)
    with bridge.socket("still") as ws:
        frame(ws, "state")
        body = b'{"level": "low", "for": "50ms"}'
        assert bridge.request("/simulator/pins/button", body) == (204, "")
        assert [frame(ws, "edge")["event"] for _ in range(2)] == ["low", "high"]


@pytest.mark.parametrize("pin", ["bell", "button"])
def test_the_command_says_that_a_press_would_be_none(share_bridge: Run, pin: str) -> None:
    """Exit code 1, and the bridge's own sentence (row 15)."""
    bridge = share_bridge(server=LOCAL, config=EXHIBIT.replace('"5ms"', '"20ms"'))
    done = CliRunner().invoke(main, ["press", pin, "--for", "10ms", "--url", bridge.url])
    assert (done.exit_code, done.output) == (
        1,
        f"gpiobridge: the bridge answered 400: pin '{pin}': a press of 10ms is shorter than the "
        "pin's debounce of 20ms, so it would be no event: make it 20ms or longer, or the debounce "
        "shorter.\n",
    )


@pytest.mark.parametrize("pin", ["bell", "button"])
def test_the_command_presses_for_as_long_as_the_debounce_at_least(
    share_bridge: Run, pin: str
) -> None:
    """What the greeting prints works for a pin with a debounce beyond 150 ms, too (rows 15, 39)."""
    text = EXHIBIT.replace("[pins]\nbutton", '[pins.button]\ndebounce = "5ms"\npin')
    bridge = share_bridge(server=LOCAL, config=text.replace('"5ms"', '"200ms"'))
    with bridge.socket("still") as ws:
        frame(ws, "state")
        done = CliRunner().invoke(main, ["press", pin, "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "")
        assert [frame(ws, "edge")["event"] for _ in range(2)] == ["low", "high"]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
def test_a_press_over_a_stop_of_the_process_is_a_tap(exhibit: Callable[..., BridgeProcess]) -> None:
    """It ends when it was to end, not when the process goes on: no hold of 300 ms (row 16)."""
    bridge = exhibit()
    with bridge.socket("still") as ws:
        frame(ws, "state")
        assert bridge.request(BELL, b'{"level": "low", "for": "100ms"}') == (204, "")
        (worker,) = bridge.workers()
        os.kill(worker, signal.SIGSTOP)
        threading.Event().wait(0.5)  # the stop itself, for longer than the hold
        os.kill(worker, signal.SIGCONT)
        events = [frame(ws, "edge") for _ in range(3)]
    assert [event["event"] for event in events] == ["low", "high", "tap"]
    assert events[1]["at"] - events[0]["at"] == pytest.approx(0.1, abs=0.01)


# --- Messages and moves -----------------------------------------------------------------------


def tell(bridge: BridgeProcess, what: str, body: object, **headers: str) -> tuple[int, str]:
    """Post a JSON body to a route of the API."""
    return bridge.request(f"/api/{what}", json.dumps(body).encode(), headers=headers)


def test_messages_from_outside(exhibit: Callable[..., BridgeProcess], kind: str) -> None:
    """They reach whom they are for, and the answer says how many displays that are."""
    bridge = exhibit(kind)
    with bridge.socket("still", "?display=hall") as still, bridge.socket("open") as opened:
        frame(still, "state"), frame(opened, "state")
        assert tell(bridge, "messages", {"data": {"a": "grüß"}}) == (200, '{"displays":2}\n')
        for ws in (still, opened):
            assert frame(ws) == {"type": "message", "data": {"a": "grüß"}}
        for body in (
            {"data": 1, "page": "still"},
            {"data": 1, "display": "hall", "exclude": None},
            {"data": 1, "exclude": "hall"},
        ):
            assert tell(bridge, "messages", body)[1] == '{"displays":1}\n'
        assert [frame(still)["data"], frame(still)["data"], frame(opened)["data"]] == [1, 1, 1]
        tell(bridge, "messages", {"data": None, "retain": "news"})
        tell(bridge, "messages", {"data": "kept", "retain": "news"})
    with bridge.socket("still") as late:
        frame(late, "state")
        assert frame(late) == {"type": "message", "data": "kept"}


def test_moves_from_outside(exhibit: Callable[..., BridgeProcess], kind: str) -> None:
    """Displays leave as by a press."""
    bridge = exhibit(kind)
    with bridge.socket("still", "?display=hall") as ws, bridge.socket("still") as other:
        frame(ws, "state"), frame(other, "state")
        body = {"to": "open", "page": "still", "display": "hall"}
        assert tell(bridge, "navigate", body) == (200, '{"displays":1}\n')
        assert close_of(ws) == (4000, "/open")
        bridge.wait_for_line("the application: still leads to open, displays sent: 1")
        assert [display["name"] for display in bridge.health()["displays"]] == [""]


@pytest.mark.parametrize(
    ("what", "body", "status", "said"),
    [
        ("messages", {}, 400, 'The body must be a JSON object with "data".'),
        ("messages", [1], 400, 'The body must be a JSON object with "data".'),
        (
            "messages",
            {"data": 1, "pages": "open"},
            400,
            "'pages' is unknown; beside \"data\" there are: page, display, exclude, retain.",
        ),
        ("messages", {"data": 1, "page": "nosuch"}, 400, "page = 'nosuch': there is no such page"),
        ("messages", {"data": 1, "display": 5}, 400, "display = 5: must be a display, or its name"),
        ("messages", {"data": 1, "page": []}, 400, "page = []: must be the name of a page"),
        ("messages", {"data": 1, "retain": 5}, 400, "retain = 5: must be a key"),
        ("messages", {"data": 1, "retain": "k" * 60_000}, 400, "retain = 'kkkkkkkkkkkkkkkkkkkk…'"),
        ("messages", {"data": 1, "display": "\ud800" * 65}, 400, "display = '\\ud800"),
        ("messages", {"data": float("nan")}, 400, "the message is no JSON: "),
        ("messages", {"data": [{"a": float("-inf")}]}, 400, "the message is no JSON: "),
        ("messages", {"data": 10**4000}, 200, ""),
        ("messages", {"data": "x" * 16_384}, 400, "the message takes 16412 bytes"),
        ("messages", {"data": "\ud800"}, 400, "the message is no JSON"),
        ("messages", {"data": "x" * 70_000}, 413, "The body is at most 65536 bytes."),
        ("messages", {"data": 1, "\ud800": 1}, 400, "'\\ud800' is unknown"),
        ("messages", {"data": 1, "Retain": "x"}, 400, "'Retain' is unknown; beside"),
        ("messages", {"date": 1}, 400, "'date' is unknown; beside \"data\" there are: page, "),
        ("navigate", {"page": "open"}, 400, 'The body must be a JSON object with "to".'),
        ("navigate", {}, 400, 'The body must be a JSON object with "to".'),
        ("navigate", {"to": "nosuch"}, 400, "to = 'nosuch': there is no such page; pages: welcome"),
        ("navigate", {"to": None}, 400, "to = None: must be the name of a page"),
        ("navigate", {"to": "open", "retain": "x"}, 400, "'retain' is unknown"),
    ],
)
def test_what_cannot_be_told_is_refused(
    served: Callable[..., FlaskClient], what: str, body: object, status: int, said: str
) -> None:
    """In a sentence with place, value and remedy."""
    answer = served().post(f"/api/{what}", data=json.dumps(body))
    assert (answer.status_code, answer.text.startswith(said)) == (status, True), answer.text


@pytest.mark.parametrize(
    ("what", "body", "double"),
    [
        ("messages", '{"data": 1, "data": 2}', "data"),
        ("messages", '{"data": {"a": 1, "b": 2, "a": 3}}', "a"),
        ("navigate", '{"to": "open", "page": "still", "page": "open"}', "page"),
    ],
)
def test_a_key_that_is_there_twice_is_refused(
    served: Callable[..., FlaskClient], what: str, body: str, double: str
) -> None:
    """One of its values would be dropped, in a message's data too (row 14)."""
    answer = served().post(f"/api/{what}", data=body)
    assert (answer.status_code, answer.text) == (
        400,
        f"{double!r} is in the body twice: say it once.\n",
    )


def test_a_message_may_be_escaped(served: Callable[..., FlaskClient]) -> None:
    """Most programs write JSON in ASCII: what fits as UTF-8 is three times as long then."""
    body = json.dumps({"data": "ж" * 8_000, "page": "still"})
    assert len(body) > 48_000
    answer = served().post("/api/messages", data=body)
    assert (answer.status_code, answer.json) == (200, {"displays": 0})


@pytest.mark.parametrize("what", ["messages", "navigate"])
def test_messages_and_moves_are_guarded(served: Callable[..., FlaskClient], what: str) -> None:
    """Like the rest of the API."""
    client = served(BOTH)
    body = {"data": 1} if what == "messages" else {"to": "open"}
    assert client.post(f"/api/{what}", json=body, headers=bearer(TOKEN)).status_code == 401
    assert client.post(f"/api/{what}", json=body, headers=bearer(API_TOKEN)).status_code == 200


def test_push_and_navigate_commands(share_bridge: Run) -> None:
    """They say how many displays they are for, and a refusal in one sentence."""
    bridge = share_bridge(server=LOCAL_GUARDED, config=EXHIBIT)
    run = CliRunner(env={"GPIOBRIDGE_SERVER__API_TOKEN": API_TOKEN}).invoke
    with bridge.socket("still") as ws:
        frame(ws, "state")
        done = run(main, ["push", '{"a": [1]}', "--page", "still", "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "told 1 display\n")
        assert frame(ws) == {"type": "message", "data": {"a": [1]}}
        done = run(main, ["navigate", "nosuch", "--url", bridge.url])
        assert (done.exit_code, done.output) == (
            1,
            "gpiobridge: the bridge answered 400: to = 'nosuch': there is no such page; "
            "pages: welcome, open, still.\n",
        )
        done = run(main, ["navigate", "open", "--url", bridge.url])
        assert (done.exit_code, done.output) == (0, "sent 1 display to open\n")
        assert close_of(ws) == (4000, "/open")
    done = CliRunner().invoke(main, ["push", "1", "--url", bridge.url])
    assert done.exit_code == 0  # by the key of this run
