"""The check of each pin: which program holds it, its level, and whether it floats or bounces.

A running bridge holds the pins, so the doctor asks it. Otherwise it watches the free pins for a
moment. A pin without a wire exists only while a bridge runs. `levels` collects the facts. The
other functions judge facts that they receive as arguments.
"""

import itertools
from collections.abc import Mapping
from typing import Any

from gpiobridge.config import CHIP_BACK_ENDS, Output, Pin, Settings
from gpiobridge.config.header import header_place
from gpiobridge.core.events import Level
from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import ExaminedMachine, Health
from gpiobridge.doctor.patient import Patient
from gpiobridge.doctor.programs import Program, holding_line
from gpiobridge.doctor.sampling import SAMPLE_S, Sample
from gpiobridge.doctor.service import restart
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.pins.chips import Line, named
from gpiobridge.pins.gpio import WiredPin, wire_name

_READINGS = 10  # answers of a running bridge, over SAMPLE_S
_NOISY = 10  # edges in SAMPLE_S; no finger makes so many
# The names that some holders give themselves, and the remedy for each.
_HOLDERS = {
    "lg": "a program that uses lgpio or gpiozero: end it, or take another pin",
    "sysfs": "it was exported through /sys/class/gpio: restart the Pi, or take another pin",
}

_QUIETEN = (
    "check the wire and its ground, and keep it away from mains and motors; a resistor of "
    "1 to 10 kΩ to 3.3 V and {} help"
)
OURS = "held by gpiobridge itself"


def _quieten(pin: Pin) -> str:
    """What helps against noise: a longer debounce does not while the first edge counts."""
    first = pin.counts == "first" and pin.debounce_s > 0
    return _QUIETEN.format('counts = "settled"' if first else "a longer debounce")


def levels(patient: Patient) -> list[Finding]:
    """Check each configured pin."""
    settings, machine = patient.settings, patient.machine
    if patient.health is not None:
        return _told(settings, machine, patient.health, restart(patient), has_header(patient))
    found = {} if patient.unwired else _of_wires(patient)
    return [
        found.get(pin.name) or skipped(check_of(pin), f"{pin.where}: no GPIO is read")
        for pin in settings.pins.values()
    ]


def has_header(patient: Patient) -> bool:
    """Whether a pin's number is that of a line on a Raspberry Pi's header.

    On another board a chip is named, and its lines have other places.
    """
    return patient.pi or patient.settings.gpio.chip == "auto"


def place_of(number: int, chip: str | None, header: bool) -> str:
    """Name a wire as people find it: ``GPIO 11, header pin 23``, or ``line 3 of gpiochip2``.

    Args:
        number: the number of its line.
        chip: its chip, as the configuration names it; None for that of ``[gpio]``.
        header: whether that chip's lines are those of a Raspberry Pi's header (`has_header`).
    """
    return header_place(number) if header and chip in (None, "auto") else wire_name(number, chip)


def subject_of(place: str) -> str:
    """Make a place the beginning of a sentence."""
    return f"{place}," if "," in place else place


def _of_wires(patient: Patient) -> dict[str, Finding]:
    """Judge the wired pins by the kernel's answers and by watching them for a moment."""
    settings, machine, header = patient.settings, patient.machine, has_header(patient)
    wires, factory = patient.wired, patient.factory
    if factory == "mock":
        reason = "simulated: no GPIO is read"
        return {name: skipped(check_of(pin), reason) for name, pin in wires.items()}
    chips = machine.chips()
    driven = {
        (named(output.chip_by(settings.gpio), chips), output.pin): output
        for output in patient.wired_outputs.values()
    }
    found = {}
    for name, pin in wires.items():
        chip = named(pin.chip_by(settings.gpio), chips)
        if chip is None:
            if factory in CHIP_BACK_ENDS:
                found[name] = skipped(check_of(pin), "its GPIO chip can't be opened")
            continue
        if output := driven.get((chip, pin.pin)):
            # The configuration can't notice it: two names of one chip. A line that is driven must
            # not be claimed as a pin.
            said = f"line {pin.pin} of {chip.name} is that of outputs.{output.name}, too"
            found[name] = failure(check_of(pin), said, "leave one of them out")
            continue
        taken = holder(machine, chip.number, pin)
        if taken is not None:
            place = place_of(pin.pin, pin.chip, header)
            found[name] = held(pin, place, *taken, machine.user.name)
    free = {name: pin for name, pin in wires.items() if name not in found}
    for name, sample in machine.sample(settings.gpio, free).items() if free else ():
        pin = wires[name]
        place = place_of(pin.pin, pin.chip, header)
        found[name] = judge(pin, place, sample, is_level(settings, name))
    return found


def check_of(wired: Pin | Output) -> str:
    """Name the check of a pin, or of an output."""
    return f"{'output' if isinstance(wired, Output) else 'pin'} {wired.name}"


def is_level(settings: Settings, name: str) -> bool:
    """Whether a pin may stay active for long, as a door does: some page has a rule on its level."""
    return any(pin == name for page in settings.pages.values() for pin, _ in page.while_rules)


