"""The checks of this machine's screens: whether each has what the configuration gives it.

Takes the patient and returns its findings.
"""

from collections.abc import Iterator
from pathlib import Path

from gpiobridge.doctor.findings import Finding, failure, ok, warning
from gpiobridge.doctor.kiosk import in_sway
from gpiobridge.doctor.machine import read_text
from gpiobridge.doctor.patient import Patient
from gpiobridge.system import invocation

_CHECK = "screens"
_CONNECTORS = "sys/class/drm"  # a folder of each, card1-HDMI-A-1 (kernel: drm_sysfs.c)


def screens(patient: Patient) -> Iterator[Finding]:
    """Check that each connector is there, that a screen is connected to it, and who shows them."""
    settings, unit = patient.settings, patient.kiosk
    if unit is None or not settings.screens:
        return
    if not in_sway(unit):
        yield warning(
            _CHECK,
            "the kiosk's unit starts cage, which neither places, turns, scales nor darkens screens",
            invocation.as_root("install", "--kiosk"),
        )
    there = _connectors(patient.machine.root)
    wanted = {name: screen.connector for name, screen in settings.screens.items()}
    for name, connector in wanted.items():
        if not connector or not there:
            continue
        if connector not in there:
            yield failure(
                _CHECK,
                f"{name}: this machine has no connector {connector}",
                f"write one of {', '.join(sorted(there))}",
            )
        elif there[connector] != "connected":
            yield warning(
                _CHECK,
                f"{name}: no screen is connected to {connector}",
                "plug it in and switch it on; if it stays black, docs/screen.md says more",
            )
        else:
            yield ok(_CHECK, f"{name}: a screen is connected to {connector}")


def _connectors(root: Path) -> dict[str, str]:
    """Return each connector's status; none where the kernel tells of none."""
    return {
        folder.name.partition("-")[2]: read_text(folder / "status")
        for folder in sorted((root / _CONNECTORS).glob("card*-*"))
        if "Writeback" not in folder.name  # a Pi's own, which no screen can be connected to
    }
