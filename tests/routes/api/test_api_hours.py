"""`POST /api/hours`, and what operators see of the hours: /healthz, /metrics, the status."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import BOTH, EXHIBIT, GUARDED, LOCAL, TOKEN, bearer
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import close_of, frame
from prometheus_client.parser import text_string_to_metric_families

ALWAYS = (
    EXHIBIT
    + """
[hours]
open = ["00:00-24:00"]
page = "still"
trust_clock = true
[displays.left.hours]
open = []
timezone = "Asia/Kolkata"
"""
)
HOURS = "/api/hours"
CLOSE = '{"hours": "close", "for": "1h"}'


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept over a restart lies in the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def state(client: FlaskClient) -> str:
    """What is open, by /healthz."""
    return str(client.get("/healthz").get_json()["hours"]["state"])


def test_it_is_overruled_for_a_time(served: Callable[..., FlaskClient]) -> None:
    """204 without a word, and all that operators look at says so."""
    client = served(text=ALWAYS)
    hours = client.get("/healthz").get_json()["hours"]
    assert hours == {
        "state": "open",
        "next": None,
        "overruled_until": None,
        "displays": {"left": {"state": "closed", "next": None}},
        "screens": {},
    }
    answer = client.post(HOURS, data=CLOSE)
    assert (answer.status_code, answer.data) == (204, b"")
    wait_until(lambda: state(client) == "closed")
    hours = client.get("/healthz").get_json()["hours"]
    until = datetime.fromisoformat(hours["overruled_until"])
    assert until.tzinfo is not None
    assert timedelta(minutes=59) < until - datetime.now(until.tzinfo) <= timedelta(hours=1)
    assert hours["next"] == hours["overruled_until"]
    samples = {
        (sample.name, sample.labels.get("display"), sample.labels.get("state")): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if "_hours_" in sample.name
    }
    assert samples["gpiobridge_hours_state", "", "closed"] == 1
    assert samples["gpiobridge_hours_state", "", "open"] == 0
    assert samples["gpiobridge_hours_state", "left", "closed"] == 1
    assert samples["gpiobridge_hours_overruled", None, None] == 1
    next_s = samples["gpiobridge_hours_next_change_timestamp_seconds", "", None]
    assert next_s == pytest.approx(until.timestamp(), abs=1)
    running = client.application.extensions["gpiobridge"].running
    assert "exhibit closed, display left closed" in running.status()
    assert client.post(HOURS, json={"hours": "auto"}).status_code == 204
    wait_until(lambda: state(client) == "open")


def test_screens_are_off_while_it_is_closed(served: Callable[..., FlaskClient]) -> None:
    """By /healthz and by a metric, of each display; a press wakes those that obey its pin."""
    text = ALWAYS.replace("trust_clock", 'screen = "off"\nwake = "1min"\ntrust_clock')
    client = served(text=text + "[displays.right]\npins = []\n")
    off, on = {"screen": "off", "awake_until": None}, {"screen": "on", "awake_until": None}

    def screens() -> dict[str, dict[str, str | None]]:
        found: dict[str, dict[str, str | None]] = client.get("/healthz").get_json()["hours"]
        return found["screens"]  # type: ignore[return-value]

    assert screens() == {"": on, "left": off, "right": on}
    client.post(HOURS, data=CLOSE)
    wait_until(lambda: screens() == {"": off, "left": off, "right": off})
    assert 'gpiobridge_hours_screen_off{display="right"} 1' in client.get("/metrics").text
    pressed = client.post("/api/pins/bell", json={"level": "low", "for": "200ms"})
    assert pressed.status_code == 204
    wait_until(lambda: screens()[""]["screen"] == "on")
    assert screens()["right"] == off
    until = datetime.fromisoformat(str(screens()[""]["awake_until"]))
    assert timedelta(0) < until - datetime.now(until.tzinfo) <= timedelta(minutes=1)
    assert 'gpiobridge_hours_screen_off{display=""} 0' in client.get("/metrics").text


def test_it_is_kept_over_a_restart(served: Callable[..., FlaskClient], tmp_path: Path) -> None:
    """Until its time is over."""
    client = served(text=ALWAYS)
    client.post(HOURS, data=CLOSE)
    wait_until(lambda: state(client) == "closed")
    client.application.extensions["gpiobridge"].stop()
    (file,) = (tmp_path / "state" / "gpiobridge").iterdir()
    assert json.loads(file.read_text())["overrule"]["state"] == "closed"
    assert state(served(text=ALWAYS)) == "closed"
    file.write_text("{")
    assert state(served(text=ALWAYS)) == "open"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", 'The body must be a JSON object with "hours".'),
        ('{"hours": "opn"}', '"hours" = "opn": must be "open", "close" or "auto"; did you mean '
         '"open"?.'),
        ('{"hours": null}', '"hours" = NoneType: must be "open", "close" or "auto".'),
        ('{"hours": "auto", "for": "1h"}', '"auto" is for good; leave "for" out.'),
        ('{"hours": "open", "for": "8d"}', '"for" = "8d": must be a duration of at most 7d, such '
         'as "4h".'),
        ('{"hours": "open", "for": "4"}', None),
        ('{"hours": "open", "display": "left"}', '\'display\' is unknown; the body has "hours", '
         "and may have: for."),
    ],
)  # fmt: skip
def test_a_wrong_order_is_refused(
    served: Callable[..., FlaskClient], body: str, said: str | None
) -> None:
    """400, in one sentence."""
    answer = served(text=ALWAYS).post(HOURS, data=body)
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    if said is not None:
        assert answer.text == f"{said}\n"


def test_without_hours_there_are_none(served: Callable[..., FlaskClient]) -> None:
    """The sentence says where they would be."""
    client = served()
    answer = client.post(HOURS, data=CLOSE)
    assert (answer.status_code, answer.text) == (
        400,
        "there are no opening hours to overrule; write [hours] into config.toml.\n",
    )
    assert client.get("/healthz").get_json()["hours"] is None
    assert "hours" not in client.get("/metrics").text


def test_who_may(served: Callable[..., FlaskClient]) -> None:
    """The API's rules: neither the viewers' token nor the cookie of a display."""
    assert served(BOTH, ALWAYS).post(HOURS, data=CLOSE, headers=bearer(TOKEN)).status_code == 401
    client = served(GUARDED, ALWAYS)
    assert client.get("/welcome", query_string={"token": TOKEN}).status_code == 200
    assert client.post(HOURS, data=CLOSE).status_code == 401
    assert client.post(HOURS, data=CLOSE, headers=bearer(TOKEN)).status_code == 204


def test_a_bridge_that_stops_says_so(served: Callable[..., FlaskClient]) -> None:
    """A program that comes too late gets a sentence."""
    client = served(text=ALWAYS)
    assert state(client) == "open"
    client.application.extensions["gpiobridge"].stop()
    answer = client.post(HOURS, data=CLOSE)
    assert answer.status_code == 503
    assert answer.text == "the opening hours can't be set: the bridge is not running\n"


def test_both_servers_close(run_bridge: Run, tmp_path: Path, kind: str) -> None:
    """A display that is there goes, and one that comes is led there, too."""
    from harness.exhibit import write_exhibit

    bridge: BridgeProcess = run_bridge(kind, config=write_exhibit(tmp_path, LOCAL, ALWAYS))
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        order = b'{"to": "open"}'
        assert bridge.request("/api/navigate", order) == (200, '{"displays":1}\n')
        assert close_of(ws) == (4000, "/open")
    with bridge.socket("welcome") as ws:
        frame(ws, "state")
        assert bridge.request(HOURS, CLOSE.encode()) == (204, "")
        assert close_of(ws) == (4000, "/still")
    with bridge.socket("still") as ws:
        frame(ws, "state")
        assert bridge.request("/api/navigate", order) == (200, '{"displays":0}\n')
    with bridge.socket("open") as ws:
        assert close_of(ws) == (4000, "/still")
