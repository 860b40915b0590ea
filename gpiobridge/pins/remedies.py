"""What a back end's error means, and what a person can do about it: the words of the messages.

Pure, except for how pip is called here; any thread.
"""

import re
import sys

from gpiobridge.config import Output, Pin
from gpiobridge.system import invocation

NO_CHIP = (
    "the GPIO chip is missing, or this "
    "user may not open it: `sudo usermod -aG gpio $USER`, then log in again"
)
"""Why no GPIO chip can be opened, and the remedy."""

# Back end -> its own package, as in pyproject.toml's extras: gpiobridge itself is on no index.
REQUIREMENTS = {
    "gpiod": "gpiod>=2.2",
    "lgpio": "lgpio>=0.2",
    "rpigpio": "rpi-lgpio>=0.6",
    "pigpio": "pigpio>=1.78",
}
_NO_WHEEL = (3, 13)  # PyPI's lgpio has no wheel for this Python


def install(
    back_end: str = "",
    *,
    python: tuple[int, int] = sys.version_info[:2],
    wide: bool = sys.maxsize > 2**32,
) -> str:
    """Say how to install a back end; the command works on today's Raspberry Pi OS.

    Args:
        back_end: its name in the configuration; "" stands for the one that "auto" prefers among
            those that PyPI has for this system.
        python: the version of this Python, two numbers.
        wide: whether it has 64 bits.
    """
    back_end = back_end or ("gpiod" if wide else "lgpio")
    if back_end == "lgpio" and python >= _NO_WHEEL:
        return (
            f"sudo apt install python3-lgpio, and make the environment with "
            f"--system-site-packages (PyPI has no lgpio for Python {python[0]}.{python[1]})"
        )
    return invocation.pip("install", REQUIREMENTS[back_end])


# What the back ends say, and what a person can do about it.
_REMEDIES = (
    (
        r"GPIO busy|GPIOPinInUse",
        "another program, an overlay or a second copy of gpiobridge "
        "holds the pin: `gpioinfo` names it",
    ),
    (
        r"can ?not open gpiochip|permission|PermissionError|FileNotFoundError|No access to /dev",
        NO_CHIP,
    ),
    (
        r"Failed to add edge detection",
        "RPi.GPIO does not work on kernels from 6.6 on: "
        f"{invocation.pip('uninstall', 'RPi.GPIO')}, then {install()}",
    ),
    (
        r"PinUnknownPi|Raspberry Pi",
        'this is not a Raspberry Pi: for simulated pins write pin_factory = "mock"',
    ),
    (
        r"failed to connect to|ConnectionRefused",
        "is pigpiod running? `sudo systemctl start pigpiod`",
    ),
)


def explain(error: Exception, what: str, back_end: str) -> str:
    """Say what a back end's error means and what to do about it.

    Args:
        error: the error that the back end has raised.
        what: the name of what could not be opened.
        back_end: its name in the configuration.
    """
    said = f"{what} can't be opened on {back_end}: {error}"
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, f"{type(error).__name__}: {error}", re.IGNORECASE):
            return f"{said}; {remedy}"
    return f"{said}; {invocation.command('doctor')} looks for the cause"


def title(wired: Pin | Output) -> str:
    """Name a pin or an output as messages do."""
    what = "output" if isinstance(wired, Output) else "pin"
    return f"{what} {wired.name!r} ({wired.where})"


def only_its_wire(pin: str) -> str:
    """Say that no program can set the level of a wired pin, and the remedy."""
    return (
        f"pin {pin!r} is real: only its wire sets its level; to set it by program give it "
        'source = "http", or pin_factory = "mock" under [gpio] for a test'
    )


def no_such_line(pin: Pin | Output, chip: str, count: int, back_end: str) -> str:
    """Say that a chip has no line for a pin, and the remedy.

    Args:
        pin: the pin, or the output.
        chip: the chip, as the sentence names it.
        count: how many lines it has.
        back_end: its name in the configuration.
    """
    where = "under [gpio]" if pin.chip is None else "for it"
    return (
        f"{title(pin)} can't be opened on {back_end}: {chip} has only the lines 0 to {count - 1}; "
        f"name another chip {where}, or another pin"
    )
