"""How a watcher ends: told to, or because something is broken."""

import gc
import threading

import pytest
from harness.scripted_pins import PATHS, SETTINGS, ScriptedPins
from stage import DEADLINE_S, Stage, watching

from gpiobridge.errors import PinError
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.watcher import Watcher


def test_a_descriptor_that_fails_ends_the_service(kernel: Stage) -> None:
    """A chip that is gone is readable, and says so then."""
    kernel.pins.failure = PinError("gone")
    kernel.pins.ring()
    assert kernel.failed.wait(DEADLINE_S)
    assert not kernel.pins.opened


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


def test_stop_does_not_wait_for_the_clock_before_the_pins_are_released() -> None:
    """Whoever is asked whether the clock is right may take seconds."""
    opened: list[bool] = []

    class Patient(Timekeeper):
        def stop(self) -> None:
            opened.append(stage.pins.opened)

    pins = ScriptedPins()
    stage = Stage(pins, hours=Patient(SETTINGS, pins.clock))
    stage.watcher.start()
    stage.stop()
    assert opened == [False]


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
