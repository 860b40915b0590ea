"""How a kiosk's screen is switched off and on, with programs that a test plays."""

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from gpiobridge.config import ScreenCommands
from gpiobridge.kiosk import screen_power, sway
from gpiobridge.kiosk.screen_power import (
    AGAIN_S,
    LOOK_S,
    ON_AGAIN_S,
    Commands,
    Done,
    ScreenPower,
    Sway,
    Unknown,
    WlrRandr,
    switch_for,
)

WINDOW = sway.criteria("left")
INSTEAD = "write the commands that switch it into [hours]: screen = { off = [...], on = [...] }"


class Compositor:
    """Two outputs, and the program that asks and switches them."""

    def __init__(self, word: str = "power", *, obeys: bool = True, slow: int = 0) -> None:
        self.on = {"HDMI-A-1": True, "HDMI-A-2": True}
        self.ran: list[str] = []
        self._word = word
        self._obeys = obeys
        self._slow = slow
        self._later: dict[str, bool] = {}

    def switch(self, name: str, *, on: bool) -> None:
        """Switch an output, or all of them; perhaps only after some more questions."""
        if self._obeys:
            self._later |= {each: on for each in self.on if name in ("*", each)}

    def _see(self) -> None:
        if self._later and self._slow:
            self._slow -= 1
            return
        self.on |= self._later
        self._later = {}

    def swaymsg(self, command: Sequence[str]) -> Done:
        """Play swaymsg."""
        self.ran.append(" ".join(command[1:]))
        if command[1:3] == ("-t", "get_outputs"):
            self._see()
            told = [{"name": name, "active": True, self._word: on} for name, on in self.on.items()]
            return Done(
                0, json.dumps([*told, {"name": "DP-9", "active": False, self._word: False}])
            )
        if command[1] != "output":
            return Done(2, says="swaymsg: Error: No matching node.")
        assert command[3] == self._word
        self.switch(command[2], on=command[4] == "on")
        return Done(0) if self._obeys else Done(2, says="swaymsg: it said so")

    def wlr_randr(self, command: Sequence[str]) -> Done:
        """Play wlr-randr."""
        self.ran.append(" ".join(command[1:]))
        if len(command) == 1:
            self._see()
            return Done(0, "".join(map(self._told, self.on)))
        for at in range(1, len(command), 3):
            assert command[at] == "--output"
            self.switch(command[at + 1], on=command[at + 2] == "--on")
        return Done(0) if self._obeys else Done(1, says="wlr-randr: it said so")

    def _told(self, name: str) -> str:
        modes = "  Modes:\n    1920x1080 px, 60.000000 Hz (preferred, current)\n"
        position = "  Position: 0,0\n  Transform: normal\n  Scale: 1.000000\n"
        head = f'{name} "Some screen ({name})"\n  Physical size: 600x340 mm\n'
        enabled = "yes" if self.on[name] else "no"
        return f"{head}  Enabled: {enabled}\n{modes}{position if self.on[name] else ''}"


def no_pause(_seconds: float) -> None:
    """Wait for nothing."""


@pytest.mark.parametrize("word", ["power", "dpms"])
def test_sway_switches_one_output(word: str) -> None:
    """By the word that this sway has; then the window is full screen again."""
    it = Compositor(word)
    switch = Sway("HDMI-A-2", WINDOW, it.swaymsg, no_pause)
    assert switch.set(on=False) == ""
    assert it.on == {"HDMI-A-1": True, "HDMI-A-2": False}
    assert switch.is_off()
    assert not any("fullscreen" in each for each in it.ran)
    assert switch.set(on=True) == ""
    assert all(it.on.values())
    assert not switch.is_off()
    assert it.ran.count(f"output HDMI-A-2 {word} off") == 1
    assert it.ran[-2] == r'[app_id="^(org\.)?gpiobridge-left$"] fullscreen enable'


def test_sway_switches_all_outputs() -> None:
    """Of a kiosk without a connector; what is so already isn't switched again."""
    it = Compositor()
    switch = Sway("", "", it.swaymsg, no_pause)
    assert switch.set(on=True) == ""
    assert it.ran == ["-t get_outputs -r"]
    it.on["HDMI-A-1"] = False
    assert switch.set(on=False) == ""
    assert it.ran[-2:] == ["output * power off", "-t get_outputs -r"]
    assert not any(it.on.values())


