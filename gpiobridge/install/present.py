"""Find out what is installed: copies, placed files, units. It reads, and writes nothing."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gpiobridge.install.files import browser_of, digest_of, starts_sway
from gpiobridge.install.steps import (
    COMMAND,
    CONFIG,
    HOME,
    LINKS,
    OURS,
    PINS,
    POLICY,
    READERS,
    RECORD,
    UNITS,
    File,
)
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.system.overlay import Overlay
from gpiobridge.system.parts import MARK
from gpiobridge.system.units import KIOSK, SOCKET, STATE


@dataclass(frozen=True, slots=True)
class Present:
    """What is installed now.

    Args:
        versions: the copies in ``/opt/gpiobridge/versions``, each with its fingerprint.
        live: the copy that runs, if there is one.
        previous: the copy to go back to, if there is one.
        placed: the files that were placed before: path to digest.
        found: the files that exist now, among those placed or wanted, our units and the kiosk's
            policy: path to digest.
        enabled: the units that start at boot.
        active: the units that run.
        groups: those of our groups that exist.
        missing: the programs that a kiosk needs and that aren't installed.
        config_readable: whether the service may read the installed configuration.
        command: where ``/usr/local/bin/gpiobridge`` leads: "" if it does not exist, "other" if it
            is not our link.
        port_taken: whether another program listens on the wanted address.
        free: the free space on the disk of ``/opt``, in bytes.
        foreign: what lies in the place of our links to copies and is not a link.
        overlay: whether the card is read-only.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    live: str | None = None
    previous: str | None = None
    placed: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    enabled: frozenset[str] = frozenset()
    active: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset({PINS, READERS})
    missing: tuple[str, ...] = ()
    config_readable: bool = True
    command: str = ""
    port_taken: bool = False
    free: int = 1 << 40
    foreign: tuple[str, ...] = ()
    overlay: Overlay = field(default_factory=Overlay)


def look(
    machine: TargetMachine,
    wanted: Iterable[File] = (),
    address: tuple[str, int] | None = None,
    kiosk: Browser | None = None,
    *,
    sway: bool = False,
) -> Present:
    """Find out what is installed.

    Args:
        machine: the machine.
        wanted: the files that will be placed.
        address: where systemd will listen, to see whether another program listens there.
        kiosk: the browser that a kiosk would have; None for no kiosk.
        sway: whether a kiosk would have sway, and not cage.
    """
    placed = _placed(machine)
    ours = (POLICY, *(f"{UNITS}/{unit}" for unit in OURS))
    paths = {*placed, *(file.path for file in wanted), *ours}
    found = {path: digest_of(machine.at(path)) for path in paths if machine.at(path).is_file()}
    active = frozenset(unit for unit in OURS if machine.has("active", unit))
    listening = SOCKET in active  # then we ourselves use the port
    return Present(
        versions=_versions(machine),
        live=_link(machine, "live"),
        previous=_link(machine, "previous"),
        placed=placed,
        found=found,
        enabled=frozenset(unit for unit in OURS if machine.has("enabled", unit)),
        active=active,
        groups=frozenset(name for name in (PINS, READERS) if machine.group_id(name) is not None),
        missing=machine.missing_for_a_kiosk(kiosk, sway=sway) if kiosk else (),
        config_readable=machine.may_read(machine.at(CONFIG)),
        command=_command(machine),
        port_taken=address is not None and not listening and machine.taken(*address),
        free=_free(machine.at(HOME)),
        foreign=tuple(
            path
            for path in (f"{HOME}/{name}" for name in LINKS)
            if os.path.lexists(machine.at(path)) and not machine.at(path).is_symlink()
        ),
        overlay=machine.overlay(),
    )


def kiosk_browser(machine: TargetMachine) -> Browser | None:
    """Return the browser of the installed kiosk; None if no kiosk is installed."""
    unit = machine.at(f"{UNITS}/{KIOSK}")
    return browser_of(unit.read_text("utf-8", errors="replace")) if unit.exists() else None


def kiosk_has_sway(machine: TargetMachine) -> bool:
    """Whether the unit of the installed kiosk starts sway."""
    unit = machine.at(f"{UNITS}/{KIOSK}")
    return unit.exists() and starts_sway(unit.read_text("utf-8", errors="replace"))


def mounts_state(machine: TargetMachine) -> bool:
    """Whether the unit that mounts the writable partition is installed."""
    return machine.at(f"{UNITS}/{STATE}").exists()


def package_of(machine: TargetMachine, version: str) -> Path:
    """Return the folder of gpiobridge's own package in a copy."""
    found = sorted(machine.at(f"{HOME}/versions/{version}/lib").glob("python3.*"))
    return (found[-1] if found else Path("nowhere")) / "site-packages" / "gpiobridge"


def _placed(machine: TargetMachine) -> dict[str, str]:
    try:
        record = json.loads(machine.at(RECORD).read_text("utf-8"))["placed"]
        return {str(path): str(digest) for path, digest in record.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}  # then every existing file counts as changed, and is not overwritten


def _versions(machine: TargetMachine) -> dict[str, str]:
    versions = {}
    folder = machine.at(f"{HOME}/versions")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            versions[path.name] = str(json.loads((path / MARK).read_text("utf-8"))["fingerprint"])
        except (OSError, ValueError, KeyError):
            versions[path.name] = ""  # a copy that was never finished
    return versions


def _link(machine: TargetMachine, name: str) -> str | None:
    path = machine.at(f"{HOME}/{name}")
    return os.path.basename(os.readlink(path)) if path.is_symlink() and path.exists() else None


def _command(machine: TargetMachine) -> str:
    path = machine.at(COMMAND)
    if path.is_symlink() and os.readlink(path).startswith(f"{HOME}/"):
        return os.readlink(path)
    return "other" if os.path.lexists(path) else ""


def _free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
