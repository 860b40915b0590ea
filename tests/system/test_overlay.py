"""Whether a card is only read, as files of the system tell it: now, and after the next boot."""

from pathlib import Path

import pytest

from gpiobridge.errors import InstallError
from gpiobridge.install.target import TargetMachine
from gpiobridge.system.overlay import Overlay, find_overlay

SCRIPT = "usr/share/initramfs-tools/scripts/init-bottom/overlayroot"
OVERLAID = "overlayroot / overlay rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay 0 0\n"
CARD = "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n"
# As Raspberry Pi Imager leaves it; raspi-config adds ",ro" to the boot partition's options.
FSTAB = """\
proc            /proc           proc    defaults          0       0
PARTUUID=1234-01  /boot/firmware  vfat    defaults,ro     0       2
PARTUUID=1234-02  /               ext4    defaults,noatime  0       1
# a swapfile is not a swap partition, no line here
"""


def write(root: Path, path: str, text: str = "") -> None:
    """Write a file of a machine."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("files", "now", "next_boot"),
    [
        ({"proc/mounts": CARD}, False, False),
        # Raspberry Pi OS bookworm and trixie, before and after the boot, and on the way back.
        ({"proc/mounts": CARD, "boot/firmware/cmdline.txt": "overlayroot=tmpfs a=b"}, False, True),
        ({"proc/mounts": OVERLAID, "boot/firmware/cmdline.txt": "overlayroot=tmpfs"}, True, True),
        ({"proc/mounts": OVERLAID, "boot/firmware/cmdline.txt": "a=b"}, True, False),
        ({"proc/mounts": CARD, "boot/cmdline.txt": "overlayroot=tmpfs:recurse=0"}, False, True),
        # Debian: the file in /etc; while it is in use, only that of the real root counts.
        ({"etc/overlayroot.local.conf": 'overlayroot="tmpfs:recurse=0"\n'}, False, True),
        ({"etc/overlayroot.conf": "overlayroot_cfgdisk='disabled'\noverlayroot=''"}, False, False),
        ({"etc/overlayroot.local.conf": "# overlayroot=tmpfs"}, False, False),
        (
            {"etc/overlayroot.conf": "overlayroot=tmpfs", "etc/overlayroot.local.conf": ""},
            False, True,
        ),
        (
            {
                "etc/overlayroot.conf": "overlayroot=tmpfs",
                "etc/overlayroot.local.conf": "overlayroot=disabled",
            },
            False, False,
        ),
        ({"proc/mounts": OVERLAID, "etc/overlayroot.local.conf": "overlayroot=tmpfs"}, True, False),
        (
            {
                "proc/mounts": OVERLAID,
                "media/root-ro/etc/overlayroot.local.conf": "overlayroot=tmpfs",
            },
            True, True,
        ),
        # The kernel's command line wins.
        (
            {
                "proc/cmdline": "quiet overlayroot=disabled",
                "etc/overlayroot.local.conf": "overlayroot=tmpfs",
            },
            False, False,
        ),
        ({"proc/cmdline": 'overlayroot="" quiet'}, False, False),
        ({"proc/mounts": f"\ncut\n{OVERLAID}"}, True, False),
        # A container has an overlay, too, and no overlayroot.
        ({"proc/mounts": "overlay / overlay rw,lowerdir=/a,upperdir=/b 0 0\n"}, False, False),
    ],
)  # fmt: skip
def test_now_and_after_the_next_boot(
    tmp_path: Path, files: dict[str, str], now: bool, next_boot: bool
) -> None:
    """What is mounted tells the one, and what overlayroot will read the other (the plug)."""
    for path, text in files.items():
        write(tmp_path, path, text)
    found = find_overlay(tmp_path)
    assert (found.now, found.next_boot) == (now, next_boot)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("", ()),
        ("/dev/mmcblk0p3 /media/data exfat defaults,nofail 0 0", ("/media/data",)),
        ("LABEL=home /home ext4 defaults 0 2", ("/home",)),
        ("/srv/a /srv/b none bind 0 0", ("/srv/b",)),
        ("/dev/sda1 /media/usb ext4 noauto,user 0 0", ()),
        ("#/dev/sda1 /media/usb ext4 defaults 0 0", ()),
        ("/dev/mmcblk0p3 none swap sw 0 0", ()),
        ("tmpfs /tmp tmpfs defaults 0 0", ()),
    ],
)
def test_what_would_be_read_only_too(tmp_path: Path, line: str, place: tuple[str, ...]) -> None:
    """A further disk in /etc/fstab is in raspi-config's way; what is usual isn't (the plug)."""
    write(tmp_path, "etc/fstab", FSTAB + line + "\n")
    assert find_overlay(tmp_path).in_its_way == place


def test_who_can_switch_it(tmp_path: Path) -> None:
    """The package does the work; on Raspberry Pi OS its own tool switches it (the plug)."""
    assert find_overlay(tmp_path) == Overlay()
    write(tmp_path, SCRIPT)
    assert find_overlay(tmp_path) == Overlay(package=True)
    write(tmp_path, "usr/bin/raspi-config")
    assert find_overlay(tmp_path) == Overlay(package=True, raspi_config=True)


def test_on_debian_a_file_switches_it(tmp_path: Path) -> None:
    """On and off again leave what else stands in overlayroot's file, and no file of ours."""
    machine, place = TargetMachine(tmp_path), tmp_path / "etc/overlayroot.local.conf"
    machine.set_overlay(True, False)
    assert place.read_text() == 'overlayroot="tmpfs:recurse=0"\n'
    assert find_overlay(tmp_path).next_boot
    machine.set_overlay(False, False)
    assert not place.exists()
    place.write_text('overlayroot=disabled\noverlayroot_cfgdisk="LABEL=own"\n')
    machine.set_overlay(True, False)
    machine.set_overlay(False, False)
    assert place.read_text() == 'overlayroot_cfgdisk="LABEL=own"\n'


