"""Outputs that pigpiod drives, on a made-up pigpiod."""

from pathlib import Path
from typing import Any

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.config import Gpio
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs import handover
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.pigpio_lines import PigpioLines

LOW, HIGH = Level.LOW, Level.HIGH
LAMP = WiredOutput(name="lamp", pin=22)


class Pigpiod:
    """A factory of gpiozero's, and its connection."""

    def __init__(self) -> None:
        self.connection = self
        self.told: list[Any] = []
        self.answers = True

    def write(self, line: int, level: int) -> None:
        """Set a line."""
        if not self.answers:
            raise OSError("pigpiod is gone")
        self.told.append((line, level))

    def close(self) -> None:
        """End the connection."""
        self.told.append("closed")


@pytest.fixture
def pigpiod(kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch) -> Pigpiod:
    """A made-up pigpiod."""
    made_up = Pigpiod()
    monkeypatch.setattr(
        "gpiobridge.outputs.pigpio_lines.open_factory", lambda back_end, chip: made_up
    )
    return made_up


@pytest.fixture
def lines(pigpiod: Pigpiod) -> PigpioLines:
    """A lamp."""
    return PigpioLines(Gpio(pin_factory="pigpio"), {"lamp": LAMP})


def test_a_line_begins_at_its_level(pigpiod: Pigpiod, lines: PigpioLines, runtime: Path) -> None:
    """The daemon sets it before it makes the line an output; leaving it changes nothing."""
    lines.close()
    lines.open({"lamp": HIGH})
    assert (runtime / "outputs").read_text() == "pigpio 22 low lamp\n"
    lines.write("lamp", LOW)
    lines.close()
    lines.close()
    assert pigpiod.told == [(22, 1), (22, 0), "closed"]
    assert list(runtime.iterdir()) == []


def test_a_reload_changes_nothing(pigpiod: Pigpiod, lines: PigpioLines, runtime: Path) -> None:
    """The daemon keeps the level while the bridge starts again; the note stays."""
    lines.open({"lamp": HIGH})
    handover.hand_over(lines, {})
    assert pigpiod.told == [(22, 1), "closed"]
    assert (runtime / "outputs").exists()


def test_a_pigpiod_that_is_gone(pigpiod: Pigpiod, lines: PigpioLines, runtime: Path) -> None:
    """The sentences name the output."""
    lines.open({"lamp": HIGH})
    pigpiod.answers = False
    with pytest.raises(PinError, match=r"^output 'lamp' can't be set: pigpiod is gone; restart"):
        lines.write("lamp", LOW)
    lines.close()
    with pytest.raises(PinError, match=r"^output 'lamp' \(GPIO 22\) can't be opened on pigpio"):
        lines.open({"lamp": HIGH})
