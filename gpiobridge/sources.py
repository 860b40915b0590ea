"""Which source of edges the configuration asks for: gpiozero's back ends, or libgpiod.

It makes the source and opens nothing. Any thread.
"""

from collections.abc import Mapping

from gpiobridge.config import Gpio, Pin
from gpiobridge.gpio import Pins, PinSource, choose
from gpiobridge.gpiod_pins import GpiodPins


def pin_source(settings: Gpio, pins: Mapping[str, Pin]) -> PinSource:
    """Make the source of edges for ``gpio.pin_factory``.

    Args:
        settings: which back end and chip.
        pins: pin name to its settings.

    Raises:
        PinError: it is "auto" on a Raspberry Pi without a back end.
    """
    if choose(settings.pin_factory) == "gpiod":
        return GpiodPins(settings, pins)
    return Pins(settings, pins)
