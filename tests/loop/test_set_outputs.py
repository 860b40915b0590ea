"""What the watcher makes of orders for outputs: of programs, of pages, and on a line that fails."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from harness.breakable_lines import BreakableLines
from harness.made_clock import MadeClock
from harness.scripted_pins import SETTINGS, ScriptedPins
from stage import DEADLINE_S, Peer, Stage

from gpiobridge.config import Output, OutputState
from gpiobridge.core.events import Level
from gpiobridge.displays.audience import SIMULATOR, Display, SentMessage
from gpiobridge.loop.observer import Observer
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.keeper import TRY_AGAIN_S
from gpiobridge.outputs.orders import SetOutput

LOW, HIGH = Level.LOW, Level.HIGH
ON, OFF, BLINK, PULSE = OutputState
OUTPUTS: dict[str, Output] = {
    "lamp": WiredOutput(name="lamp", pin=22, from_pages=True),
    "lock": WiredOutput(name="lock", pin=23, active=LOW),
    "button-lamp": WiredOutput(name="button-lamp", pin=24, follows="button"),
}


class Heard(Observer):
    """What the watcher tells."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[SentMessage] = SimpleQueue()
        self.outputs: list[tuple[Any, ...]] = []

    def message_came(self, message: SentMessage) -> None:
        """Note a message: what the page has sent before has been read, too."""
        self.messages.put(message)

    def output_changed(self, output: str, state: OutputState, why: str) -> None:
        """Note a new state."""
        self.outputs.append((output, state))

    def output_refused(self, display: Display, output: str) -> None:
        """Note a page that may not."""
        self.outputs.append((output, "refused", display))


class Play(Stage):
    """A running watcher with outputs, in time that stands."""

    def __init__(self) -> None:
        self.clock = MadeClock()
        self.lines = BreakableLines()
        self.heard = Heard()
        settings = replace(SETTINGS, outputs=OUTPUTS)
        super().__init__(ScriptedPins(clock=self.clock), settings, self.heard, lines=self.lines)
        self.watcher.start()

    def set(self, output: str, state: OutputState, for_s: float | None = None) -> None:
        """Order a state, as a program does."""
        self.watcher.order(SetOutput(output, state, for_s))

    def written(self) -> tuple[str, Level | None]:
        """The next level that a line gets; None for a try that has failed."""
        return self.lines.written.get(timeout=DEADLINE_S)

    def forward(self, duration_s: float) -> None:
        """Let time pass, and the watcher see what has come of it."""
        self.clock.forward(duration_s)
        self.take_a_turn()

    def state(self, output: str) -> tuple[OutputState, bool]:
        """What an output does, and whether its line fails."""
        return self.watcher.outputs.states[output]

    def page(self, of_kiosk: bool = True) -> Peer:
        """A page that is online."""
        peer = self.join()
        peer.connection.of_kiosk = of_kiosk
        assert peer.frame()["type"] == "state"
        return peer

    def says(self, peer: Peer, **fields: Any) -> None:
        """Let a page send a frame, and the watcher read it."""
        peer.send(json.dumps({"type": "output", **fields}))
        peer.send(json.dumps({"type": "message", "data": None}))
        assert self.heard.messages.get(timeout=DEADLINE_S).display == peer.connection.display
        self.take_a_turn()


@pytest.fixture
def play() -> Iterator[Play]:
    """A running watcher with outputs."""
    play = Play()
    yield play
    play.stop()


# ---------------------------------------------------------------- programs


def test_a_program_sets_an_output(play: Play) -> None:
    """Each new state is told and counted once; the line has the level of its `active`."""
    play.set("lock", ON)
    assert play.written() == ("lock", LOW)
    play.set("lock", ON)
    play.set("lamp", PULSE)
    assert play.written() == ("lamp", HIGH)
    play.forward(0.5)
    assert play.written() == ("lamp", LOW)
    assert play.heard.outputs == [("lock", ON), ("lamp", PULSE), ("lamp", OFF)]
    assert play.watcher.counts.output_changes == {"lock": 1, "lamp": 2}
    assert (play.state("lock"), play.state("lamp")) == ((ON, False), (OFF, False))


