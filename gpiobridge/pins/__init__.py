"""The pins: opened once, edges turned into `RawEdge`, levels read.

The way of an edge: `pin_source` makes what the configuration asks for (`boards` knows what "auto"
means on this machine), and the watcher opens it, knowing no more of it than `source` says. In
`gpiozero_pins` a callback stamps the edge and hands it on; in `gpiod_pins` the kernel stamps it,
and it waits at a descriptor; in `virtual_pins` there is no wire, and a program makes the edge
(`driving` has the rules for that, also with simulated pins). `mixed_pins` has both kinds,
`chip_sources` those of several chips. Both edges, no debounce of the back end (they differ, see
`debounce`). An error comes with what to do about it, from `remedies`; `chips` asks the kernel
itself, without a back end.

Importing this imports neither gpiozero nor a back end: that is for pins that are opened.

Threads: a source is opened, read and closed by one at a time, the one that starts the watcher,
then the watcher's own; callbacks come on the back end's, or on the one that drives a pin. All else
is for any thread.
"""

from collections.abc import Mapping

from gpiobridge.config import Gpio, Pin
from gpiobridge.pins.boards import choose, is_raspberry_pi
from gpiobridge.pins.chip_sources import source_of_chips
from gpiobridge.pins.driving import MAX_PRESS_S
from gpiobridge.pins.gpiod_pins import GpiodPins
from gpiobridge.pins.gpiozero_pins import Pins
from gpiobridge.pins.mixed_pins import MixedPins
from gpiobridge.pins.source import OnEdge, PinSource
from gpiobridge.pins.virtual_pins import VirtualPins

__all__ = [
    "MAX_PRESS_S",
    "GpiodPins",
    "MixedPins",
    "OnEdge",
    "PinSource",
    "Pins",
    "VirtualPins",
    "choose",
    "is_raspberry_pi",
    "pin_source",
]


def pin_source(settings: Gpio, pins: Mapping[str, Pin]) -> PinSource:
    """Make the source of edges of all pins: ``gpio.pin_factory`` for the wired ones.

    Without a wired one no back end is needed, and no GPIO is opened.

    Args:
        settings: which back end and chip.
        pins: pin name to its settings.

    Raises:
        PinError: it is "auto" on a Raspberry Pi without a back end.
    """
    virtual = {name: pin for name, pin in pins.items() if pin.source == "http"}
    if len(virtual) == len(pins):
        return VirtualPins(virtual)
    if not virtual:
        return _wired_source(settings, pins)
    wired = {name: pin for name, pin in pins.items() if name not in virtual}
    return MixedPins(_wired_source(settings, wired), VirtualPins(virtual))


def _wired_source(settings: Gpio, pins: Mapping[str, Pin]) -> PinSource:
    match choose(settings.pin_factory):
        case "gpiod":
            return source_of_chips(settings, pins, GpiodPins)
        case "lgpio":
            return source_of_chips(settings, pins, Pins)
    return Pins(settings, pins)
