"""What a watcher makes of its pins, with displays at the other end of socket pairs."""

import threading
import time
from dataclasses import replace

import pytest
from harness.deadline import wait_until
from harness.made_clock import MadeClock
from harness.scripted_pins import PATHS, SETTINGS, KernelPins, ScriptedPins
from stage import DEADLINE_S, Peer, Stage, moved_by

from gpiobridge.core import wire
from gpiobridge.core.events import Gesture, Level, Now, PinEvent, RawEdge
from gpiobridge.core.noise import MAX_EVENTS_A_SECOND
from gpiobridge.displays.audience import Audience, Display, Push
from gpiobridge.displays.connection import text_frame
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.watcher import Watcher
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH


def test_the_first_reading_is_the_state_that_a_display_gets() -> None:
    """A pin that is LOW at start is told as LOW, and no edge is made of it."""
    stage = Stage(ScriptedPins())
    stage.pins.levels["button"] = LOW
    stage.watcher.start()
    state = stage.join().frame()
    stage.stop()
    assert (state["type"], state["seq"]) == ("state", 0)
    assert state["pins"] == {"button": "low", "door": "high"}


def test_pins_are_armed_before_they_are_read() -> None:
    """An edge that comes while the first levels are read is told, not lost."""

    class Pressed(ScriptedPins):
        def read(self, pin: str) -> Level:
            level = super().read(pin)
            if pin == "button" and level is HIGH:
                self.drive("button", LOW)  # right behind the first reading
            return level

    pins = Pressed(clock=MadeClock())
    watcher = Watcher(SETTINGS, pins, PATHS, clock=pins.clock)
    watcher.start()
    try:
        peer = Peer(watcher, "open", f"{watcher.core.epoch}:0")
        frames = [peer.frame()]
        pins.clock.forward(0.02)  # only now it settles: the display is there
        frames.append(peer.frame())
        peer.sock.close()
    finally:
        watcher.stop()
    assert frames[0]["pins"]["button"] == "high"
    assert (frames[1]["pin"], frames[1]["event"]) == ("button", "low")


def test_a_press_is_told_and_then_moves_the_page(stage: Stage) -> None:
    """First the edge frame, then the close with the next page's path."""
    peer = stage.join()
    assert peer.frame()["type"] == "state"
    stage.pins.drive("button", LOW)
    edge = peer.frame()
    assert (edge["type"], edge["seq"], edge["pin"], edge["event"]) == ("edge", 1, "button", "low")
    assert peer.close_frame() == (4000, "/open")


def test_edges_are_told_in_order(stage: Stage) -> None:
    """A batch of edges reaches a display in the order of their stamps."""
    peer = stage.join("open")
    assert peer.frame()["type"] == "state"
    start_s = time.monotonic()
    for number in range(6):  # each held for longer than the window, all in one batch
        level = HIGH if number % 2 else LOW
        stage.pins.tell(RawEdge("door", level, start_s + number * 0.03))
    frames = [peer.frame() for _ in range(6)]
    assert [frame["seq"] for frame in frames] == [1, 2, 3, 4, 5, 6]
    assert [frame["level"] for frame in frames] == ["low", "high"] * 3


def test_an_edge_that_the_reading_denies_is_not_told(stage: Stage) -> None:
    """At the deadline the pin itself is asked: here the next pin's edge is the first event."""
    peer = stage.join("open")
    assert peer.frame()["type"] == "state"
    stage.pins.tell(RawEdge("door", LOW, time.monotonic()))  # but it still reads HIGH
    stage.pins.drive("button", LOW)
    edge = peer.frame()
    assert (edge["pin"], edge["seq"]) == ("button", 1)


def test_a_level_check_finds_an_edge_that_the_back_end_lost(lossy: Stage) -> None:
    """With a back end that can lose edges the levels are read all the time."""
    peer = lossy.join()
    assert peer.frame()["type"] == "state"
    lossy.pins.levels["button"] = LOW
    assert peer.frame()["event"] == "low"
    assert peer.close_frame() == (4000, "/open")


def test_an_oscillating_pin_does_not_hold_up_another(caplog: pytest.LogCaptureFixture) -> None:
    """It is reported, and a press that comes behind its many edges moves the page."""
    bare = replace(SETTINGS.pins["door"], debounce_s=0.0)
    stage = Stage(ScriptedPins(), replace(SETTINGS, pins={**SETTINGS.pins, "door": bare}))
    stage.watcher.start()
    try:
        peer = stage.join()
        assert peer.frame()["type"] == "state"
        start_s = time.monotonic()
        for number in range(MAX_EVENTS_A_SECOND + 100):
            stage.pins.tell(RawEdge("door", (LOW, HIGH)[number % 2], start_s + number * 0.0001))
            # A peer that doesn't read is dropped. Of a noisy pin it may not get every event.
            if number % 100 == 99 and number < MAX_EVENTS_A_SECOND:
                assert [peer.frame()["seq"] for _ in range(100)][-1] == number + 1
        stage.pins.drive("button", LOW)
        moved = moved_by(peer)
    finally:
        stage.stop()
    assert moved == ("button", (4000, "/open"))
    assert "pin door oscillates" in caplog.text