def held(pin: Pin | Output, place: str, line: Line, program: Program | None, user: str) -> Finding:
    """Report which program holds a pin.

    Args:
        pin: the pin, or the output.
        place: its wire, as people find it.
        line: the kernel's information about its line.
        program: the holder, if it was found.
        user: the user who runs the doctor.
    """
    name = f'"{line.consumer}"' if line.consumer else "something without a name"
    said = f"{subject_of(place)} is held by {name}"
    if program is not None:
        end = f"end that program (sudo kill {program.pid}), or take another pin"
        if program.is_gpiobridge:
            end = "it is a bridge on another port, or one that no longer answers: stop it first"
        return failure(check_of(pin), f"{said}, {program}", end)
    remedy = _HOLDERS.get(
        line.consumer,
        "perhaps it is an overlay or a driver: look in /boot/firmware/config.txt, or take "
        "another pin",
    )
    if user != "root":
        remedy += "; with sudo this names programs of other users, too"
    return failure(check_of(pin), said, remedy)


def judge(
    pin: Pin, place: str, sample: Sample | str, level_matters: bool, note: str = ""
) -> Finding:
    """Judge what a pin did.

    Args:
        pin: the pin.
        place: its wire, as people find it.
        sample: what it did while it was watched, or why it couldn't be watched.
        level_matters: whether the pin may stay active for long.
        note: text to add to the sentence.
    """
    check = check_of(pin)
    if isinstance(sample, str):
        sentence, _, remedy = sample.partition("; ")
        return failure(check, sentence, remedy or "see the GPIO chip and permissions above")
    active = sample.level is pin.active
    state = "active" if active else "not active"
    subject = subject_of(place)
    said = f"{subject} reads {sample.level.upper()}: {state}{note}"
    if sample.floating:
        return warning(
            check,
            f"{subject} floats: it follows the Pi's own pull, so nothing drives it{note}",
            "connect what should drive it, or, for a button to ground, write "
            'pull = "up" (to 3.3 V: "down")',
        )
    edges = "1 edge" if sample.edges == 1 else f"{sample.edges} edges"
    if sample.edges >= _NOISY:
        return warning(
            check,
            f"{said}; {edges} in {SAMPLE_S:g} s: it is noisy",
            _quieten(pin),
        )
    if sample.edges:
        return warning(
            check,
            f"{said}; {edges} in {SAMPLE_S:g} s",
            "if nobody pressed it just now, its contact bounces: check the wire and the button",
        )
    if active and not level_matters:
        return warning(
            check,
            said,
            "if nobody presses it now, it is stuck or wired to the wrong side; if it rests like "
            f'this, write active = "{pin.active.other}"',
        )
    return ok(check, said)


def _told_wire(told: Mapping[str, Any], header: bool) -> str:
    """Name a pin's wire, or its kind, as the running bridge reports it."""
    number = told["pin"]
    if number is None:
        return f'source = "{told.get("source", "http")}"'
    return place_of(number, told.get("chip"), header)  # an older bridge reports no chip


def holder(
    machine: ExaminedMachine, chip: int, pin: WiredPin | WiredOutput
) -> tuple[Line, Program | None] | None:
    """Find the holder of a line; None if the line is free.

    Args:
        machine: where to look.
        chip: the number of its chip.
        pin: the pin, or the output.
    """
    try:
        line = machine.line(chip, pin.pin)
    except OSError:
        return None  # the attempt to open it will say why
    return (line, holding_line(machine.root, chip, pin.pin)) if line.used else None


def _told(
    settings: Settings, machine: ExaminedMachine, first: Health, remedy: str, header: bool
) -> list[Finding]:
    """Judge the pins by what the running bridge reports."""
    readings = [first]
    for _ in range(_READINGS - 1):
        machine.sleep(SAMPLE_S / _READINGS)
        again = machine.ask_bridge(settings.server)
        if again is None:
            break
        readings.append(again)
    note = f"; {OURS}" + (", simulated" if first.get("simulated") else "")
    return [
        _told_of(settings, pin, readings, note, remedy, header) for pin in settings.pins.values()
    ]


def _told_of(
    settings: Settings, pin: Pin, readings: list[Health], note: str, remedy: str, header: bool
) -> Finding:
    check = check_of(pin)
    told = readings[0]["pins"].get(pin.name)
    wire = f'source = "{pin.source}"'
    if isinstance(pin, WiredPin):
        wire = place_of(pin.pin, pin.chip, header)
    there = _told_wire(told, header) if told else ""
    if told is None or (there, told["active"]) != (wire, pin.active):
        other = f"{there}, active {told['active']}" if told else "no such pin"
        return warning(
            check,
            f"{settings.source} has {wire}, active {pin.active}; the running bridge has {other}",
            f"restart it ({remedy}), or name its own file with --config",
        )
    seen = [reading["pins"].get(pin.name, {}).get("level") for reading in readings]
    if None in seen:
        return failure(
            check,
            f"{subject_of(wire)} has no level: the running bridge does not watch it",
            remedy,
        )
    noisy = any(reading["pins"].get(pin.name, {}).get("noisy") for reading in readings)
    if not isinstance(pin, WiredPin):
        # It has no hardware that can break, and it may stay active for long.
        if noisy:
            said = f"{pin.where}, over 1,000 times a second"
            return warning(check, said, "find the program that does it")
        state = "active" if seen[-1] == pin.active else "not active"
        return ok(check, f"is {seen[-1].upper()}: {state}; {pin.where}")
    if noisy:
        said = f"{subject_of(wire)} oscillates: over 1,000 events a second{note}"
        return warning(check, said, _quieten(pin))
    if missed := readings[-1]["pins"].get(pin.name, {}).get("missed"):
        note += f"; the back end has missed {missed} of its edges so far"
    edges = sum(before != after for before, after in itertools.pairwise(seen))
    sample = Sample(Level(seen[-1]), edges)
    return judge(pin, wire, sample, is_level(settings, pin.name), note)
