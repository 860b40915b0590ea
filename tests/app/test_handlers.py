"""Functions of an application that hear of pins: off the watcher's thread, in order."""

import logging
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, current_app, g
from harness.deadline import DEADLINE_S, wait_until
from harness.served_application import make_app, open_socket, press, served
from harness.sockets import close_of, frame

from gpiobridge import ConfigError, Display, GpioBridge, GpioBridgeError, Level, Message, PinEvent
from gpiobridge.app.handlers import MAX_WAITING, MAX_WAITING_BYTES, Handlers
from gpiobridge.displays.audience import SentMessage
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.system.log_rate import MOST, LogRate

PINS = {"button": {"pin": 17, "hold": "100ms", "debounce": "0ms"}}
LOW, HIGH = Level.LOW, Level.HIGH


@pytest.fixture
def app() -> Iterator[tuple[Flask, GpioBridge]]:
    """An application that is stopped at the end."""
    made = make_app(pins=PINS)
    yield made
    made[1].stop()


Heard = queue.SimpleQueue[Any]


@pytest.mark.parametrize(
    ("when", "levels", "heard"),
    [
        ("low", [LOW, HIGH], ["low"]),
        ("high", [LOW, HIGH], ["high"]),
        ("press", [LOW, HIGH], ["low"]),
        ("release", [LOW, HIGH], ["high"]),
        ("tap", [LOW, HIGH], ["tap"]),
        ("hold", [LOW], ["hold"]),
    ],
)
def test_a_function_hears_of_its_event(
    app: tuple[Flask, GpioBridge], when: str, levels: list[Level], heard: list[str]
) -> None:
    """Edges, edges relative to the active level, taps and holds, without a rule for them."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app
    getattr(bridge, f"on_{when}")("button")(got.put)
    bridge.start()
    for level in levels:
        press(bridge, level)
    assert [got.get(timeout=DEADLINE_S).event for _ in heard] == heard
    assert got.empty()


def test_active_is_what_the_pin_says() -> None:
    """On a pin that is pulled down a press is HIGH."""
    got: Heard = queue.SimpleQueue()
    _, bridge = make_app(pins={"button": {"pin": 17, "pull": "down"}})
    bridge.on_press("button")(got.put)
    bridge.start()
    press(bridge, HIGH)
    assert got.get(timeout=DEADLINE_S).level is HIGH
    bridge.stop()


def test_the_event_says_what_happened(app: tuple[Flask, GpioBridge]) -> None:
    """It has number, pin, level and the moment of the edge."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app
    bridge.on_low("button")(got.put)
    bridge.start()
    before_s = time.monotonic()
    press(bridge)
    event = got.get(timeout=DEADLINE_S)
    assert event == PinEvent(1, "button", LOW, event.at_s)
    assert before_s <= event.at_s <= time.monotonic()


def test_a_function_may_take_nothing(app: tuple[Flask, GpioBridge]) -> None:
    """As with gpiozero's callbacks, the argument can be left out."""
    called = threading.Event()
    _, bridge = app

    @bridge.on_low("button")
    def pressed() -> None:
        called.set()

    bridge.start()
    press(bridge)
    assert called.wait(DEADLINE_S)


def test_an_argument_with_a_default_is_the_functions_own(app: tuple[Flask, GpioBridge]) -> None:
    """As with gpiozero's callbacks: functions that are made in a loop keep what they are for."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app
    for lamp in ("red", "green"):
        bridge.on_low("button")(lambda lamp=lamp: got.put(lamp))
    bridge.on_low("button")(lambda *arguments: got.put(arguments[0].pin))
    bridge.start()
    press(bridge)
    assert sorted(got.get(timeout=DEADLINE_S) for _ in range(3)) == ["button", "green", "red"]


def test_functions_have_the_applications_context(app: tuple[Flask, GpioBridge]) -> None:
    """`current_app` and `g` work, so that other extensions do."""
    got: Heard = queue.SimpleQueue()
    flask_app, bridge = app

    @bridge.on_low("button")
    def pressed() -> None:
        g.seen = True
        got.put(current_app.name)

    bridge.start()
    press(bridge)
    assert got.get(timeout=DEADLINE_S) == flask_app.name


def test_a_function_that_fails_is_called_again(
    app: tuple[Flask, GpioBridge], caplog: pytest.LogCaptureFixture
) -> None:
    """What it raises is logged with its name, and changes nothing else."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app

    @bridge.on_low("button")
    @bridge.on_high("button")
    def unlucky(event: PinEvent) -> None:
        got.put(event.event)
        raise RuntimeError("no luck")

    bridge.start()
    for level in (LOW, HIGH):
        press(bridge, level)
        assert got.get(timeout=DEADLINE_S) == level
    bridge.stop()
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in errors] == ["unlucky failed"] * 2
    assert bridge.running.watcher.counts.events["button", "low"] == 1