@pytest.mark.parametrize("connector", ["", "HDMI-A-1"])
def test_an_output_of_sway_that_isn_t_active(connector: str) -> None:
    """It is off, and is switched on all the same."""
    told = [{"name": "HDMI-A-1", "active": False}]
    ran: list[str] = []

    def swaymsg(command: Sequence[str]) -> Done:
        ran.append(" ".join(command[1:]))
        if command[1] == "output":
            told[0] |= {"active": True, "power": True}
        return Done(0, json.dumps(told))

    switch = Sway(connector, "", swaymsg, no_pause)
    assert switch.is_off()
    assert switch.set(on=True) == ""
    assert ran[2] == f"output {connector or '*'} dpms on"


def test_wlr_randr_switches_all_outputs() -> None:
    """In one order, so that no window moves from one to the other."""
    it = Compositor()
    switch = WlrRandr("", it.wlr_randr, no_pause)
    assert switch.set(on=False) == ""
    assert it.ran[1] == "--output HDMI-A-1 --off --output HDMI-A-2 --off"
    assert switch.is_off()
    assert switch.set(on=True) == ""
    assert all(it.on.values())


def test_wlr_randr_switches_one_output() -> None:
    """That of its connector."""
    it = Compositor()
    assert WlrRandr("HDMI-A-2", it.wlr_randr, no_pause).set(on=False) == ""
    assert it.on == {"HDMI-A-1": True, "HDMI-A-2": False}


def test_a_screen_that_takes_a_moment() -> None:
    """It is asked again, for two seconds at most."""
    paused: list[float] = []
    it = Compositor(slow=2)
    assert Sway("", "", it.swaymsg, paused.append).set(on=False) == ""
    assert paused == [0.0, 0.2, 0.5]
    paused.clear()
    stuck = Compositor(obeys=False)
    assert Sway("", "", stuck.swaymsg, paused.append).set(on=False)
    assert sum(paused) < 2


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        (Sway("", "", Compositor(obeys=False).swaymsg, no_pause),
         f"swaymsg: it said so; {INSTEAD}"),
        (WlrRandr("", Compositor(obeys=False).wlr_randr, no_pause),
         f"wlr-randr: it said so; {INSTEAD}"),
        (Sway("DP-1", "", Compositor().swaymsg, no_pause), "there is no output DP-1"),
        (WlrRandr("DP-1", Compositor().wlr_randr, no_pause), "there is no output DP-1"),
        (Sway("", "", lambda _: Done(0, "[{}]"), no_pause),
         "swaymsg says something unknown of its outputs (KeyError)"),
        (Sway("", "", lambda _: Done(0, "no json"), no_pause),
         "swaymsg says something unknown of its outputs (JSONDecodeError)"),
        (WlrRandr("", lambda c: screen_power.run(("/no/wlr-randr", *c[1:])), no_pause),
         "/no/wlr-randr is not installed; sudo apt install wlr-randr"),
        (WlrRandr("", lambda _: Done(1, says="wlr-randr: compositor doesn't support it"), no_pause),
         f"wlr-randr: compositor doesn't support it; {INSTEAD}"),
        (Unknown(), f"this is no Wayland compositor; {INSTEAD}"),
        (Commands(ScreenCommands(("/no/off",), ("/no/on",))),
         "/no/off is not installed; run it by hand as the kiosk's user"),
        (Commands(ScreenCommands(("/bin/sh", "-c", "echo 'no such bus' >&2; exit 3"), ("/on",))),
         "/bin/sh: no such bus; run it by hand as the kiosk's user"),
        (Commands(ScreenCommands(("/bin/sh", "-c", "exit 3"), ("/on",))),
         "/bin/sh: exit status 3; run it by hand as the kiosk's user"),
    ],
)  # fmt: skip
def test_what_went_wrong(switch: screen_power.Switch, said: str) -> None:
    """In one sentence, with a remedy; it is what is read back that counts."""
    assert switch.set(on=False) == said


