"""The check of the back end: the right one is installed, and works on this board and kernel.

It takes the patient and returns its finding.
"""

from collections.abc import Mapping
from dataclasses import replace

from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import Package
from gpiobridge.doctor.patient import ENVIRONMENT, UNWIRED, Patient
from gpiobridge.errors import PinError
from gpiobridge.pins.remedies import REQUIREMENTS, install
from gpiobridge.system import invocation

PACKAGES = ("lgpio", "rpi-lgpio", "RPi.GPIO", "pigpio", "gpiod")
"""The packages that can provide a back end."""

# Back end -> the packages; it needs one of them.
_NEEDS = {
    "lgpio": ("lgpio",),
    "rpigpio": ("rpi-lgpio", "RPi.GPIO"),
    "pigpio": ("pigpio",),
    "gpiod": ("gpiod",),
}
_NO_SYSFS_GPIO = (6, 6)  # this kernel moved the GPIO numbers that RPi.GPIO needs for edges
_CHECK = "back end"


def back_end(patient: Patient) -> Finding:
    """Check the back end that the configuration leads to."""
    found, pip = _back_end(patient), invocation.pip()
    if patient.machine.copy is None or pip not in found.remedy:
        return found
    # `install` made this copy, without pip: change the environment that it came from.
    remedy = found.remedy.replace(pip, f"{ENVIRONMENT}/pip")
    return replace(found, remedy=f"{remedy}, then sudo {ENVIRONMENT}/gpiobridge install")


def _back_end(patient: Patient) -> Finding:
    python = patient.machine.python
    if patient.unwired:
        return skipped(_CHECK, UNWIRED)
    try:
        factory = patient.factory
    except PinError:
        problem = "this is a Raspberry Pi, but no back end is installed"
        return failure(_CHECK, problem, install(python=python))
    packages = patient.machine.packages(PACKAGES)
    both = [packages[name] for name in _NEEDS["rpigpio"] if name in packages]
    # In two folders the first one hides the other. That is fine: an environment that sees the
    # system's packages has such a pair.
    if len(both) == 2 and both[0].folder == both[1].folder:
        uninstall = invocation.pip("uninstall", "RPi.GPIO", "rpi-lgpio")
        return failure(
            _CHECK,
            "RPi.GPIO and rpi-lgpio are both installed, and each overwrites the module RPi "
            "of the other",
            f"{uninstall}, then {install(python=python)}",
        )
    if factory == "mock":
        return _simulated(patient)
    name = _installed(factory, packages)
    if name is None:
        return failure(
            _CHECK,
            f'gpio.pin_factory = "{factory}": the package is not installed',
            install(factory, python=python),
        )
    said = f"{name} {packages[name].version}"
    auto = patient.settings.gpio.pin_factory == "auto"
    if remedy := _too_old(name, packages[name].version):
        return failure(_CHECK, f"{said} {remedy[0]}", remedy[1])
    if where := _unfit_for(name, patient):
        setting = "" if auto else ', and pin_factory = "auto" under [gpio]'
        return failure(
            _CHECK,
            f"{said} does not work on {where}",
            f"{invocation.pip('uninstall', name)}, then {install(python=python)}{setting}",
        )
    return ok(_CHECK, f"{said}, " + ("chosen automatically" if auto else "as configured"))


def _simulated(patient: Patient) -> Finding:
    if not patient.pi:
        return ok(_CHECK, "simulated pins: no GPIO is read here")
    return warning(
        _CHECK,
        'gpio.pin_factory = "mock": the pins are simulated, so no button has an effect',
        'for the real pins, write pin_factory = "auto" under [gpio]',
    )


def _too_old(name: str, version: str) -> tuple[str, str] | None:
    """Say what is wrong with a package's version, and give the remedy."""
    if name == "lgpio" and version.startswith("0.0."):
        return "is an empty package", invocation.pip("install", REQUIREMENTS["lgpio"])
    if name == "gpiod" and version.startswith("1."):
        return "is too old", invocation.pip("install", REQUIREMENTS["gpiod"])
    return None


def _unfit_for(name: str, patient: Patient) -> str:
    """Name the board or kernel on which this package doesn't work; "" if it works here."""
    if patient.pi_5 and name in ("RPi.GPIO", "pigpio"):
        return "a Pi 5"
    kernel = patient.linux
    if name == "RPi.GPIO" and kernel is not None and kernel >= _NO_SYSFS_GPIO:
        return "kernels from 6.6 on"
    return ""


def _installed(factory: str, packages: Mapping[str, Package]) -> str | None:
    """Find the package from which Python imports a back end."""
    found = [name for name in _NEEDS.get(factory, (factory,)) if name in packages]
    return min(found, key=lambda name: packages[name].rank, default=None)
