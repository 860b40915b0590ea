"""The first thing the guest runs: a small initrd that finds the disks and starts systemd.

Debian's own initrd takes half a minute under emulation. This one is written directly, as an
uncompressed cpio archive (kernel documentation, ``initramfs-buffer-format.rst``) of busybox, the
drivers the guest needs, and one script.
"""

import lzma
from pathlib import Path
from typing import BinaryIO

from .host import run

_DRIVERS = [
    "virtio_mmio", "virtio_blk", "crc32c_generic", "ext4", "overlay", "virtio_net", "virtio_rng",
]  # fmt: skip
_FOLDERS = ["bin", "dev", "proc", "sys", "new", "modules", "run", "scripts", "tmp"]

_FOLDER = 0o040755
_PROGRAM = 0o100755
_FILE = 0o100644
_DEVICE = 0o020600
_CONSOLE = (5, 1)  # major and minor number of /dev/console

# QEMU gives each disk a serial number, because the order of the drives is not defined.
_INIT = r"""#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for driver in /modules/*.ko; do insmod "$driver"; done

tries=0
while [ $tries -lt 200 ]; do
  for disk in /sys/block/vd*; do
    [ -e "$disk/serial" ] && case "$(cat $disk/serial)" in
      root) ROOT=/dev/${disk##*/} ;;
      app) APP=/dev/${disk##*/} ;;
    esac
  done
  [ -n "$ROOT" ] && [ -n "$APP" ] && break
  usleep 50000
  tries=$((tries + 1))
done
mount -t ext4 -o ro "$ROOT" /new || exec sh
# Debian's own script, run as its initramfs does: it may lay memory over what is mounted there.
scripts=/new/usr/share/initramfs-tools/scripts
cp $scripts/functions /scripts/
quiet=y rootmnt=/new ROOT="$ROOT" sh $scripts/init-bottom/overlayroot </dev/null
grep -q '^overlayroot /new ' /proc/mounts || mount -o remount,rw /new
mount -t ext4 -o ro "$APP" /new/opt/app || exec sh

# The address that QEMU's user network always gives its guest.
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2

mount -t tmpfs -o mode=755 tmpfs /new/run
units=/new/run/systemd/system
mkdir -p $units/multi-user.target.wants
for unit in /new/opt/app/*.service; do
  [ -e "$unit" ] || continue
  cp "$unit" $units/
  ln -s "../${unit##*/}" $units/multi-user.target.wants/
done
for tree in proc sys dev; do mount -o move /$tree /new/$tree; done
exec switch_root /new /sbin/init
"""


def write_initrd(kernel_tree: Path, busybox: Path, target: Path) -> None:
    """Write the guest's initrd.

    Args:
        kernel_tree: an unpacked Debian kernel package, with ``lib/modules/<version>``.
        busybox: a statically linked busybox for arm64.
        target: the file to write.
    """
    modules = next((kernel_tree / "lib/modules").iterdir())
    run("depmod", "-b", kernel_tree, modules.name)
    with target.open("wb") as file:
        archive = _Archive(file)
        for folder in _FOLDERS:
            archive.add(folder, _FOLDER)
        archive.add("dev/console", _DEVICE, device=_CONSOLE)
        archive.add("bin/busybox", _PROGRAM, busybox.read_bytes())
        for place, path in enumerate(_load_order(modules)):
            body = (modules / path).read_bytes()
            if path.endswith(".xz"):
                body = lzma.decompress(body)
            archive.add(f"modules/{place:02}-{_module_name(path)}.ko", _FILE, body)
        archive.add("init", _PROGRAM, _INIT.encode())
        archive.add("TRAILER!!!", 0)


class _Archive:
    """Writes entries of a cpio archive in the format "newc"."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inode = 0

    def add(
        self, name: str, mode: int, body: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        """Append one entry, owned by root."""
        self._inode += 1
        path = name.encode() + b"\0"
        links, owner, group, changed, checksum = 1, 0, 0, 0, 0
        place = (0, 0)  # the device the file came from: none
        fields = [self._inode, mode, owner, group, links, changed, len(body), *place, *device]
        fields += [len(path), checksum]
        head = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._file.write(_padded(head + path) + _padded(body))


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _load_order(modules: Path) -> list[str]:
    """Return the drivers' files, each after those it depends on."""
    needs: dict[str, tuple[str, list[str]]] = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[_module_name(path)] = (path, rest.split())
    order: list[str] = []

    def add(name: str) -> None:
        if name not in needs:  # built into the kernel
            return
        path, before = needs[name]
        for other in reversed(before):
            add(_module_name(other))
        if path not in order:
            order.append(path)

    for driver in _DRIVERS:
        add(driver)
    return order


def _module_name(path: str) -> str:
    return path.rsplit("/", 1)[-1].split(".ko")[0].replace("-", "_")
