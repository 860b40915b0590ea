"""What operators see of a named display that is dead: /healthz, /metrics, the list, the status."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from harness.api_exhibit import EXHIBIT, LOCAL
from harness.deadline import wait_until
from harness.exhibit import write_exhibit

from gpiobridge import GpioBridge, config
from gpiobridge.config import Alarms
from gpiobridge.serve.standalone import create_app

WALL = EXHIBIT + "[displays.left]\n[displays.right]\n"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An exhibit with two named displays that are soon an alarm, in this process."""
    monkeypatch.setattr("gpiobridge.loop.dead_screens.LOOK_S", 0.02)
    monkeypatch.setattr("gpiobridge.loop.dead_screens.START_S", 0.05)
    settings = config.load(write_exhibit(tmp_path, LOCAL, WALL), environ={})
    app = create_app(replace(settings, alarms=Alarms(after_s=0.05)))
    yield app
    app.extensions["gpiobridge"].stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the exhibit, whose displays both are an alarm."""
    client = app.test_client()
    wait_until(lambda: len(client.get("/healthz").get_json()["alarms"]) == 2)
    return client


def test_health_is_strict_only_on_demand(client: FlaskClient) -> None:
    """A monitor asks for it; the launcher and older monitors don't."""
    answer = client.get("/healthz")
    told = answer.get_json()
    assert (answer.status_code, told["status"]) == (200, "ok")
    strict = client.get("/healthz?strict")
    assert strict.status_code == 503
    assert strict.get_json()["alarms"] == told["alarms"]
    left, right = told["alarms"]
    assert left.keys() == {"display", "alarm", "since", "message"}
    assert (left["display"], left["alarm"]) == ("left", "missing")
    assert right["display"] == "right"
    assert left["message"].startswith('display "left" is missing since ')


def test_without_an_alarm_strict_is_200(tmp_path: Path) -> None:
    """Displays have time to come."""
    app = create_app(config.load(write_exhibit(tmp_path, LOCAL, WALL), environ={}))
    try:
        answer = app.test_client().get("/healthz?strict")
        assert (answer.status_code, answer.get_json()["alarms"]) == (200, [])
    finally:
        app.extensions["gpiobridge"].stop()


def test_the_metrics_tell_of_alarms(client: FlaskClient) -> None:
    """Which display, and why."""
    lines = client.get("/metrics").text.splitlines()
    assert 'gpiobridge_display_alarm{alarm="missing",display="left"} 1.0' in lines
    assert 'gpiobridge_display_alarm{alarm="hidden",display="left"} 0.0' in lines
    assert 'gpiobridge_display_alarms_total{display="right"} 1.0' in lines


def test_the_status_begins_with_alarms(client: FlaskClient, app: Flask) -> None:
    """Systemd's status has one line."""
    bridge: GpioBridge = app.extensions["gpiobridge"]
    assert bridge.running.status().startswith(
        "ALARM: left is missing, ALARM: right is missing, 0 displays, "
    )


def test_the_list_of_displays_tells_of_alarms(client: FlaskClient) -> None:
    """People and programs."""
    told: Any = json.loads(
        client.get("/gpiobridge/displays", headers={"Accept": "application/json"}).text
    )
    assert [each["display"] for each in told["alarms"]] == ["left", "right"]
    page = client.get("/gpiobridge/displays", headers={"Accept": "text/html"}).text
    assert page.count('<p class="alarm">Alarm: display &#34;left&#34; is missing since ') == 1