def test_what_a_program_sets_for_a_time_ends(play: Play) -> None:
    """Not a moment early; then the output does what it did before."""
    play.set("lamp", ON)
    play.set("lamp", OFF, 2.0)
    play.take_a_turn()
    assert play.state("lamp") == (OFF, False)
    play.forward(1.999)
    assert play.state("lamp") == (OFF, False)
    play.forward(0.001)
    assert play.state("lamp") == (ON, False)


# ---------------------------------------------------------------- a line that fails


def test_a_line_that_fails_is_said_once_and_tried_again(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """The bridge goes on meanwhile, and its other outputs, too."""
    play.lines.broken.add("lamp")
    play.set("lamp", ON)
    assert play.written() == ("lamp", None)
    play.take_a_turn()
    assert play.state("lamp") == (ON, True)
    play.set("lock", ON)
    assert play.written() == ("lock", LOW)
    for _ in range(3):
        play.forward(TRY_AGAIN_S)
        assert play.written() == ("lamp", None)
    play.lines.broken.clear()
    play.forward(TRY_AGAIN_S)
    assert play.written() == ("lamp", HIGH)
    play.take_a_turn()
    assert play.state("lamp") == (ON, False)
    assert not play.failed.is_set()
    said = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert said == [
        "output 'lamp' can't be set: [Errno 5] Input/output error; it is tried again every 2 s",
        "output lamp: its line answers again",
    ]


def test_a_line_is_not_tried_again_before_its_time(play: Play) -> None:
    """Nor does the watcher stay awake for it."""
    play.lines.broken.add("lamp")
    play.set("lamp", ON)
    assert play.written() == ("lamp", None)
    play.forward(TRY_AGAIN_S - 0.01)
    with pytest.raises(Empty):
        play.lines.written.get_nowait()
    assert play.watcher.outputs.deadline_s == pytest.approx(play.clock.now_s + 0.01)


def test_a_failed_line_that_need_not_change_is_tried_again_too(play: Play) -> None:
    """Set back meanwhile, it would fail for ever otherwise, and the watcher would never rest."""
    play.lines.broken.add("lamp")
    play.set("lamp", ON)
    assert play.written() == ("lamp", None)
    play.set("lamp", OFF)
    play.forward(TRY_AGAIN_S)
    assert play.written() == ("lamp", None)
    assert play.state("lamp") == (OFF, True)
    play.lines.broken.clear()
    play.forward(TRY_AGAIN_S)
    assert play.written() == ("lamp", LOW)
    play.take_a_turn()
    assert play.state("lamp") == (OFF, False)
    assert play.watcher.outputs.deadline_s is None


# ---------------------------------------------------------------- pages


def test_a_page_of_the_kiosk_sets_an_output(play: Play) -> None:
    """If the output says `from_pages`; `for` may be beside it."""
    peer = play.page()
    play.says(peer, output="lamp", state="on")
    assert play.written() == ("lamp", HIGH)
    play.says(peer, output="lamp", state="off", **{"for": "2s"})
    assert play.written() == ("lamp", LOW)
    play.forward(2.0)
    assert play.written() == ("lamp", HIGH)
    assert play.watcher.counts.outputs_refused == 0


@pytest.mark.parametrize(
    ("of_kiosk", "output"),
    [(False, "lamp"), (True, "lock"), (False, "lock"), (True, "button-lamp")],
)
def test_any_other_page_is_refused(
    play: Play, caplog: pytest.LogCaptureFixture, of_kiosk: bool, output: str
) -> None:
    """Told, counted and logged; the page stays online, and the line as it is."""
    peer = play.page(of_kiosk)
    for state in ("on", "no state"):
        play.says(peer, output=output, state=state)
    display = peer.connection.display
    assert play.heard.outputs == [(output, "refused", display)] * 2
    assert play.watcher.counts.outputs_refused == 2
    assert play.state(output) == (OFF, False)
    assert play.lines.written.empty()
    assert not peer.connection.closing
    said = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert set(said) == {
        f'display "kiosk" on welcome may not set output {output}: only this machine\'s '
        'own kiosk may, or a display with a token of its own and may = ["outputs"]; and only an '
        "output with from_pages = true"
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, 'there is no output named ""; write "lamp", "lock" or "button-lamp"'),
        ({"output": "lmap", "state": "on"}, 'there is no output named "lmap"; did you mean '
         '"lamp"?'),
        ({"output": 5, "state": "on"}, 'there is no output named "5"'),
        ({"output": ["lamp"], "state": "on"}, "there is no output named "),
        ({"output": None, "state": "on"}, "there is no output named "),
        ({"output": "\ud800", "state": "on"}, "there is no output named "),
        ({"output": "x" * 9000, "state": "on"}, "there is no output named "),
        ({"output": "lamp"}, 'state = null: must be "on", "off", "blink" or "pulse"'),
        ({"output": "lamp", "state": "On"}, 'state = "On": must be "on", "off", "blink" or '
         '"pulse"; did you mean "on"?'),
        ({"output": "lamp", "state": True}, 'state = true: must be "on", "off", "blink" or '
         '"pulse"'),
        ({"output": "lamp", "state": ["on"]}, "state = list: must be "),
        ({"output": "lamp", "state": {"on": 1}}, "state = dict: must be "),
        ({"output": "lamp", "state": "\ud800"}, "state = "),
        ({"output": "lamp", "state": "on", "for": 2}, '"for" = 2: needs a unit; '
         'write "2ms" or "2s"'),
        ({"output": "lamp", "state": "on", "for": "2"}, '"for" = "2": needs a unit'),
        ({"output": "lamp", "state": "on", "for": None}, '"for" = null: must be a duration '),
        ({"output": "lamp", "state": "on", "for": True}, '"for" = true: must be a duration '),
        ({"output": "lamp", "state": "on", "for": []}, '"for" = list: must be a duration '),
        ({"output": "lamp", "state": "on", "for": "0s"}, '"for" = "0s": must be a duration above '
         '0s and of at most 1d, such as "2s"'),
        ({"output": "lamp", "state": "on", "for": "25h"}, '"for" = "25h": must be a duration '),
        ({"output": "lamp", "state": "on", "for": "-1s"}, '"for" = "-1s": must not be negative'),
        ({"output": "lamp", "state": "on", "for": 1e300}, '"for" = 1e+300: needs a unit'),
    ],
)  # fmt: skip
def test_a_frame_with_a_mistake_is_a_line_of_the_log(
    play: Play, caplog: pytest.LogCaptureFixture, fields: dict[str, Any], said: str
) -> None:
    """Whatever its types: the page stays online, and nothing changes."""
    peer = play.page()
    play.says(peer, **fields)
    assert play.lines.written.empty()
    assert play.watcher.counts.outputs_refused == 0
    assert not peer.connection.closing
    (line,) = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert line.startswith(f'display "kiosk" on welcome wants to set an output: {said}')
    assert line.isprintable()
    assert len(line) < 250


