"""Outputs on real kernel lines under the shipped units: what the host sees of them, however short.

QEMU tells each change of an output. The tests of this file share one guest; each leaves the service
running.
"""

import itertools
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from harness.deadline import wait_until

from gpiobridge.core.events import Level

from .display import display
from .guest import VirtualPi
from .recorder import Recorder
from .wheels import BACK_ENDS

pytestmark = pytest.mark.timeout(300, func_only=True)

LOW, HIGH = Level.LOW, Level.HIGH
LAMP, RELAY, FAN = LINES = (1, 2, 3)
BUTTON, BUTTON_LAMP = 4, 0
PRESSES = 20
DEBOUNCE_S = 0.005  # of the button
CONFIG = "/etc/gpiobridge/config.toml"
# Each begins on the side that isn't its safe one, except the relay, which switches at LOW.
OUTPUTS = """
[outputs.lamp]
pin = 1
initial = "on"

[outputs.relay]
pin = 2
active = "low"

[outputs.fan]
pin = 3
safe = "on"
"""
# In /root: Debian empties /tmp at boot, in which this may come.
INSTALL = f"""
cp -r /opt/app /root/exhibit && rm -rf /root/exhibit/site && cat >>/root/exhibit/config.toml <<'END'
{OUTPUTS}
END
cd /root/exhibit && PYTHONPATH=/opt/app/site PYTHONDONTWRITEBYTECODE=1 \\
    /opt/venv/bin/python3 -m gpiobridge install .
"""
# The kernel's own record of who requests and releases a line.
WATCH = """cat >/tmp/watch.py <<'END'
import fcntl, os, struct
chip = os.open("/dev/gpiochip0", os.O_RDONLY)
for line in (1, 2, 3):
    question = struct.pack("=32s32sIIQ160s16s", b"", b"", line, 0, 0, b"", b"")
    fcntl.ioctl(chip, 0xC100B406, question)  # GPIO_V2_GET_LINEINFO_WATCH_IOCTL
print("watching", flush=True)
while True:
    told = os.read(chip, 288)  # struct gpio_v2_line_info_changed
    (line,), (_, event) = struct.unpack_from("=I", told, 64), struct.unpack_from("=QI", told, 256)
    print(line, ("", "requested", "released", "reconfigured")[event], flush=True)
END
rm -f /tmp/watched
systemd-run --quiet --unit=watch --property=StandardOutput=file:/tmp/watched \\
    /usr/bin/python3 /tmp/watch.py
until grep -q watching /tmp/watched; do sleep 0.1; done"""
# The kernel's own record of a line's interrupts and of writes to another, with its monotonic clock.
TRACE = f"""mount -t tracefs nodev /sys/kernel/tracing 2>/dev/null
irq=$(sed -n 's/^ *\\([0-9]*\\):.*pl061 *{BUTTON} .*/\\1/p' /proc/interrupts)
line=$(($(cat /sys/class/gpio/gpiochip*/base) + {BUTTON_LAMP}))
cd /sys/kernel/tracing && echo mono >trace_clock && echo >trace
echo "irq == $irq" >events/irq/irq_handler_entry/filter
echo "gpio == $line && get == 0" >events/gpio/gpio_value/filter
echo 1 >events/irq/irq_handler_entry/enable && echo 1 >events/gpio/gpio_value/enable"""
TRACED = "cd /sys/kernel/tracing && echo 0 >events/enable && grep -v '^#' trace"
LIMIT_S = 100.0  # everything is slow in an emulated Pi
SAFE_S = 2.0
TRIES = 3
MAX_ON_S = 10  # a reload begins within half of it
STATUS = "systemctl status gpiobridge.service --no-pager --full"


@pytest.fixture(scope="module")
def recorder(bare: VirtualPi) -> Recorder:
    """What the outputs of the guest do."""
    return bare.record_outputs()


@pytest.fixture(scope="module")
def installed(bare: VirtualPi, recorder: Recorder) -> VirtualPi:
    """A guest with the service installed, and with outputs."""
    status, said = bare.sh(INSTALL, 200)
    assert status == 0, said
    return bare


@pytest.fixture
def changes(installed: VirtualPi, recorder: Recorder) -> Callable[[], list[tuple[int, Level]]]:
    """A function that lists the changes of outputs since the test began."""
    running(installed)
    recorder.forget()
    return lambda: [(change.line, change.level) for change in recorder.changes(*LINES)]


