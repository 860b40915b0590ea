"""The check of each output: which line it has, and who holds it; no output is ever touched.

What an output does before the bridge opens it, the firmware decides: its line of ``config.txt``
that holds the output off is said. Each function takes the patient or facts, and returns findings.
"""

import re
from pathlib import Path

from gpiobridge.config import Output
from gpiobridge.core.events import Level
from gpiobridge.doctor.findings import Finding, ok, skipped, warning
from gpiobridge.doctor.machine import read_text
from gpiobridge.doctor.patient import Patient
from gpiobridge.doctor.pins import OURS, check_of, has_header, held, holder, place_of, subject_of
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.pins.chips import named, pi_chip

CONFIG_TXT = "/boot/firmware/config.txt"
"""The firmware's configuration; before Raspberry Pi OS 12 it was `/boot/config.txt`."""

# At power-on GPIO 0 to 8 are pulled up, and 9 to 27 down (BCM2835 ARM Peripherals, 6.2; the same on
# every Pi).
_LAST_PULLED_UP, _LAST_KNOWN = 8, 27


def outputs(patient: Patient) -> list[Finding]:
    """Check each output."""
    return [_output(patient, output) for output in patient.wired_outputs.values()]


def _output(patient: Patient, output: WiredOutput) -> Finding:
    machine, gpio = patient.machine, patient.settings.gpio
    check = check_of(output)
    if patient.factory == "mock":
        return skipped(check, "simulated: no GPIO is driven")
    place = place_of(output.pin, output.chip, has_header(patient))
    said = f"{subject_of(place)} is on at {output.active.upper()}"
    if patient.factory == "pigpio":
        return ok(check, f"{said}; pigpiod drives it")
    chips = machine.chips()
    chip = named(output.chip_by(gpio), chips)
    if chip is None:
        return skipped(check, "its GPIO chip can't be opened")
    if taken := holder(machine, chip.number, output):
        line, program = taken
        if not (patient.served and line.consumer == "gpiobridge"):
            return held(output, place, line, program, machine.user.name)
        said += f"; {OURS}"
    else:
        said += "; nothing holds it now"
    own = pi_chip(chips)
    if not patient.pi or own is None or own.number != chip.number:
        return ok(check, said)
    return _from_power_on(check, said, output, machine.root)


def firmware_line(output: WiredOutput) -> str:
    """Write the line of the firmware's configuration that holds an output off from power-on.

    Args:
        output: an output on the Pi's own chip.
    """
    level = "dl" if output.level(on=False) is Level.LOW else "dh"
    return f"gpio={output.pin}=op,{level}"


def _from_power_on(check: str, said: str, output: WiredOutput, root: Path) -> Finding:
    """Say what holds an output of the Pi's own chip until the bridge opens it."""
    wanted = firmware_line(output)
    if _firmware(root).get(output.pin) == wanted.rpartition("=")[2]:
        return ok(check, f"{said}; the firmware holds it off from power-on")
    write = f"write {wanted} into {CONFIG_TXT}"
    if output.pin <= _LAST_KNOWN and _pulled(output) is output.active:
        pulled = f"the Pi pulls it {output.active.upper()}"
        return warning(
            check,
            f"{said}; from power-on until the bridge starts, {pulled}",
            f"to hold it off from power-on {write}, below [all], and restart the Pi",
        )
    return ok(check, f"{said}; to hold it off from power-on {write}")


def _pulled(output: Output) -> Level:
    """The level to which the Pi pulls a line at power-on."""
    return Level.HIGH if (output.pin or 0) <= _LAST_PULLED_UP else Level.LOW


def _firmware(root: Path) -> dict[int, str]:
    """Read what the firmware makes of lines: BCM number -> such as "op,dl"."""
    found: dict[int, str] = {}
    text = read_text(root / CONFIG_TXT.lstrip("/")) or read_text(root / "boot/config.txt")
    for numbers, what in re.findall(r"(?m)^\s*gpio=([\d,-]+)=([a-z,]+)\s*(?:#.*)?$", text):
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            if first.isdigit():
                end = int(last) if last.isdigit() else int(first)
                found |= dict.fromkeys(range(int(first), end + 1), what)
    return found