def test_edges_at_a_descriptor_are_taken_on_the_watchers_own_thread(kernel: Stage) -> None:
    """A back end without a thread needs none: a press goes the same way."""
    peer = kernel.join()
    assert peer.frame()["type"] == "state"
    kernel.pins.drive("button", LOW)
    assert peer.frame()["event"] == "low"
    assert peer.close_frame() == (4000, "/open")
    assert kernel.pins.threads == {"gpiobridge-watcher"}


def test_a_loss_that_the_back_end_notices_is_mended(kernel: Stage) -> None:
    """Every level is read at once, and no check goes on after that."""
    peer = kernel.join("open")
    assert peer.frame()["type"] == "state"
    kernel.pins.levels["door"] = LOW  # its edge was dropped
    kernel.pins.lost = True
    kernel.pins.ring()
    edge = peer.frame()
    assert (edge["pin"], edge["event"]) == ("door", "low")
    assert kernel.watcher._feed._next_check_s is None


def test_nothing_is_due_while_nothing_happens() -> None:
    """Without displays, and with a back end that notices loss, the watcher sleeps for ever."""
    for pins, sleeps_for_ever in ((KernelPins(), True), (ScriptedPins(loses_edges=True), False)):
        stage = Stage(pins)
        stage.watcher.start()
        assert (stage.watcher._timeout_s() is None) is sleeps_for_ever
        stage.stop()


class SkippingClock(RealClock):
    """The real time, which a test can put forward."""

    real = False

    def __init__(self) -> None:
        self.skipped_s = 0.0

    def now(self) -> Now:
        """The real time and what was skipped."""
        mono_s, unix_s = super().now()
        return Now(mono_s + self.skipped_s, unix_s + self.skipped_s)

    def timeout_s(self, due_s: float | None) -> float | None:
        """How long to wait at most: what was skipped is over."""
        return super().timeout_s(None if due_s is None else due_s - self.skipped_s)


def test_a_release_that_comes_while_others_are_read_is_no_hold() -> None:
    """However long that takes: the press was over before the hold time was, and is a tap."""
    clock = SkippingClock()

    class Slow(ScriptedPins):
        slow = False

        def read(self, pin: str) -> Level:
            if self.slow and pin == "door":
                self.slow = False
                end_s = clock.now().mono_s
                clock.skipped_s = 61.0  # the hold time is over meanwhile
                self.levels["button"] = HIGH
                self.tell(RawEdge("button", HIGH, end_s))
            return super().read(pin)

    button = replace(SETTINGS.pins["button"], hold_s=60.0)
    rules = {("button", Gesture.TAP): "open", ("button", Gesture.HOLD): "open"}
    stage = Stage(
        Slow(loses_edges=True, clock=clock),
        replace(
            SETTINGS,
            pins={**SETTINGS.pins, "button": button},
            pages={**SETTINGS.pages, "welcome": replace(SETTINGS.pages["welcome"], rules=rules)},
        ),
    )
    stage.watcher.start()
    try:
        peer = stage.join("open")
        assert peer.frame()["type"] == "state"
        stage.pins.drive("button", LOW)
        assert peer.frame()["event"] == "low"
        stage.pins.slow = True
        assert [peer.frame()["event"], peer.frame()["event"]] == ["high", "tap"]
    finally:
        stage.stop()


def test_a_pin_that_moves_on_while_it_is_read_keeps_its_place() -> None:
    """It had settled before another one, which settles meanwhile: it is told first."""
    clock = SkippingClock()

    class MovingOn(KernelPins):
        def read_edges(self) -> bool:
            lost = super().read_edges()
            if self.levels["button"] is LOW:
                clock.skipped_s = 1.0  # the watcher is held up: both settle meanwhile
            return lost

        def read(self, pin: str) -> Level:
            if pin == "door" and self.levels["door"] is LOW:
                self.levels["door"] = HIGH
                self.tell(RawEdge("door", HIGH, clock.now().mono_s))
            return super().read(pin)

    pins = MovingOn(clock)
    stage = Stage(pins)
    stage.watcher.start()
    try:
        peer = stage.join("open")
        assert peer.frame()["type"] == "state"
        pins.drive("door", LOW)
        pins.drive("button", LOW)
        told = [(frame["pin"], frame["event"]) for frame in (peer.frame(), peer.frame())]
        assert told == [("door", "low"), ("button", "low")]
    finally:
        stage.stop()


