"""What is there and what is wanted in, a list of steps out: what an installation would do.

Pure: nothing is read, written or started here, so ``--dry-run`` shows exactly what a real run
carries out, and whatever speaks against it is said before anything has been changed.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gpiobridge.errors import InstallError
from gpiobridge.install.steps import (
    CONFIG,
    EXHIBIT,
    HOME,
    PINS,
    READERS,
    STATE,
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
    RemoveHome,
    SetOverlay,
    Start,
    Step,
    Switch,
    Systemctl,
    Tidy,
    listed,
)
from gpiobridge.system.overlay import Overlay
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET

OURS = (KIOSK, SERVICE, SOCKET, RECOVER, STATE)
"""The units that `install` may have placed, in the order in which they are stopped."""

_SPARE = 8 << 20  # bytes that must be left on the disk


@dataclass(frozen=True, slots=True)
class Present:
    """What is there.

    Args:
        versions: the copies in ``/opt/gpiobridge/versions``, each with its fingerprint.
        live: the copy that runs, if there is one.
        previous: the copy to go back to, if there is one.
        placed: what was placed before: path to digest.
        found: the files that are there now, of those placed or wanted, and our units: path to
            digest.
        enabled: the units that start at boot.
        active: the units that run.
        groups: those of our groups that exist.
        missing: programs that a kiosk needs and that aren't installed.
        config_readable: whether the service may read the configuration that is there.
        command: where ``/usr/local/bin/gpiobridge`` leads: "" if there is none, "other" if it is
            no link of ours.
        port_taken: whether another program listens on the wanted address.
        free: room on the disk of ``/opt``, in bytes.
        foreign: what lies in the place of our links to copies and is no link.
        overlay: whether the card is only read.
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted.

    Args:
        version: gpiobridge's own, such as ``0.1.0``.
        fingerprint: of the copy; equal copies have equal ones.
        packages: how many packages are copied along.
        size: of the copy, in bytes.
        config: the configuration to check.
        exhibit: the files of ``/etc/gpiobridge``; None leaves it as it is.
        units: the units and their drop-ins.
        address: where systemd will listen, for messages.
        kiosk: whether the kiosk's unit is among the units.
        read_only: whether the card is to be only read from the next boot on.
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


def plan_install(
    present: Present, wanted: Wanted, *, replace: bool, today: str
) -> tuple[Step, ...]:
    """Plan an installation or an upgrade.

    Args:
        present: what is there.
        wanted: what is wanted.
        replace: overwrite what someone has changed, after a backup.
        today: the date, for the backup's name.

    Returns:
        The steps in their order; none if all is as wanted.

    Raises:
        InstallError: something speaks against it; nothing has been changed.
    """
    _refuse_foreign(present)
    if present.port_taken:
        raise InstallError(
            f"{wanted.address} is in use: stop the other program (`sudo ss -ltnp` names it; "
            "`gpiobridge run` in a terminal, perhaps), or choose another server.port"
        )
    if wanted.kiosk and present.missing:
        raise InstallError(
            f"--kiosk: {' and '.join(present.missing)} not found on this machine: "
            f"sudo apt install --no-install-recommends {' '.join(present.missing)}"
        )
    if wanted.read_only:
        _require_overlay(present.overlay)
    files = (*(wanted.exhibit or ()), *wanted.units)
    changed = _changed(present, files)
    if changed and not replace:
        raise InstallError(_refusal(changed))
    place = _to_place(present, files)
    copies = [name for name, found in present.versions.items() if found == wanted.fingerprint]
    build = not copies
    if present.live in copies:
        live = present.live
    else:
        live = copies[-1] if copies else _next_name(present, wanted.version)
    switch = live != present.live
    needed = (wanted.size if build else 0) + sum(file.size for file in place) + _SPARE
    if needed > present.free:
        raise InstallError(
            f"the disk has {present.free >> 20} MB left and {(needed >> 20) + 1} MB are needed: "
            "free some room first"
        )
    stale = _stale(present, wanted)
    steps: list[Step] = []
    steps += [MakeGroup(name) for name in (PINS, READERS) if name not in present.groups]
    if build:
        packages = f" and {wanted.packages} packages" if wanted.packages else ""
        what = f"gpiobridge {wanted.version}{packages} ({(wanted.size >> 20) + 1} MB)"
        steps.append(Build(live, what))
    if switch:
        steps.append(Check(live, wanted.config))
    if changed:
        steps.append(_backup(changed, today))
    steps += _placing(present, files, place, stale)
    if not present.config_readable and CONFIG not in {file.path for file in place}:
        steps.append(Permit(CONFIG))
    if switch:
        steps.append(Switch(live, present.live))
    restart = bool(steps)
    if not present.command:
        steps.append(LinkCommand())
    ours = {posixpath.basename(file.path) for file in wanted.units}
    at_boot = (SOCKET, SERVICE, *(unit for unit in (RECOVER, STATE) if unit in ours))
    steps += _starting(present, place, stale, at_boot, restart=restart, kiosk=wanted.kiosk)
    steps += _tidying(present, {live, present.live if switch else present.previous})
    if wanted.read_only and not present.overlay.next_boot:
        steps.append(SetOverlay(True, present.overlay.raspi_config))
    return _lasting(present, steps)


