"""Facts about this machine: whether it is a Raspberry Pi, which back end it has, and which chip.

It claims nothing: it only looks for a back end's package. Any thread.
"""

import contextlib
import importlib.util
from pathlib import Path

from gpiobridge.errors import PinError
from gpiobridge.pins import chips
from gpiobridge.pins.remedies import NO_CHIP, install

# Back end -> the module that its package must have. For gpiod it is a part that only 2.x has:
# Debian 12's python3-libgpiod is 1.6, with another interface.
_PACKAGES = {
    "gpiod": "gpiod._ext",
    "lgpio": "lgpio",
    "rpigpio": "RPi",
    "pigpio": "pigpio",
    "mock": "gpiozero",
}

# The order of "auto": gpiod polls nothing and notices lost edges; lgpio works on every Pi, too.
_PREFERRED = ("gpiod", "lgpio", "rpigpio", "pigpio")


def is_raspberry_pi(root: Path = Path("/")) -> bool:
    """Whether this machine is a Raspberry Pi, by its device tree.

    Args:
        root: the file system to look in, for tests.
    """
    tree = root / "proc/device-tree"
    if (tree / "system/linux,revision").exists():  # the firmware's board revision code
        return True
    with contextlib.suppress(OSError):
        return (tree / "model").read_bytes().startswith(b"Raspberry Pi")
    return False


def choose(pin_factory: str) -> str:
    """Give the back end for `gpio.pin_factory`: itself, or what "auto" means on this machine.

    On a Raspberry Pi "auto" is the first back end that is installed, and never simulated pins.
    Elsewhere it is simulated pins.

    Raises:
        PinError: this is a Raspberry Pi without a back end.
    """
    if pin_factory != "auto":
        return pin_factory
    if not is_raspberry_pi():
        return "mock"
    for name in _PREFERRED:
        if _installed(name):
            return name
    raise PinError(
        "this is a Raspberry Pi, but no pin back end is installed: "
        f"{install()} "
        '(or, for simulated pins, write pin_factory = "mock" under [gpio])'
    )


def require(back_end: str) -> None:
    """Make sure that a back end is installed.

    Raises:
        PinError: it is not; the message has the command that installs it.
    """
    if not _installed(back_end):
        raise PinError(
            f'gpio.pin_factory = "{back_end}": the package is not installed; '
            f"install it with: {install(back_end)}"
        )


def chip_number(chip: str) -> int:
    """Give the number of the GPIO chip for `gpio.chip`: the one it names, or a Pi's own.

    Raises:
        PinError: it is "auto", and no chip is a Pi's.
    """
    if chip != "auto":
        return int(chip.removeprefix("gpiochip"))
    found = chips.chips()
    if own := chips.named(chip, found):
        return own.number
    if not found:
        raise PinError(f'gpio.chip = "auto": no chip can be opened; {NO_CHIP}')
    seen = ", ".join(f"{each.name} ({each.label})" for each in found)
    raise PinError(
        f'gpio.chip = "auto": no Raspberry Pi GPIO chip among those found: {seen}; '
        'name one, such as chip = "gpiochip0"'
    )


def _installed(back_end: str) -> bool:
    try:
        return importlib.util.find_spec(_PACKAGES[back_end]) is not None
    except ImportError:
        return False
