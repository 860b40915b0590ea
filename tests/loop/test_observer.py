"""Whoever listens to the loop hears of a whole visit; whoever fails is heard of."""

import threading

import pytest
from harness.made_clock import MadeClock
from harness.scripted_pins import SETTINGS, ScriptedPins
from play import Play, led
from stage import DEADLINE_S, Stage

from gpiobridge.core.events import Level, PinEvent
from gpiobridge.displays.audience import Audience, Display, Move, Push, SentMessage
from gpiobridge.displays.connection import text_frame
from gpiobridge.displays.observer import Gone, MovedBy
from gpiobridge.loop.observer import Observer


class Recorder(Observer):
    """Records all that happens."""

    sees_screens = True

    def __init__(self) -> None:
        names = [name for name in dir(Observer) if not name.startswith("_")]
        for name in [name for name in names if callable(getattr(Observer, name))]:
            setattr(self, name, lambda *fact, name=name: self.facts.append((name, *fact)))
        self.facts: list[tuple[object, ...]] = []


def test_an_observer_hears_of_a_whole_visit() -> None:
    """A display comes, says something, a press moves it on; there it hears, leaves, is gone."""
    recorder, pins = Recorder(), ScriptedPins(clock=MadeClock())
    stage = Stage(pins, SETTINGS, recorder)
    stage.watcher.start()
    try:
        visitor = stage.join()
        visitor.send('{"type":"message","data":1}')
        stage.take_a_turn()
        pins.drive("button", Level.LOW)
        at_s = pins.clock.now().mono_s
        pins.clock.forward(0.02)
        while visitor.sock.recv(65536):  # until the watcher has hung up
            visitor.sock.shutdown(1)
        push = Push(text_frame("x"), Audience())
        stage.watcher.order(push)
        stage.watcher.order(Move("open", Audience()))
        stage.take_a_turn()
    finally:
        stage.stop()
    display = Display("welcome", "kiosk")
    screen = visitor.connection.slot.screen
    assert [fact for fact in recorder.facts if fact != ("carried_out",)] == [
        ("screen_changed", screen),
        ("display_came", display),
        ("message_came", SentMessage('{"type":"message","data":1}', display)),
        ("pin_event", PinEvent(1, "button", Level.LOW, at_s)),
        ("frame_sent", pytest.approx(0.02)),
        ("displays_moved", "welcome", "open", 1, MovedBy.PIN),
        ("display_gone", display, Gone.LEFT),
        ("screen_changed", screen),
        ("message_sent", push, 0),
        ("displays_moved", "welcome", "open", 0, MovedBy.APPLICATION),
    ]


def test_no_screen_is_followed_if_nobody_listens(play: Play) -> None:
    """Most exhibits have no outputs: a press that moves a thousand displays costs nothing more."""
    visitor = led(play)
    visitor.next().say(visitor.cursor, 85)
    assert play.times_ms == [105]
    assert [peer.connection.slot.screen for peer in play.peers] == [None, None]
    assert play.watcher._screens.deadline_s is None


def test_only_those_who_listen_hear_of_screens() -> None:
    """Not each of the others, for each display that a press moves."""
    deaf = Recorder()
    deaf.sees_screens = False
    stage = Stage(ScriptedPins(clock=MadeClock()), SETTINGS, deaf, Recorder())
    stage.watcher.start()
    try:
        visitor = stage.join()
        stage.take_a_turn()
        assert visitor.connection.slot.screen is not None
    finally:
        stage.stop()
    assert "display_came" in [fact for fact, *_ in deaf.facts]
    assert "screen_changed" not in [fact for fact, *_ in deaf.facts]


def test_an_observer_that_raises_ends_the_service_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As any failure on the watcher's thread: nothing goes on half, and the log says why."""

    class Broken(Observer):
        def pin_event(self, event: PinEvent) -> None:
            raise ZeroDivisionError

    stage = Stage(ScriptedPins(), SETTINGS, Broken())
    stage.watcher.start()
    try:
        stage.pins.drive("button", Level.LOW)
        assert stage.failed.wait(DEADLINE_S)
    finally:
        stage.stop()
    assert not stage.pins.opened
    assert "no pin is watched any longer" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_all_observers_hear_of_an_event_in_their_order() -> None:
    """The counts are the first: who hears of an event finds it counted."""
    heard: list[tuple[int, int]] = []
    told = threading.Event()

    class Counting(Observer):
        def __init__(self, number: int) -> None:
            self._number = number

        def pin_event(self, event: PinEvent) -> None:
            heard.append((self._number, stage.watcher.counts.events[event.pin, event.event]))

        def carried_out(self) -> None:
            if len(heard) == 2:
                told.set()

    stage = Stage(ScriptedPins(), SETTINGS, Counting(1), Counting(2))
    stage.watcher.start()
    try:
        stage.pins.drive("button", Level.LOW)
        assert told.wait(DEADLINE_S)
    finally:
        stage.stop()
    assert heard == [(1, 1), (2, 1)]
