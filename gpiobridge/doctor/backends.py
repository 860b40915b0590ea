"""The check of the pin back end: the right one is installed, and fit for this board and kernel.

It takes what it looks at as arguments and returns its finding.
"""

from collections.abc import Mapping

from gpiobridge.doctor.findings import Finding, failure, ok, warning
from gpiobridge.doctor.machine import Package
from gpiobridge.pins.remedies import install
from gpiobridge.system import calling

PACKAGES = ("lgpio", "rpi-lgpio", "RPi.GPIO", "pigpio", "gpiod")
"""The packages that can bring a back end."""

# Back end -> the packages of which it needs one.
_NEEDS = {
    "lgpio": ("lgpio",),
    "rpigpio": ("rpi-lgpio", "RPi.GPIO"),
    "pigpio": ("pigpio",),
    "gpiod": ("gpiod",),
}
_NO_SYSFS_GPIO = (6, 6)  # RPi.GPIO's edges need the GPIO numbers that this kernel moved
_CHECK = "back end"


def back_end(
    factory: str,
    *,
    auto: bool,
    packages: Mapping[str, Package],
    python: tuple[int, int],
    kernel: tuple[int, int] | None,
    pi: bool,
    pi_5: bool,
) -> Finding:
    """Check the back end that the configuration comes to.

    Args:
        factory: its name.
        auto: whether "auto" chose it.
        packages: those of `PACKAGES` that are installed.
        python: version of this Python, two numbers.
        kernel: version of the kernel, two numbers; None if it isn't Linux.
        pi: whether this is a Raspberry Pi.
        pi_5: whether it is a Pi 5 or one of its kind.
    """
    both = [packages[name] for name in _NEEDS["rpigpio"] if name in packages]
    # In two folders the first one hides the other, which is fine: an environment that sees the
    # system's packages has such a pair.
    if len(both) == 2 and both[0].folder == both[1].folder:
        return failure(
            _CHECK,
            "RPi.GPIO and rpi-lgpio are both installed, and each overwrites the module RPi "
            "of the other",
            f"{calling.pip('uninstall', 'RPi.GPIO', 'rpi-lgpio')}, then {install(python=python)}",
        )
    if factory == "mock":
        if pi:
            return warning(
                _CHECK,
                'gpio.pin_factory = "mock": the pins are simulated, and no button does anything',
                'write pin_factory = "auto" under [gpio] for the real ones',
            )
        return ok(_CHECK, "simulated pins: no GPIO is read here")
    name = _installed(factory, packages)
    if name is None:
        return failure(
            _CHECK,
            f'gpio.pin_factory = "{factory}": the package is not installed',
            install(factory, python=python),
        )
    said = f"{name} {packages[name].version}"
    if name == "lgpio" and packages[name].version.startswith("0.0."):
        return failure(_CHECK, f"{said} is an empty package", calling.pip("install", "lgpio>=0.2"))
    if name == "gpiod" and packages[name].version.startswith("1."):
        return failure(_CHECK, f"{said} is too old", calling.pip("install", "gpiod>=2.2"))
    unfit = pi_5 and name in ("RPi.GPIO", "pigpio")
    if name == "RPi.GPIO" and not unfit:
        unfit = kernel is not None and kernel >= _NO_SYSFS_GPIO
    if unfit:
        where = "a Pi 5" if pi_5 else "kernels from 6.6 on"
        setting = "" if auto else ', and pin_factory = "auto" under [gpio]'
        return failure(
            _CHECK,
            f"{said} does not work on {where}",
            f"{calling.pip('uninstall', name)}, then {install(python=python)}{setting}",
        )
    return ok(_CHECK, f"{said}, " + ("chosen by itself" if auto else "as configured"))


def none_installed(python: tuple[int, int]) -> Finding:
    """Say that a Raspberry Pi has no back end at all.

    Args:
        python: version of this Python, two numbers.
    """
    return failure(
        _CHECK, "this is a Raspberry Pi, but no back end is installed", install(python=python)
    )


def _installed(factory: str, packages: Mapping[str, Package]) -> str | None:
    """Find the package that a back end is imported from."""
    found = [name for name in _NEEDS.get(factory, (factory,)) if name in packages]
    return min(found, key=lambda name: packages[name].rank, default=None)
