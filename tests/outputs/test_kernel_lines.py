"""Wired outputs on a made-up kernel: how lines are claimed, set, released and refused."""

import errno
import logging
from pathlib import Path

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.config import Gpio, OutputState
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs.gpio import KIND, WiredOutput
from gpiobridge.outputs.kernel_lines import KernelLines
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.pigpio_lines import PigpioLines
from gpiobridge.outputs.simulated_lines import SimulatedLines

LOW, HIGH = Level.LOW, Level.HIGH
LAMP = WiredOutput(name="lamp", pin=2)
RELAY = WiredOutput(name="relay", pin=3, active=LOW)
VALVE = WiredOutput(name="valve", pin=3, chip="gpiochip1", safe=OutputState.ON)

pytestmark = pytest.mark.usefixtures("runtime")


def lines_of(*outputs: WiredOutput, back_end: str = "auto") -> OutputLines:
    """Make the lines of outputs."""
    return KIND.make(Gpio(pin_factory=back_end), {output.name: output for output in outputs})


def test_each_line_is_claimed_once_at_its_level(kernel: MadeUpKernel) -> None:
    """On every chip at once, and nothing else is done to a line."""
    lines = lines_of(LAMP, RELAY, VALVE)
    lines.open({"lamp": LOW, "relay": HIGH, "valve": HIGH})
    assert kernel.told == {(0, 2): [LOW], (0, 3): [HIGH], (1, 3): [HIGH]}
    assert set(kernel.consumers.values()) == {"gpiobridge"}
    lines.close()


def test_a_line_is_released_at_the_level_that_it_has(kernel: MadeUpKernel) -> None:
    """Closing sets no level, and may come twice, or before the opening."""
    lines = lines_of(LAMP)
    lines.close()
    lines.open({"lamp": LOW})
    lines.write("lamp", HIGH)
    assert kernel.is_used((0, 2))
    lines.close()
    lines.close()
    assert not kernel.is_used((0, 2))
    assert kernel.told == {(0, 2): [LOW, HIGH]}


@pytest.mark.parametrize("back_end", ["auto", "gpiod", "lgpio", "rpigpio"])
def test_what_drives_a_wire_of_this_machine(kernel: MadeUpKernel, back_end: str) -> None:
    """The kernel does, whatever reads the pins."""
    lines = lines_of(LAMP, back_end=back_end)
    assert type(lines) is KernelLines
    assert not lines.simulated


