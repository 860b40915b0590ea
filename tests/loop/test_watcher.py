"""The watcher thread, with pins from a script and displays at the other end of socket pairs."""

import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from scripted import PATHS, SETTINGS, KernelPins, ScriptedPins
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage

from gpiobridge.config import Settings
from gpiobridge.core.events import Gesture, Level, PinEvent, RawEdge
from gpiobridge.core.noise import MAX_EVENTS_A_SECOND
from gpiobridge.displays.audience import Display
from gpiobridge.displays.connection import Connection
from gpiobridge.errors import PinError
from gpiobridge.loop.watcher import Watcher

LOW, HIGH = Level.LOW, Level.HIGH
DEADLINE_S = 10.0


class Peer:
    """A browser: the other end of a display's socket."""

    def __init__(self, watcher: Watcher, page: str = "welcome", *cursors: str) -> None:
        ours, self.sock = socket.socketpair()
        ours.setblocking(False)
        self.sock.settimeout(DEADLINE_S)
        server, self._ws = WSConnection(ConnectionType.SERVER), WSConnection(ConnectionType.CLIENT)
        server.receive_data(self._ws.send(Request(host="pi", target=f"/ws/{page}")))
        assert len(list(server.events())) == 1
        self._ws.receive_data(server.send(AcceptConnection()))
        assert len(list(self._ws.events())) == 1
        self._events: list[Event] = []
        self.connection = Connection(
            ours, server, Display(page, "kiosk"), cursors=cursors, slot=watcher.slots.take()
        )
        watcher.adopt(self.connection)

    def send(self, text: str) -> None:
        """Send a text frame."""
        self.sock.sendall(self._ws.send(TextMessage(text)))

    def receive(self) -> Event:
        """Wait for the next WebSocket event."""
        while not self._events:
            data = self.sock.recv(65536)
            assert data, "the watcher hung up"
            self._ws.receive_data(data)
            self._events += self._ws.events()
        return self._events.pop(0)

    def frame(self) -> dict[str, Any]:
        """Wait for the next frame that is no beat."""
        while True:
            event = self.receive()
            assert isinstance(event, TextMessage)
            frame: dict[str, Any] = json.loads(event.data)
            if frame["type"] != "beat":
                return frame

    def close_frame(self) -> tuple[int, str | None]:
        """Wait for the close frame, which must be next; return its code and reason."""
        event = self.receive()
        assert isinstance(event, CloseConnection)
        return event.code, event.reason


