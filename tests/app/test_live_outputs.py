"""The outputs as an application sees them: their states, and control of them."""

import logging
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from harness.deadline import DEADLINE_S, wait_until
from harness.served_application import make_app, press

from gpiobridge import GpioBridge, GpioBridgeError, OutputError, OutputState, PinEvent
from gpiobridge.app.outputs import LiveOutput

CONFIG = {
    "outputs": {
        "lamp": 22,
        "lock": {"pin": 23, "active": "low", "pulse": "60s"},
        "button-lamp": {"pin": 24, "follows": "button"},
    }
}


@pytest.fixture
def bridge() -> Iterator[GpioBridge]:
    """A bridge with simulated outputs that isn't started yet."""
    _, made = make_app(config=CONFIG)
    yield made
    made.stop()


def wait_for(output: LiveOutput, state: str) -> None:
    """Wait until an output does something."""
    wait_until(lambda: output.state == state)


@pytest.mark.parametrize(
    ("order", "state"),
    [
        (lambda lock: lock.on(), "on"),
        (lambda lock: lock.on(for_s=60), "on"),
        (lambda lock: lock.blink(), "blink"),
        (lambda lock: lock.blink(60.0), "blink"),
        (lambda lock: lock.pulse(), "pulse"),
        (lambda lock: lock.pulse(1.5), "pulse"),
        (lambda lock: lock.set("on"), "on"),
        (lambda lock: lock.set(OutputState.BLINK, for_s=2), "blink"),
        (lambda lock: lock.set("on", 86_400), "on"),
    ],
)
def test_an_application_sets_an_output(
    bridge: GpioBridge, order: Callable[[LiveOutput], None], state: str
) -> None:
    """By a method for each state, or by its word; the call doesn't wait for the line."""
    bridge.start()
    lock = bridge.outputs["lock"]
    assert (lock.name, lock.state) == ("lock", OutputState.OFF)
    order(lock)
    wait_for(lock, state)


def test_the_log_says_that_it_was_the_application(
    bridge: GpioBridge, caplog: pytest.LogCaptureFixture
) -> None:
    """A program that sets an output by the API is another one."""
    caplog.set_level(logging.INFO, "gpiobridge")
    bridge.start()
    bridge.outputs["lock"].on()
    wait_until(lambda: "output lock: on; set by the application" in caplog.messages)


def test_an_application_switches_an_output_off(bridge: GpioBridge) -> None:
    """Also what was set for a time."""
    bridge.start()
    lamp = bridge.outputs["lamp"]
    lamp.on(60)
    wait_for(lamp, "on")
    lamp.off()
    wait_for(lamp, "off")


def test_a_time_ends_by_itself(bridge: GpioBridge) -> None:
    """And the output does what it did before."""
    bridge.start()
    lamp = bridge.outputs["lamp"]
    lamp.on()
    lamp.off(for_s=0.05)
    wait_for(lamp, "off")
    wait_for(lamp, "on")


def test_a_handler_sets_an_output(bridge: GpioBridge) -> None:
    """On its own thread, which is not the watcher's."""
    threads: SimpleQueue[str] = SimpleQueue()

    @bridge.on_low("button")
    def pressed(event: PinEvent) -> None:
        bridge.outputs["lamp"].blink()
        threads.put(threading.current_thread().name)

    bridge.start()
    press(bridge)
    assert threads.get(timeout=DEADLINE_S) != "gpiobridge-watcher"
    wait_for(bridge.outputs["lamp"], "blink")


def test_orders_keep_their_order(bridge: GpioBridge) -> None:
    """The last of many counts, from whichever thread."""
    bridge.start()
    lamp = bridge.outputs["lamp"]
    for _ in range(50):
        lamp.on()
        lamp.off()
    lamp.blink()
    wait_for(lamp, "blink")


def test_the_lamp_of_a_button_can_be_set_for_a_time(bridge: GpioBridge) -> None:
    """Then it follows its button again."""
    bridge.start()
    lamp = bridge.outputs["button-lamp"]
    lamp.on(60)
    wait_for(lamp, "on")
    lamp.pulse()
    wait_for(lamp, "pulse")