@pytest.mark.parametrize("before", ['overlayroot="tmpfs:recurse=0"\n', "# ours\n", None])
def test_below_the_overlay_it_is_switched_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    """While the card is only read, the package's own command goes below it (the plug)."""
    root, programs = tmp_path / "root", tmp_path / "programs"
    write(root, "proc/mounts", "overlayroot / overlay rw 0 0\n")
    place = root / "media/root-ro/etc/overlayroot.local.conf"
    place.parent.mkdir(parents=True)
    if before is not None:
        place.write_text(before)
    write(programs, "overlayroot-chroot")
    script = programs / "overlayroot-chroot"
    script.write_text(
        f'#!/bin/sh\nset -e\n[ "$1 $2" = "sh -c" ]\n'
        f'exec sh -c "$(echo "$3" | sed "s:/etc:{place.parent}:g")"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    machine = TargetMachine(root)
    others = "# ours\n" if before == "# ours\n" else ""
    for on, line in ((False, ""), (True, 'overlayroot="tmpfs:recurse=0"\n')) * 2:
        machine.set_overlay(on, False)
        assert (place.read_text() if place.exists() else "") == others + line


def test_what_else_stands_in_the_file_may_be_in_any_encoding(tmp_path: Path) -> None:
    """A comment in Latin-1 stays as it is (the plug)."""
    place = tmp_path / "etc/overlayroot.local.conf"
    place.parent.mkdir()
    place.write_bytes(b"# f\xfcr den Saal\n")
    TargetMachine(tmp_path).set_overlay(True, False)
    assert place.read_bytes() == b'# f\xfcr den Saal\noverlayroot="tmpfs:recurse=0"\n'


def test_the_packages_own_file_is_named(tmp_path: Path) -> None:
    """A line that somebody has put there keeps the card only read (the plug)."""
    write(tmp_path, "etc/overlayroot.conf", "overlayroot=tmpfs\n")
    with pytest.raises(InstallError, match=r"not be writable .*, and in /etc/overlayroot\.conf"):
        TargetMachine(tmp_path).set_overlay(False, False)


def test_a_command_line_that_says_otherwise_is_named(tmp_path: Path) -> None:
    """What will not come about is an error, not a promise (the plug)."""
    write(tmp_path, "proc/cmdline", "overlayroot=disabled\n")
    with pytest.raises(InstallError, match=r"not be read-only .*: see overlayroot="):
        TargetMachine(tmp_path).set_overlay(True, False)


@pytest.fixture
def raspi_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Raspberry Pi OS's own tool, as a script that notes how it is called; its root."""
    root, programs = tmp_path / "root", tmp_path / "programs"
    write(root, "boot/firmware/cmdline.txt", "console=tty1 rootwait\n")
    write(programs, "raspi-config")
    (programs / "raspi-config").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return root


def test_on_raspberry_pi_os_its_own_tool_switches_it(raspi_config: Path) -> None:
    """`do_overlayfs 0` is yes, and 1 is no; whether it has worked is looked at (the plug)."""
    line = raspi_config / "boot/firmware/cmdline.txt"
    (raspi_config.parent / "programs/raspi-config").write_text(
        f'#!/bin/sh\n[ "$1 $2" = "nonint do_overlayfs" ] || exit 1\n'
        f"[ $3 = 0 ] && sed -i 's/^/overlayroot=tmpfs /' {line}\n"
        f"[ $3 = 1 ] && sed -i 's/overlayroot=tmpfs //' {line}\nexit 3\n"
    )
    machine = TargetMachine(raspi_config)
    machine.set_overlay(True, True)
    assert line.read_text() == "overlayroot=tmpfs console=tty1 rootwait\n"
    machine.set_overlay(False, True)
    assert line.read_text() == "console=tty1 rootwait\n"


def test_a_tool_that_refuses_is_quoted(raspi_config: Path) -> None:
    """On a Pi with 256 MB raspi-config declines, and ends as if all were well (the plug)."""
    (raspi_config.parent / "programs/raspi-config").write_text(
        "#!/bin/sh\necho At least 512MB of RAM is recommended for overlay filesystem\n"
    )
    with pytest.raises(InstallError) as refused:
        TargetMachine(raspi_config).set_overlay(True, True)
    assert str(refused.value) == (
        "the card will not be read-only after the next boot: "
        "At least 512MB of RAM is recommended for overlay filesystem"
    )
