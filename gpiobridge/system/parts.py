"""The running copy of gpiobridge: what it consists of, and how old it is.

Reads what is installed, as `importlib.metadata` knows it, and changes nothing; any thread.
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
"""The file in a copy that `install` has made; it tells the copies apart."""

HOME = "/opt/gpiobridge"
"""Where `install` keeps its copies."""

LIVE = f"{HOME}/live"
"""The copy that the installed service runs."""

OLD_S = 365 * 86400.0
"""From this age on, in seconds, a copy is old: faults become known, and it has no fix of them."""

_FOR_DEVELOPERS = {"dev", "sbom", "soak"}  # of our extras; the others are pin back ends and such
_NEVER_IMPORTED = {"setuptools"}  # colorzero requires it, and does without


def closure() -> list[Distribution]:
    """List the installed packages that gpiobridge needs, directly or not, itself excepted.

    A requirement that isn't installed is one for another system, or a back end that isn't used:
    the installation works as it is, or the check of the configuration with the copy says so.
    """
    found: dict[str, Distribution] = {}
    own = distribution(NAME)
    extras = set(own.metadata.get_all("Provides-Extra") or ()) - _FOR_DEVELOPERS
    open_ends = [(own, frozenset(extras))]
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
    """List the names a package requires, each with the extras it asks for (PEP 508)."""
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
    """Find the folder of the running copy if `install` has made it, else None."""
    prefix = Path(sys.prefix)
    return prefix if (prefix / MARK).is_file() else None


def since_s() -> float | None:
    """Find out when the running copy last got a part, in seconds since 1970; None if unknown.

    That is when pip last installed one of them. A copy that `install` has made is as old as what it
    was made of.
    """
    if copy := installed_copy():
        return marked_since_s(copy)
    times = [time_s for part in (distribution(NAME), *closure()) if (time_s := _written_s(part))]
    return max(times, default=None)


def marked_since_s(copy: Path) -> float | None:
    """Read how old a copy is that `install` has made; None if it doesn't say.

    Args:
        copy: its folder.
    """
    try:
        return float(json.loads((copy / MARK).read_text("utf-8"))["since"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _written_s(part: Distribution) -> float | None:
    """Find out when a package was installed: pip writes its records then."""
    # What Debian has installed is Debian's to keep fresh.
    for file in part.files or ():
        if file.name in ("RECORD", "METADATA") and ".dist-info" in file.parts[0]:
            try:
                return Path(str(part.locate_file(file))).stat().st_mtime
            except OSError:
                continue
    return None


def describe(back_end: str | None) -> dict[str, Any]:
    """Name each part of the running copy, for machines: what `gpiobridge version --json` writes.

    Args:
        back_end: of the pins here; None if a Raspberry Pi has none.
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
    """Write a time as ISO 8601 has it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def _system() -> str | None:
    """Name the operating system with its release, as far as it says so (os-release(5))."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return None
