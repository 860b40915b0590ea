"""The reasons to refuse an installation, each before anything has changed.

Pure. Each function here does nothing, or raises an `InstallError` that gives the remedy.
"""

from collections.abc import Sequence

from gpiobridge.errors import InstallError
from gpiobridge.install.present import Present
from gpiobridge.install.steps import HOME, SetOverlay, Step, listed
from gpiobridge.system.overlay import Overlay

_SPARE = 8 << 20  # bytes that must stay free on the disk


def refuse_used_port(present: Present, address: str) -> None:
    """Refuse a port on which another program listens.

    Args:
        present: what is installed now.
        address: the address on which systemd would listen, for the message.
    """
    if present.port_taken:
        raise InstallError(
            f"{address} is in use: stop the other program, or choose another server.port "
            "(`sudo ss -ltnp` names the program; perhaps it is `gpiobridge run` in a terminal)"
        )


def refuse_bare_kiosk(present: Present) -> None:
    """Refuse a kiosk without the programs that it needs."""
    if present.missing:
        raise InstallError(
            f"--kiosk: {' and '.join(present.missing)} not found on this machine: "
            f"sudo apt install --no-install-recommends {' '.join(present.missing)}"
        )


def refuse_no_overlay(overlay: Overlay) -> None:
    """Refuse a read-only card where no package provides it, or where the next boot may stop."""
    if not overlay.package:
        raise InstallError(
            "--read-only: the package overlayroot is not installed (it protects the card on "
            "Raspberry Pi OS and Debian): sudo apt install overlayroot, then run this again"
        )
    if overlay.raspi_config and overlay.in_its_way:
        raise InstallError(
            f"--read-only: /etc/fstab mounts {listed(overlay.in_its_way)}. Raspberry Pi OS's "
            "overlay would make it read-only, too, and a boot may stop at it: take it out of "
            "/etc/fstab (a systemd mount unit does the same, and the overlay leaves it alone)"
        )


def refuse_foreign(present: Present) -> None:
    """Refuse a place that already contains something from others."""
    if present.foreign:
        own = f"{HOME}.own"
        raise InstallError(
            f"{listed(present.foreign)} was not made by `gpiobridge install`, so it stays: move it "
            f"away with sudo mv {HOME} {own}, then run this again "
            f"(if you ran this from there, use {own}/bin/python -m gpiobridge)"
        )


def refuse_changed(changed: Sequence[str]) -> None:
    """Refuse to overwrite files that someone has changed.

    Args:
        changed: the paths of these files.
    """
    if changed:
        raise InstallError(
            f"someone has changed {listed(changed, shown=len(changed))}: nothing was installed; "
            "--replace overwrites the changes and keeps a backup"
        )


def refuse_full_disk(present: Present, size: int) -> None:
    """Refuse a disk that is too full.

    Args:
        present: what is installed now.
        size: the size of all that will be written, in bytes.
    """
    needed = size + _SPARE
    if needed > present.free:
        raise InstallError(
            f"the disk has {present.free >> 20} MB left, but {(needed >> 20) + 1} MB are needed: "
            "free some space first"
        )


def refuse_lost(present: Present, steps: Sequence[Step]) -> None:
    """Refuse changes that the next boot would undo; only the overlay's own switch lasts."""
    if present.overlay.now and any(not isinstance(step, SetOverlay) for step in steps):
        raise InstallError(
            "this machine's card is read-only, so the next boot would undo the change: "
            "make it writable first, with `install --writable` and `sudo reboot`"
        )