@pytest.fixture
def mended(installed: VirtualPi) -> Iterator[None]:
    """The configuration is as before after the test."""
    installed.sh(f"cp -p {CONFIG} /tmp/config.before")
    yield
    installed.sh(f"cat /tmp/config.before >{CONFIG}")
    installed.sh("systemctl restart gpiobridge.service", LIMIT_S)


def running(pi: VirtualPi) -> None:
    """Wait until the service runs."""
    wait_for(pi, "systemctl is-active --quiet gpiobridge.service")


def wait_for(pi: VirtualPi, condition: str) -> None:
    """Wait until a shell condition is true in the guest."""
    status, said = pi.sh(
        f"while [ $SECONDS -lt {LIMIT_S:.0f} ]; do {condition} && exit 0; sleep 0.1; done; "
        f"{STATUS}; exit 1",
        LIMIT_S + 50,
    )
    assert status == 0, said


def until(seen: Callable[[], list[tuple[int, Level]]], wanted: list[tuple[int, Level]]) -> None:
    """Wait until outputs have changed like this, in any order; they may change on afterwards."""
    end_s = time.monotonic() + LIMIT_S
    while not set(wanted) <= set(seen()):
        assert time.monotonic() < end_s, f"{seen()}, and not {wanted}"
        time.sleep(0.1)


def reload(pi: VirtualPi, edit: str) -> None:
    """Edit the configuration, reload, and wait until the fresh bridge runs."""
    with display(pi.port, "still") as shown:
        assert pi.sh(f"sed -i '{edit}' {CONFIG}") == (0, "")
        assert pi.sh("systemctl reload gpiobridge.service", LIMIT_S) == (0, "")
        assert shown.close_code(LIMIT_S) == 1001
    pi.wait_http("/healthz", LIMIT_S)
    running(pi)


def lamp_state(pi: VirtualPi) -> str:
    """What the button's lamp does, by the bridge's own word."""
    state: str = json.loads(pi.get("/healthz")[1])["outputs"]["button-lamp"]["state"]
    return state


def answers_s(pi: VirtualPi) -> list[tuple[float, float]]:
    """When each press came, and when its lamp went dark, by the guest's kernel."""
    traced = pi.sh(TRACED)[1]
    found = re.findall(r" (\d+\.\d+): (irq_handler_entry|gpio_value: \d+ set 0)", traced)
    pairs = itertools.pairwise((float(at_s), what) for at_s, what in found)
    return [
        (at_s, dark_s) for (at_s, what), (dark_s, then) in pairs if what[:3] == "irq" != then[:3]
    ]


def safe_after_s(pi: VirtualPi) -> float:
    """How long after its end the service's outputs were safe, by the guest's journal."""
    journal = pi.sh("journalctl --no-pager --output=short-unix --unit=gpiobridge.service")[1]
    ended = re.findall(r"(?m)^(\d+\.\d+) .*Main process exited", journal)
    safe = re.findall(r"(?m)^(\d+\.\d+) .*output 'fan' is at its safe level, HIGH", journal)
    return float(safe[-1]) - float(ended[-1])


SAFE = [(LAMP, LOW), (FAN, HIGH)]
AGAIN = [(LAMP, HIGH), (FAN, LOW)]


def test_lines_begin_at_their_level(installed: VirtualPi, recorder: Recorder) -> None:
    """One change each, and none where the level was right: beside pins of the same chip."""
    changed = [(change.line, change.level) for change in recorder.changes(*LINES)]
    assert sorted(changed) == [(LAMP, HIGH), (RELAY, HIGH)]
    held = installed.sh("gpioinfo gpiochip0")[1]
    assert len(re.findall(r'"gpiobridge" +output', held)) == 3
    assert len(re.findall(r'"lg" +input', held)) == 4


