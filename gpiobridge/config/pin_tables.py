"""The pins of `config.toml`: `[gpio]` and `[pins]`, raw tables in, settings out.

A pin's kind defines its keys (`kinds`); this module reads all pins. `check` calls it. Any thread.
"""

import re
from collections.abc import Mapping
from typing import Any

from gpiobridge.config.durations import format_duration
from gpiobridge.config.kinds import DEFAULT_KIND, KINDS, Kind, WrittenPin, kind_of
from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import CHIP_BACK_ENDS, Gpio, Pin
from gpiobridge.config.tables import GpioTable, PinTable
from gpiobridge.config.words import NAME_RULES, Key, dotted, one_of, plain_name, show
from gpiobridge.core.events import Level

_PIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


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
    read: dict[str, dict[str, WrittenPin[Any]]] = {}
    for name, raw in raw_pins.items():
        key = ("pins", name)
        if not _PIN_NAME.fullmatch(name):
            plain = plain_name("pins", name)
            remedy = f"write {dotted(('pins', plain))}" if plain else "rename it"
            problems.add(key, f"{NAME_RULES['pins']}; {remedy}")
        kind, written = _read(key, raw, problems)
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


def _check_dwell(written: WrittenPin[Any], problems: Problems) -> None:
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


def _warn_of_hand_times(written: WrittenPin[Any], pin: Pin, problems: Problems) -> None:
    """Warn of a time that every level lasts anyway, unless `[gpio]` says it for all pins."""
    for name, time_s in (("dwell", pin.dwell_s), ("cooldown", pin.cooldown_s)):
        if written.has(name) and 0 < time_s <= pin.settle_s:
            debounce = f"{dotted(written.place('debounce'))} = {format_duration(pin.debounce_s)}"
            sentence = f"changes nothing, because {debounce} is not shorter; write a longer {name}"
            problems.warn(written.place(name), f"{sentence}, or leave it out")


def _read(key: Key, raw: object, problems: Problems) -> tuple[Kind[Any, Any], WrittenPin[Any]]:
    """Read a pin as its kind does; if the kind is wrong, as the default kind does."""
    default = kind_of(DEFAULT_KIND)
    if isinstance(raw, list) and any(isinstance(each, Mapping) for each in raw):  # [[pins.x]]
        problems.add(key, f"must be a section; write [{dotted(key)}]")
        return default, WrittenPin(key, raw, default.table({}))
    if not isinstance(raw, Mapping):
        return default, default.read(key, raw, problems)
    source = raw.get("source", DEFAULT_KIND)
    if not isinstance(source, str) or source not in KINDS:
        wrong = one_of(source, KINDS)
        remedy = "" if ";" in wrong else f"; leave it out for the default of {show(DEFAULT_KIND)}"
        problems.add((*key, "source"), f"{wrong}{remedy}", source)
        right = {name: value for name, value in raw.items() if name != "source"}
        return default, default.read(key, right, problems)
    kind = kind_of(source)
    for name, sentence in kind.needs.items():
        if name not in raw:
            problems.add(key, sentence)
    return kind, kind.read(key, _without_others(key, raw, kind, problems), problems)


def _without_others(
    key: Key, raw: Mapping[str, object], kind: Kind[Any, Any], problems: Problems
) -> dict[str, object]:
    """Take out the keys that only the default kind has, such as a number, and report them."""
    others = set(kind_of(DEFAULT_KIND).table.known_keys()).difference(kind.table.known_keys())
    sentence = f"has no meaning with source = {show(kind.pin.source)}; leave one of them out"
    for name in raw:
        if name in others:
            problems.add((*key, name), sentence, raw[name])
    return {name: value for name, value in raw.items() if name not in others}
