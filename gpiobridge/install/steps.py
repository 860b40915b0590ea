"""The steps of an installation, each with the sentence that describes it.

Each step is a frozen dataclass with its own type. `plan` chooses the steps and `carry_out` carries
them out. Both ``--dry-run`` and a real run show them. Paths are those of the machine, as text.
Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gpiobridge.kiosk import chromium_policy
from gpiobridge.system import parts, run_key, units
from gpiobridge.system.overlay import SETTING
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET, STATE, bare

HOME = parts.HOME
LINKS = ("live", "previous", "bin")
"""The links to copies, in `HOME`."""
EXHIBIT = units.EXHIBIT
CONFIG = units.CONFIG
UNITS = "/etc/systemd/system"
COMMAND = "/usr/local/bin/gpiobridge"
RECORD = "/var/lib/gpiobridge/installed.json"
ACCOUNTS = f"/etc/sysusers.d/{bare(KIOSK)}.conf"
KEYBOARD = {
    "gpiobridge-keyboard.rules": "/etc/xkb/rules/gpiobridge",
    "gpiobridge-keyboard.symbols": "/etc/xkb/symbols/gpiobridge",
}
"""The kiosk's keyboard; libxkbcommon looks here before it looks in the system's own folder."""
OVERLAY_CONFIG = f"/{SETTING}"
OVERLAY_LINE = 'overlayroot="tmpfs:recurse=0"'
"""It protects only the root file system: other disks, and so the boot, are not affected."""
PINS = "gpio"
"""The group that owns the pins."""
READERS = run_key.KIOSKS
"""The group that may read the configuration, which may contain a token."""

OURS = (KIOSK, SERVICE, SOCKET, RECOVER, STATE)
"""The units that `install` may have placed, in the order in which they are stopped."""

POLICY = chromium_policy.FILE
"""The policy of the kiosk's browser, which the kiosk's unit writes."""

_SHOWN = 3  # a sentence names this many files


@dataclass(frozen=True, slots=True)
class File:
    """A file to place.

    Args:
        path: its path on the machine.
        digest: the SHA-256 of its content, in hexadecimal.
        size: its size, in bytes.
        source: the content: a file, or the bytes themselves.
        mode: its permissions.
        group: the group that owns it.
    """

    path: str
    digest: str
    size: int
    source: Path | bytes = field(repr=False)
    mode: int = 0o644
    group: str = "root"


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """Make a system group."""

    name: str

    def __str__(self) -> str:
        return f"make the group {self.name}"


@dataclass(frozen=True, slots=True)
class MakeAccount:
    """Make the kiosk's account."""

    def __str__(self) -> str:
        return f"systemd-sysusers {ACCOUNTS}"


@dataclass(frozen=True, slots=True)
class Build:
    """Copy the running installation."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"copy {self.what} to {HOME}/versions/{self.name}"


@dataclass(frozen=True, slots=True)
class Check:
    """Check a configuration with a copy."""

    name: str
    config: str

    def __str__(self) -> str:
        return f"check {self.config} with the copy {self.name}"


@dataclass(frozen=True, slots=True)
class Backup:
    """Keep the exhibit, and units that someone has changed, as they are now."""

    target: str
    units: tuple[str, ...] = ()

    @classmethod
    def of(cls, changed: Iterable[str], today: str) -> Self:
        """Make the step for files that someone has changed.

        Args:
            changed: their paths.
            today: the date, for the backup's name.
        """
        units = tuple(path for path in changed if not path.startswith(f"{EXHIBIT}/"))
        return cls(f"{EXHIBIT}.backup-{today}", units)

    def __str__(self) -> str:
        more = f" and {listed(self.units)}" if self.units else ""
        return f"back up {EXHIBIT}{more} to {self.target}"


@dataclass(frozen=True, slots=True)
class Place:
    """Write files, each wholly or not at all."""

    files: tuple[File, ...]

    def __str__(self) -> str:
        return f"write {listed([file.path for file in self.files])}"


@dataclass(frozen=True, slots=True)
class Permit:
    """Let the service read the configuration."""

    path: str

    def __str__(self) -> str:
        return f"let the group {READERS} read {self.path}"


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove files that were placed."""

    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove {listed(self.paths)}"


@dataclass(frozen=True, slots=True)
class Remember:
    """Record what was placed, to find later what someone has changed."""

    placed: Mapping[str, str]

    def __str__(self) -> str:
        return f"record in {RECORD} what was placed"


@dataclass(frozen=True, slots=True)
class Switch:
    """Make a copy the live one."""

    live: str
    previous: str | None

    def __str__(self) -> str:
        back = f"; {self.previous} stays for --rollback" if self.previous else ""
        return f"make {self.live} the live copy{back}"


@dataclass(frozen=True, slots=True)
class LinkCommand:
    """Make ``sudo gpiobridge`` work."""

    def __str__(self) -> str:
        return f"link {COMMAND} to the live copy"


@dataclass(frozen=True, slots=True)
class Systemctl:
    """Give systemd an order."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"systemctl {' '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Start:
    """Start or restart units, and wait until the service is ready."""

    units: tuple[str, ...]

    def __str__(self) -> str:
        return f"systemctl restart {' '.join(self.units)}, and wait until it is ready"


@dataclass(frozen=True, slots=True)
class Tidy:
    """Remove copies that are no longer needed."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove the older copies {', '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class RemoveHome:
    """Remove every copy, and the command's link if it is ours; nothing else in `HOME`."""

    command: bool

    def __str__(self) -> str:
        return f"remove the copies in {HOME}{f' and {COMMAND}' if self.command else ''}"


@dataclass(frozen=True, slots=True)
class SetOverlay:
    """Switch the operating system's own overlay on or off, from the next boot on."""

    on: bool
    raspi_config: bool

    def __str__(self) -> str:
        if self.raspi_config:
            what = f"raspi-config nonint do_overlayfs {0 if self.on else 1}"
        else:
            what = f"{'write' if self.on else 'remove'} {OVERLAY_LINE} in {OVERLAY_CONFIG}"
        return (
            f"{what}: from the next boot on, the card is {'read-only' if self.on else 'writable'}"
        )


Step = (
    MakeGroup | MakeAccount | Build | Check | Backup | Place | Permit | Remove | Remember | Switch
    | LinkCommand | Systemctl | Start | Tidy | RemoveHome | SetOverlay
)  # fmt: skip


def listed(paths: Iterable[str], shown: int = _SHOWN) -> str:
    """Name the first files, and say how many more there are."""
    paths = tuple(paths)
    more = len(paths) - shown
    if more == 1:  # its name is no longer than "1 more"
        shown, more = shown + 1, 0
    return ", ".join(paths[:shown]) + (f" and {more} more" if more > 0 else "")