def plan_rollback(
    present: Present, units: tuple[File, ...], *, replace: bool, today: str
) -> tuple[Step, ...]:
    """Plan the way back to the copy that was live before.

    Args:
        present: what is there.
        units: that copy's units.
        replace: overwrite units that someone has changed, after a backup.
        today: the date, for the backup's name.

    Returns:
        The steps in their order.

    Raises:
        InstallError: there is nothing to go back to, or someone has changed a unit.
    """
    if present.previous is None:
        raise InstallError("there is no earlier copy to go back to")
    _refuse_foreign(present)
    changed = _changed(present, units)
    if changed and not replace:
        raise InstallError(_refusal(changed))
    place = _to_place(present, units)
    steps: list[Step] = [Check(present.previous, CONFIG)]
    if changed:
        steps.append(_backup(changed, today))
    steps += _placing(present, units, place, ())
    steps.append(Switch(present.previous, present.live))
    return _lasting(present, [*steps, *_starting(present, place, (), restart=True, kiosk=False)])


def plan_writable(overlay: Overlay) -> tuple[Step, ...]:
    """Plan the way back from a card that is only read; no steps if there is nothing to do.

    Args:
        overlay: what is there.
    """
    # raspi-config can't make the boot partition writable while the overlay is in use.
    return (SetOverlay(False, overlay.raspi_config),) if overlay.next_boot else ()


def plan_uninstall(present: Present, *, today: str) -> tuple[Step, ...]:
    """Plan the removal of all but the exhibit; no steps if nothing is installed."""
    units = tuple(path for path in present.placed if not path.startswith(f"{EXHIBIT}/"))
    there = tuple(path for path in units if path in present.found)
    changed = [path for path in there if present.found[path] != present.placed[path]]
    kept = {path: digest for path, digest in present.placed.items() if path not in units}
    # Without its record, too, nothing of ours may go on running or start at boot.
    named, lost = [], []
    for unit in OURS:
        path, runs = f"{UNITS}/{unit}", unit in present.active
        if path in there or unit in present.enabled or (runs and path in present.found):
            named.append(unit)
        elif runs:
            lost.append(unit)  # its file is gone, and systemd disables no such unit
    steps: list[Step] = []
    if named:
        steps.append(Systemctl(("disable", "--now", *named)))
    if lost:
        steps.append(Systemctl(("stop", *lost)))
    if changed:
        steps.append(_backup(changed, today))
    if units:
        steps += [Remove(there), Remember(kept), Systemctl(("daemon-reload",))]
    ours = present.command not in ("", "other") and f"{HOME}/bin" not in present.foreign
    if present.versions or present.live or ours:
        steps.append(RemoveHome(ours))
    return _lasting(present, steps)


def left_by_uninstall(present: Present) -> tuple[str, ...]:
    """List units that stay, for nothing tells that install has placed them."""
    units = (f"{UNITS}/{unit}" for unit in OURS)
    return tuple(path for path in units if path in present.found and path not in present.placed)