def test_a_display_with_a_cursor_catches_up(stage: Stage) -> None:
    """A press while no socket was open moves the page when it joins."""
    witness = stage.join("open")
    assert witness.frame()["type"] == "state"
    cursor = stage.watcher.core.cursor
    stage.pins.drive("button", LOW)
    assert witness.frame()["seq"] == 1
    peer = stage.join("welcome", cursor)
    assert [peer.frame()["type"], peer.frame()["type"]] == ["state", "edge"]
    assert peer.close_frame() == (4000, "/open")


def test_a_press_that_came_to_nothing_does_not_count_on_the_pages_next_socket() -> None:
    """The page's word that it takes presses was long on its way; on the next socket it is not."""
    pins = ScriptedPins(clock=MadeClock())
    stage = Stage(pins)
    stage.watcher.start()
    try:
        peer = stage.join(taking=None)
        state = peer.frame()
        pins.drive("button", LOW)  # after the page's film: it will say that it takes presses
        pins.clock.forward(0.02)
        assert peer.frame()["event"] == "low"
        pins.clock.forward(1.0)
        peer.send('{"type":"taking","since_ms":0}')
        stage.take_a_turn()
        began = f"{state['epoch']}:{state['seq']}"
        again = stage.join(
            "welcome", began, since=began, seat=state["seat"], taking=pins.clock.now().mono_s - 1.5
        )
        assert again.frame()["type"] == "state"
        pins.drive("button", HIGH)
        pins.clock.forward(0.02)
        assert again.frame()["event"] == "high"
    finally:
        stage.stop()


def test_the_open_displays_are_named(stage: Stage) -> None:
    """Health can say who is there, and on which page."""
    assert stage.join("open").frame()["type"] == "state"
    assert stage.watcher.displays == [Display("open", "kiosk")]


def test_an_edge_does_not_wait_for_what_displays_send() -> None:
    """20,000 frames of 100 displays are there before it; few of them are read first (row 5)."""
    pins, read_before, told = ScriptedPins(), [], threading.Event()
    held, may_go_on = threading.Event(), threading.Event()

    class Told(Observer):
        def pin_event(self, event: PinEvent) -> None:
            read_before.append(sum(peer.connection.frames for peer in peers))
            told.set()

    def hold() -> None:
        held.set()
        may_go_on.wait(DEADLINE_S)

    watcher = Watcher(SETTINGS, pins, PATHS, observers=[Told()])
    peers = [Peer(watcher, "open") for _ in range(100)]
    watcher.start()
    for peer in peers:
        assert peer.frame()["type"] == "state"
    watcher.every(60.0, hold)
    assert held.wait(DEADLINE_S)
    for peer in peers:
        peer.sock.sendall(b"\x89\x80\0\0\0\0" * 200)  # pings
    pins.drive("button", LOW)
    may_go_on.set()
    assert told.wait(DEADLINE_S)
    assert read_before[0] < 10_000
    for peer in peers:
        peer.sock.close()
    watcher.stop()


def test_a_turn_for_displays_asks_nothing_of_the_pins(
    kernel: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a display says doesn't make the back end look for edges; an edge does."""
    peer = kernel.join("open")
    assert peer.frame()["type"] == "state"
    kernel.take_a_turn()
    looked: list[None] = []
    read_edges = kernel.pins.read_edges

    def look() -> bool:
        looked.append(None)
        return read_edges()

    monkeypatch.setattr(kernel.pins, "read_edges", look)
    peer.send('{"type":"visible","visible":false}')
    wait_until(lambda: not kernel.watcher.displays[0].visible)
    kernel.take_a_turn()
    assert looked == []
    kernel.pins.drive("door", LOW)
    assert peer.frame()["pin"] == "door"
    assert looked != []


def test_an_edge_goes_before_the_orders_that_wait() -> None:
    """An edge that comes while a turn works for the displays is told when this piece is done."""
    pins = ScriptedPins()

    class Pressing(Observer):
        def message_sent(self, push: Push, displays: int) -> None:
            pins.drive("door", pins.levels["door"].other)

    bare = replace(SETTINGS.pins["door"], debounce_s=0.0)
    settings = replace(SETTINGS, pins=SETTINGS.pins | {"door": bare})
    stage = Stage(pins, settings, Pressing())
    peer = stage.join("open")
    for number in range(3):
        stage.watcher.order(Push(text_frame(wire.message_frame(number)), Audience()))
    stage.watcher.start()
    try:
        assert peer.frame()["type"] == "state"
        told = [frame.get("data", frame["type"]) for frame in (peer.frame() for _ in range(6))]
        assert told == [0, "edge", 1, "edge", 2, "edge"]
    finally:
        stage.stop()
