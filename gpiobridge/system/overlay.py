"""Whether this machine's disk is only read: Debian's overlayroot, which Raspberry Pi OS uses.

overlayroot mounts the root read-only and lays a file system in memory over it: what is written
there is gone with the next boot, and the power may be cut at any time. It is a script of the
initramfs, asked for by ``overlayroot=`` on the kernel's command line or in a file of ``/etc``.
``raspi-config`` writes the former, and mounts ``/boot/firmware`` read-only, too.

Reads files, starts nothing, imports nothing of ours; any thread. Sources: overlayroot 0.18 (its
``/etc/overlayroot.conf``), ``raspi-config`` of bookworm (its ``do_overlayfs``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOWER = "media/root-ro"
"""Where overlayroot mounts the real root."""

SETTING = "etc/overlayroot.local.conf"
"""Where Debian's own way says whether it is wanted."""

PACKAGED = "/etc/overlayroot.conf"
"""The package's own file, which says so, too, if somebody has written it there."""

_SCRIPT = "usr/share/initramfs-tools/scripts/init-bottom/overlayroot"
_TOOL = "usr/bin/raspi-config"
_COMMAND_LINES = ("boot/firmware/cmdline.txt", "boot/cmdline.txt")  # bookworm's place, older ones'
_FILES = (PACKAGED.lstrip("/"), SETTING)  # the last one that says something counts
_OFF = ("", "disabled")

# File systems that overlayroot leaves as they are.
_LEFT_ALONE = {"vfat", "fat", "proc", "sysfs", "sys", "tmpfs", "dev", "udev", "debugfs", "swap"}


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is known of it.

    Args:
        now: whether the root is read-only by it.
        next_boot: whether it will be after the next boot.
        package: whether it is installed.
        raspi_config: whether Raspberry Pi OS's own tool is there, which switches it.
        in_its_way: what ``/etc/fstab`` mounts beside the root, and `raspi_config` would make
            read-only, too. A boot may stop at it (raspberrypi/linux issue 6968).
    """

    now: bool = False
    next_boot: bool = False
    package: bool = False
    raspi_config: bool = False
    in_its_way: tuple[str, ...] = ()


def find_overlay(root: Path) -> Overlay:
    """Look at a machine.

    Args:
        root: its file system.
    """
    now = any(row.split()[:2] == ["overlayroot", "/"] for row in _lines(root / "proc/mounts"))
    real = root / LOWER if now else root  # what is in /etc now may be gone after the boot
    return Overlay(
        now=now,
        next_boot=_asked_for(root, real) not in _OFF,
        package=(root / _SCRIPT).is_file(),
        raspi_config=(root / _TOOL).is_file(),
        in_its_way=tuple(_mounted(real)),
    )


def _asked_for(root: Path, real: Path) -> str:
    """Return the value of ``overlayroot`` at the next boot: the command line's comes first."""
    own = next((path for name in _COMMAND_LINES if (path := root / name).is_file()), None)
    for word in reversed(" ".join(_lines(own or root / "proc/cmdline")).split()):
        if word.startswith("overlayroot="):
            return word.partition("=")[2].strip("\"'")
    told = ""
    for name in _FILES:
        for line in _lines(real / name):
            if found := re.match(r"\s*overlayroot=[\"']?([^\"'\s]*)", line):
                told = found[1]
    return told


def _mounted(real: Path) -> Iterator[str]:
    for line in _lines(real / "etc/fstab"):
        fields = line.split()
        if len(fields) < 4 or fields[0].startswith("#"):
            continue
        _, place, kind, options = fields[:4]
        if place != "/" and kind not in _LEFT_ALONE and "noauto" not in options.split(","):
            yield place


def _lines(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return []
