"""A start that failed: pins that another program has, and the next try."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from gpiozero.pins.local import LocalPiFactory
from gpiozero.pins.mock import MockFactory
from harness.deadline import DEADLINE_S
from harness.served_application import make_app, press

from gpiobridge import GpioBridge, PinError
from gpiobridge.pins.gpiozero_pins import GpiozeroPins


class TakenPins(GpiozeroPins):
    """Simulated pins that another process has, until it ends."""

    taken = True
    tries = 0

    def open(self, on_edge: Any) -> None:
        """Refuse, as the back ends do."""
        TakenPins.tries += 1
        if TakenPins.taken:
            raise PinError("pins.button: GPIO 17 is in use by another program")
        super().open(on_edge)


def test_pins_that_are_taken(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stop: Callable[[GpioBridge], None],
) -> None:
    """Pages say it, the log does once, other routes work; it recovers when they are free."""
    now_s = 1000.0
    monkeypatch.setattr("gpiobridge.extension.start.pin_source", TakenPins)
    monkeypatch.setattr(
        "gpiobridge.extension.lifetime.time", SimpleNamespace(monotonic=lambda: now_s)
    )
    monkeypatch.setattr(TakenPins, "taken", True)
    monkeypatch.setattr(TakenPins, "tries", 0)
    app, bridge = make_app()
    stop(bridge)
    called = threading.Event()
    bridge.on_low("button")(called.set)
    app.add_url_rule("/other", "other", lambda: "mine")
    client = app.test_client()
    sentence = "pins.button: GPIO 17 is in use by another program"
    for _ in range(3):
        for path in ("/", "/healthz", "/ws/welcome"):
            answer = client.get(path)
            assert (answer.status_code, answer.text) == (503, f"{sentence}\n")
        assert client.get("/other").text == "mine"
        now_s += 0.6
    assert TakenPins.tries == 2  # once a second, not with each of twelve requests
    assert caplog.messages == [sentence]
    TakenPins.taken = False
    now_s += 1.0
    assert client.get("/").status_code == 200
    assert caplog.messages[1:] == [
        "the pins are SIMULATED: no GPIO is read",
        "the bridge has started: the problem before is solved",
    ]
    press(bridge)
    assert called.wait(DEADLINE_S)


def test_a_function_may_be_declared_after_a_start_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bridge doesn't run; so it is not too late."""
    monkeypatch.setattr("gpiobridge.extension.start.pin_source", TakenPins)
    monkeypatch.setattr(TakenPins, "taken", True)
    _, bridge = make_app()
    with pytest.raises(PinError):
        bridge.start()
    bridge.on_low("button")(lambda: None)
    bridge.stop()


def test_a_function_may_be_declared_where_no_back_end_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Raspberry Pi without one fails before a pin is opened; nothing runs then, either."""

    def none(*_: Any) -> Any:
        raise PinError("no pin back end can be imported")

    monkeypatch.setattr("gpiobridge.extension.start.pin_source", none)
    _, bridge = make_app()
    with pytest.raises(PinError):
        bridge.start()
    bridge.on_low("button")(lambda: None)


def test_a_start_that_failed_lets_the_pins_go(
    monkeypatch: pytest.MonkeyPatch, stop: Callable[[GpioBridge], None]
) -> None:
    """What gpiozero had reserved when a pin was busy is free when it is tried again."""
    claim = MockFactory.pin
    busy = [True]

    def pin(self: MockFactory, name: Any) -> Any:
        if busy.pop():
            raise RuntimeError("GPIO busy")
        busy.append(False)
        return claim(self, name)

    now_s = 1000.0
    monkeypatch.setattr(
        "gpiobridge.extension.lifetime.time", SimpleNamespace(monotonic=lambda: now_s)
    )
    monkeypatch.setattr(MockFactory, "pin", pin)
    # The real back ends of a process share what is reserved.
    shared = property(lambda self: LocalPiFactory._reservations, lambda self, own: None)
    monkeypatch.setattr(MockFactory, "_reservations", shared, raising=False)
    app, bridge = make_app()
    stop(bridge)
    assert "holds the pin" in app.test_client().get("/").text
    busy.append(False)
    now_s += 1.0
    assert "client.js" in app.test_client().get("/").text
