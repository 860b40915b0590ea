"""Compare what is installed with what is wanted, and return the steps of an installation.

Pure: this module reads, writes and starts nothing. So ``--dry-run`` shows exactly what a real run
carries out, and every refusal comes before anything has changed.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gpiobridge.errors import InstallError
from gpiobridge.install.hindrances import (
    refuse_bare_kiosk,
    refuse_changed,
    refuse_foreign,
    refuse_full_disk,
    refuse_lost,
    refuse_no_overlay,
    refuse_used_port,
)
from gpiobridge.install.present import Present
from gpiobridge.install.steps import (
    CONFIG,
    EXHIBIT,
    PINS,
    READERS,
    UNITS,
    Backup,
    Build,
    Check,
    File,
    LinkCommand,
    MakeAccount,
    MakeGroup,
    Permit,
    Place,
    Remember,
    Remove,
    SetOverlay,
    Start,
    Step,
    Switch,
    Systemctl,
    Tidy,
)
from gpiobridge.system.overlay import Overlay
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET, STATE


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an installation wants.

    Args:
        version: gpiobridge's version, such as ``0.1.0``.
        fingerprint: the copy's fingerprint; equal copies have equal ones.
        packages: how many packages are copied along with gpiobridge.
        size: the size of the copy, in bytes.
        config: the path of the configuration to check.
        exhibit: the files for ``/etc/gpiobridge``; None leaves that folder as it is.
        units: the units and their drop-ins.
        address: the address on which systemd will listen, for messages.
        kiosk: whether the kiosk's unit is among the units.
        read_only: whether to make the card read-only from the next boot on.
    """

    version: str
    fingerprint: str
    packages: int
    size: int
    config: str
    exhibit: tuple[File, ...] | None
    units: tuple[File, ...]
    address: str
    kiosk: bool = False
    read_only: bool = False

    @property
    def files(self) -> tuple[File, ...]:
        """All files to place."""
        return (*(self.exhibit or ()), *self.units)

    @property
    def at_boot(self) -> tuple[str, ...]:
        """The units to start at boot, except the kiosk's."""
        names = {posixpath.basename(file.path) for file in self.units}
        return (SOCKET, SERVICE, *(unit for unit in (RECOVER, STATE) if unit in names))


def plan_install(
    present: Present, wanted: Wanted, *, replace: bool, today: str
) -> tuple[Step, ...]:
    """Plan an installation or an upgrade.

    Args:
        present: what is installed now.
        wanted: what is wanted.
        replace: whether to overwrite files that someone has changed, after a backup.
        today: the date, for the backup's name.

    Returns:
        The steps in their order; no steps if everything is as wanted.

    Raises:
        InstallError: the installation is refused; nothing has changed.
    """
    refuse_foreign(present)
    refuse_used_port(present, wanted.address)
    if wanted.kiosk:
        refuse_bare_kiosk(present)
    if wanted.read_only:
        refuse_no_overlay(present.overlay)
    changes = _Changes.of(present, wanted.files, stale=_stale(present, wanted))
    if not replace:
        refuse_changed(changes.by_hand)
    live = _copy_to_run(present, wanted)
    build, switch = live not in present.versions, live != present.live
    refuse_full_disk(present, (wanted.size if build else 0) + changes.size)
    steps: list[Step] = [MakeGroup(name) for name in (PINS, READERS) if name not in present.groups]
    if build:
        steps.append(_build(live, wanted))
    if switch:
        steps.append(Check(live, wanted.config))
    steps += _placing(present, changes, today)
    if not present.config_readable and CONFIG not in {file.path for file in changes.place}:
        steps.append(Permit(CONFIG))
    if switch:
        steps.append(Switch(live, present.live))
    restart = bool(steps)
    if not present.command:
        steps.append(LinkCommand())
    steps += _starting(present, changes, wanted.at_boot, restart=restart, kiosk=wanted.kiosk)
    steps += _tidying(present, {live, present.live if switch else present.previous})
    if wanted.read_only and not present.overlay.next_boot:
        steps.append(SetOverlay(True, present.overlay.raspi_config))
    refuse_lost(present, steps)
    return tuple(steps)


def plan_rollback(
    present: Present, units: tuple[File, ...], *, replace: bool, today: str
) -> tuple[Step, ...]:
    """Plan the return to the copy that was live before.

    Args:
        present: what is installed now.
        units: that copy's units.
        replace: whether to overwrite units that someone has changed, after a backup.
        today: the date, for the backup's name.

    Returns:
        The steps in their order.

    Raises:
        InstallError: there is no earlier copy, or someone has changed a unit.
    """
    if present.previous is None:
        raise InstallError("--rollback: there is no earlier copy to go back to")
    refuse_foreign(present)
    changes = _Changes.of(present, units)
    if not replace:
        refuse_changed(changes.by_hand)
    steps = [
        Check(present.previous, CONFIG),
        *_placing(present, changes, today),
        Switch(present.previous, present.live),
        *_starting(present, changes, restart=True, kiosk=False),
    ]
    refuse_lost(present, steps)
    return tuple(steps)


