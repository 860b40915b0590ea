"""The checks of the kiosk: its browser, its compositor, its memory, its policy and its proof.

Each takes the patient and returns its findings.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from gpiobridge.config import Settings
from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import read_text
from gpiobridge.doctor.patient import Patient
from gpiobridge.kiosk import browsers, chromium_policy, sway
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.net.addresses import is_loopback, seen_from_here
from gpiobridge.system import invocation
from gpiobridge.system.run_key import SERVICE_FOLDER
from gpiobridge.system.units import KIOSK, SERVICE, Unit, bare

_CAGE = "cage"
_CHECK = "kiosk"


def kiosk(patient: Patient) -> Finding:
    """Check that this machine has what a kiosk needs."""
    root, programs = patient.machine.root, patient.machine.programs
    wanted = browsers.named_in(patient.kiosk.command) if patient.kiosk else None
    if not patient.pi and not wanted:
        return skipped(_CHECK, "this is not a Raspberry Pi: any browser works")
    memory = _memory_bytes(root)
    little = memory is not None and browsers.has_little_memory(memory)
    fitting = browsers.fitting(little_memory=little)

    def program_of(browser: Browser) -> str:
        return _first_of(root, programs, browser.programs)

    browser = wanted or next(filter(program_of, fitting), fitting[0])
    compositor = sway.PACKAGE if patient.kiosk and in_sway(patient.kiosk) else _CAGE
    program, shows = program_of(browser), _first_of(root, programs, (compositor,))
    missing, packages = ([], []) if program else ([browser.name], [*browser.packages])
    if wanted and not shows:
        missing.append(compositor)
        packages.append(compositor)
    if missing:
        sentence = f"{' and '.join(missing)} not found on this machine"
        if wanted:
            return failure(_CHECK, sentence, _apt(packages))
        return warning(_CHECK, sentence, f"if it has its own screen: {_apt(packages)}")
    said = " and ".join(filter(None, (program, shows)))
    if memory is None or not little:
        return ok(_CHECK, said)
    said += f"; only {memory >> 20} MB of memory"
    best = fitting[0]
    if browser == best:
        return ok(_CHECK, said)
    get = "" if program_of(best) else f"{_apt(best.packages)} && "
    return warning(
        _CHECK,
        said,
        f"use {best.name}, which needs about half of Chromium's memory (docs/pi.md says what it "
        f"lacks): {get}{invocation.as_root('install', '--kiosk', '--browser', best.name)}",
    )


def in_sway(unit: Unit) -> bool:
    """Whether the kiosk's unit starts sway, and not cage."""
    return sway.OPTION in unit.command


def policy(patient: Patient) -> list[Finding]:
    """Check that an installed kiosk's browser obeys the present configuration."""
    unit = patient.kiosk
    if unit is None or browsers.named_in(unit.command) != browsers.CHROMIUM:
        return []  # cog has a filter instead
    # A kiosk that shows another bridge has its own policy.
    return [] if "--url" in unit.command else [_policy(patient.machine.root, patient.settings)]


def proof(patient: Patient) -> list[Finding]:
    """Check that an installed kiosk can prove itself, if a page on it may set an output."""
    unit, needed = patient.kiosk, ""
    for output in patient.settings.outputs.values():
        needed = needed or (output.name if output.from_pages else "")
    if unit is None or not needed or "--url" in unit.command or patient.units is None:
        return []
    if patient.units[SERVICE].active != "active":
        return []  # it writes the key when it starts
    check, host = "kiosk proof", patient.settings.server.host
    if not is_loopback(seen_from_here(host)):
        return [
            warning(
                check,
                f"no page may set output {needed}: the kiosk proves itself at a loopback address",
                f'write server.host = "0.0.0.0" instead of "{host}", or leave it out',
            )
        ]
    if any(patient.machine.root.glob(f"{str(SERVICE_FOLDER).lstrip('/')}/kiosk-*")):
        return [ok(check, f"a page on the kiosk may set output {needed}")]
    return [
        warning(
            check,
            f"no page may set output {needed}: the service has written no key for the kiosk",
            invocation.as_root("install", "--kiosk"),
        )
    ]


def _policy(root: Path, settings: Settings) -> Finding:
    check, again = "kiosk policy", f"sudo systemctl restart {bare(KIOSK)}"
    bridge, camera = settings.server.local_url, settings.kiosk.camera
    made = chromium_policy.policy(bridge, settings.sites, camera=camera, placed=settings.screens)
    there = read_text(root / chromium_policy.FILE.lstrip("/"))
    if not there:
        sentence = f"{chromium_policy.FILE} is missing: visitors can open dialogs and other sites"
        return warning(check, sentence, again)
    if there != chromium_policy.text(made).strip():
        return warning(check, "the browser obeys an earlier configuration", again)
    return ok(check, "the browser shows only the bridge" + _and(settings.sites))


def _and(sites: Sequence[str]) -> str:
    return f" and {', '.join(sites)}" if sites else ""


def _first_of(root: Path, folders: Sequence[str], names: Iterable[str]) -> str:
    """Name the first program that exists; "" if none exists."""
    # Not Path.exists: it raises if this user may not enter the folder.
    return next(
        (
            name
            for name in names
            if any(os.path.exists(root / folder.lstrip("/") / name) for folder in folders)
        ),
        "",
    )


def _apt(packages: Iterable[str]) -> str:
    return f"sudo apt install --no-install-recommends {' '.join(packages)}"


def _memory_bytes(root: Path) -> int | None:
    """Return the machine's memory in bytes (proc_meminfo(5)); None if it is unknown."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", read_text(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
