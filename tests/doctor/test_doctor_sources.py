"""How the doctor watches pins, runs commands and finds packages."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gpiobridge.config import Gpio, Pull
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.doctor import sampling
from gpiobridge.doctor.machine import Package, packages_installed
from gpiobridge.doctor.sampling import Sample, sample
from gpiobridge.errors import PinError
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.gpiozero_pins import GpiozeroPins
from gpiobridge.pins.source import OnEdge
from gpiobridge.system.clock import RealClock
from gpiobridge.system.commands import run_command

LOW, HIGH = Level.LOW, Level.HIGH


class Wires:
    """Pins on the mock back end with a hand on their wires.

    Args:
        driven: pins that something outside holds at a level, whatever the Pi pulls.
        toggles: pins whose level changes while they are watched, and how often.
    """

    def __init__(
        self,
        driven: Mapping[str, Level] | None = None,
        toggles: Mapping[str, int] | None = None,
        asked: bool = False,
    ) -> None:
        self.driven = driven or {}
        self.toggles = toggles or {}
        self.asked = asked  # whether edges are told only when they are asked for
        self.opened: list[dict[str, Pull]] = []
        self.pins: GpiozeroPins

    def make(self, settings: Gpio, pins: Mapping[str, WiredPin]) -> GpiozeroPins:
        """Make pins as `sample` asks for them."""
        self.opened.append({name: pin.pull for name, pin in pins.items()})
        wires = self

        class Wired(GpiozeroPins):
            def open(self, on_edge: OnEdge) -> None:
                if "broken" in pins:
                    raise PinError("pin 'broken' can't be opened: odd")
                self._waiting: list[RawEdge] = []
                self._on_edge = on_edge
                super().open(self._waiting.append if wires.asked else on_edge)

            def descriptors(self) -> list[int]:
                return [42] if wires.asked else []

            def read_edges(self) -> bool:
                for edge in self._waiting:
                    self._on_edge(edge)
                return False

            def read(self, pin: str) -> Level:
                return wires.driven.get(pin) or super().read(pin)

        self.pins = Wired(Gpio(pin_factory="mock"), pins, RealClock())
        return self.pins

    def pass_time(self, _seconds: float) -> None:
        """Let half a second pass in no time."""
        for pin, times in self.toggles.items():
            for _ in range(times):
                self.pins.drive(pin, self.pins.read(pin).other)

    def sample(self, *pins: WiredPin) -> dict[str, Sample | str]:
        """Watch pins."""
        return sample(Gpio(), {pin.name: pin for pin in pins}, self.make, self.pass_time)


BUTTON = WiredPin(name="button", pin=17, active=LOW)
BARE = WiredPin(name="bare", pin=22, pull=Pull.NONE, active=LOW)


def test_a_quiet_pin_has_no_edges() -> None:
    """An open contact follows its pull, and that is all."""
    assert Wires().sample(BUTTON) == {"button": Sample(HIGH)}


def test_edges_at_a_descriptor_are_asked_for() -> None:
    """No thread of a back end tells of them."""
    wires = Wires(toggles={"button": 4}, asked=True)
    assert wires.sample(BUTTON) == {"button": Sample(HIGH, 4)}


def test_edges_are_counted_as_they_come() -> None:
    """Every change of the level counts, before any debounce."""
    assert Wires(toggles={"button": 7}).sample(BUTTON) == {"button": Sample(LOW, 7)}


def test_an_undriven_pin_without_pull_floats() -> None:
    """It follows the Pi's pulls up and down, so nothing drives it; a driven one follows none."""
    driven = replace(BARE, name="driven", pin=23)
    found = Wires(driven={"driven": HIGH}).sample(BUTTON, BARE, driven)
    assert {n: s.floating for n, s in found.items() if isinstance(s, Sample)} == {
        "button": False,
        "bare": True,
        "driven": False,
    }


def test_pins_end_with_the_pull_that_they_are_configured_to_have() -> None:
    """A pull stays on a pin that is given back, so the configured one is the last."""
    wires = Wires()
    wires.sample(BUTTON, BARE)
    assert wires.opened[-1] == {"button": Pull.UP, "bare": Pull.NONE}
    assert {"bare"} == {name for pulls in wires.opened[:-1] for name in pulls}


def test_a_pin_that_can_not_be_opened_hides_no_other() -> None:
    """The others are watched alone, and it has the sentence that says why."""
    found = Wires().sample(BUTTON, WiredPin(name="broken", pin=5, active=LOW))
    assert found == {"button": Sample(HIGH), "broken": "pin 'broken' can't be opened: odd"}


def test_no_folder_of_lgpio_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lgpio needs while pins are watched is gone afterwards."""
    monkeypatch.delenv("LG_WD", raising=False)
    monkeypatch.setattr(sampling.tempfile, "tempdir", str(tmp_path))
    seen: list[str] = []
    wires = Wires()

    def pass_time(_seconds: float) -> None:
        seen.append(os.environ["LG_WD"])
        assert Path(seen[0]).is_dir()

    sample(Gpio(), {"button": BUTTON}, wires.make, pass_time)
    assert seen
    assert "LG_WD" not in os.environ
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- commands and packages


def test_commands_that_do_not_work_are_none(tmp_path: Path) -> None:
    """A missing, a failing and a hanging command say nothing, and nothing is raised."""
    assert run_command(["true"]) == ""
    assert run_command(["echo", "yes"]) == "yes\n"
    assert run_command([str(tmp_path / "missing")]) is None
    assert run_command(["false"]) is None


def test_a_hanging_command_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for a bus that doesn't answer."""
    monkeypatch.setattr("gpiobridge.system.commands._COMMAND_S", 0.05)
    assert run_command(["sleep", "60"]) is None


def test_the_package_that_is_imported_is_found(tmp_path: Path) -> None:
    """The first folder of the search path wins, and names may be written in more than one way."""
    for folder, version in (("first", "2.0"), ("second", "1.0")):
        info = tmp_path / folder / f"RPi.GPIO-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: RPi.GPIO\nVersion: {version}")
    path = [str(tmp_path / "first"), str(tmp_path / "second")]
    assert packages_installed(["rpi-gpio", "pigpio"], path) == {
        "rpi-gpio": Package("2.0", tmp_path / "first", 0)
    }
