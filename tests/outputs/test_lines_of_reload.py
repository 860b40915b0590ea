"""A reload: the lines of outputs go from one process to the next without a change."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.config import Gpio, OutputState
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs import handover
from gpiobridge.outputs.gpio import KIND, WiredOutput
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.simulated_lines import SimulatedLines

LOW, HIGH = Level.LOW, Level.HIGH
LAMP = WiredOutput(name="lamp", pin=2)
FAN = WiredOutput(name="fan", pin=3, safe=OutputState.ON)

pytestmark = [
    pytest.mark.usefixtures("runtime"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no exec"),
]


def opened(*outputs: WiredOutput, **levels: Level) -> OutputLines:
    """Open outputs."""
    lines = KIND.make(Gpio(), {output.name: output for output in outputs})
    lines.open(levels)
    return lines


def pass_through(lines: OutputLines, kernel: MadeUpKernel, **memory: object) -> None:
    """Leave lines, and be the fresh process: it has the same descriptors, and knows nothing."""
    handover.hand_over(lines, memory)
    handover.pass_on()
    for held in json.loads(os.environ["OUTPUTS_OF_RELOAD"])["lines"]:
        kernel._places[held["descriptor"]] = (held["chip"], held["line"])
    for held in handover._given:  # what an exec does with other descriptors
        os.close(held.descriptor)
        del kernel._places[held.descriptor]
    handover._given.clear()
    handover._memory.clear()


def test_a_line_is_taken_over_as_it_is(kernel: MadeUpKernel, runtime: Path) -> None:
    """It is never released, and its level is set once, by the fresh bridge."""
    pass_through(opened(LAMP, lamp=HIGH), kernel, states={"lamp": "on"})
    assert kernel.is_used((0, 2))
    assert handover.inherited() == {"states": {"lamp": "on"}}
    assert kernel.told == {(0, 2): [HIGH]}
    lines = opened(LAMP, FAN, lamp=HIGH, fan=LOW)
    handover.release_rest()
    assert kernel.told == {(0, 2): [HIGH, HIGH], (0, 3): [LOW]}
    assert (runtime / "outputs").read_text() == "0 2 low lamp\n0 3 high fan\n"
    lines.write("lamp", LOW)
    lines.close()
    assert not kernel.is_used((0, 2))


def test_a_line_that_no_output_has_any_more_becomes_safe(
    kernel: MadeUpKernel, runtime: Path
) -> None:
    """It has the safe level of the configuration before, and is free."""
    pass_through(opened(LAMP, FAN, lamp=HIGH, fan=LOW), kernel)
    lines = opened(LAMP, lamp=HIGH)
    assert (runtime / "outputs").read_text() == "0 3 high fan\n0 2 low lamp\n"
    handover.release_rest()
    assert kernel.told == {(0, 2): [HIGH, HIGH], (0, 3): [LOW, HIGH]}
    assert not kernel.is_used((0, 3))
    assert (runtime / "outputs").read_text() == "0 2 low lamp\n"
    lines.close()


def test_a_fresh_bridge_that_does_not_open_leaves_its_lines_safe(kernel: MadeUpKernel) -> None:
    """Those that it had taken, and the others."""
    pass_through(opened(LAMP, FAN, lamp=HIGH, fan=LOW), kernel)
    thief = WiredOutput(name="thief", pin=4)
    kernel.consumers[0, 4] = "gpiomon"
    with pytest.raises(PinError, match="gpiomon"):
        opened(LAMP, thief, lamp=HIGH, thief=LOW)
    handover.release_rest()
    assert kernel.told == {(0, 2): [HIGH, LOW], (0, 3): [LOW, HIGH]}
    assert not kernel.is_used((0, 2))
    assert not kernel.is_used((0, 3))


def test_a_stop_in_the_middle_makes_safe(kernel: MadeUpKernel) -> None:
    """There will be no fresh process."""
    handover.hand_over(opened(LAMP, lamp=HIGH), {})
    handover.give_up()
    handover.pass_on()
    assert kernel.told == {(0, 2): [HIGH, LOW]}
    assert not kernel.is_used((0, 2))
    assert "OUTPUTS_OF_RELOAD" not in os.environ


def test_without_a_reload_nothing_is_inherited(kernel: MadeUpKernel) -> None:
    """Neither lines nor memory, and nothing is left in the environment."""
    handover.pass_on()
    assert handover.inherited() == {}
    assert handover.take(0, 2) is None
    handover.release_rest()


@pytest.mark.parametrize(
    "told",
    [
        "nonsense",
        '{"process": 1, "lines": [], "memory": {"of": "another process"}}',
        '{"process": PID, "lines": [{"chip": 0}], "memory": {}}',
    ],
)
def test_what_is_not_for_this_process_is_dropped(
    kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    """A program that the bridge has started inherits the variable, but not the lines."""
    monkeypatch.setenv("OUTPUTS_OF_RELOAD", told.replace("PID", str(os.getpid())))
    assert handover.inherited() == {}
    assert "OUTPUTS_OF_RELOAD" not in os.environ


def test_a_descriptor_that_is_no_line_is_not_touched(
    kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel says what it is; the line is claimed anew."""
    line = {"chip": 0, "line": 2, "descriptor": 2, "safe_high": False}
    told = {"process": os.getpid(), "lines": [line], "memory": {}}
    monkeypatch.setenv("OUTPUTS_OF_RELOAD", json.dumps(told))
    assert handover.take(0, 2) is None
    assert caplog.messages == ["line 2 of gpiochip0 was lost in the reload"]


def test_simulated_lines_are_only_remembered(kernel: MadeUpKernel) -> None:
    """They have nothing to leave but the memory."""
    lines = SimulatedLines()
    lines.open({"lamp": HIGH})
    pass_through(lines, kernel, states={"lamp": "on"})
    assert handover.inherited() == {"states": {"lamp": "on"}}


BEFORE = """
import os, sys
from gpiobridge.outputs import handover, line_request
from gpiobridge.outputs.handover import HeldLine

class Lines:
    def hand_over(self):
        return [HeldLine(0, 2, int(sys.argv[2]), False)]

handover.hand_over(Lines(), {"states": {"lamp": "on"}})
os.set_inheritable(int(sys.argv[2]), False)  # as the service does with every descriptor
handover.pass_on()
os.dup2(2, 3)  # its socket
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
AFTER = """
import os
from gpiobridge.outputs import handover, line_request
line_request.is_claimed = lambda descriptor, chip, line: os.fstat(descriptor)
descriptor = handover.take(0, 2)
assert not os.get_inheritable(descriptor)
assert "OUTPUTS_OF_RELOAD" not in os.environ
os.write(descriptor, repr(handover.inherited()).encode())
"""


def test_a_descriptor_goes_through_a_real_exec() -> None:
    """Also if it has the number that the listening socket gets."""
    reading, writing = os.pipe()
    try:
        script = ["bash", "-c", f'exec 3>&{writing}; exec "$0" "$@"']
        command = [sys.executable, "-c", BEFORE, AFTER, "3"]
        subprocess.run([*script, *command], pass_fds=[writing], check=True, timeout=30)
        assert os.read(reading, 100) == b"{'states': {'lamp': 'on'}}"
    finally:
        os.close(reading)
        os.close(writing)