def test_a_function_that_exits_is_called_again(
    app: tuple[Flask, GpioBridge], caplog: pytest.LogCaptureFixture
) -> None:
    """`sys.exit()` ends neither the program nor the function's thread; the log says it."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app

    @bridge.on_low("button")
    @bridge.on_high("button")
    def exits(event: PinEvent) -> None:
        got.put(event.level)
        sys.exit("no more")

    bridge.start()
    for level in (LOW, HIGH):
        press(bridge, level)
        assert got.get(timeout=DEADLINE_S) is level
    bridge.stop()
    assert caplog.messages.count("exits failed") == 2


def test_a_slow_function_holds_up_neither_pages_nor_others() -> None:
    """While one function waits, displays move, and another function hears of the same event."""
    may_end, others = threading.Event(), threading.Event()
    app, bridge = make_app()

    @bridge.on_low("button")
    def slow() -> None:
        may_end.wait(DEADLINE_S)

    @bridge.on_low("button")
    def quick() -> None:
        others.set()

    with served(app, bridge) as port, open_socket(port, "/ws/welcome") as ws:
        frame(ws, "state")
        press(bridge)
        frame(ws, "edge")
        assert close_of(ws) == (4000, "/is/open")
        assert others.wait(DEADLINE_S)
        may_end.set()


def test_a_functions_events_come_in_order(app: tuple[Flask, GpioBridge]) -> None:
    """One at a time, as they happened, from however many pins and decorators."""
    got: Heard = queue.SimpleQueue()
    _, bridge = app

    @bridge.on_low("button")
    @bridge.on_high("button")
    def both(event: PinEvent) -> None:
        got.put((event.seq, threading.current_thread()))

    bridge.start()
    for i in range(200):
        press(bridge, LOW if i % 2 == 0 else HIGH)
    heard = [got.get(timeout=DEADLINE_S) for _ in range(200)]
    assert [seq for seq, _ in heard] == sorted(seq for seq, _ in heard)
    assert len({thread for _, thread in heard}) == 1


def test_a_function_that_is_far_behind_gets_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """Its queue is bounded; the log says once what it isn't told."""
    handlers, running, may_end = Handlers(), threading.Event(), threading.Event()
    got: list[int] = []

    def slow(event: PinEvent) -> None:
        got.append(event.seq)
        running.set()
        may_end.wait(DEADLINE_S)

    handlers.on("button", "low", slow)
    handlers.prepare({"button": make_settings_pin()}, lambda f, arguments: f(*arguments))
    handlers.start()
    handlers.pin_event(PinEvent(0, "button", LOW, 0.0))
    assert running.wait(DEADLINE_S)
    for seq in range(1, MAX_WAITING + 11):
        handlers.pin_event(PinEvent(seq, "button", LOW, 0.0))
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["slow is 1000 events behind: it does not receive those that come now"]
    may_end.set()
    handlers.stop()
    assert got == list(range(len(got)))


def test_a_minute_later_the_log_says_how_much_a_function_was_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line a minute says that it is behind, with the number of those before."""
    now_s = 0.0
    monkeypatch.setattr("gpiobridge.app.handlers.MAX_WAITING", 1)
    monkeypatch.setattr(
        "gpiobridge.app.handlers.LogRate",
        lambda log, most=MOST: LogRate(log, most, clock=lambda: now_s),
    )
    handlers = Handlers()
    handlers.on("button", "low", lambda: None)
    handlers.prepare({"button": make_settings_pin()}, lambda f, arguments: f(*arguments))
    for seq in range(4):  # not started: they wait
        handlers.pin_event(PinEvent(seq, "button", LOW, 0.0))
    now_s = 60.0
    handlers.pin_event(PinEvent(4, "button", LOW, 60.0))
    behind = "<lambda> is 1 events behind: it does not receive those that come now"
    assert caplog.messages == [behind, f"... and 2 more like it in a minute: {behind}", behind]
    handlers.stop()


def test_messages_that_wait_are_bounded_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    """They wait as text, 1 MiB for each function, and are read when it is their turn (row 8)."""
    handlers, running, may_end = Handlers(), threading.Event(), threading.Event()
    got: list[Message] = []

    def slow(message: Message) -> None:
        got.append(message)
        running.set()
        may_end.wait(DEADLINE_S)

    handlers.on_message(slow)
    handlers.prepare({}, lambda f, arguments: f(*arguments))
    handlers.start()
    text = '{"type":"message","data":[' + ",".join(["{}"] * 5000) + "]}"
    sent = SentMessage(text, Display("welcome"))
    handlers.message_came(sent)
    assert running.wait(DEADLINE_S)
    for _ in range(MAX_WAITING):
        handlers.message_came(sent)
    size = sys.getsizeof(text)
    room = MAX_WAITING_BYTES // size
    kib = room * size // 1024
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f"slow is {kib} KiB behind: it does not receive messages that come now"]
    may_end.set()
    wait_until(lambda: len(got) == 1 + room)
    handlers.message_came(sent)  # there is room again
    wait_until(lambda: len(got) == 2 + room)
    handlers.stop()
    assert got[-1] == Message([{}] * 5000, Display("welcome"))


def test_each_function_has_a_message_of_its_own() -> None:
    """What one changes in the data is nothing to the others (row 8)."""
    handlers = Handlers()
    got: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def first(message: Message) -> None:
        message.data.clear()
        got.put(message)

    def second(message: Message) -> None:
        got.put(message)

    for function in (first, second):
        handlers.on_message(function)
    handlers.prepare({}, lambda f, arguments: f(*arguments))
    handlers.start()
    handlers.message_came(SentMessage('{"type":"message","data":[1]}', Display("welcome")))
    data = [got.get(timeout=DEADLINE_S).data for _ in range(2)]
    handlers.stop()
    assert sorted(data) == [[], [1]]


def make_settings_pin() -> Any:
    """A pin's settings."""
    return WiredPin(name="button", pin=17, active=LOW)