def _lasting(present: Present, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Refuse to change what would be as before after the next boot."""
    steps = tuple(steps)
    if steps and present.overlay.now:
        raise InstallError(
            "this machine's card is only read, and what is changed now is gone with the next boot: "
            "make it writable first, with `install --writable` and `sudo reboot`"
        )
    return steps


def _require_overlay(overlay: Overlay) -> None:
    if not overlay.package:
        raise InstallError(
            "--read-only: the package overlayroot is not installed, which protects the card on "
            "Raspberry Pi OS and Debian: sudo apt install overlayroot, then run this again"
        )
    if overlay.raspi_config and overlay.in_its_way:
        raise InstallError(
            f"--read-only: /etc/fstab mounts {listed(overlay.in_its_way)}, which Raspberry Pi OS's "
            "overlay would make read-only, too, and a boot may stop at it: take it out of "
            "/etc/fstab (a mount unit of systemd does the same, and is left alone)"
        )


def _refuse_foreign(present: Present) -> None:
    if present.foreign:
        own = f"{HOME}.own"
        raise InstallError(
            f"{listed(present.foreign)} is not of `gpiobridge install`, and stays: move it away "
            f"with sudo mv {HOME} {own}, then run this again "
            f"(with {own}/bin/python -m gpiobridge, if it is an environment that you ran it from)"
        )


def _next_name(present: Present, version: str) -> str:
    numbers = [
        int(number)
        for name, _, number in (there.rpartition("-") for there in present.versions)
        if name == version and number.isdigit()
    ]
    return f"{version}-{max(numbers, default=0) + 1}"


def _changed(present: Present, files: Iterable[File]) -> list[str]:
    """List what would be overwritten although someone has changed it."""
    return [
        file.path
        for file in files
        if present.found.get(file.path) not in (None, file.digest, present.placed.get(file.path))
    ]


def _refusal(changed: list[str]) -> str:
    return (
        f"someone has changed {listed(changed, shown=len(changed))}: nothing was installed; "
        "--replace overwrites, and keeps a backup"
    )


def _to_place(present: Present, files: Iterable[File]) -> tuple[File, ...]:
    return tuple(file for file in files if present.found.get(file.path) != file.digest)


def _stale(present: Present, wanted: Wanted) -> tuple[str, ...]:
    """List files that were placed, are as they were placed, and aren't wanted any longer."""
    keep = {file.path for file in (*(wanted.exhibit or ()), *wanted.units)}
    return tuple(
        path
        for path, digest in present.placed.items()
        if path not in keep
        and present.found.get(path) == digest
        and (wanted.exhibit is not None or not path.startswith(f"{EXHIBIT}/"))
    )


def _backup(changed: list[str], today: str) -> Backup:
    units = tuple(path for path in changed if not path.startswith(f"{EXHIBIT}/"))
    return Backup(f"{EXHIBIT}.backup-{today}", units)


def _placing(
    present: Present, files: tuple[File, ...], place: tuple[File, ...], stale: tuple[str, ...]
) -> list[Step]:
    placed = {path: digest for path, digest in present.placed.items() if path not in stale}
    placed |= {file.path: file.digest for file in files}
    steps: list[Step] = []
    if stale:  # first: a file may be where a folder comes, and the other way round
        steps.append(Remove(stale))
    if place:
        steps.append(Place(place))
    if placed != present.placed:
        steps.append(Remember(placed))
    return steps


def _starting(
    present: Present,
    place: tuple[File, ...],
    stale: tuple[str, ...],
    at_boot: tuple[str, ...] = (SOCKET, SERVICE),
    *,
    restart: bool,
    kiosk: bool,
) -> list[Step]:
    """Plan what systemd is told: to read the units, to start them at boot, to start them now."""
    paths = (*(file.path for file in place), *stale)
    changed = {posixpath.basename(path) for path in paths if path.startswith(f"{UNITS}/")}
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
        # Its launcher has read the address and the token once, and is of the copy before.
        steps.append(Systemctl(("restart", KIOSK)))
    return steps


def _tidying(present: Present, keep: set[str | None]) -> list[Step]:
    older = tuple(name for name in present.versions if name not in keep)
    return [Tidy(older)] if older else []