@pytest.mark.parametrize("back_end", BACK_ENDS)
@pytest.mark.usefixtures("mended")
def test_a_reload_moves_no_line(
    installed: VirtualPi, recorder: Recorder, back_end: str, figures: list[str]
) -> None:
    """No level changes, and the kernel sees no line released: the descriptor is passed on.

    What a program has set stays, too.
    """
    installed.sh(f"sed -i 's/^pin_factory.*/pin_factory = \"{back_end}\"/' {CONFIG}")
    installed.sh("systemctl restart gpiobridge.service", LIMIT_S)
    running(installed)
    process = "systemctl show --value --property=MainPID gpiobridge.service"
    before = installed.sh(process)[1]
    assert installed.sh("gpiobridge output relay on", LIMIT_S) == (0, "")
    assert recorder.changes(RELAY)[-1].level is LOW
    installed.sh(WATCH, LIMIT_S)
    recorder.forget()
    try:
        for _ in range(3):
            reload(installed, "$ a # once more")
        assert recorder.changes(*LINES) == []
        assert installed.sh("cat /tmp/watched")[1] == "watching"
    finally:
        installed.sh("systemctl stop watch")
    assert installed.sh(process)[1] == before
    figures.append(f"{back_end}: three reloads, no change of an output, and none was released")


@pytest.mark.usefixtures("mended")
def test_max_on_holds_through_a_reload(
    installed: VirtualPi, recorder: Recorder, figures: list[str]
) -> None:
    """It ends in time, whether or not the fresh bridge is already there to look."""
    installed.sh(f"sed -i '/^pin = 2$/a max_on = \"{MAX_ON_S}s\"' {CONFIG}")
    installed.sh("systemctl restart gpiobridge.service", LIMIT_S)
    running(installed)
    recorder.forget()
    assert installed.sh("gpiobridge output relay on", LIMIT_S) == (0, "")
    reload(installed, "$ a # once more")
    until(lambda: [(each.line, each.level) for each in recorder.changes(RELAY)], [(RELAY, HIGH)])
    on, off = recorder.changes(RELAY)
    assert (on.level, off.level) == (LOW, HIGH)
    figures.append(f"max_on = {MAX_ON_S} s through a reload: on for {off.at_s - on.at_s:.2f} s")
    assert off.at_s - on.at_s == pytest.approx(MAX_ON_S, abs=1.0)


@pytest.mark.parametrize("back_end", BACK_ENDS)
@pytest.mark.usefixtures("mended")
def test_a_lamp_answers(
    installed: VirtualPi, recorder: Recorder, back_end: str, figures: list[str]
) -> None:
    """The way from a settled press to the line, by the guest's own clock; then it blinks."""
    lamp = f'[outputs.button-lamp]\\npin = {BUTTON_LAMP}\\nfollows = "button"'
    installed.sh(f"printf '{lamp}\\n' >>{CONFIG}")
    installed.sh(f"sed -i 's/^pin_factory.*/pin_factory = \"{back_end}\"/' {CONFIG}")
    installed.sh("systemctl restart gpiobridge.service", LIMIT_S)
    running(installed)
    assert installed.sh(TRACE) == (0, "")
    seat = ""
    for press in range(PRESSES):
        page = ("welcome", "open")[press % 2]
        with display(installed.port, f"{page}?display=hall{seat}") as shown:
            seat = f"&seat={shown.state['seat']}"
            shown.say_shown()
            wait_until(lambda: lamp_state(installed) == "on", LIMIT_S)
            # It goes on late after a quick press, so that it doesn't flash.
            wait_until(lambda: HIGH in [each.level for each in recorder.changes(BUTTON_LAMP)[-1:]])
            recorder.forget()
            installed.set_line(BUTTON, LOW)
            assert shown.close_code(LIMIT_S) == 4000
            # It blinks, and begins the other way round.
            until(
                lambda: [(each.line, each.level) for each in recorder.changes(BUTTON_LAMP)],
                [(BUTTON_LAMP, LOW)],
            )
            installed.set_line(BUTTON, HIGH)
    ways_ms = [1e3 * (lit_s - edge_s - DEBOUNCE_S) for edge_s, lit_s in answers_s(installed)]
    assert len(ways_ms) == PRESSES
    figures.append(
        f"{back_end}: settled press to lamp: median {statistics.median(ways_ms):.1f} ms, "
        f"worst {max(ways_ms):.1f} ms"
    )


def test_safe_after_a_kill(
    installed: VirtualPi,
    recorder: Recorder,
    changes: Callable[[], list[tuple[int, Level]]],
    figures: list[str],
) -> None:
    """Nothing of the process is left to do it; the next one begins anew."""
    for _ in range(TRIES):  # on a busy host everything is slow in the guest
        running(installed)
        recorder.forget()
        installed.sh("systemctl kill --signal=KILL gpiobridge.service")
        until(changes, AGAIN)
        assert sorted(changes()[:2]) == SAFE
        assert sorted(changes()[2:]) == sorted(AGAIN)
        after_s = safe_after_s(installed)
        figures.append(f"outputs safe after SIGKILL: {after_s:.2f} s")
        if after_s < SAFE_S:
            break
    assert after_s < SAFE_S


