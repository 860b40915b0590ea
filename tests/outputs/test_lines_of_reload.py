"""A reload: the lines of outputs go from one process to the next without a change."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.config import Gpio, OutputState
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs import handover, line_request, reload_timer
from gpiobridge.outputs.control import OutputControl
from gpiobridge.outputs.gpio import KIND, WiredOutput
from gpiobridge.outputs.handover import HeldLine
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.reload_timer import Due
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


def pass_through(
    lines: OutputLines,
    kernel: MadeUpKernel,
    off_at_s: Mapping[str, float] | None = None,
    **memory: object,
) -> None:
    """Leave lines, and be the fresh process: it has the same descriptors, and knows nothing."""
    handover.hand_over(lines, memory, off_at_s)
    handover.pass_on()
    descriptor = int(os.environ["OUTPUTS_OF_RELOAD"].split()[1])
    for held in json.loads(os.pread(descriptor, 10**7, 0))["lines"]:
        kernel._places[held["descriptor"]] = (held["chip"], held["line"])
    for held in handover._given:  # what an exec does with other descriptors
        os.close(held.descriptor)
        del kernel._places[held.descriptor]
    handover._given.clear()
    handover._memory.clear()
    handover._off_at_s.clear()


def told(folder: Path, content: str, process: int | None = None) -> None:
    """Leave something to this process, or to another one."""
    file = folder / "told"
    file.write_text(content)
    descriptor = os.open(file, os.O_RDONLY)  # closed by whoever it is for
    os.environ["OUTPUTS_OF_RELOAD"] = f"{process or os.getpid()} {descriptor}"


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


def test_a_stop_in_the_middle_makes_safe(kernel: MadeUpKernel, runtime: Path) -> None:
    """There will be no fresh process, and nothing is left to do for make_safe."""
    handover.hand_over(opened(LAMP, lamp=HIGH), {})
    handover.give_up()
    handover.pass_on()
    assert kernel.told == {(0, 2): [HIGH, LOW]}
    assert not kernel.is_used((0, 2))
    assert "OUTPUTS_OF_RELOAD" not in os.environ
    assert list(runtime.iterdir()) == []


def test_without_a_reload_nothing_is_inherited(kernel: MadeUpKernel) -> None:
    """Neither lines nor memory, and nothing is left in the environment."""
    handover.pass_on()
    assert handover.inherited() == {}
    assert handover.take(0, 2) is None
    handover.release_rest()


@pytest.mark.parametrize(
    ("process", "content"),
    [
        (1, '{"lines": [], "memory": {"of": "another process"}, "timers": []}'),
        (None, '{"lines": [{"chip": 0}], "memory": {}, "timers": []}'),
        (None, "nonsense"),
    ],
)
def test_what_is_not_for_this_process_is_dropped(
    kernel: MadeUpKernel, tmp_path: Path, process: int | None, content: str
) -> None:
    """A program that the bridge has started inherits the variable, but not the lines."""
    told(tmp_path, content, process)
    assert handover.inherited() == {}
    assert "OUTPUTS_OF_RELOAD" not in os.environ


def test_a_variable_that_is_nonsense(kernel: MadeUpKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is taken for the bridge's."""
    for value in ("nonsense", f"{os.getpid()} 1000000", f"{os.getpid()}"):
        monkeypatch.setenv("OUTPUTS_OF_RELOAD", value)
        assert handover.inherited() == {}


def test_many_displays_are_remembered(kernel: MadeUpKernel) -> None:
    """A variable of the environment has room for 128 KiB, and a fresh process would not start."""
    displays = [["192.168.1.20", f"{'x' * 200}{number}", "welcome"] for number in range(2000)]
    pass_through(opened(LAMP, lamp=HIGH), kernel, displays=displays)
    assert len(os.environ["OUTPUTS_OF_RELOAD"]) < 100
    assert handover.inherited() == {"displays": displays}
    handover.release_rest()