def test_a_pin_that_there_is_not_is_told_at_the_start() -> None:
    """A misspelt pin would be a function that nothing ever calls."""
    _, bridge = make_app()
    bridge.on_hold("buton")(print)
    with pytest.raises(
        ConfigError, match=r'on_hold\("buton"\) of print: there is no pin \'buton\''
    ):
        bridge.start()
    bridge.stop()


@pytest.mark.parametrize(
    ("when", "function", "remedy"),
    [
        ("message", lambda data, display: None, "one argument or none"),
        ("message", lambda message, *, to: None, "one argument or none"),
        ("message", "chat", "one argument or none"),
        ("start", lambda app: None, "no argument"),
    ],
)
def test_a_function_that_takes_too_much(when: str, function: Any, remedy: str) -> None:
    """It is told where it is declared, and not with each message."""
    _, bridge = make_app()
    with pytest.raises(ConfigError, match=f"can't be called .*: it must take {remedy}"):
        getattr(bridge, f"on_{when}")(function)


def test_a_function_that_comes_too_late_is_refused(app: tuple[Flask, GpioBridge]) -> None:
    """It would miss what has happened."""
    _, bridge = app
    bridge.start()
    for declare in (bridge.on_low("button"), bridge.on_message):
        with pytest.raises(GpioBridgeError, match="print is declared too late"):
            declare(print)


def test_a_function_is_called_at_the_start(app: tuple[Flask, GpioBridge]) -> None:
    """Once, when the bridge runs, and on a thread of its own, so that it may go on for ever."""
    calls: Heard = queue.SimpleQueue()
    may_end = threading.Event()
    _, bridge = app

    @bridge.on_start
    def job() -> None:
        calls.put((bridge.pins["button"].level, threading.current_thread().name))
        may_end.wait(DEADLINE_S)

    assert calls.empty()
    bridge.start()
    bridge.start()
    assert calls.get(timeout=DEADLINE_S) == ("high", "gpiobridge-job")
    may_end.set()
    bridge.stop()
    assert calls.empty()


def test_functions_begin_when_the_bridge_can_be_used(
    app: tuple[Flask, GpioBridge], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is called at the start finds pins and displays, however quick it is."""
    _, bridge = app
    found: list[Any] = []
    start = Handlers.start

    def record(handlers: Handlers) -> None:
        found.append((bridge.pins["button"].level, bridge.displays, bridge.push(1)))
        start(handlers)

    monkeypatch.setattr(Handlers, "start", record)
    bridge.start()
    assert found == [("high", [], 0)]


def test_stop_waits_a_moment_for_functions(app: tuple[Flask, GpioBridge]) -> None:
    """One that runs may end; what waits behind it is dropped; one may stop the bridge itself."""
    calls: Heard = queue.SimpleQueue()
    _, bridge = app

    @bridge.on_low("button")
    def stops() -> None:
        calls.put("stops")
        bridge.stop()

    bridge.start()
    press(bridge)
    assert calls.get(timeout=DEADLINE_S) == "stops"


def test_levels_are_the_debounced_ones(app: tuple[Flask, GpioBridge]) -> None:
    """`bridge.pins` is a live mapping; an unknown name says which there are."""
    changed = threading.Event()
    _, bridge = app
    bridge.on_low("button")(lambda: changed.set())
    with pytest.raises(GpioBridgeError, match="not running"):
        bridge.pins["button"]
    bridge.start()
    pins = bridge.pins
    assert (list(pins), len(pins)) == (["button"], 1)
    assert (pins["button"].level, pins["button"].active) == ("high", False)
    press(bridge)
    assert changed.wait(DEADLINE_S)
    assert (pins["button"].level, pins["button"].active) == (LOW, True)
    with pytest.raises(KeyError, match="there is no pin 'bell'; pins: button"):
        pins["bell"]