def test_what_else_drives_a_wire(kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """For pigpio its daemon; simulated lines are only remembered, also where there is no Pi."""
    assert type(lines_of(LAMP, back_end="pigpio")) is PigpioLines
    assert type(lines_of(LAMP, back_end="mock")) is SimulatedLines
    monkeypatch.setattr("gpiobridge.pins.boards.is_raspberry_pi", lambda: False)
    simulated = lines_of(LAMP)
    assert isinstance(simulated, SimulatedLines)
    assert simulated.simulated
    simulated.open({"lamp": LOW})
    simulated.write("lamp", HIGH)
    assert simulated.levels == {"lamp": HIGH}
    simulated.close()
    assert kernel.told == {}


def test_a_busy_line_names_its_holder_and_none_is_claimed(
    kernel: MadeUpKernel, runtime: Path
) -> None:
    """No output moves because another one can't be had."""
    kernel.consumers[0, 3] = "gpiomon"
    lines = lines_of(LAMP, RELAY)
    with pytest.raises(PinError) as caught:
        lines.open({"lamp": HIGH, "relay": HIGH})
    assert str(caught.value) == (
        "output 'relay' (GPIO 3) can't be opened on gpiod: GPIO busy, held by 'gpiomon'; another "
        "program, an overlay or a second copy of gpiobridge holds the pin: `gpioinfo` names it"
    )
    assert kernel.told == {}
    assert not (runtime / "outputs").exists()


def test_a_line_that_is_taken_in_between(
    kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was claimed before goes to its safe level, and is released."""
    fan = WiredOutput(name="fan", pin=2, safe=OutputState.ON)
    looked = kernel.line

    def look(chip: int, offset: int) -> object:
        found = looked(chip, offset)
        if offset == 3:
            kernel.consumers.setdefault((0, 3), "thief")
        return found

    monkeypatch.setattr("gpiobridge.pins.chips.line", look)
    with pytest.raises(PinError, match=r"output 'relay' .* held by 'thief'"):
        lines_of(fan, RELAY).open({"fan": LOW, "relay": HIGH})
    assert kernel.told == {(0, 2): [LOW, HIGH]}
    assert not kernel.is_used((0, 2))


def test_a_line_that_a_chip_does_not_have(kernel: MadeUpKernel) -> None:
    """The sentence says what it has."""
    with pytest.raises(PinError) as caught:
        lines_of(WiredOutput(name="lamp", pin=22)).open({"lamp": LOW})
    assert str(caught.value) == (
        "output 'lamp' (GPIO 22) can't be opened on gpiod: /dev/gpiochip0 has only the lines 0 to "
        "7; name another chip under [gpio], or another pin"
    )


def test_a_chip_that_is_not_there(kernel: MadeUpKernel) -> None:
    """Missing or forbidden: the remedy is that of pins."""
    with pytest.raises(PinError, match=r"^/dev/gpiochip5 can't be opened on gpiod: .*usermod"):
        lines_of(WiredOutput(name="lamp", pin=2, chip="gpiochip5")).open({"lamp": LOW})


def test_two_names_of_one_chip_do_not_hide_two_names_on_one_line(kernel: MadeUpKernel) -> None:
    """The configuration can't know it, and "busy" would be no help."""
    other = WiredOutput(name="other", pin=2, chip="gpiochip0")
    with pytest.raises(PinError, match=r"^outputs\.lamp and outputs\.other are two names on one"):
        lines_of(LAMP, other).open({"lamp": LOW, "other": LOW})
    assert kernel.told == {}


def test_a_line_that_no_longer_answers(kernel: MadeUpKernel) -> None:
    """An expander can be unplugged."""
    lines = lines_of(VALVE)
    lines.open({"valve": LOW})
    kernel.broken.add((1, 3))
    with pytest.raises(PinError, match=r"^output 'valve' can't be set: .*; restart the bridge$"):
        lines.write("valve", HIGH)
    lines.close()


# ---------------------------------------------------------------- the note for make_safe


def test_lines_are_noted_before_they_are_claimed(
    kernel: MadeUpKernel, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bridge that is killed while it claims them leaves them known."""
    seen = []
    claim = kernel.claim

    def spy(chip: int, line: int, *, high: bool, consumer: str) -> int:
        seen.append((runtime / "outputs").read_text())
        return claim(chip, line, high=high, consumer=consumer)

    monkeypatch.setattr("gpiobridge.outputs.line_request.claim", spy)
    lines = lines_of(LAMP, RELAY, VALVE)
    lines.open({"lamp": LOW, "relay": HIGH, "valve": HIGH})
    assert seen == ["0 2 low lamp\n0 3 high relay\n1 3 high valve\n"] * 3
    lines.close()


def test_what_is_closed_at_its_safe_level_is_forgotten(kernel: MadeUpKernel, runtime: Path) -> None:
    """What isn't, waits for make_safe."""
    lines = lines_of(LAMP, RELAY)
    lines.open({"lamp": HIGH, "relay": HIGH})
    lines.close()
    assert (runtime / "outputs").read_text() == "0 2 low lamp\n"


def test_nothing_is_left_when_all_are_safe(kernel: MadeUpKernel, runtime: Path) -> None:
    """So make_safe has nothing to do after a clean stop."""
    lines = lines_of(LAMP, RELAY)
    lines.open({"lamp": HIGH, "relay": HIGH})
    lines.write("lamp", LOW)
    lines.close()
    assert list(runtime.iterdir()) == []


def test_without_a_unit_it_is_said_that_nothing_makes_them_safe(
    kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, for real outputs only."""
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    lines = lines_of(LAMP, RELAY)
    with caplog.at_level(logging.WARNING):
        lines_of(LAMP, back_end="mock").open({"lamp": LOW})
        assert caplog.messages == []
        lines.open({"lamp": LOW, "relay": HIGH})
    lines.close()
    (said,) = caplog.messages
    assert said.startswith("if the bridge is killed or hangs, its outputs stay as they are: only")


def test_a_full_disk_does_not_keep_the_exhibit_dark(
    kernel: MadeUpKernel,
    runtime: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says what is missing."""

    def no_room(path: Path) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gpiobridge.system.whole_files.new_file", no_room)
    lines = lines_of(LAMP)
    lines.open({"lamp": HIGH})
    lines.close()
    assert f"{runtime}/outputs can't be written (No space left on device)" in caplog.text
