"""The pins of ``config.toml``: ``[gpio]`` and ``[pins]``, raw tables in, settings out.

Owns what values of one pin, or of several, say of each other. `check` calls it. Any thread.
"""

import re
from collections.abc import Mapping

from gpiobridge.config.header import MOST_LINES, bcm_number
from gpiobridge.config.problems import Problems
from gpiobridge.config.settings import Gpio, Pin, Pull, wire_name
from gpiobridge.config.tables import GpioTable, PinTable
from gpiobridge.config.words import Key, show
from gpiobridge.core.events import Level

_PIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_ACTIVE = {Pull.UP: Level.LOW, Pull.DOWN: Level.HIGH}


def read_gpio(raw: Mapping[str, object], problems: Problems) -> Gpio:
    """Check ``[gpio]``."""
    gpio = Gpio(**problems.read(GpioTable, raw, ("gpio",), Gpio).given())
    _check_chip(("gpio", "chip"), gpio.chip, gpio, problems)
    return gpio


def _check_chip(key: Key, chip: str, gpio: Gpio, problems: Problems) -> None:
    """Refuse the name of a chip that no back end would look at."""
    if chip != "auto" and gpio.pin_factory not in ("auto", "gpiod", "lgpio"):
        sentence = f"has no meaning with pin_factory = {show(gpio.pin_factory)}; leave it out"
        problems.add(key, sentence, chip)


def read_pins(
    raw_pins: Mapping[str, object], gpio: Gpio, problems: Problems
) -> tuple[dict[str, Pin], dict[str, Level]]:
    """Check every pin.

    Returns:
        The pins that have a number or need none, and the active level of each where it is known:
        rules can be compared although a pin has another problem.
    """
    pins: dict[str, Pin] = {}
    actives: dict[str, Level] = {}
    taken: dict[tuple[str, int], str] = {}
    for name, raw in raw_pins.items():
        key = ("pins", name)
        if not _PIN_NAME.fullmatch(name):
            problems.add(key, 'a pin\'s name has 1 to 32 of A-Z, a-z, 0-9, "_" and "-"; rename it')
        table, body = _pin_table(key, raw, problems)
        pull = Pull.UP if table.pull is None else Pull(table.pull)
        active = _ACTIVE.get(pull) if table.active is None else Level(table.active)
        if active is not None:
            actives[name] = active
        elif "active" not in body:
            sentence = 'is needed with pull = "none"; write active = "low" (or "high")'
            problems.add((*key, "active"), sentence)
        if table.source == "http":
            for wired in ("pin", "chip"):
                if wired in body:
                    sentence = 'has no meaning with source = "http"; leave one of them out'
                    problems.add((*key, wired), sentence, body[wired])
        elif table.pin is None:
            continue
        else:
            _wire(key, raw, table, gpio, pull, taken, problems)
        if active is not None:
            pins[name] = Pin(name=name, pull=pull, active=active, **table.given("pull", "active"))
    return pins, actives


def _wire(
    key: Key,
    raw: object,
    table: PinTable,
    gpio: Gpio,
    pull: Pull,
    taken: dict[tuple[str, int], str],
    problems: Problems,
) -> None:
    """Check the line of a pin, and that no other pin has it; ``taken`` are those so far."""
    assert table.pin is not None
    place = (*key, "pin") if isinstance(raw, Mapping) else key
    written = raw["pin"] if isinstance(raw, Mapping) else raw
    chip = table.chip or gpio.chip
    if table.chip is not None:
        _check_chip((*key, "chip"), table.chip, gpio, problems)
    if chip == "auto" and table.pin >= MOST_LINES:
        sentence = (
            f"there is no such pin: a Raspberry Pi has 0 to {MOST_LINES - 1} at most; write a BCM "
            'number, or name its chip, too, such as chip = "gpiochip1"'
        )
        problems.add(place, sentence, written)
    other = taken.setdefault((chip, table.pin), key[-1])
    if other != key[-1]:
        wire = wire_name(table.pin, chip)
        problems.add(
            place,
            f"is the pin of pins.{other}, too: two names on one pin ({wire}); "
            "leave one of them out",
            written,
        )
    if table.chip in (None, "auto") and table.pin in (2, 3) and pull is not Pull.UP:
        # On the board itself, 1.8 kΩ: the Pi's own pull-down (50 kΩ) can't win against it.
        fixed = f"GPIO {table.pin} has a fixed pull-up on the board"
        remedy = 'write pull = "up", or take another pin'
        if chip == "auto":
            problems.add((*key, "pull"), f"{fixed}; {remedy}", pull)
        else:  # perhaps of another board
            problems.warn((*key, "pull"), f"on a Raspberry Pi {fixed}; there {remedy}")


def _pin_table(key: Key, raw: object, problems: Problems) -> tuple[PinTable, Mapping[str, object]]:
    """Read a pin in its long form, or in the short one, ``button = 17``."""
    if isinstance(raw, Mapping):
        if "pin" not in raw and raw.get("source", "gpio") == "gpio":
            sentence = (
                'has no pin; write pin = 17 (its BCM number), or source = "http" for one that is '
                "set by HTTP requests"
            )
            problems.add(key, sentence)
        return problems.read(PinTable, raw, key, Pin), raw
    body = {"pin": raw}
    try:
        bcm_number(raw)
    except ValueError as error:
        # [pins] instead of [pins.button], and below it pull = "up".
        stray = key[-1] in PinTable.known_keys()
        sentence = "is a key of a single pin; write it below [pins.<name>]" if stray else str(error)
        problems.add(key, sentence, raw)
        return PinTable.model_validate({}), body
    return PinTable.model_validate(body), body
