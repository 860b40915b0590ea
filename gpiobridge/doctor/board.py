"""Checks of the machine itself: board and kernel, GPIO chip, permissions, clock.

Each takes the patient and returns its finding.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from gpiobridge.config import CHIP_BACK_ENDS, Gpio
from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import User, read_text
from gpiobridge.doctor.patient import UNWIRED, Patient
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.pins.chips import Chip, devices, named, pi_chip
from gpiobridge.pins.gpio import WiredPin, by_chip
from gpiobridge.system.clock_set import EARLIEST_UNIX_S, ask_timedated
from gpiobridge.system.units import has_systemd

_NEEDS_GROUP = "sudo usermod -aG gpio {user}, then log in again"


def board(patient: Patient) -> Finding:
    """Report the Pi's model and the kernel."""
    machine = patient.machine
    if not patient.pi:
        return skipped("board", f"this is not a Raspberry Pi ({machine.system} {machine.kernel})")
    model = read_text(machine.root / "proc/device-tree/model") or "a Raspberry Pi"
    return ok("board", f"{model}, kernel {machine.kernel}")


def chip(patient: Patient) -> Finding:
    """Check that the configured GPIO chips exist, are the right ones, and have the lines."""
    settings = patient.settings.gpio
    wires: dict[str, WiredPin | WiredOutput] = {
        **{f"pins.{name}": pin for name, pin in patient.wired.items()},
        **{f"outputs.{name}": output for name, output in patient.wired_outputs.items()},
    }
    if patient.unwired:
        return skipped("GPIO chip", UNWIRED)
    factory, chips = patient.factory, patient.machine.chips()
    if factory not in CHIP_BACK_ENDS:
        return skipped("GPIO chip", f'the back end "{factory}" opens no GPIO chip')
    if not chips and devices(patient.machine.root):
        return skipped("GPIO chip", "this user may open no GPIO chip; see permissions")
    found: list[Chip] = []
    for name, on_it in by_chip(settings, wires).items():
        its = _find_chip(settings, name, *next(iter(on_it.items())), chips)
        if isinstance(its, Finding):
            return its
        for place, pin in on_it.items():
            if pin.pin >= its.lines:
                where = "under [gpio]" if pin.chip is None else "for it"
                return failure(
                    "GPIO chip",
                    f"{its.name} ({its.label}) has {its.lines} lines, so there is no line "
                    f"{pin.pin} for {place}",
                    f"name another chip {where}, or another pin",
                )
        if its not in found:
            found.append(its)
    said = (f"{each.name} ({each.label}), {each.lines} lines" for each in found)
    return ok("GPIO chip", "; ".join(said))


def _find_chip(
    settings: Gpio, name: str, place: str, pin: WiredPin | WiredOutput, chips: Sequence[Chip]
) -> Chip | Finding:
    """Find a chip by its name among those that this user may open, or report the fault."""
    seen = ", ".join(f"{each.name} ({each.label})" for each in chips) or "none"
    key = "gpio.chip" if pin.chip is None else f"{place}.chip"
    found = named(name, chips)
    if found is None and name == "auto":
        return failure(
            "GPIO chip",
            f'{key} = "auto": no Raspberry Pi GPIO chip among those found: {seen}',
            'on another board, name a chip, such as chip = "gpiochip0"; on a Pi, look for '
            "pinctrl errors in: sudo dmesg",
        )
    if found is None:
        remedy = 'write chip = "auto", or the name of a chip that was found'
        if pin.chip is not None:
            remedy += "; a chip on a bus needs its overlay in config.txt"
        return failure(
            "GPIO chip", f'{key} = "{name}": there is no such chip; found: {seen}', remedy
        )
    # Only a pin names this chip, so it is meant to be another chip than the Pi's own.
    own = pi_chip(chips)
    if pin.chip is None and own is not None and found.label != own.label:
        return failure(
            "GPIO chip",
            f'gpio.chip = "{settings.chip}" is {found.label}; the Pi\'s own is '
            f"{own.name} ({own.label})",
            'write chip = "auto", which finds the right one on every kernel',
        )
    return found


def permissions(patient: Patient) -> Finding:
    """Check that this user may open the GPIO chips; if a bridge runs, only the bridge must."""
    if patient.unwired:
        return skipped("permissions", UNWIRED)
    root, user = patient.machine.root, patient.machine.user
    found = devices(root)
    if not found:
        return skipped("permissions", "there is no /dev/gpiochip here")
    refused = {}
    for path in found:
        try:
            patient.machine.open_device(path)
        except OSError as error:
            refused[path.name] = error
    if not refused:
        names = ", ".join(path.name for path in found)
        return ok("permissions", f"user {user.name} may open {names}")
    names = ", ".join(f"/dev/{name}" for name in refused)
    reason = next(iter(refused.values()))
    sentence = f"user {user.name} may not open {names} ({reason.strerror or reason})"
    if patient.served:
        return warning(
            "permissions",
            f"{sentence}; the running bridge may",
            "to look at the chip yourself: " + _NEEDS_GROUP.format(user=user.name),
        )
    return failure("permissions", sentence, _permission_remedy(root, user))


def _permission_remedy(root: Path, user: User) -> str:
    """Name the step that this user still needs to open the chip."""
    rows = [row.split(":") for row in read_text(root / "etc/group").splitlines()]
    members = next((row[3].split(",") for row in rows if row[0] == "gpio" and len(row) > 3), None)
    if members is None:
        return "this system has no group gpio: run this with sudo, or install the udev rules"
    if "gpio" in user.groups:
        return "the chip does not belong to the group gpio: sudo apt install raspberrypi-sys-mods"
    if user.name in members:
        return "you are in the group gpio, but not in this session: log out and in again"
    return _NEEDS_GROUP.format(user=user.name)


def clock(patient: Patient) -> Finding:
    """Check the clock; only opening hours, and the times that people read, depend on it."""
    machine = patient.machine
    note = "presses don't depend on it, only opening hours, and times in logs and on pages"
    remedy = "connect the network once, or see: timedatectl status"
    if machine.unix_s < EARLIEST_UNIX_S:
        year = time.gmtime(machine.unix_s).tm_year
        return warning("clock", f"it shows the year {year}; {note}", remedy)
    is_set = ask_timedated(machine.run) if has_systemd(machine.root) else None
    if is_set:
        return ok("clock", "it is set by the network")
    if is_set is False:
        return warning("clock", f"it is not set by the network; {note}", remedy)
    return skipped("clock", "it is unknown whether the network sets it")
