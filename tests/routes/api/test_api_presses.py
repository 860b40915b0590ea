"""One request is a whole press; what would be none is refused."""

import json
import os
import signal
import threading
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import BELL, EXHIBIT, HIGH, LOCAL, LONG_HOLD, set_level
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import frame


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (1, '"for" = 1: needs a unit; write "1ms" or "1s".'),
        (0.15, '"for" = 0.15: needs a unit'),
        (True, '"for" = true: must be a duration'),
        (None, '"for" = null: must be a duration'),
        (["150ms"], '"for" = ["150ms"]: must be a duration'),
        ("150", '"for" = "150": needs a unit'),
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

DOES_NOT_KNOW = "'{}' is unknown; the body has \"level\", and may have: for.{}\n"


@pytest.mark.parametrize("path", [BELL, SIMULATED, "/simulator/pins/button"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"level": "low", "For": "150ms"}', DOES_NOT_KNOW.format("For", ' Did you mean "for"?')),
        ('{"level": "low", "duration": 1}', DOES_NOT_KNOW.format("duration", "")),
        ('{"Level": "low"}', DOES_NOT_KNOW.format("Level", ' Did you mean "level"?')),
        ('{"level": "high", "level": "low"}', "'level' is in the body twice: remove one.\n"),
        ('{"level": "low", "for": null}', '"for" = null: must be a duration'),
        ('{"level": "low", "for": 150}', '"for" = 150: needs a unit'),
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
        "'for' is unknown in the address: write it into the JSON body.\n",
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


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
def test_a_press_over_a_stop_of_the_process_is_a_tap(exhibit: Callable[..., BridgeProcess]) -> None:
    """It ends when it was to end, not when the process goes on: no hold of 300 ms (row 16)."""
    bridge = exhibit()
    with bridge.socket("still") as ws:
        frame(ws, "state")
        assert bridge.request(BELL, b'{"level": "low", "for": "100ms"}') == (204, "")
        os.kill(bridge.process.pid, signal.SIGSTOP)
        threading.Event().wait(0.5)  # the stop itself, for longer than the hold
        os.kill(bridge.process.pid, signal.SIGCONT)
        events = [frame(ws, "edge") for _ in range(3)]
    assert [event["event"] for event in events] == ["low", "high", "tap"]
    assert events[1]["at"] - events[0]["at"] == pytest.approx(0.1, abs=0.01)