class Stage:
    """A running watcher, its pins and its peers."""

    def __init__(self, pins: ScriptedPins, settings: Settings = SETTINGS) -> None:
        self.pins = pins
        self.failed = threading.Event()
        self.watcher = Watcher(settings, pins, PATHS, self.failed.set)
        self.peers: list[Peer] = []

    def join(self, page: str = "welcome", *cursors: str) -> Peer:
        """Let a display join."""
        peer = Peer(self.watcher, page, *cursors)
        self.peers.append(peer)
        return peer

    def stop(self) -> None:
        """Let every peer hang up, and the watcher end."""
        for peer in self.peers:
            peer.sock.close()
        self.watcher.stop()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A running watcher whose back end loses no edge."""
    stage = Stage(ScriptedPins())
    stage.watcher.start()
    yield stage
    stage.stop()


@pytest.fixture
def lossy() -> Iterator[Stage]:
    """A running watcher whose back end can lose edges."""
    stage = Stage(ScriptedPins(loses_edges=True))
    stage.watcher.start()
    yield stage
    stage.stop()


def moved_by(peer: Peer) -> tuple[str, tuple[int, str | None]]:
    """Read to the close; return the pin of the last frame, and what the close said."""
    pin = ""
    while not isinstance(event := peer.receive(), CloseConnection):
        assert isinstance(event, TextMessage)
        pin = json.loads(event.data).get("pin", pin)
    return pin, (event.code, event.reason)


@pytest.fixture
def kernel() -> Iterator[Stage]:
    """A running watcher whose back end has a descriptor."""
    stage = Stage(KernelPins())
    stage.watcher.start()
    yield stage
    stage.stop()


def watching() -> bool:
    """Whether there is a watcher thread."""
    return any(thread.name == "gpiobridge-watcher" for thread in threading.enumerate())


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

    pins = Pressed()
    watcher = Watcher(SETTINGS, pins, PATHS)
    watcher.start()
    try:
        peer = Peer(watcher, "open", f"{watcher.core.epoch}:0")
        frames = [peer.frame() for _ in range(2)]
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
    assert kernel.watcher._next_check_s is None


def test_nothing_is_due_while_nothing_happens() -> None:
    """Without displays, and with a back end that notices loss, the watcher sleeps for ever."""
    for pins, sleeps_for_ever in ((KernelPins(), True), (ScriptedPins(loses_edges=True), False)):
        stage = Stage(pins)
        stage.watcher.start()
        assert (stage.watcher._timeout_s() is None) is sleeps_for_ever
        stage.stop()


def test_a_descriptor_that_fails_ends_the_service(kernel: Stage) -> None:
    """A chip that is gone is readable, and says so then."""
    kernel.pins.failure = PinError("gone")
    kernel.pins.ring()
    assert kernel.failed.wait(DEADLINE_S)
    assert not kernel.pins.opened


class SkippingTime:
    """The module `time`, with a monotonic clock that a test can put forward."""

    def __init__(self) -> None:
        self.skipped_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def monotonic(self) -> float:
        """The real time and what was skipped, in seconds."""
        return time.monotonic() + self.skipped_s


def test_a_release_that_comes_while_others_are_read_is_no_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long that takes: the press was over before the hold time was, and is a tap."""
    clock = SkippingTime()
    monkeypatch.setattr("gpiobridge.loop.watcher.time", clock)

    class Slow(ScriptedPins):
        slow = False

        def read(self, pin: str) -> Level:
            if self.slow and pin == "door":
                self.slow = False
                end_s = time.monotonic()
                clock.skipped_s = 61.0  # the hold time is over meanwhile
                self.levels["button"] = HIGH
                self.tell(RawEdge("button", HIGH, end_s))
            return super().read(pin)

    button = replace(SETTINGS.pins["button"], hold_s=60.0)
    rules = {("button", Gesture.TAP): "open", ("button", Gesture.HOLD): "open"}
    stage = Stage(
        Slow(loses_edges=True),
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


def test_a_pin_that_moves_on_while_it_is_read_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It had settled before another one, which settles meanwhile: it is told first."""
    clock = SkippingTime()
    monkeypatch.setattr("gpiobridge.loop.watcher.time", clock)

    class MovingOn(ScriptedPins):
        pressed = False

        def read_edges(self) -> bool:
            if self.pressed:
                self.pressed = False
                self.drive("door", LOW)
                self.drive("button", LOW)
                clock.skipped_s = 1.0  # the watcher is held up: both settle meanwhile
            return False

        def read(self, pin: str) -> Level:
            if pin == "door" and self.levels["door"] is LOW:
                self.levels["door"] = HIGH
                self.tell(RawEdge("door", HIGH, clock.monotonic()))
            return super().read(pin)

    pins = MovingOn()
    stage = Stage(pins)
    stage.watcher.start()
    try:
        pins.pressed = True
        peer = stage.join("open")
        assert peer.frame()["type"] == "state"
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


def test_the_open_displays_are_named(stage: Stage) -> None:
    """Health can say who is there, and on which page."""
    assert stage.join("open").frame()["type"] == "state"
    assert stage.watcher.displays == [Display("open", "kiosk")]


def test_stop_tells_every_display_and_ends_the_thread(stage: Stage) -> None:
    """1001 lets the pages reconnect; the pins are released, and no thread is left."""
    peers = [stage.join(), stage.join("open")]
    for peer in peers:
        assert peer.frame()["type"] == "state"
    stage.watcher.stop()
    assert [peer.close_frame()[0] for peer in peers] == [1001, 1001]
    assert not watching()
    assert not stage.watcher.alive
    assert not stage.pins.opened


def test_stop_does_not_wait_for_displays_that_hang_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those that don't answer are given their time."""
    monkeypatch.setattr("gpiobridge.loop.watcher._FAREWELL_S", 2 * DEADLINE_S)
    peer = stage.join()
    assert peer.frame()["type"] == "state"
    stopping = threading.Thread(target=stage.watcher.stop)
    stopping.start()
    assert peer.close_frame()[0] == 1001
    peer.sock.close()
    stopping.join(DEADLINE_S)
    assert not stopping.is_alive()


def test_stop_may_be_called_twice(stage: Stage) -> None:
    """The second time there is nothing to do."""
    stage.watcher.stop()
    stage.watcher.stop()
    assert not stage.watcher.alive


def test_a_pin_that_can_not_be_read_ends_the_service(lossy: Stage) -> None:
    """The watcher says so, its sockets close, and it no longer counts as alive."""
    peer = lossy.join()
    assert peer.frame()["type"] == "state"
    lossy.pins.failure = PinError("gone")
    assert lossy.failed.wait(DEADLINE_S)
    assert peer.sock.recv(1) == b""
    assert not lossy.pins.opened


def test_a_dead_back_end_ends_the_service(lossy: Stage) -> None:
    """A back end that no longer delivers edges is noticed at the next level check."""
    lossy.pins.dead = PinError("deaf")
    assert lossy.failed.wait(DEADLINE_S)


def test_an_unexpected_error_ends_the_service_with_its_traceback(
    lossy: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is swallowed: the log has the traceback, and the service is told to end."""
    lossy.pins.failure = ZeroDivisionError()
    assert lossy.failed.wait(DEADLINE_S)
    assert "ZeroDivisionError" in caplog.text


def test_pins_that_can_not_be_read_at_start_are_released() -> None:
    """The error reaches the one who starts, no pin is held, and no thread was started."""
    stage = Stage(ScriptedPins())
    stage.pins.failure = PinError("busy")
    with pytest.raises(PinError, match="busy"):
        stage.watcher.start()
    assert not stage.pins.opened
    assert not watching()
    stage.stop()


def test_a_display_that_comes_after_the_end_is_hung_up_on(stage: Stage) -> None:
    """A socket whose handshake crossed with the stop isn't left open with nobody behind it."""
    stage.watcher.stop()
    peer = stage.join()
    peer.sock.settimeout(DEADLINE_S)
    assert peer.sock.recv(1) == b""


def test_a_watcher_that_never_started_leaves_nothing_open() -> None:
    """Stopping it releases what it was made with: a socket left open is a warning, so an error."""
    watcher = Watcher(SETTINGS, ScriptedPins(), PATHS)
    watcher.stop()
    del watcher
    gc.collect()


def test_an_edge_does_not_wait_for_what_displays_send() -> None:
    """20,000 frames of 100 displays are there before it; few of them are read first (row 5)."""
    pins, read_before, told = ScriptedPins(), [], threading.Event()
    held, may_go_on = threading.Event(), threading.Event()

    def on_event(_event: PinEvent) -> None:
        read_before.append(sum(peer.connection.frames for peer in peers))
        told.set()

    def hold() -> None:
        held.set()
        may_go_on.wait(DEADLINE_S)

    watcher = Watcher(SETTINGS, pins, PATHS, on_event=on_event)
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
