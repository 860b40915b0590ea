"""What operators see of outputs: /healthz, /metrics, the log; also of one whose line fails."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from harness.api_exhibit import EXHIBIT, LOCAL
from harness.breakable_lines import BreakableLines
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from prometheus_client.parser import text_string_to_metric_families

from gpiobridge import GpioBridge, config
from gpiobridge.serve.standalone import create_app

LAMPS = EXHIBIT + "[outputs]\nlamp = 22\nlock = 23\n"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> BreakableLines:
    """The lines of the bridge, which can break."""
    lines = BreakableLines()
    monkeypatch.setattr("gpiobridge.extension.start.lines_of", lambda *_: lines)
    monkeypatch.setattr("gpiobridge.outputs.keeper.TRY_AGAIN_S", 0.05)
    return lines


@pytest.fixture
def app(tmp_path: Path, lines: BreakableLines) -> Iterator[Flask]:
    """An exhibit with two outputs, in this process."""
    app = create_app(config.load(write_exhibit(tmp_path, LOCAL, LAMPS), environ={}))
    yield app
    app.extensions["gpiobridge"].stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the exhibit."""
    return app.test_client()


@pytest.fixture
def bridge(app: Flask, client: FlaskClient) -> GpioBridge:
    """Its running bridge."""
    assert client.get("/healthz").status_code == 200
    bridge: GpioBridge = app.extensions["gpiobridge"]
    return bridge


def metrics(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Read /metrics: a sample's name and its labels' values, to its value; only of outputs."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if "output" in sample.name and not sample.name.endswith("_created")
    }


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    wait_until(is_so)


def test_health_tells_what_each_output_does(client: FlaskClient, bridge: GpioBridge) -> None:
    """Its state, and nothing else while all is well."""
    assert client.get("/healthz").get_json()["outputs"] == {
        "lamp": {"state": "off"},
        "lock": {"state": "off"},
    }
    bridge.outputs["lamp"].blink()
    wait_for(lambda: bridge.outputs["lamp"].state == "blink")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.get_json()["outputs"]["lamp"] == {"state": "blink"}


def test_the_metrics_tell_what_each_output_does(client: FlaskClient, bridge: GpioBridge) -> None:
    """One of its states is 1; each new state is counted."""
    lamp = bridge.outputs["lamp"]
    for state in ("on", "blink", "off", "on"):
        lamp.set(state)
        wait_for(lambda: lamp.state == state)  # noqa: B023
    told = metrics(client)
    for state in ("on", "off", "blink", "pulse"):
        assert told["gpiobridge_output_state", "lamp", state] == (state == "on")
        assert told["gpiobridge_output_state", "lock", state] == (state == "off")
    assert told["gpiobridge_output_changes_total", "lamp"] == 4
    assert told["gpiobridge_output_changes_total", "lock"] == 0
    assert told["gpiobridge_output_failed", "lamp"] == 0
    assert told["gpiobridge_outputs_refused_total",] == 0


def test_a_line_that_fails_is_seen_by_operators(
    client: FlaskClient,
    bridge: GpioBridge,
    lines: BreakableLines,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """503 until it answers again; the bridge goes on, and says it once."""
    lines.broken.add("lamp")
    bridge.outputs["lamp"].on()
    wait_for(lambda: client.get("/healthz").status_code == 503)
    health = client.get("/healthz").get_json()
    assert (health["status"], health["watcher"]) == ("failed", "alive")
    assert health["outputs"] == {"lamp": {"state": "on", "failed": True}, "lock": {"state": "off"}}
    told = metrics(client)
    assert told["gpiobridge_output_failed", "lamp"] == 1
    assert told["gpiobridge_output_failed", "lock"] == 0
    assert "output lamp can't be set" in bridge.running.status()
    for _ in range(3):  # it is tried again and again
        assert lines.written.get(timeout=10) == ("lamp", None)
    bridge.outputs["lock"].on()
    wait_for(lambda: lines.levels["lock"] == "high")
    lines.broken.clear()
    wait_for(lambda: client.get("/healthz").status_code == 200)
    assert lines.levels["lamp"] == "high"
    assert client.get("/healthz").get_json()["outputs"]["lamp"] == {"state": "on"}
    said = [r.message for r in caplog.records if r.levelno >= logging.ERROR]
    assert [line.partition(";")[0] for line in said] == [
        "output 'lamp' can't be set: [Errno 5] Input/output error"
    ]


def test_the_end_is_safe_even_if_a_line_fails(
    bridge: GpioBridge, lines: BreakableLines, caplog: pytest.LogCaptureFixture
) -> None:
    """The other lines get their safe level, and the log names the one that may not have it."""
    bridge.outputs["lamp"].on()
    bridge.outputs["lock"].on()
    wait_for(lambda: lines.levels == {"lamp": "high", "lock": "high"})
    lines.broken.add("lamp")
    bridge.stop()
    assert lines.levels == {"lamp": "high", "lock": "low"}
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == [
        "output 'lamp' can't be set: [Errno 5] Input/output error; it may not be in its safe state"
    ]


def test_without_outputs_health_has_none(tmp_path: Path) -> None:
    """The key is there all the same: a program needs no case for it."""
    app = create_app(config.load(write_exhibit(tmp_path, LOCAL), environ={}))
    try:
        assert app.test_client().get("/healthz").get_json()["outputs"] == {}
    finally:
        app.extensions["gpiobridge"].stop()
