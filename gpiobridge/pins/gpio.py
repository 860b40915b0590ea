"""The kind "gpio": pins with a wire, on a GPIO chip of this machine or of an expander.

Defines the keys of `[pins.<name>]`, and which back end reads the pins. The back ends are imported
only when a source of such pins is made. Any thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from gpiobridge.config import CHIP_BACK_ENDS, Gpio, Pin, Pull
from gpiobridge.config.header import MOST_LINES, at_header_pin, bcm_number, header_pin, header_place
from gpiobridge.config.pin_tables import check_chip
from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import Key as TableKey
from gpiobridge.config.tables import Table, chip_name
from gpiobridge.config.words import Key
from gpiobridge.config.written import Written
from gpiobridge.core.clock import Clock
from gpiobridge.errors import PinError
from gpiobridge.pins import boards
from gpiobridge.pins.pulled import PulledKind, PulledPin, PulledTable
from gpiobridge.pins.source import PinSource
from gpiobridge.pins.sources import together

WireTableT = TypeVar("WireTableT", bound=Table)


def wire_name(number: int, chip: str | None) -> str:
    """Name a wire, as a sentence does: `GPIO 17`, or `line 3 of gpiochip2`.

    Args:
        number: the number of the line.
        chip: the chip that it is on; "auto" or None for the Pi's own.
    """
    return f"GPIO {number}" if chip in (None, "auto") else f"line {number} of {chip}"


def off_the_header(number: int) -> str:
    """Warn of a number that the header doesn't have; it may be a place on the header instead."""
    meant = at_header_pin(number)
    place = f"; if header pin {number} is meant, write {meant}" if meant is not None else ""
    module = 'on a Compute Module name the chip, too, such as chip = "gpiochip0"'
    return f"GPIO {number} is not on the 40-pin header{place}; {module}"


class Wire:
    """What is on a line of a GPIO chip: a pin, or an output.

    Attributes:
        pin: the number of the line; on the Pi's own chip the BCM number.
        chip: its chip; "auto" is the Pi's own, None that of `[gpio]`.
    """

    __slots__ = ()

    pin: int
    chip: str | None

    @property
    def where(self) -> str:
        """Name its wire, as a sentence does: `GPIO 17`, or `line 3 of gpiochip2`."""
        return wire_name(self.pin, self.chip)

    def placed(self, gpio: Gpio) -> str:
        """Name its wire with its place: `GPIO 17, header pin 11`, or `line 3 of gpiochip2`.

        Args:
            gpio: the section `[gpio]`; only the Pi's own chip has its lines on the header.
        """
        chip = self.chip_by(gpio)
        return header_place(self.pin) if chip == "auto" else wire_name(self.pin, chip)

    def chip_by(self, settings: Gpio) -> str:
        """Give the name of its chip, as the configuration has it."""
        return self.chip or settings.chip


def read_short(key: Key, raw: object, table: type[WireTableT], problems: Problems) -> WireTableT:
    """Read the short form of a wire: `button = 17`, or `lamp = 22`.

    Args:
        key: its place.
        raw: the line's number, or a name for it.
        table: what may stand in the long form.
        problems: takes what is wrong.
    """
    section = key[0]
    try:
        return table({"pin": bcm_number(raw)})
    except ValueError as error:
        # [pins] instead of [pins.button], and below it pull = "up".
        stray = key[-1] in table.known_keys()
        remedy = f"is a key of a single {section[:-1]}; write it below [{section}.<name>]"
        problems.add(key, remedy if stray else str(error), raw)
        return table({})


def check_line(
    written: Written[Any],
    taken: Mapping[str, tuple[str, int | None]],
    gpio: Gpio,
    problems: Problems,
) -> bool:
    """Check that a line can exist, and that it is free; only the first problem is reported.

    Args:
        written: the pin or output, which has a number.
        taken: the chip and the number of what stands before it, by its dotted name.
        gpio: the section `[gpio]`.
        problems: takes what is wrong.

    Returns:
        Whether it is.
    """
    number, chip = written.table.pin, written.table.chip or gpio.chip
    place, value = written.place("pin"), written.value("pin")
    if written.table.chip is not None:
        check_chip(written.place("chip"), written.table.chip, gpio, problems)
    if chip == "auto" and number >= MOST_LINES:
        sentence = (
            f"there is no such pin: a Raspberry Pi has 0 to {MOST_LINES - 1} at most; write a "
            'BCM number, or name its chip, too, such as chip = "gpiochip1"'
        )
        problems.add(place, sentence, value)
        return False
    for name, line in taken.items():
        if line == (chip, number):
            sentence = (
                f"is the pin of {name}, too: two names on one pin "
                f"({wire_name(number, chip)}); leave one of them out"
            )
            problems.add(place, sentence, value)
            return False
    if chip == "auto" and header_pin(number) is None:
        problems.warn(place, off_the_header(number))
    return True


def taken_lines(
    section: str, written: Mapping[str, Written[Any]], gpio: Gpio
) -> dict[str, tuple[str, int | None]]:
    """Give the chip and the number of each wire, by its dotted name."""
    return {
        f"{section}.{name}": (each.table.chip or gpio.chip, each.table.pin)
        for name, each in written.items()
    }


