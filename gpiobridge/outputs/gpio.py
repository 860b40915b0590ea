"""The kind "gpio": outputs with a wire, on a GPIO chip of this machine or of an expander.

Defines the keys of `[outputs.<name>]`, and which back end drives the lines. The back ends are
imported only when the lines are made. Any thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gpiobridge.config import Gpio, Output, Pin
from gpiobridge.config.header import bcm_number
from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import Key as TableKey
from gpiobridge.config.tables import OutputTable, chip_name
from gpiobridge.config.words import Key
from gpiobridge.config.written import Written
from gpiobridge.core.events import Level
from gpiobridge.outputs.lines import LinesKind, OutputLines
from gpiobridge.pins import boards
from gpiobridge.pins.gpio import Wire, check_line, read_short, taken_lines, wired_pins


class WiredOutputTable(OutputTable):
    """What may stand in `[outputs.<name>]` of an output with a wire."""

    pin = TableKey(bcm_number)
    chip = TableKey(chip_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredOutput(Wire, Output):
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


class GpioKind(LinesKind[WiredOutputTable, WiredOutput]):
    """The kind of outputs with a wire."""

    table = WiredOutputTable
    output = WiredOutput
    needs = MappingProxyType({"pin": "has no pin; write pin = 22 (its BCM number)"})

    def read(self, key: Key, raw: object, problems: Problems) -> Written[WiredOutputTable]:
        """Read an output in its long form, or in the short one, `lamp = 22`."""
        if isinstance(raw, Mapping):
            return super().read(key, raw, problems)
        return Written(key, raw, read_short(key, raw, self.table, problems))

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
        of_pins = {
            f"pins.{name}": (pin.chip_by(gpio), pin.pin) for name, pin in wired_pins(pins).items()
        }
        if not check_line(written, of_pins | taken_lines("outputs", earlier, gpio), gpio, problems):
            return
        chip = table.chip or gpio.chip
        if chip == "auto" and table.pin in (2, 3) and table.active is not Level.LOW:
            sentence = (
                f"GPIO {table.pin} has a fixed pull-up on the board, so the output is on until the "
                "bridge starts; take another pin"
            )
            problems.warn(written.place("pin"), sentence)

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
