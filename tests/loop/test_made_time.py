"""What a watcher does in time that a test makes: nothing here waits for it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from harness.made_clock import MadeClock
from harness.scripted_pins import SETTINGS, ScriptedPins
from stage import Stage

from gpiobridge.config import Settings
from gpiobridge.core import wire
from gpiobridge.core.events import Gesture, Level
from gpiobridge.loop.pin_feed import LEVEL_CHECK_S

LOW, HIGH = Level.LOW, Level.HIGH
BEAT_S = SETTINGS.server.beat_s
HELD = replace(
    SETTINGS,
    pins={**SETTINGS.pins, "button": replace(SETTINGS.pins["button"], hold_s=2.0)},
    pages={
        **SETTINGS.pages,
        "welcome": replace(SETTINGS.pages["welcome"], rules={("button", Gesture.HOLD): "open"}),
    },
)


class Play(Stage):
    """A running watcher, and the hand on its clock."""

    def __init__(self, settings: Settings = SETTINGS, loses_edges: bool = False) -> None:
        self.clock = MadeClock()
        super().__init__(ScriptedPins(loses_edges, self.clock), settings)
        self.watcher.start()

    def forward(self, duration_s: float) -> None:
        """Let time pass, and the watcher see what has come of it."""
        self.clock.forward(duration_s)
        self.take_a_turn()


@pytest.fixture
def play() -> Iterator[Play]:
    """A running watcher in time that stands."""
    play = Play()
    yield play
    play.stop()


def test_a_first_edge_counts_before_its_window_is_over() -> None:
    """A press leads on at once, and its release, a moment later, at the end of the window."""
    first = {**SETTINGS.pins, "button": replace(SETTINGS.pins["button"], counts="first")}
    play = Play(replace(SETTINGS, pins=first))
    try:
        peer = play.join()
        assert peer.frame()["seq"] == 0
        play.pins.drive("button", LOW)
        play.take_a_turn()
        assert peer.frame()["event"] == "low"
        assert peer.close_frame() == (4000, "/open")
        play.forward(0.001)
        play.pins.drive("button", HIGH)
        play.forward(0.018)
        assert play.watcher.core.levels["button"] is LOW
        play.forward(0.001)
        assert play.watcher.core.levels["button"] is HIGH
    finally:
        play.stop()


def test_a_level_settles_when_its_window_is_over(play: Play) -> None:
    """Not after 19 ms, but after 20."""
    peer = play.join()
    assert peer.frame()["seq"] == 0
    play.pins.drive("button", LOW)
    play.forward(0.019)
    assert play.watcher.core.levels["button"] is HIGH
    play.forward(0.001)
    assert peer.frame()["event"] == "low"
    assert peer.close_frame() == (4000, "/open")


def test_a_pulse_that_is_shorter_than_the_window_is_nothing(play: Play) -> None:
    """However much time passes after it."""
    play.pins.drive("button", LOW)
    play.forward(0.019)
    play.pins.drive("button", HIGH)
    play.forward(60.0)
    assert play.watcher.core.seq == 0


def test_a_press_is_a_hold_once_its_time_is_over() -> None:
    """After 2 s, and the debounce that a release just before could have."""
    play = Play(HELD)
    try:
        peer = play.join()
        assert peer.frame()["type"] == "state"
        play.pins.drive("button", LOW)
        play.forward(0.02)
        assert peer.frame()["event"] == "low"
        play.forward(1.999)
        assert play.watcher.core.seq == 1
        play.forward(0.001)
        assert peer.frame()["event"] == "hold"
        assert peer.close_frame() == (4000, "/open")
    finally:
        play.stop()


def test_a_display_that_misses_its_beats_is_dropped(play: Play) -> None:
    """It has answered one: so it could answer."""
    peer = play.join()
    assert peer.frame()["type"] == "state"
    peer.send(wire.BEAT)
    play.take_a_turn()
    for _ in range(wire.MISSED_BEATS):
        play.forward(BEAT_S)
        assert peer.receive().data == wire.BEAT
    assert len(play.watcher.displays) == 1
    play.forward(BEAT_S)
    assert peer.sock.recv(1) == b""
    assert play.watcher.displays == []


def test_no_beat_comes_early(play: Play) -> None:
    """Every display gets one when nothing was sent for the time between two, and no sooner."""
    peer = play.join()
    assert peer.frame()["type"] == "state"
    play.forward(BEAT_S - 0.001)
    play.pins.drive("button", LOW)
    play.forward(0.02)
    assert peer.receive().data != wire.BEAT


def test_a_level_check_comes_when_it_is_due() -> None:
    """What it finds counts when the next one finds it again; without time there is none."""
    play = Play(loses_edges=True)
    try:
        play.pins.levels["button"] = LOW  # and no edge of it
        for seq in (0, 0, 1):
            play.take_a_turn()
            assert play.watcher.core.seq == seq
            play.forward(LEVEL_CHECK_S)
        assert play.watcher.core.lost("button") == (1, 0)
    finally:
        play.stop()


@pytest.mark.parametrize(("late_s", "moves"), [(9.9, True), (10.1, False)])
def test_a_page_catches_up_with_a_press_that_is_not_too_old(
    play: Play, late_s: float, moves: bool
) -> None:
    """A press that came while it was away moves it for as long as ``catch_up`` says."""
    assert SETTINGS.server.catch_up_s == 10.0
    cursor = play.watcher.core.cursor
    play.pins.drive("button", LOW)
    play.forward(late_s)
    peer = play.join("welcome", cursor)
    assert peer.frame()["type"] == "state"
    if moves:
        assert peer.frame()["event"] == "low"
        assert peer.close_frame() == (4000, "/open")
    else:
        play.take_a_turn()
        assert play.watcher.displays == [peer.connection.display]


def test_the_frame_of_an_edge_has_the_wall_time_that_was_made(play: Play) -> None:
    """Both times come from one clock: what is shown to people, too."""
    peer = play.join("open")
    assert peer.frame()["type"] == "state"
    at_s = play.clock.now().unix_s
    play.pins.drive("door", LOW)
    play.forward(5.0)
    assert peer.frame()["at"] == pytest.approx(at_s)


def test_time_that_is_set_wakes_the_watcher(play: Play) -> None:
    """It waits for a moment that then is over."""
    peer = play.join("open")
    assert peer.frame()["type"] == "state"
    play.pins.drive("door", LOW)
    play.take_a_turn()
    play.clock.forward(0.02)
    assert peer.frame()["event"] == "low"
