"""How the guest's Debian differs from a stock one: quick to boot, with a shell for the tests.

Everything here is data, and one function that writes it into the tree of the guest.
"""

import hashlib
import shutil
from pathlib import Path

PACKAGES = ["systemd", "systemd-sysv", "udev", "dbus", "python3", "gpiod", "iproute2", "procps"]

# Units that cost seconds under emulation and that no GPIO or web service needs.
_MASKED_UNITS = [
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "cryptsetup.target",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty.target",
    "integritysetup.target",
    "kmod-static-nodes.service",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-firstboot.service",
    "systemd-hwdb-update.service",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-machine-id-commit.service",
    "systemd-modules-load.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-repart.service",
    "systemd-sysusers.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-update-utmp.service",
    "systemd-user-sessions.service",
    "veritysetup.target",
]

_SHELL_UNIT = """\
[Unit]
Description=Root shell for the test bench on the serial port
DefaultDependencies=no
StartLimitIntervalSec=0

[Service]
ExecStartPre=/bin/stty -F /dev/ttyAMA0 -echo -onlcr
ExecStart=/bin/bash
StandardInput=tty-force
StandardOutput=tty
TTYPath=/dev/ttyAMA0
Environment=TERM=dumb
Restart=always
RestartSec=1

[Install]
WantedBy=sysinit.target
"""

# As on Raspberry Pi OS: the chips belong to the group gpio.
_GPIO_RULE = 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"\n'

_JOURNAL = """\
[Journal]
Storage=volatile
Audit=no
"""

# Only what the guest has: a full trigger takes several seconds under emulation.
_UDEV_TRIGGER = """\
[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add \
--subsystem-match=gpio --subsystem-match=net --subsystem-match=block
"""

_FILES = {
    "fstab": "",
    "hostname": "virtualpi\n",
    "machine-id": hashlib.md5(b"virtualpi").hexdigest() + "\n",
    "udev/rules.d/60-gpio.rules": _GPIO_RULE,
    "systemd/journald.conf.d/virtualpi.conf": _JOURNAL,
    "systemd/system/virtualpi-shell.service": _SHELL_UNIT,
    "systemd/system/systemd-udev-trigger.service.d/virtualpi.conf": _UDEV_TRIGGER,
}


def tune(root: Path) -> None:
    """Turn a fresh Debian tree into the guest's.

    Args:
        root: the tree, on the host.
    """
    etc = root / "etc"
    for name, text in _FILES.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    units = etc / "systemd/system"
    for name in _MASKED_UNITS:
        unit = units / name
        unit.unlink(missing_ok=True)
        unit.symlink_to("/dev/null")
    wanted = units / "sysinit.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "virtualpi-shell.service").symlink_to("../virtualpi-shell.service")
    (root / "opt/app").mkdir()
    for leftover in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(root / leftover, ignore_errors=True)