NO_STATE = 'must be "on", "off", "blink" or "pulse"'
FOLLOWS = (
    'output "button-lamp" follows pin "button": it can be set for a time only; give one, such as 2s'
)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda o: o["lamp"].set("up"), f'state = "up": {NO_STATE}'),
        (lambda o: o["lamp"].set("On"), f'state = "On": {NO_STATE}; did you mean "on"?'),
        (lambda o: o["lamp"].set(True), f"state = true: {NO_STATE}"),
        (lambda o: o["lamp"].set(None), f"state = null: {NO_STATE}"),
        (lambda o: o["lamp"].on("2s"), 'for_s = "2s": must be a number of seconds, such as 2.0'),
        (lambda o: o["lamp"].on(True), "for_s = true: must be a number of seconds, such as 2.0"),
        (lambda o: o["lamp"].on([2]), "for_s = list: must be a number of seconds, such as 2.0"),
        (lambda o: o["lamp"].off(0), "for_s = 0: must be above 0, and at most 86400"),
        (lambda o: o["lamp"].off(-1), "for_s = -1: must be above 0, and at most 86400"),
        (lambda o: o["lamp"].blink(86_401), "for_s = 86401: must be above 0, and at most 86400"),
        (lambda o: o["lamp"].on(float("nan")), "for_s = nan: must be above 0, and at most 86400"),
        (lambda o: o["lamp"].on(float("inf")), "for_s = inf: must be above 0, and at most 86400"),
        (lambda o: o["button-lamp"].on(), FOLLOWS),
        (lambda o: o["button-lamp"].off(), FOLLOWS),
        (lambda o: o["button-lamp"].blink(), FOLLOWS),
    ],
)  # fmt: skip
def test_what_can_t_be_is_refused(
    bridge: GpioBridge, act: Callable[[Any], None], said: str
) -> None:
    """With one sentence, where it was said; a `ValueError`, too."""
    bridge.start()
    with pytest.raises(OutputError) as refused:
        act(bridge.outputs)
    assert str(refused.value) == said
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, GpioBridgeError)


def test_all_outputs_are_listed(bridge: GpioBridge) -> None:
    """In the order of the configuration; a wrong name is told with the right ones."""
    bridge.start()
    assert list(bridge.outputs) == ["lamp", "lock", "button-lamp"]
    assert len(bridge.outputs) == 3
    assert "lmap" not in bridge.outputs
    with pytest.raises(KeyError, match="no output 'lmap'; outputs: lamp, lock, button-lamp"):
        bridge.outputs["lmap"]


def test_without_outputs_there_are_none() -> None:
    """An application that has none may ask all the same."""
    _, bridge = make_app()
    bridge.start()
    try:
        assert dict(bridge.outputs) == {}
        with pytest.raises(KeyError, match="no output 'lamp'; outputs: none"):
            bridge.outputs["lamp"]
    finally:
        bridge.stop()


@pytest.mark.parametrize(
    "act",
    [
        lambda bridge: bridge.outputs["lamp"],
        lambda bridge: list(bridge.outputs),
        lambda bridge: LiveOutput("lamp", lambda: bridge.running).on(),
        lambda bridge: LiveOutput("lamp", lambda: bridge.running).state,
    ],
)
def test_an_output_needs_a_running_bridge(
    bridge: GpioBridge, act: Callable[[GpioBridge], object]
) -> None:
    """Before the start a sentence says so."""
    with pytest.raises(GpioBridgeError, match="the bridge is not running"):
        act(bridge)


def test_after_the_end_nothing_is_set(bridge: GpioBridge) -> None:
    """The line has its safe level by then; who sets it learns that nobody drives it."""
    bridge.start()
    lamp = bridge.outputs["lamp"]
    bridge.stop()
    with pytest.raises(GpioBridgeError, match="output 'lamp' is closed: the bridge is not running"):
        lamp.on()