def plan_writable(overlay: Overlay) -> tuple[Step, ...]:
    """Plan how to make a read-only card writable; no steps if it is writable.

    Args:
        overlay: how the card is protected now.
    """
    # raspi-config can't make the boot partition writable while the overlay is in use.
    return (SetOverlay(False, overlay.raspi_config),) if overlay.next_boot else ()


@dataclass(frozen=True, slots=True)
class _Changes:
    """What will happen to each file.

    Args:
        wanted: all wanted files, with their digests.
        place: the files to write.
        stale: the files to remove.
        by_hand: the files to overwrite although someone has changed them.
    """

    wanted: Mapping[str, str]
    place: tuple[File, ...]
    stale: tuple[str, ...]
    by_hand: tuple[str, ...]

    @classmethod
    def of(cls, present: Present, files: tuple[File, ...], stale: tuple[str, ...] = ()) -> Self:
        """Compare the wanted files with those that exist."""
        found, placed = present.found, present.placed
        return cls(
            {file.path: file.digest for file in files},
            tuple(file for file in files if found.get(file.path) != file.digest),
            stale,
            tuple(
                file.path
                for file in files
                if found.get(file.path) not in (None, file.digest, placed.get(file.path))
            ),
        )

    @property
    def size(self) -> int:
        """The size of the files to write, in bytes."""
        return sum(file.size for file in self.place)

    @property
    def units(self) -> set[str]:
        """The units that change, by their names."""
        paths = (*(file.path for file in self.place), *self.stale)
        return {posixpath.basename(path) for path in paths if path.startswith(f"{UNITS}/")}


def _copy_to_run(present: Present, wanted: Wanted) -> str:
    """Name the copy to run: an existing one if it is the same, otherwise a new one."""
    same = [name for name, found in present.versions.items() if found == wanted.fingerprint]
    if present.live in same:
        return present.live
    return same[-1] if same else _next_name(present, wanted.version)


def _next_name(present: Present, version: str) -> str:
    numbers = [
        int(number)
        for name, _, number in (there.rpartition("-") for there in present.versions)
        if name == version and number.isdigit()
    ]
    return f"{version}-{max(numbers, default=0) + 1}"


def _build(name: str, wanted: Wanted) -> Build:
    packages = f" and {wanted.packages} packages" if wanted.packages else ""
    return Build(name, f"gpiobridge {wanted.version}{packages} ({(wanted.size >> 20) + 1} MB)")


def _stale(present: Present, wanted: Wanted) -> tuple[str, ...]:
    """List files that were placed, have not changed since, and are no longer wanted."""
    keep = {file.path for file in wanted.files}
    return tuple(
        path
        for path, digest in present.placed.items()
        if path not in keep
        and present.found.get(path) == digest
        and (wanted.exhibit is not None or not path.startswith(f"{EXHIBIT}/"))
    )


def _placing(present: Present, changes: _Changes, today: str) -> list[Step]:
    """Plan what happens to the files, with a backup of those that someone has changed."""
    placed = {path: digest for path, digest in present.placed.items() if path not in changes.stale}
    placed |= changes.wanted
    steps: list[Step] = []
    if changes.by_hand:
        steps.append(Backup.of(changes.by_hand, today))
    if changes.stale:  # first: a folder may replace a file, or a file a folder
        steps.append(Remove(changes.stale))
    if changes.place:
        steps.append(Place(changes.place))
    if placed != present.placed:
        steps.append(Remember(placed))
    return steps


def _starting(
    present: Present,
    changes: _Changes,
    at_boot: tuple[str, ...] = (SOCKET, SERVICE),
    *,
    restart: bool,
    kiosk: bool,
) -> list[Step]:
    """Plan the orders to systemd: read the units, start them at boot, start them now."""
    changed = changes.units
    steps: list[Step] = []
    if changed:
        steps.append(Systemctl(("daemon-reload",)))
    if not set(at_boot) <= present.enabled:
        steps.append(Systemctl(("enable", *at_boot)))
    if SOCKET in changed or SOCKET not in present.active:
        steps.append(Start((SOCKET, SERVICE)))
    elif restart or changed or SERVICE not in present.active:
        steps.append(Start((SERVICE,)))
    if kiosk and (KIOSK in changed or KIOSK not in present.enabled & present.active):
        steps += [MakeAccount(), Systemctl(("enable", KIOSK)), Systemctl(("restart", KIOSK))]
    elif KIOSK in present.enabled | present.active and any(isinstance(s, Start) for s in steps):
        # Its launcher belongs to the earlier copy and has read address and token only once.
        steps.append(Systemctl(("restart", KIOSK)))
    return steps


def _tidying(present: Present, keep: set[str | None]) -> list[Step]:
    older = tuple(name for name in present.versions if name not in keep)
    return [Tidy(older)] if older else []