def test_commands() -> None:
    """Each is run as it is written; what it says nothing of is taken as done."""
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> Done:
        ran.append(command)
        return Done(0)

    switch = Commands(ScreenCommands(("/bin/off", "a b"), ("/bin/on",)), run)
    assert (switch.set(on=False), switch.set(on=True), switch.is_off()) == ("", "", True)
    assert ran == [("/bin/off", "a b"), ("/bin/on",)]


def test_who_switches() -> None:
    """The owner's commands first; then the compositor that is there."""
    wayland = {"WAYLAND_DISPLAY": "wayland-0"}
    commands = ScreenCommands(("/bin/off",), ("/bin/on",))
    environs: list[Any] = [wayland | {"SWAYSOCK": "/run/s"}, wayland, {"DISPLAY": ":0"}]
    assert [type(switch_for(each, "", "", None)) for each in environs] == [Sway, WlrRandr, Unknown]
    assert {type(switch_for(each, "", "", commands)) for each in environs} == {Commands}


class Screen:
    """A screen, and what goes wrong when it is switched."""

    browser_notices = True

    def __init__(self) -> None:
        self.on = True
        self.says = ""
        self.tries: list[bool] = []

    def set(self, *, on: bool) -> str:
        """Switch it."""
        self.tries.append(on)
        if not self.says:
            self.on = on
        return self.says

    def is_off(self) -> bool:
        """Whether it is off."""
        return not self.on


class Night:
    """A screen's power over time."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        self.screen = Screen()
        self.power = ScreenPower(self.screen)
        self.now_s = 1000.0
        self._caplog = caplog

    def want(self, *, off: bool, for_s: float = 0.0) -> list[bool]:
        """Say what it is meant to be, every two seconds; what was tried meanwhile."""
        self.screen.tries.clear()
        until_s = self.now_s + for_s
        while self.now_s <= until_s:
            self.power.want(self.now_s, off=off)
            self.power.join()
            self.now_s += 2
        return list(self.screen.tries)

    @property
    def lines(self) -> list[str]:
        """The log."""
        return [record.getMessage() for record in self._caplog.records]


@pytest.fixture
def night(caplog: pytest.LogCaptureFixture) -> Night:
    """A night."""
    return Night(caplog)


def test_a_screen_goes_off_and_on(night: Night) -> None:
    """Once each, with a line each; at the start it is switched on, which says nothing."""
    assert night.want(off=False, for_s=3600) == [True]
    assert night.want(off=True, for_s=8 * 3600) == [False]
    assert night.power.is_off
    assert night.want(off=False, for_s=3600) == [True]
    assert not night.power.is_off
    assert night.lines == ["the screen is off: it is closed", "the screen is on again"]


def test_a_screen_that_comes_on_by_itself(night: Night) -> None:
    """Such as by a new cable: it is off again within a minute."""
    night.want(off=True, for_s=3600)
    night.screen.on = True
    assert night.want(off=True, for_s=LOOK_S) == [False]
    assert not night.screen.on


def test_a_screen_that_stays_on(night: Night) -> None:
    """One line, and seldom a new try; the morning ends it."""
    night.screen.says = "it won't"
    assert night.want(off=True, for_s=10 * AGAIN_S) == [False] * 11
    assert night.lines == ["the screen can't be switched off: it won't"]
    assert not night.power.is_off
    night.screen.says = "it won't at all"
    night.want(off=True, for_s=AGAIN_S)
    assert night.lines[1:] == ["the screen can't be switched off: it won't at all"]
    night.screen.says = ""
    assert night.want(off=True, for_s=AGAIN_S) == [False]
    assert night.lines[2:] == ["the screen is off: it is closed"]


def test_a_screen_that_stays_dark(night: Night) -> None:
    """It is tried often: somebody waits for it."""
    night.want(off=True)
    night.screen.says = "it won't"
    assert night.want(off=False, for_s=3 * ON_AGAIN_S) == [True] * 4
    assert night.power.is_off
    night.screen.says = ""
    assert night.want(off=False, for_s=60) == [True]
    assert night.lines[-1] == "the screen is on again"


def test_a_new_wish_waits_for_no_other(night: Night) -> None:
    """A screen that couldn't be switched off is switched on at once, and the other way round."""
    night.screen.says = "it won't"
    assert night.want(off=True) == [False]
    assert night.want(off=False) == [True]
    assert night.want(off=True) == [False]