class WiredTable(PulledTable):
    """What may stand in `[pins.<name>]` of a pin with a wire."""

    pin = TableKey(bcm_number)
    chip = TableKey(chip_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredPin(Wire, PulledPin):
    """A pin with a wire.

    Args:
        pin: the BCM number. The file may have a name that gpiozero takes instead, such as
            `"GPIO17"` or `"BOARD11"`.
        chip: the GPIO chip that the pin is on, such as an I2C expander's; `pin` is then the line's
            number there. "auto" is the Pi's own; None is that of `[gpio]`.
    """

    source: ClassVar[str] = "gpio"

    pin: int
    chip: str | None = None

    @property
    def short(self) -> str:
        """Its number, and its chip unless that is the Pi's own."""
        return str(self.pin) if self.chip in (None, "auto") else f"{self.pin} ({self.chip})"

    @property
    def closed_because(self) -> str:
        """Why the API may not set it."""
        return "is wired"


def wired_pins(pins: Mapping[str, Pin]) -> dict[str, WiredPin]:
    """Pick the pins that are read from GPIO."""
    return {name: pin for name, pin in pins.items() if isinstance(pin, WiredPin)}


class GpioKind(PulledKind[WiredTable, WiredPin]):
    """The kind of pins with a wire."""

    table = WiredTable
    pin = WiredPin
    needs = MappingProxyType(
        {
            "pin": 'has no pin; write pin = 17 (its BCM number), or source = "http" for one that '
            "is set by HTTP requests"
        }
    )

    def read(self, key: Key, raw: object, problems: Problems) -> Written[WiredTable]:
        """Read a pin in its long form, or in the short one, `button = 17`."""
        if isinstance(raw, Mapping):
            return super().read(key, raw, problems)
        return Written(key, raw, read_short(key, raw, self.table, problems))

    def check(
        self,
        written: Written[WiredTable],
        earlier: Mapping[str, Written[WiredTable]],
        gpio: Gpio,
        problems: Problems,
    ) -> None:
        """Check that the line can exist, that no other pin has it, and its pull.

        Only the first of these problems is reported.
        """
        table = written.table
        if table.pin is None:
            return
        if check_line(written, taken_lines("pins", earlier, gpio), gpio, problems):
            self._check_pull(written, table.chip or gpio.chip, problems)

    def make(self, gpio: Gpio, pins: Mapping[str, WiredPin], clock: Clock) -> PinSource:
        """Make the source of wired pins; if the back end opens chips, one source for each chip.

        Raises:
            PinError: the back end is "auto" on a Raspberry Pi without one; two pins are on one
                line; a chip can't be found; or the pins are real, and the clock isn't.
        """
        back_end = boards.choose(gpio.pin_factory)
        if back_end == "gpiod":
            from gpiobridge.pins.gpiod_pins import GpiodPins

            return source_of_chips(gpio, pins, partial(GpiodPins, clock=clock))
        from gpiobridge.pins.gpiozero_pins import GpiozeroPins

        if back_end in CHIP_BACK_ENDS:
            return source_of_chips(gpio, pins, partial(GpiozeroPins, clock=clock))
        return GpiozeroPins(gpio, pins, clock)

    def _check_pull(self, written: Written[WiredTable], chip: str, problems: Problems) -> None:
        """Refuse a pull that a resistor on the board overrides."""
        table = written.table
        pull = Pull.UP if table.pull is None else Pull(table.pull)
        if table.chip not in (None, "auto") or table.pin not in (2, 3) or pull is Pull.UP:
            return
        # 1.8 kΩ: the Pi's own pull-down (50 kΩ) can't win against it.
        fixed = f"GPIO {table.pin} has a fixed pull-up on the board"
        remedy = 'write pull = "up", or take another pin'
        if chip == "auto":
            problems.add((*written.key, "pull"), f"{fixed}; {remedy}", pull)
        else:  # perhaps of another board
            problems.warn((*written.key, "pull"), f"on a Raspberry Pi {fixed}; there {remedy}")


KIND = GpioKind()


WireT = TypeVar("WireT", bound=Wire)


def by_chip(settings: Gpio, pins: Mapping[str, WireT]) -> dict[str, dict[str, WireT]]:
    """Sort pins by their chip, as the configuration names it."""
    found: dict[str, dict[str, WireT]] = {}
    for name, pin in pins.items():
        found.setdefault(pin.chip_by(settings), {})[name] = pin
    return found


def source_of_chips(
    settings: Gpio,
    pins: Mapping[str, WiredPin],
    make: Callable[[Gpio, Mapping[str, WiredPin]], PinSource],
) -> PinSource:
    """Make the source of pins that may be on several chips: an I2C expander has its own chip.

    Args:
        settings: the back end, and the chip of pins that name none.
        pins: pin name to its settings.
        make: makes the source of pins on one chip, which knows nothing of the others.

    Raises:
        PinError: two pins are on one line, or a chip can't be found.
    """
    chips = by_chip(settings, pins)
    if len(chips) > 1:
        _refuse_one_line_twice(settings, pins)
    return together(
        [(make(replace(settings, chip=chip), on_chip), on_chip) for chip, on_chip in chips.items()]
    )


def _refuse_one_line_twice(settings: Gpio, pins: Mapping[str, WiredPin]) -> None:
    """Find two pins on one line that were hidden by two names of one chip.

    Raises:
        PinError: there are two, or a chip can't be found.
    """
    taken: dict[tuple[int, int], WiredPin] = {}
    for pin in pins.values():
        number = boards.chip_number(pin.chip_by(settings))
        other = taken.setdefault((number, pin.pin), pin)
        if other is not pin:
            raise PinError(
                f"pins.{other.name} and pins.{pin.name} are two names on one pin, line "
                f"{pin.pin} of gpiochip{number}; leave one of them out"
            )
