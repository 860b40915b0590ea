"""Detect a read-only disk: Debian's overlayroot, which Raspberry Pi OS uses.

overlayroot mounts the root read-only and puts a file system in memory over it. Anything written
there is lost at the next boot, and the power may be cut at any time. overlayroot is a script of the
initramfs. ``overlayroot=`` on the kernel's command line or in a file in ``/etc`` switches it on.
``raspi-config`` uses the command line, and also mounts ``/boot/firmware`` read-only.

Reads files, starts nothing, imports nothing of ours. Any thread. Sources: overlayroot 0.18 (its
``/etc/overlayroot.conf``), ``raspi-config`` of bookworm (its ``do_overlayfs``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOWER = "media/root-ro"
"""Where overlayroot mounts the real root."""

SETTING = "etc/overlayroot.local.conf"
"""The file that Debian's own way to switch it on writes."""

PACKAGED = "/etc/overlayroot.conf"
"""The package's own file; somebody may have written the setting there."""

_SCRIPT = "usr/share/initramfs-tools/scripts/init-bottom/overlayroot"
_TOOL = "usr/bin/raspi-config"
_COMMAND_LINES = ("boot/firmware/cmdline.txt", "boot/cmdline.txt")  # since bookworm; before it
_FILES = (PACKAGED.lstrip("/"), SETTING)  # the last file with a setting wins
_OFF = ("", "disabled")

# File systems that overlayroot leaves as they are.
_LEFT_ALONE = {"vfat", "fat", "proc", "sysfs", "sys", "tmpfs", "dev", "udev", "debugfs", "swap"}


@dataclass(frozen=True, slots=True)
class Overlay:
    """The state of overlayroot on a machine.

    Args:
        now: whether overlayroot keeps the root read-only now.
        next_boot: whether it will do so after the next boot.
        package: whether it is installed.
        raspi_config: whether raspi-config, which switches it, is there.
        in_its_way: other places that ``/etc/fstab`` mounts. `raspi_config` would make them
            read-only, too, and a boot may stop there (raspberrypi/linux issue 6968).
    """

    now: bool = False
    next_boot: bool = False
    package: bool = False
    raspi_config: bool = False
    in_its_way: tuple[str, ...] = ()


def find_overlay(root: Path) -> Overlay:
    """Find the state of overlayroot on a machine.

    Args:
        root: the machine's file system.
    """
    now = any(row.split()[:2] == ["overlayroot", "/"] for row in _lines(root / "proc/mounts"))
    real = root / LOWER if now else root  # changes in the overlay's /etc are lost at the next boot
    return Overlay(
        now=now,
        next_boot=_asked_for(root, real) not in _OFF,
        package=(root / _SCRIPT).is_file(),
        raspi_config=(root / _TOOL).is_file(),
        in_its_way=tuple(_mounted(real)),
    )


def _asked_for(root: Path, real: Path) -> str:
    """Return the value of ``overlayroot`` at the next boot; the command line comes first."""
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
