"""Describe the running copy of gpiobridge: its parts and its age.

Reads what `importlib.metadata` knows about the installed packages. Changes nothing. Any thread.
"""

import json
import platform
import re
import sys
import time
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

NAME = "gpiobridge"
MARK = "gpiobridge.json"
"""The file that marks a copy made by `install` and tells the copies apart."""

HOME = "/opt/gpiobridge"
"""Where `install` keeps its copies."""

LIVE = f"{HOME}/live"
"""The copy that the installed service runs."""

OLD_S = 365 * 86400.0
"""The age at which a copy is old, in seconds: faults became known that it has no fixes for."""

# Our extras that a service may need; all others are for developers.
_BACK_ENDS = {"gpiod", "lgpio", "rpi-lgpio", "rpigpio", "pigpio"}
_NEVER_IMPORTED = {"setuptools"}  # colorzero requires it but works without it


def closure() -> list[Distribution]:
    """List the installed packages that gpiobridge needs, directly or not, except itself.

    A requirement that isn't installed belongs to another system or to an unused back end. The
    installation works without it, or the copy's check of the configuration reports it.
    """
    found: dict[str, Distribution] = {}
    own = distribution(NAME)
    open_ends = [(own, frozenset(_BACK_ENDS))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_ends:
        parent, wanted = open_ends.pop()
        for name, asked in _requirements(parent, wanted):
            if (name, asked) in seen or name in _NEVER_IMPORTED:
                continue
            seen.add((name, asked))
            try:
                child = distribution(name)
            except PackageNotFoundError:
                continue
            open_ends.append((child, asked))
            if name != NAME:
                found[name] = child
    return [found[name] for name in sorted(found)]


def _requirements(
    package: Distribution, extras: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """List the names that a package requires, each with its requested extras (PEP 508)."""
    for text in package.requires or ():
        requirement, _, marker = text.partition(";")
        extra = re.search(r"""extra\s*==\s*["']([^"']+)["']""", marker)
        if extra and extra[1] not in extras:
            continue
        match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", requirement)
        if match:
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            yield name, frozenset(part.strip() for part in (match[2] or "").split(",") if part)


def installed_copy() -> Path | None:
    """Return the folder of the running copy, or None unless `install` made it."""
    prefix = Path(sys.prefix)
    return prefix if (prefix / MARK).is_file() else None


def since_s() -> float | None:
    """Return when pip last installed a part of the running copy; None if that is unknown.

    A copy made by `install` is as old as the parts that it was made from.

    Returns:
        Seconds since 1970.
    """
    if copy := installed_copy():
        return marked_since_s(copy)
    times = [time_s for part in (distribution(NAME), *closure()) if (time_s := _written_s(part))]
    return max(times, default=None)


def marked_since_s(copy: Path) -> float | None:
    """Read when the parts of a copy made by `install` date from; None if it doesn't say.

    Args:
        copy: the folder of the copy.

    Returns:
        Seconds since 1970.
    """
    try:
        return float(json.loads((copy / MARK).read_text("utf-8"))["since"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _written_s(part: Distribution) -> float | None:
    """Return when pip installed a package: the time of its record files."""
    # Debian keeps its own packages up to date.
    for file in part.files or ():
        if file.name in ("RECORD", "METADATA") and ".dist-info" in file.parts[0]:
            try:
                return Path(str(part.locate_file(file))).stat().st_mtime
            except OSError:
                continue
    return None


def describe(back_end: str | None) -> dict[str, Any]:
    """Describe each part of the running copy; `gpiobridge version --json` writes it.

    Args:
        back_end: the pin back end here; None if a Raspberry Pi has none.
    """
    since = since_s()
    return {
        NAME: distribution(NAME).version,
        "since": None if since is None else iso(since),
        "folder": str(Path(__file__).parents[1]),
        "made_by_install": installed_copy() is not None,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "platform": platform.platform(),
        "system": _system(),
        "back_end": back_end,
        "packages": {part.metadata["Name"]: part.version for part in closure()},
    }


def iso(unix_s: float) -> str:
    """Write a time in the ISO 8601 format, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def _system() -> str | None:
    """Name the operating system and its release, if os-release(5) is there."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return None