def test_a_descriptor_that_is_no_line_is_not_touched(
    kernel: MadeUpKernel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel says what it is; the line is claimed anew."""
    held = HeldLine(0, 2, descriptor=2, safe_high=False, off_high=False, output="lamp")
    told(tmp_path, json.dumps({"lines": [asdict(held)], "memory": {}, "timers": []}))
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
        return [HeldLine(0, 2, int(sys.argv[2]), False, False, "lamp")]

handover.hand_over(Lines(), {"states": {"lamp": "on"}}, {"lamp": 1e9})
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
(timer,) = handover._timers
handover.release_rest()
try:
    os.kill(timer.process, 0)
except ProcessLookupError:
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


# ---------------------------------------------------------------- what must be off meanwhile


@pytest.mark.parametrize(
    ("orders", "off_at_s"),
    [
        ([], None),
        ([(OutputState.ON, None)], 100.0 + 5.0),  # max_on
        ([(OutputState.ON, 2.0)], 102.0),
        ([(OutputState.PULSE, None)], 100.5),
        ([(OutputState.BLINK, 9.0)], 105.0),
        # It goes on afterwards.
        ([(OutputState.ON, None), (OutputState.ON, 2.0)], 105.0),
        ([(OutputState.ON, None), (OutputState.PULSE, 2.0)], 105.0),
        ([(OutputState.OFF, 2.0)], None),
    ],
)
def test_when_an_output_goes_off_by_itself(
    orders: list[tuple[OutputState, float | None]], off_at_s: float | None
) -> None:
    """By the end of its time or of max_on, whichever comes first."""
    control = OutputControl(WiredOutput(name="lamp", pin=2, max_on_s=5.0), 0.0)
    for state, for_s in orders:
        control.set(state, 100.0, for_s)
    control.update(100.0)
    assert control.off_at_s == off_at_s


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A pipe: what is set at its second end comes out at the first, also from another process."""

    def write(descriptor: int, *, high: bool) -> None:
        os.write(descriptor, b"1" if high else b"0")

    monkeypatch.setattr(line_request, "write", write)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def comes_out(reading: int, limit_s: float = 20.0) -> bytes:
    """Wait for what comes out of a pipe."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        try:
            return os.read(reading, 9)
        except BlockingIOError:
            time.sleep(0.01)
    raise AssertionError("nothing comes out")


def test_an_output_is_switched_off_in_time(wire: tuple[int, int]) -> None:
    """Each at its own time and level; one that no longer answers keeps no other from it."""
    reading, writing = wire
    now_s = time.monotonic()
    due = [
        Due(now_s + 0.2, writing, True),
        Due(now_s, 10**6, False),
        Due(now_s + 0.1, writing, False),
    ]
    timer = reload_timer.start(due)
    said = comes_out(reading)
    while len(said) < 2:
        said += comes_out(reading)
    assert said == b"01"
    assert time.monotonic() >= now_s + 0.2
    reload_timer.end(timer)


def test_a_fresh_bridge_ends_the_timer(wire: tuple[int, int]) -> None:
    """From then on it keeps the time itself; no process is left."""
    reading, writing = wire
    timer = reload_timer.start([Due(time.monotonic() + 60, writing, False)])
    reload_timer.end(timer)
    with pytest.raises(ProcessLookupError):
        os.kill(timer.process, 0)
    with pytest.raises(BlockingIOError):
        os.read(reading, 9)


def test_the_timer_holds_no_connection_open(wire: tuple[int, int]) -> None:
    """A browser must see that the old bridge has closed it."""
    ours, theirs = socket.socketpair()
    timer = reload_timer.start([Due(time.monotonic() + 60, wire[1], False)])
    ours.close()
    theirs.settimeout(20)
    assert theirs.recv(1) == b""
    theirs.close()
    reload_timer.end(timer)


def test_what_stays_on_needs_no_timer(kernel: MadeUpKernel) -> None:
    """There is no process beside the bridge then."""
    pass_through(opened(FAN, fan=LOW), kernel)
    assert handover.inherited() == {}
    assert handover._timers == []
    handover.release_rest()


def test_what_ends_has_a_timer(kernel: MadeUpKernel) -> None:
    """It is the fresh process's to end."""
    pass_through(opened(LAMP, lamp=HIGH), kernel, {"lamp": time.monotonic() + 60})
    lines = opened(LAMP, lamp=HIGH)
    (timer,) = handover._timers
    os.kill(timer.process, 0)
    handover.release_rest()
    with pytest.raises(ProcessLookupError):
        os.kill(timer.process, 0)
    lines.close()
