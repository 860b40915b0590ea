"""The kind "gpio": outputs with a wire, on a GPIO chip of this machine or of an expander.

Defines the keys of `[outputs.<name>]`, and which back end drives the lines. The back ends are
imported only when the lines are made. Any thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gpiobridge.config import Gpio, Output, Pin
from gpiobridge.config.header import MOST_LINES, bcm_number, header_pin, header_place
from gpiobridge.config.pin_tables import check_chip
from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import Key as TableKey
from gpiobridge.config.tables import OutputTable, chip_name
from gpiobridge.config.words import Key
from gpiobridge.config.written import Written
from gpiobridge.core.events import Level
from gpiobridge.outputs.lines import LinesKind, OutputLines
from gpiobridge.pins import boards
from gpiobridge.pins.gpio import off_the_header, wire_name, wired_pins


class WiredOutputTable(OutputTable):
    """What may stand in `[outputs.<name>]` of an output with a wire."""

    pin = TableKey(bcm_number)
    chip = TableKey(chip_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredOutput(Output):
    """An output with a wire.

    Args:
        pin: the BCM number. The file may have a name that gpiozero takes instead, such as
            `"GPIO22"` or `"BOARD15"`.
        chip: the GPIO chip that the wire is on, such as an I2C expander's; `pin` is then the line's
            number there. "auto" is the Pi's own; None is that of `[gpio]`.
    """

    kind: ClassVar[str] = "gpio"

    pin: int
    chip: str | None = None

    @property
    def where(self) -> str:
        """Name its wire, as a sentence does: `GPIO 22`, or `line 3 of gpiochip2`."""
        return wire_name(self.pin, self.chip)

    def placed(self, gpio: Gpio) -> str:
        """Name its wire with its place: `GPIO 22, header pin 15`, or `line 3 of gpiochip2`.

        Args:
            gpio: the section `[gpio]`; only the Pi's own chip has its lines on the header.
        """
        chip = self.chip_by(gpio)
        return header_place(self.pin) if chip == "auto" else wire_name(self.pin, chip)

    def chip_by(self, settings: Gpio) -> str:
        """Give the name of its chip, as the configuration has it."""
        return self.chip or settings.chip


class GpioKind(LinesKind[WiredOutputTable, WiredOutput]):
    """The kind of outputs with a wire."""

    table = WiredOutputTable
    output = WiredOutput
    needs = MappingProxyType({"pin": "has no pin; write pin = 22 (its BCM number)"})

    def read(self, key: Key, raw: object, problems: Problems) -> Written[WiredOutputTable]:
        """Read an output in its long form, or in the short one, `lamp = 22`."""
        if isinstance(raw, Mapping):
            return super().read(key, raw, problems)
        body = {}
        try:
            body["pin"] = bcm_number(raw)
        except ValueError as error:
            stray = key[-1] in self.table.known_keys()  # [outputs] instead of [outputs.lamp]
            remedy = "is a key of a single output; write it below [outputs.<name>]"
            problems.add(key, remedy if stray else str(error), raw)
        return Written(key, raw, self.table(body))

    def check(
        self,
        written: Written[WiredOutputTable],
        earlier: Mapping[str, Written[WiredOutputTable]],
        pins: Mapping[str, Pin],
        gpio: Gpio,
        problems: Problems,
    ) -> None:
        """Check that the line can exist, and that no pin and no other output has it.

        Only the first of these problems is reported.
        """
        table = written.table
        if table.pin is None:
            return
        place, value = written.place("pin"), written.value("pin")
        chip = table.chip or gpio.chip
        if table.chip is not None:
            check_chip(written.place("chip"), table.chip, gpio, problems)
        if chip == "auto" and table.pin >= MOST_LINES:
            sentence = (
                f"there is no such pin: a Raspberry Pi has 0 to {MOST_LINES - 1} at most; write a "
                'BCM number, or name its chip, too, such as chip = "gpiochip1"'
            )
            problems.add(place, sentence, value)
            return
        taken: dict[str, tuple[str, int | None]] = {
            f"pins.{name}": (pin.chip_by(gpio), pin.pin) for name, pin in wired_pins(pins).items()
        }
        taken |= {
            f"outputs.{name}": (other.table.chip or gpio.chip, other.table.pin)
            for name, other in earlier.items()
        }
        for name, line in taken.items():
            if line == (chip, table.pin):
                sentence = (
                    f"is the pin of {name}, too: two names on one pin "
                    f"({wire_name(table.pin, chip)}); leave one of them out"
                )
                problems.add(place, sentence, value)
                return
        if chip == "auto" and header_pin(table.pin) is None:
            problems.warn(place, off_the_header(table.pin))
        if chip == "auto" and table.pin in (2, 3) and table.active is not Level.LOW:
            sentence = (
                f"GPIO {table.pin} has a fixed pull-up on the board, so the output is on until the "
                "bridge starts; take another pin"
            )
            problems.warn(place, sentence)

    def make(self, gpio: Gpio, outputs: Mapping[str, WiredOutput]) -> OutputLines:
        """Make the lines of wired outputs.

        Raises:
            PinError: the back end is "auto" on a Raspberry Pi without one.
        """
        back_end = boards.choose(gpio.pin_factory)
        if back_end == "mock":
            from gpiobridge.outputs.simulated_lines import SimulatedLines

            return SimulatedLines()
        if back_end == "pigpio":
            from gpiobridge.outputs.pigpio_lines import PigpioLines

            return PigpioLines(gpio, outputs)
        from gpiobridge.outputs.kernel_lines import KernelLines

        return KernelLines(gpio, outputs, back_end)


KIND = GpioKind()
