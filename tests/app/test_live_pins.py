"""The pins as an application sees them: levels, and a hand on those without a wire."""

from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue
from typing import Any

import pytest
from harness.deadline import DEADLINE_S
from harness.scripted_pins import ScriptedPins
from harness.served_application import make_app

from gpiobridge import DriveError, GpioBridge, GpioBridgeError, Level, PinError, PinEvent
from gpiobridge.pins.gpiod_pins import GpiodPins

LOW, HIGH = Level.LOW, Level.HIGH
PINS = {
    "button": 17,
    "hook": {"source": "http", "debounce": "5ms", "hold": "100ms"},
    "gate": {"source": "http", "pull": "none", "active": "high"},
}

Events = SimpleQueue[Any]


@pytest.fixture
def bridge() -> Iterator[GpioBridge]:
    """A bridge with simulated and virtual pins that isn't started yet."""
    _, made = make_app(pins=PINS)
    yield made
    made.stop()


def heard(bridge: GpioBridge, pin: str) -> Events:
    """Start the bridge; what happens to a pin comes into the queue."""
    events: Events = SimpleQueue()

    def hear(event: PinEvent) -> None:
        events.put(event.event)

    for on in (bridge.on_low, bridge.on_high, bridge.on_tap, bridge.on_hold):
        on(pin)(hear)  # one function, whose events come in order
    bridge.start()
    return events


def next_of(events: Events, count: int) -> list[str]:
    """So many events."""
    return [events.get(timeout=DEADLINE_S) for _ in range(count)]


@pytest.mark.parametrize("pin", ["button", "hook"])
@pytest.mark.parametrize(("low", "high"), [(LOW, HIGH), ("low", "high")])
def test_an_application_sets_a_level(bridge: GpioBridge, pin: str, low: str, high: str) -> None:
    """Of a virtual pin and of a simulated one, by `Level` or by text; it stays (row 17)."""
    events = heard(bridge, pin)
    bridge.pins[pin].set(low)
    assert next_of(events, 1) == ["low"]
    assert (bridge.pins[pin].level, bridge.pins[pin].active) == (LOW, True)
    bridge.pins[pin].set(high)
    assert "high" in next_of(events, 2)  # and a tap or a hold


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        ("button", ["low", "high", "tap"]),
        ("hook", ["low", "high", "tap"]),
        ("gate", ["high", "low", "tap"]),
    ],
)
def test_an_application_presses_a_pin(bridge: GpioBridge, pin: str, told: list[str]) -> None:
    """To its active level and back, without waiting for that (row 17)."""
    events = heard(bridge, pin)
    bridge.pins[pin].press(for_s=0.05)
    assert next_of(events, 3) == told


def test_a_long_press_is_a_hold(bridge: GpioBridge) -> None:
    """By the default of 150 ms, where the pin's hold time is 100 ms (row 17)."""
    events = heard(bridge, "hook")
    bridge.pins["hook"].press()
    assert next_of(events, 3) == ["low", "hold", "high"]


Act = Callable[[Mapping[str, Any]], None]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (
            lambda pins: pins["hook"].press(0.001),
            "pin 'hook': a press of 1ms is shorter than the pin's debounce of 5ms, so it would be "
            "no event",
        ),
        (lambda pins: pins["hook"].press(for_s=0), "a press can't last 0 s"),
        (lambda pins: pins["hook"].press(601), "at most 10min"),
        (lambda pins: pins["hook"].press("150ms"), "for_s = '150ms': must be a number of seconds"),
        (lambda pins: pins["hook"].press(True), "for_s = True: must be a number of seconds"),
        (lambda pins: pins["hook"].press(None), "for_s = None: must be a number of seconds"),
        (lambda pins: pins["hook"].set("LOW"), "level = 'LOW': must be Level.LOW or Level.HIGH"),
        (lambda pins: pins["hook"].set(0), "level = 0: must be Level.LOW or Level.HIGH"),
        (
            lambda pins: [pins["gate"].press(60), pins["gate"].press(60)],
            "'gate' is pressed already",
        ),
        (lambda pins: [pins["gate"].set("high"), pins["gate"].press()], "'gate' is high already"),
    ],
)
def test_what_would_be_no_event_is_refused(bridge: GpioBridge, act: Act, said: str) -> None:
    """With the sentence that the API has; a `ValueError`, too (row 17)."""
    bridge.start()
    with pytest.raises(DriveError) as refused:
        act(bridge.pins)
    assert said in str(refused.value)
    assert isinstance(refused.value, PinError)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    "act", [lambda pin: pin.set(LOW), lambda pin: pin.press(), lambda pin: pin.press(0.001)]
)
def test_a_wired_pin_refuses(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its wire sets its level; the remedy is named (row 17)."""

    class Real(ScriptedPins):
        simulated = False
        drive = GpiodPins.drive

    monkeypatch.setattr("gpiobridge.extension.start.pin_source", lambda *_: Real())
    _, bridge = make_app()
    bridge.start()
    try:
        with pytest.raises(PinError) as refused:
            act(bridge.pins["button"])
    finally:
        bridge.stop()
    assert str(refused.value) == (
        "pin 'button' is real: only its wire sets its level; to set it by program give it "
        'source = "http", or pin_factory = "mock" under [gpio] for a test'
    )


def test_a_pin_needs_a_running_bridge(bridge: GpioBridge) -> None:
    """Before the start and after the end a sentence says so (row 17)."""
    with pytest.raises(GpioBridgeError, match="the bridge is not running"):
        bridge.pins["hook"].press()
    bridge.start()
    hook = bridge.pins["hook"]
    bridge.stop()
    with pytest.raises(PinError, match="pin 'hook' is closed: the bridge is not running"):
        hook.press()