def test_safe_after_a_hang(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]], figures: list[str]
) -> None:
    """The watchdog ends a process that gives no sign of life."""
    installed.sh("systemctl kill --signal=STOP gpiobridge.service")
    until(changes, AGAIN)
    assert sorted(changes()[:2]) == SAFE
    assert sorted(changes()[2:]) == sorted(AGAIN)
    figures.append(f"outputs safe after the watchdog's kill: {safe_after_s(installed):.2f} s")


def test_safe_after_a_stop(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]]
) -> None:
    """The bridge does it itself, and nothing else touches a line."""
    units = "gpiobridge.socket gpiobridge.service"
    try:
        installed.sh(f"systemctl stop {units}", LIMIT_S)
        assert sorted(changes()) == SAFE
        assert '"gpiobridge"' not in installed.sh("gpioinfo gpiochip0")[1]
        assert installed.sh("test -e /run/gpiobridge")[0] == 1
    finally:
        installed.sh(f"systemctl start {units}", LIMIT_S)


@pytest.mark.usefixtures("mended")
def test_safe_with_a_broken_configuration(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]]
) -> None:
    """Killed after somebody broke the file: what is safe doesn't depend on it, and it stays so."""
    installed.sh(f"sed -i 's/^port = /prot = /' {CONFIG}")
    installed.sh("systemctl kill --signal=KILL gpiobridge.service")
    wait_for(installed, f"{STATUS} | grep -q 'server.prot = 8000: unknown key'")
    assert sorted(changes()) == SAFE


@pytest.mark.usefixtures("mended")
def test_a_reload_without_an_output(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]]
) -> None:
    """The one that is gone becomes safe, and is free; the others don't move."""
    reload(installed, "/^.outputs.fan.$/,$ d")
    assert changes() == [(FAN, HIGH)]
    held = installed.sh("gpioinfo gpiochip0")[1]
    assert re.search(r"line +3: +unnamed +unused", held), held
    assert len(re.findall(r'"gpiobridge" +output', held)) == 2


def test_the_doctor_touches_no_output(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]]
) -> None:
    """Neither while a bridge holds them nor while they are free."""
    installed.sh("gpiobridge doctor", LIMIT_S)
    assert changes() == []
    units = "gpiobridge.socket gpiobridge.service"
    installed.sh(f"systemctl stop {units}", LIMIT_S)
    stopped = len(changes())
    try:
        said = installed.sh("gpiobridge doctor", LIMIT_S)[1]
        assert re.search(r"output lamp +GPIO 1, .*; nothing holds it now", said), said
        assert len(changes()) == stopped
    finally:
        installed.sh(f"systemctl start {units}", LIMIT_S)


def test_an_output_that_is_taken(
    installed: VirtualPi, changes: Callable[[], list[tuple[int, Level]]]
) -> None:
    """Its holder is named, and the others stay safe until it ends."""
    installed.sh("systemctl stop gpiobridge.service", LIMIT_S)
    try:
        installed.sh(f"systemd-run --unit=thief gpioset --mode=signal gpiochip0 {FAN}=1")
        wait_for(installed, f"gpioinfo gpiochip0 | grep -q 'line *{FAN}:.*gpioset'")
        assert installed.sh("systemctl start gpiobridge.service", LIMIT_S)[0] == 1
        said = installed.sh("journalctl --no-pager --lines=20 --unit=gpiobridge.service")[1]
        assert f"output 'fan' (GPIO {FAN}) can't be opened on lgpio: GPIO busy, held by" in said
        assert sorted(changes()) == SAFE
    finally:
        installed.sh("systemctl stop thief")
    running(installed)


def test_after_a_power_cut(installed: VirtualPi, recorder: Recorder) -> None:
    """Nothing moves before the bridge opens its outputs, and then each moves once."""
    recorder.forget()
    installed.reset()
    installed.wait_http("/healthz")
    moved = [(change.line, change.level) for change in recorder.changes(*LINES)]
    # A reset makes every line an input, and the lines of this machine are pulled down.
    assert sorted(moved) == sorted([(LAMP, LOW), (RELAY, LOW), (LAMP, HIGH), (RELAY, HIGH)])
