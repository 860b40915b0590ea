"""The checks of the disk: whether it is read-only, how much is written to it, where the log goes.

Writes wear out an SD card. A write is lost if someone pulls the plug at that moment. Each check
takes the patient and returns its finding. Only a Raspberry Pi has a card that wears out.
"""

import os
import re
from pathlib import Path

from gpiobridge.doctor.findings import Finding, ok, skipped, warning
from gpiobridge.doctor.machine import read_text
from gpiobridge.doctor.patient import Patient
from gpiobridge.system import invocation
from gpiobridge.system.overlay import LOWER, find_overlay
from gpiobridge.system.units import STATE_FOLDER

_SECTOR_BYTES = 512  # a sector in /proc/diskstats, on every disk
_HOUR_S = 3600.0
_SETTLED_S = 600.0  # before that, most writes are those of the boot itself
_MUCH_MB = 100.0  # in an hour: almost a terabyte in a year
_MB = 1e6
_IN_MEMORY = (
    "sudo mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nStorage=volatile\\n' | "
    "sudo tee /etc/systemd/journald.conf.d/90-in-memory.conf && "
    "sudo systemctl restart systemd-journald"
)


def protection(patient: Patient) -> Finding:
    """Report whether the disk is read-only."""
    root, pi = patient.machine.root, patient.pi
    check, overlay = "disk", find_overlay(root)
    if overlay.now:
        place = f"; {STATE_FOLDER} stays writable" if _mounted(root, STATE_FOLDER) else ""
        then = "" if overlay.next_boot else "; it is writable again after the next boot"
        return ok(
            check,
            "it is read-only (overlayroot), so the plug may be pulled at any time; the next boot "
            f"undoes every change{place}{then}",
        )
    if overlay.next_boot:
        return warning(
            check,
            "it is written to, but it should be read-only (overlayroot) since the last boot, or "
            "from the next boot on",
            "sudo reboot; if it stays so: sudo apt full-upgrade && sudo update-initramfs -u",
        )
    if not pi:
        return skipped(check, "it is written to, and this is not a Raspberry Pi")
    return ok(
        check,
        "it is written to; if the plug may be pulled at any time, make it read-only: "
        f"{invocation.as_root('install', '--read-only')}",
    )


def writes(patient: Patient) -> Finding:
    """Report how much is written to the disk of the root file system, and by which program."""
    root, pi = patient.machine.root, patient.pi
    check = "writes"
    if not pi:
        return skipped(check, "this is not a Raspberry Pi, so no card wears out")
    disk, stats = _disk(root), _text(root, "proc/diskstats")
    found = re.search(rf"(?m)^ *\d+ +\d+ {re.escape(disk)}((?: \d+)+)", stats)
    uptime = re.match(r"[\d.]+", _text(root, "proc/uptime"))
    if not disk or not found or not uptime:
        return skipped(check, "it is unknown how much is written to the disk")
    # Documentation/admin-guide/iostats.rst: the seventh number counts sectors written.
    written, up_s = int(found[1].split()[6]) * _SECTOR_BYTES, float(uptime[0])
    who = _writer(root)
    said = f"{written / _MB:.0f} MB to {disk} since the boot {_ago(up_s)} ago"
    if up_s < _SETTLED_S:
        return ok(check, f"{said}{who}")
    an_hour = written / _MB / (up_s / _HOUR_S)
    said = f"{an_hour:.1f} MB an hour ({said}){who}"
    if an_hour < _MUCH_MB:
        return ok(check, said)
    return warning(
        check,
        f"{said}: this wears out a card",
        f"find the program: sudo iotop -ao; or make the card read-only: "
        f"{invocation.as_root('install', '--read-only')}",
    )


def journal(patient: Patient) -> Finding:
    """Report whether the log goes to memory or to the disk."""
    root, pi = patient.machine.root, patient.pi
    check = "log"
    if find_overlay(root).now:
        return ok(check, "it goes to memory, like everything that is written")
    # journald removes the one in /run after it has moved the log to the disk
    # (systemd-journald(8)).
    if _has_journal(root / "run/log/journal"):
        return ok(check, "it goes to memory, and the next boot deletes it")
    if not _has_journal(root / "var/log/journal"):
        return skipped(check, "there is no systemd journal")
    said = "it goes to the disk, and survives a boot"
    return warning(check, f"{said}; this wears out a card", _IN_MEMORY) if pi else ok(check, said)


def _text(root: Path, path: str) -> str:
    return read_text(root / path)


def _mounted(root: Path, place: str) -> bool:
    return any(row.split()[1:2] == [place] for row in _text(root, "proc/mounts").splitlines())


def _disk(root: Path) -> str:
    """Name the disk of the real root file system, such as "mmcblk0"; "" if it has no disk."""
    numbers = {}
    for row in _text(root, "proc/self/mountinfo").splitlines():
        fields = row.split()
        numbers[fields[4]] = fields[2]  # proc_pid_mountinfo(5)
    number = numbers.get(f"/{LOWER}") or numbers.get("/", "")
    there = Path(os.path.realpath(root / "sys/dev/block" / number))
    if not number or not there.exists():
        return ""
    return there.parent.name if (there / "partition").exists() else there.name


def _writer(root: Path) -> str:
    """Name the process that has written most, among those that this user may see."""
    most, name = 0, ""
    for file in (root / "proc").glob("[0-9]*/io"):
        found = re.search(r"(?m)^write_bytes: (\d+)$", read_text(file))
        if found and int(found[1]) > most:
            most, name = int(found[1]), read_text(file.parent / "comm")
    return f"; most by {name}, {most / _MB:.0f} MB" if most >= _MB and name else ""


def _ago(seconds: float) -> str:
    if seconds < _HOUR_S:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / _HOUR_S:.0f} h"


def _has_journal(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False
