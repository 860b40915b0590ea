"""Virtual pins, which the HTTP API sets: they do all that wired ones do."""

import signal
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import (
    BELL,
    EXHIBIT,
    GATE,
    HIGH,
    LOCAL,
    LONG_HOLD,
    LOW,
    VIRTUAL,
    post,
    set_level,
)
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import wait_until
from harness.sockets import close_of, frame


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
    assert "GPIO 17, header pin 11, pull up, active low" in page
    assert "Set by POST /api/pins/gate, no pull, active high" in page
    with bridge.socket("simulator") as ws:
        frame(ws, "state")
        for pin in ("bell", "button"):
            bridge.set_level(pin, "low")
            assert frame(ws, "edge")["pin"] == pin


def test_simulated_outputs_have_a_simulator_beside_virtual_pins_alone(
    exhibit: Callable[..., BridgeProcess], kind: str
) -> None:
    """It shows the outputs, and presses the pins; the pages carry no badge."""
    text = VIRTUAL.replace('pin_factory = "pigpio"', 'pin_factory = "mock"')
    bridge = exhibit(kind, text=f"{text}[outputs]\nlamp = 22\n")
    bridge.wait_for_line(f"  see what they do at {bridge.url}/simulator\n")
    status, page = bridge.get("/simulator")
    assert status == 200
    assert "Simulated outputs: what you press here" in page
    assert "GPIO 22, header pin 15, active high" in page
    with bridge.socket("simulator") as ws:
        assert frame(ws, "state")["simulated"] is False
        assert frame(ws, "output") == {"type": "output", "output": "lamp", "state": "off"}
        bridge.set_level("bell", "low")
        assert frame(ws, "edge")["pin"] == "bell"


@pytest.mark.parametrize(
    ("path", "method", "said"),
    [
        ("/api/pins/x", "POST", "There is no pin 'x'; pins: button, bell, gate."),
        ("/simulator/pins/x", "POST", "There is no pin 'x'; pins: button, bell, gate."),
        ("/api/outputs/x", "POST", "There is no output 'x'; outputs: none."),
        ("/api/sounds/x", "POST", "There is no sound 'x'; sounds: none."),
        ("/gpiobridge/sounds/x", "GET", "There is no sound 'x'; sounds: none."),
        ("/gpiobridge/next/x", "GET", "There is no page 'x'; pages: welcome, open, still."),
        ("/ws/x", "GET", "There is no page 'x'; pages: welcome, open, still."),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    served: Callable[..., FlaskClient], path: str, method: str, said: str
) -> None:
    """In the same words, whatever it is."""
    answer = served(text=EXHIBIT).open(path, method=method, data=LOW)
    assert (answer.status_code, answer.text) == (404, f"{said}\n")


def test_the_simulator_names_the_chip_of_a_pin(served: Callable[..., FlaskClient]) -> None:
    """As the greeting and `doctor` do: line 3 of an expander is not GPIO 3 of the Pi (row 12)."""
    text = EXHIBIT.replace("[pins.bell]", '[pins.far]\npin = 3\nchip = "gpiochip2"\n[pins.bell]')
    page = served(text=text).get("/simulator").text
    assert "Line 3 of gpiochip2, pull up, active low" in page
    assert "GPIO 17, header pin 11, pull up, active low" in page


def test_the_simulator_says_what_delays_a_press_and_ends_an_output(
    served: Callable[..., FlaskClient],
) -> None:
    """Whoever presses there sees why nothing happens at once; most pins have neither."""
    text = EXHIBIT.replace("[pins.bell]", '[pins.slow]\npin = 3\ndwell = "400ms"\n[pins.bell]')
    text = text.replace("[pins.slow]", '[pins.calm]\npin = 4\ncooldown = "1.5s"\n[pins.slow]')
    text += '[outputs]\nlock = {{ pin = 22, max_on = "2s" }}\nlamp = 23\n'
    page = served(text=text).get("/simulator").text
    assert "GPIO 3, header pin 5, pull up, active low, dwell 400ms</p>" in page
    assert "GPIO 4, header pin 7, pull up, active low, cooldown 1.5s</p>" in page
    assert "GPIO 17, header pin 11, pull up, active low</p>" in page
    assert "GPIO 22, header pin 15, active high, max on 2s</p>" in page
    assert "GPIO 23, header pin 16, active high</p>" in page


def test_the_greeting_says_how_a_virtual_pin_is_set(exhibit: Callable[..., BridgeProcess]) -> None:
    """Each pin has a line, with where its level comes from."""
    bridge = exhibit()
    bridge.wait_for_line("  button: GPIO 17, header pin 11, active low\n")
    bridge.wait_for_line("  bell: set by POST /api/pins/bell, active low\n")
    bridge.wait_for_line("  gate: set by POST /api/pins/gate, active high\n")
