"""The pins of `config.toml`: `[gpio]` and `[pins]`, raw tables in, settings out.

A pin's kind defines its keys (`kinds`); this module reads all pins. `check` calls it. Any thread.
"""

from collections.abc import Mapping
from typing import Any

from gpiobridge.config.durations import format_duration
from gpiobridge.config.kinds import DEFAULT_KIND, KINDS, kind_of
from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import CHIP_BACK_ENDS, Gpio, Pin
from gpiobridge.config.tables import GpioTable, PinTable
from gpiobridge.config.words import Key, dotted, show
from gpiobridge.config.written import Written, check_name, read_of_kind
from gpiobridge.core.events import Level


def read_gpio(raw: Mapping[str, object], problems: Problems) -> Gpio:
    """Check `[gpio]`."""
    gpio = Gpio(**problems.read(GpioTable, raw, ("gpio",), Gpio).given())
    check_chip(("gpio", "chip"), gpio.chip, gpio, problems)
    return gpio


def check_chip(key: Key, chip: str, gpio: Gpio, problems: Problems) -> None:
    """Refuse the name of a chip if the back end would ignore it."""
    if chip != "auto" and gpio.pin_factory not in ("auto", *CHIP_BACK_ENDS):
        sentence = f"has no meaning with pin_factory = {show(gpio.pin_factory)}; leave it out"
        problems.add(key, sentence, chip)


def read_pins(
    raw_pins: Mapping[str, object], gpio: Gpio, problems: Problems
) -> tuple[dict[str, Pin], dict[str, Level]]:
    """Check every pin.

    Returns:
        The pins that have all that they need, and the active level of each pin if it is known. So
        rules can be compared even if a pin has another problem.
    """
    pins: dict[str, Pin] = {}
    actives: dict[str, Level] = {}
    read: dict[str, dict[str, Written[Any]]] = {}
    for name, raw in raw_pins.items():
        key = ("pins", name)
        check_name(key, problems)
        kind, written = read_of_kind(key, raw, "source", KINDS, DEFAULT_KIND, kind_of, problems)
        _inherit(written.table, gpio)
        active = kind.active(written, problems)
        earlier = read.setdefault(kind.pin.source, {})
        kind.check(written, earlier, gpio, problems)
        earlier[name] = written
        if active is None:
            continue
        actives[name] = active
        _check_dwell(written, problems)
        if (pin := kind.settings(name, active, written.table)) is not None:
            pins[name] = pin
            _warn_of_counts(key, pin, problems)
            _warn_of_hand_times(written, pin, problems)
    return pins, actives


def _inherit(table: PinTable, gpio: Gpio) -> None:
    """Give a pin what `[gpio]` says for all pins, where it doesn't say otherwise."""
    table.values = {"dwell_s": gpio.dwell_s, "cooldown_s": gpio.cooldown_s, **table.values}


def _check_dwell(written: Written[Any], problems: Problems) -> None:
    """Refuse a press that counts at its first edge, and also only after a time."""
    table = written.table
    if table.counts != "first" or not table.dwell_s:
        return
    counts = f"{dotted(written.place('counts'))} = {show('first')}"
    why = "a press can't count at its first edge and only after a time"
    if written.has("dwell"):
        sentence = f"has no meaning with {counts}: {why}; leave one of them out"
        problems.add(written.place("dwell"), sentence, written.value("dwell"))
    else:
        dwell = f"{problems.name(('gpio', 'dwell'))} = {show(format_duration(table.dwell_s))}"
        sentence = (
            f"has no meaning with {dwell}: {why}; leave counts out, or write "
            f'{dotted(written.place("dwell"))} = "0s"'
        )
        problems.add(written.place("counts"), sentence, "first")


def _warn_of_counts(key: Key, pin: Pin, problems: Problems) -> None:
    """Warn of a choice that changes nothing."""
    if pin.counts == "first" and pin.debounce_s == 0:
        debounce = f"{dotted((*key, 'debounce'))} = {format_duration(pin.debounce_s)}"
        sentence = f"changes nothing, because {debounce} counts every edge; leave one of them out"
        problems.warn((*key, "counts"), sentence)


def _warn_of_hand_times(written: Written[Any], pin: Pin, problems: Problems) -> None:
    """Warn of a time that every level lasts anyway, unless `[gpio]` says it for all pins."""
    for name, time_s in (("dwell", pin.dwell_s), ("cooldown", pin.cooldown_s)):
        if written.has(name) and 0 < time_s <= pin.settle_s:
            debounce = f"{dotted(written.place('debounce'))} = {format_duration(pin.debounce_s)}"
            sentence = f"changes nothing, because {debounce} is not shorter; write a longer {name}"
            problems.warn(written.place(name), f"{sentence}, or leave it out")
