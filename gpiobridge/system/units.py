"""gpiobridge's systemd units: their names, their folders, and their state.

Reads, and changes nothing. Any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gpiobridge.system.commands import Run, run_command

SERVICE = "gpiobridge.service"
SOCKET = "gpiobridge.socket"
KIOSK = "gpiobridge-kiosk.service"
RECOVER = "gpiobridge-recover.service"
"""At boot, takes back an installation that a power cut interrupted."""

STATE = "var-lib-gpiobridge-state.mount"
"""Mounts `STATE_FOLDER`."""

STATE_FOLDER = "/var/lib/gpiobridge/state"
"""The folder that stays writable while the SD card is read-only."""

EXHIBIT = "/etc/gpiobridge"
"""The exhibit that the installed service shows."""

CONFIG = f"{EXHIBIT}/config.toml"
"""Its configuration."""


def has_systemd(root: Path) -> bool:
    """Tell whether the machine was booted with systemd (sd_booted(3))."""
    return (root / "run/systemd/system").exists()


def bare(name: str) -> str:
    """Return a service's name without ".service", which `systemctl` and `journalctl` add.

    Args:
        name: the name of the unit, such as "gpiobridge.service".
    """
    return name.removesuffix(".service")


_PROPERTIES = (
    "Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "StatusText",
    "NRestarts", "LimitNOFILE", "ExecStart",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as systemd sees it; the words are systemd's (systemctl(1)).

    Args:
        name: its name, such as "gpiobridge.service".
        load: "loaded", or "not-found".
        active: "active", "inactive", "activating" or "failed".
        sub: a detail such as "running", "listening" or "auto-restart".
        enabled: "enabled" if it starts at boot, "disabled" if not, or other words.
        result: why it last ended; "success" if it did not fail.
        status: the last status that it sent to systemd.
        restarts: how often systemd has restarted it.
        files: how many files it may open, as systemd writes it.
        command: the command that it runs, as systemd writes it.
    """

    name: str
    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    enabled: str = ""
    result: str = "success"
    status: str = ""
    restarts: int = 0
    files: str = ""
    command: str = ""

    @property
    def installed(self) -> bool:
        """Whether systemd knows the unit."""
        return self.load not in ("", "not-found")

    @property
    def starts_at_boot(self) -> bool:
        """Whether the unit is enabled, permanently or until the next boot."""
        return self.enabled.startswith("enabled")

    @property
    def config(self) -> Path | None:
        """The configuration that its command names, if any."""
        found = re.search(r"--config[ =]([^\s;]+)", self.command)
        return Path(found[1]) if found else None


def find_units(root: Path, run: Run) -> dict[str, Unit] | None:
    """Ask systemd for our units, installed or not; return None without systemd.

    Args:
        root: the machine's file system.
        run: runs a command.
    """
    if not has_systemd(root):
        return None
    names = (SERVICE, SOCKET, KIOSK)
    told = run(["systemctl", "show", *names, f"--property={','.join(_PROPERTIES)}"])
    if told is None:
        return None
    found = {name: Unit(name) for name in names}
    for block in told.strip().split("\n\n"):
        values = dict(row.split("=", 1) for row in block.splitlines() if "=" in row)
        restarts = values.get("NRestarts", "")
        unit = Unit(
            values.get("Id", ""),
            values.get("LoadState", ""),
            values.get("ActiveState", ""),
            values.get("SubState", ""),
            values.get("UnitFileState", ""),
            values.get("Result", ""),
            values.get("StatusText", ""),
            int(restarts) if restarts.isdigit() else 0,
            values.get("LimitNOFILE", ""),
            values.get("ExecStart", ""),
        )
        found[unit.name] = unit
    return found


def config_of(found: Mapping[str, Unit] | None) -> Path | None:
    """Return the configuration of the installed service; None if no service is installed."""
    return None if found is None else found[SERVICE].config


def installed_config(root: Path = Path("/"), run: Run = run_command) -> Path | None:
    """Find the configuration of the installed service; return None if no service is installed.

    Args:
        root: the machine's file system.
        run: runs a command.
    """
    return config_of(find_units(root, run))