# ---------------------------------------------------------------- the simulator, the log


def test_the_simulator_is_told_every_state(play: Play) -> None:
    """At first all of them, then each new one; no other page hears of them."""
    play.set("lock", ON)
    page, simulator = play.page(), play.join(SIMULATOR)
    assert simulator.frame()["type"] == "state"
    first = {(each["output"], each["state"]) for each in (simulator.frame() for _ in range(3))}
    assert first == {("lamp", "off"), ("lock", "on"), ("button-lamp", "off")}
    play.set("lamp", BLINK)
    assert simulator.frame() == {"type": "output", "output": "lamp", "state": "blink"}
    play.pins.drive("door", LOW)
    play.forward(0.02)
    assert page.frame()["type"] == "edge"


def test_the_log_has_each_new_state(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    """But not of the lamp of a button, which changes with each press."""
    caplog.set_level(logging.INFO)
    play.set("lamp", BLINK)
    play.set("button-lamp", ON, 1.0)
    play.set("lock", ON)
    play.says(play.page(), output="lamp", state="on")
    said = [r.message for r in caplog.records if r.message.startswith("output")]
    assert said == [
        "output lamp: blink; set by a program",
        "output lock: on; set by a program",
        'output lamp: on; set by display "kiosk" on welcome',
    ]
