"""The checks of the kiosk: a browser, something to show it with, enough memory, and its policy.

Each takes what it looks at as arguments and returns its finding.
"""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from gpiobridge.config import Settings
from gpiobridge.doctor.findings import Finding, failure, ok, skipped, warning
from gpiobridge.doctor.machine import read_text
from gpiobridge.kiosk import chromium_policy
from gpiobridge.system import calling

_CHROMIUM, _COG = "chromium", "cog"
_PROGRAMS = {_CHROMIUM: ("chromium", "chromium-browser"), _COG: (_COG,)}
_CAGE = "cage"
_CHECK = "kiosk"

# A Pi of 1 GB has some 900 MB left beside the graphics; those of 512 MB have less than this.
_LITTLE_KB = 700_000


def kiosk(
    root: Path,
    programs: Sequence[str],
    *,
    pi: bool,
    wanted: str | None,
    prerendered: Collection[str],
) -> Finding:
    """Check what a kiosk on this machine needs.

    Args:
        root: the file system.
        programs: folders in which programs are looked for.
        pi: whether this is a Raspberry Pi.
        wanted: the browser that the kiosk's unit names; None if no such unit is installed.
        prerendered: pages that browsers load in the background.
    """
    there = {
        browser: found
        for browser, names in _PROGRAMS.items()
        if (found := next((name for name in names if _find(root, programs, name)), None))
    }
    browser = wanted or next(iter(there), _CHROMIUM)
    cage = _find(root, programs, _CAGE)
    if not pi and not wanted:
        return skipped(_CHECK, "this is no Raspberry Pi: any browser does")
    missing = [
        *([] if browser in there else [browser]),
        *([] if cage or not wanted else [_CAGE]),
    ]
    if missing:
        sentence = f"{' and '.join(missing)} not found on this machine"
        install = f"sudo apt install --no-install-recommends {' '.join(missing)}"
        if wanted:
            return failure(_CHECK, sentence, install)
        return warning(_CHECK, sentence, f"if it has a screen of its own: {install}")
    said = " and ".join([there[browser], *([_CAGE] if cage else [])])
    memory_kb = _memory_kb(root)
    if memory_kb is None or memory_kb >= _LITTLE_KB:
        return ok(_CHECK, said)
    memory = f"{said}; only {memory_kb // 1024} MB of memory"
    if browser == _COG:
        return ok(_CHECK, memory)
    pages = f"; pages with prerender = true: {', '.join(prerendered)}" if prerendered else ""
    lighter = calling.as_root("install", "--kiosk", "--browser", _COG)
    get = "" if _COG in there else "sudo apt install --no-install-recommends cog && "
    return warning(
        _CHECK,
        memory + pages,
        f"take cog, which needs about half of Chromium's memory (docs/pi.md says what it lacks): "
        f"{get}{lighter}; or start Chromium with --no-memcheck, and leave prerender = true out",
    )


def policy(root: Path, settings: Settings) -> Finding:
    """Check that an installed kiosk's browser obeys the present configuration.

    Args:
        root: the file system.
        settings: the configuration.
    """
    check, again = "kiosk policy", "sudo systemctl restart gpiobridge-kiosk"
    bridge, wanted = settings.server.local_url, settings.kiosk
    made = chromium_policy.policy(bridge, wanted.allow, camera=wanted.camera)
    there = read_text(root / chromium_policy.FILE.lstrip("/"))
    if not there:
        sentence = f"{chromium_policy.FILE} isn't there: visitors can open dialogs and other sites"
        return warning(check, sentence, again)
    if there != chromium_policy.text(made).strip():
        return warning(check, "the browser obeys an earlier configuration", again)
    return ok(check, "the browser shows the bridge alone" + _and(wanted.allow))


def _and(sites: Sequence[str]) -> str:
    return f", and {', '.join(sites)}" if sites else ""


def _find(root: Path, folders: Sequence[str], name: str) -> bool:
    # Path.exists raises where this user may not enter the folder.
    return any(os.path.exists(root / folder.lstrip("/") / name) for folder in folders)


def _memory_kb(root: Path) -> int | None:
    """The machine's memory in KB (proc_meminfo(5)); None where nobody says."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", read_text(root / "proc/meminfo"), re.MULTILINE)
    return int(found[1]) if found else None
