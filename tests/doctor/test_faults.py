"""Each finding appears with its cause and not without it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gpiobridge.doctor import Finding, Report, Verdict
from gpiobridge.doctor.machine import Package
from gpiobridge.doctor.sampling import Sample

from .pi import (
    DISKSTATS,
    FAILURE,
    HIGH,
    LOW,
    NO_RPI,
    OK,
    OTHER_CHIP,
    OVERLAID,
    PI_CHIP,
    WARNING,
    Pi,
    both,
    changed,
    configured,
    free_port,
    held_by,
    kiosk_installed,
    no_back_end,
    of,
    packages,
    pi_5,
    refuse,
    removed,
    samples,
    served,
    service,
    unit,
    with_policy,
    written,
)

# What is wrong -> the check, its verdict, and what its sentence and its remedy say.
FAULTS: dict[str, tuple[Callable[[Pi], None], str, Verdict, str, str]] = {
    "configuration": (
        configured(server='csp = "lax"'),
        "configuration", FAILURE, r'config.toml: server.csp = "lax": must be', "correct it",
    ),
    "rule that never happens": (
        configured(welcome='on_low.button = "open"\non_hold.button = "still"'),
        "configuration", WARNING, "never happens", "gpiobridge check",
    ),
    "no back end": (
        changed(choose=no_back_end),
        "back end", FAILURE, "no back end is installed", r"pip install 'gpiod>=2.2'",
    ),
    "no back end on Python 3.13": (
        changed(choose=no_back_end, python=(3, 13)),
        "back end", FAILURE, "no back end is installed", r"pip install 'gpiod>=2.2'",
    ),
    "back end missing": (
        both(configured(gpio='pin_factory = "pigpio"'), packages()),
        "back end", FAILURE, 'pin_factory = "pigpio": the package is not installed',
        r"pip install 'pigpio>=1.78'",
    ),
    "lgpio missing on Python 3.13": (
        both(packages(), changed(python=(3, 13))),
        "back end", FAILURE, '"lgpio": the package is not installed',
        "apt install python3-lgpio.*--system-site-packages",
    ),
    "empty lgpio": (
        changed(packages=lambda _: {"lgpio": Package("0.0.0.2", Path("/venv"), 1)}),
        "back end", FAILURE, "lgpio 0.0.0.2 is an empty package", "lgpio>=0.2",
    ),
    "old gpiod": (
        both(
            configured(gpio='pin_factory = "gpiod"'),
            changed(packages=lambda _: {"gpiod": Package("1.6.3", Path("/usr"), 1)}),
        ),
        "back end", FAILURE, "gpiod 1.6.3 is too old", "gpiod>=2.2",
    ),
    "RPi.GPIO on a new kernel": (
        both(configured(gpio='pin_factory = "rpigpio"'), packages("RPi.GPIO")),
        "back end", FAILURE, "does not work on kernels from 6.6 on",
        r"python -m pip uninstall RPi.GPIO, then .*python -m pip install 'gpiod>=2.2', "
        "and pin_factory",
    ),
    "RPi.GPIO on a Pi 5": (
        both(
            configured(gpio='pin_factory = "rpigpio"'),
            packages("RPi.GPIO"), pi_5, changed(kernel="6.1.0"),
        ),
        "back end", FAILURE, "does not work on a Pi 5", "pip uninstall RPi.GPIO",
    ),
    "pigpio on a Pi 5": (
        both(configured(gpio='pin_factory = "pigpio"'), packages("pigpio"), pi_5),
        "back end", FAILURE, "does not work on a Pi 5", "pip uninstall pigpio",
    ),
    "two modules RPi": (
        packages("lgpio", "rpi-lgpio", "RPi.GPIO"),
        "back end", FAILURE, "each overwrites the module RPi", "pip uninstall RPi.GPIO rpi-lgpio",
    ),
    "simulated on a Pi": (
        configured(gpio='pin_factory = "mock"'),
        "back end", WARNING, "the pins are simulated", 'pin_factory = "auto"',
    ),
    "no chip of a Pi": (
        changed(chips=lambda: (OTHER_CHIP,)),
        "GPIO chip", FAILURE, r"gpiochip1 \(raspberrypi-exp-gpio\)", 'chip = "gpiochip0"',
    ),
    "wrong chip": (
        both(
            configured(gpio='chip = "gpiochip1"'),
            changed(chips=lambda: (PI_CHIP, OTHER_CHIP)),
        ),
        "GPIO chip", FAILURE, 'chip = "gpiochip1" is raspberrypi-exp-gpio; the Pi\'s own',
        'chip = "auto"',
    ),
    "missing chip": (
        configured(gpio='chip = "gpiochip4"'),
        "GPIO chip", FAILURE, "there is no such chip; found: gpiochip0", 'chip = "auto"',
    ),
    "too few lines": (
        both(configured(gpio='chip = "gpiochip1"'), changed(chips=lambda: (OTHER_CHIP,))),
        "GPIO chip", FAILURE, "has 8 lines, so there is no line 17 for pins.button", "another pin",
    ),
    "not in the group": (
        both(changed(**NO_RPI), written("etc/group", "gpio:x:997:\n")),
        "permissions", FAILURE, "user pi may not open /dev/gpiochip0 .Permission denied.",
        "usermod -aG gpio pi",
    ),
    "not in the group yet": (
        changed(**NO_RPI),
        "permissions", FAILURE, "user pi may not open", "log out and in again",
    ),
    "no such group": (
        both(changed(**NO_RPI), written("etc/group", "root:x:0:\n")),
        "permissions", FAILURE, "user pi may not open", "no group gpio",
    ),
    "chip of another group": (
        changed(open_device=refuse),
        "permissions", FAILURE, "user pi may not open", "does not belong to the group gpio",
    ),
    "not permitted beside a service": (
        both(served(), changed(**NO_RPI)),
        "permissions", WARNING, "may not open.*; the running bridge may", "usermod",
    ),
    "held by a driver": (
        held_by("onewire@0"),
        "pin button", FAILURE, 'GPIO 17, header pin 11, is held by "onewire@0"', "config.txt.*sudo",
    ),
    "held by lgpio": (
        held_by("lg"),
        "pin button", FAILURE,
        'GPIO 17, header pin 11, is held by "lg"$', "uses lgpio or gpiozero.*sudo",
    ),
    "held by another bridge": (
        both(
            held_by("lg"),
            lambda pi: pi.link(
                812, "python3 -m gpiobridge run --port 9000", 5, "anon_inode:gpio-line",
                "gpio-chip:\tgpiochip0\ngpio-line:\t17\n",
            ),
        ),
        "pin button", FAILURE, "process 812: python3 -m gpiobridge run", "a bridge on another port",
    ),
    "held without a name": (
        held_by(""),
        "pin button", FAILURE,
        "GPIO 17, header pin 11, is held by something without a name", "another pin",
    ),
    "held by a program": (
        both(
            held_by("lg"),
            lambda pi: pi.link(
                812, "python3 other.py", 5, "anon_inode:gpio-line",
                "pos:\t0\ngpio-chip:\tgpiochip0\ngpio-line:\t17\n",
            ),
            lambda pi: pi.link(
                811, "python3 unrelated.py", 5, "anon_inode:gpio-line",
                "gpio-chip:\tgpiochip0\ngpio-line:\t1\n",
            ),
        ),
        "pin button", FAILURE,
        'GPIO 17, header pin 11, is held by "lg", process 812: python3 other.py',
        "sudo kill 812",
    ),
    "can't be opened": (
        samples(button="pin 'button' (GPIO 17) can't be opened on lgpio: odd; look there"),
        "pin button", FAILURE, "can't be opened on lgpio: odd$", "^look there$",
    ),
    "active": (
        samples(button=Sample(LOW)),
        "pin button", WARNING,
        "GPIO 17, header pin 11, reads LOW: active$", 'stuck.*active = "high"',
    ),
    "one edge": (
        samples(button=Sample(LOW, 1)),
        "pin button", WARNING,
        "GPIO 17, header pin 11, reads LOW: active; 1 edge in 0.5 s$", "bounces",
    ),
    "noisy": (
        samples(button=Sample(HIGH, 300)),
        "pin button", WARNING, "not active; 300 edges in 0.5 s: it is noisy", "resistor",
    ),
    "floating": (
        samples(door=Sample(HIGH, 7, floating=True)),
        "pin door", WARNING, "GPIO 27, header pin 13, floats", 'pull = "up"',
    ),
    "active beside a service": (
        served("button", level="low"),
        "pin button", WARNING, "reads LOW: active; held by gpiobridge itself", "stuck",
    ),
    "another configuration": (
        served("button", pin=22),
        "pin button", WARNING,
        "has GPIO 17, header pin 11, active low; the running bridge has GPIO 22, header pin 15",
        "restart it.*--config",
    ),
    "not watched": (
        served("button", level=None),
        "pin button", FAILURE,
        "GPIO 17, header pin 11, has no level", "systemctl restart gpiobridge",
    ),
    "failed unit": (
        service(ActiveState="failed", SubState="failed", Result="watchdog"),
        "gpiobridge.service", FAILURE, r"it has failed \(watchdog\)", "journalctl -u gpiobridge",
    ),
    "unit that fails again and again": (
        service(ActiveState="activating", SubState="auto-restart", NRestarts="7"),
        "gpiobridge.service", FAILURE, "7 times so far", "journalctl -u gpiobridge",
    ),
    "unit that can't be loaded": (
        service(LoadState="bad-setting", ActiveState="inactive"),
        "gpiobridge.service", FAILURE, "can't load it .bad-setting.", "systemctl status",
    ),
    "restarts": (
        service(NRestarts="3"),
        "gpiobridge.service", WARNING, "after 3 restarts", "journalctl -u gpiobridge",
    ),
    "stopped unit": (
        service(ActiveState="inactive", SubState="dead"),
        "gpiobridge.service", WARNING, "installed, but not running", "systemctl start gpiobridge",
    ),
    "disabled unit": (
        service(UnitFileState="disabled"),
        "gpiobridge.service", WARNING, "won't start at boot", "systemctl enable gpiobridge",
    ),
    "ill bridge": (
        served(status="failed", watcher="dead"),
        "port", FAILURE, "does not watch its pins .watcher: dead.", "systemctl restart gpiobridge",
    ),
    "foreign address": (
        configured(port=free_port(), server='host = "192.0.2.1"\nopen = true'),
        "port", FAILURE, "on 192.0.2.1 can't be listened on", "an address of this machine",
    ),
    "few files": (
        service(LimitNOFILE="1024"),
        "displays", WARNING, "only 1024 files may be open, which is enough for 896 displays",
        "LimitNOFILE= in the unit",
    ),
    "few files without a unit": (
        both(written("x"), lambda pi: pi.commands.update(systemctl=None), changed(files=512)),
        "displays", WARNING, "enough for 384 displays", "ulimit -n",
    ),
    "no browser": (
        removed("usr/bin/chromium"),
        "kiosk", WARNING, "chromium not found", "apt install .*chromium chromium-sandbox$",
    ),
    "no browser for the kiosk": (
        both(removed("usr/bin/chromium"), kiosk_installed),
        "kiosk", FAILURE, "chromium not found", "apt install .*chromium chromium-sandbox$",
    ),
    "no cog for the kiosk": (
        lambda pi: kiosk_installed(pi, "cog"),
        "kiosk", FAILURE, "cog not found", "apt install .*cog$",
    ),
    "no policy for the kiosk": (
        kiosk_installed,
        "kiosk policy", WARNING, "gpiobridge.json is missing", "restart gpiobridge-kiosk$",
    ),
    "the policy of yesterday": (
        both(kiosk_installed, with_policy("http://127.0.0.1:9")),
        "kiosk policy", WARNING, "obeys an earlier configuration", "restart gpiobridge-kiosk$",
    ),
    "no cage for the kiosk": (
        both(removed("usr/bin/cage"), kiosk_installed),
        "kiosk", FAILURE, "cage not found", "apt install .*cage$",
    ),
    "little memory": (
        both(
            written("proc/meminfo", "MemTotal:         440000 kB\n"),
            configured(welcome="prerender = true"),
        ),
        "kiosk", WARNING, "only 429 MB of memory$", "use cog",
    ),
    "little memory and Chromium in the kiosk": (
        both(written("proc/meminfo", "MemTotal:         440000 kB\n"), kiosk_installed),
        "kiosk", WARNING, "chromium and cage; only 429 MB of memory",
        "use cog.*apt install .* cog && sudo .*gpiobridge install --kiosk --browser cog$",
    ),
    "clock not set": (
        lambda pi: pi.commands.update(timedatectl="no\n"),
        "clock", WARNING, "not set by the network; presses don't depend on it", "timedatectl",
    ),
    "clock of 1970": (
        changed(unix_s=0.0),
        "clock", WARNING, "shows the year 1970", "connect the network",
    ),
    "read-only that has not come about": (
        written("boot/firmware/cmdline.txt", "overlayroot=tmpfs console=tty1 root=PARTUUID=1\n"),
        "disk", WARNING, "written to, but it should be read-only", "sudo reboot",
    ),
    "card that is written to a lot": (
        written("proc/diskstats", DISKSTATS.format(1_000_000)),
        "writes", WARNING, r"^256\.0 MB an hour \(512 MB to mmcblk0 since the boot 2 h ago\)",
        "sudo iotop -ao.*install --read-only",
    ),
    "log that goes to the card": (
        both(
            removed("run/log/journal/0123/system.journal"),
            lambda pi: (pi.root / "run/log/journal/0123").rmdir(),
            written("var/log/journal/0123/system.journal"),
        ),
        "log", WARNING, "it goes to the disk", "Storage=volatile.*restart systemd-journald",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_with_its_remedy(pi: Pi, fault: str) -> None:
    """What is wrong is said, with what to do; on the healthy Pi it is not."""
    spoil, check, verdict, sentence, remedy = FAULTS[fault]

    def seen(report: Report) -> list[Finding]:
        return [f for f in of(report, check) if re.search(sentence, f.sentence)]

    assert not [f for f in seen(pi.examine()) if f.verdict is verdict]
    spoil(pi)
    report = pi.examine()
    assert [f.verdict for f in seen(report)] == [verdict], report.as_text()
    assert re.search(remedy, seen(report)[0].remedy)
    assert "itself failed" not in report.as_text()
    failed = FAILURE in {finding.verdict for finding in report.findings}
    assert report.exit_code == (2 if fault == "configuration" else int(failed))


@pytest.mark.parametrize(
    ("spoil", "check", "sentence"),
    [
        (
            both(
                configured(gpio='pin_factory = "rpigpio"'),
                packages("RPi.GPIO"),
                changed(kernel="6.1.21-v8+"),
            ),
            "back end",
            "^RPi.GPIO 1.0, as configured$",
        ),
        (
            both(
                configured(gpio='pin_factory = "rpigpio"'),
                packages("rpi-lgpio", "RPi.GPIO", folders=("/venv", "/usr/lib/python3")),
            ),
            "back end",
            "^rpi-lgpio 1.0, as configured$",
        ),
        (both(pi_5, packages("lgpio")), "back end", "^lgpio 1.0, chosen automatically$"),
        (
            both(samples(button=Sample(LOW)), configured(welcome='while_low.button = "open"')),
            "pin button",
            "LOW: active$",
        ),
        (served(), "pin button", "HIGH: not active; held by gpiobridge itself$"),
        (served(simulated=True), "pin button", "held by gpiobridge itself, simulated$"),
        (served(), "port", "held by gpiobridge itself; displays: kiosk on welcome$"),
        (
            served(displays=[{"name": "kiosk", "page": "welcome", "visible": False}]),
            "port",
            r"displays: kiosk on welcome \(hidden\)$",
        ),
        (service(StatusText="2 displays"), "gpiobridge.service", r"active \(running\): 2 displays"),
        (
            lambda pi: pi.commands.update(
                systemctl=pi.units(
                    unit("gpiobridge.service", UnitFileState="disabled"),
                    unit("gpiobridge.socket", SubState="listening"),
                )
            ),
            "gpiobridge.service",
            r"active \(running\)$",
        ),
        (
            both(
                written("proc/mounts", OVERLAID),
                written("etc/overlayroot.conf", 'overlayroot=""'),
                written("boot/firmware/cmdline.txt", "overlayroot=tmpfs root=PARTUUID=1\n"),
            ),
            "disk",
            r"^it is read-only \(overlayroot\), so the plug may be pulled .*undoes every change$",
        ),
        (
            both(
                written(
                    "proc/mounts", f"{OVERLAID}/dev/sda1 /var/lib/gpiobridge/state ext4 rw 0 0"
                ),
                written("boot/firmware/cmdline.txt", "console=tty1 root=PARTUUID=1\n"),
            ),
            "disk",
            "state stays writable; it is writable again after the next boot$",
        ),
        (
            written("proc/mounts", OVERLAID),
            "log",
            "it goes to memory, like everything that is written",
        ),
        (
            both(
                written("proc/mounts", OVERLAID),
                written(
                    "proc/self/mountinfo",
                    "27 1 0:30 / / rw - overlay overlayroot rw\n"
                    "28 27 179:2 / /media/root-ro ro - ext4 /dev/root ro\n",
                ),
            ),
            "writes",
            "to mmcblk0 since",
        ),
        (
            both(
                written("proc/300/io", "rchar: 1\nwrite_bytes: 5200000\n"),
                written("proc/300/comm", "chromium\n"),
                written("proc/301/io", "write_bytes: 4096\n"),
            ),
            "writes",
            r"^5\.1 MB an hour .*; most by chromium, 5 MB$",
        ),
        (
            both(
                written("proc/uptime", "300 1"), written("proc/diskstats", DISKSTATS.format(10**6))
            ),
            "writes",
            "^512 MB to mmcblk0 since the boot 5 min ago$",
        ),
        (changed(files=None), "displays", "524288 files"),
        (service(LimitNOFILE="infinity"), "displays", "any number of files"),
    ],
)
def test_what_only_looks_wrong_is_fine(
    pi: Pi, spoil: Callable[[Pi], None], check: str, sentence: str
) -> None:
    """The doctor doesn't cry wolf."""
    spoil(pi)
    (finding,) = of(pi.examine(), check)
    assert finding.verdict is OK
    assert re.search(sentence, finding.sentence), finding.sentence


def test_a_copy_without_pip_is_changed_where_it_came_from(pi: Pi) -> None:
    """The service's copy has no pip: the remedy goes to its environment, and installs again."""
    pi.changes |= {"choose": no_back_end, "copy": Path("/opt/gpiobridge/live")}
    (found,) = of(pi.examine(), "back end")
    assert found.remedy == (
        "~/gpiobridge/bin/pip install 'gpiod>=2.2', then sudo ~/gpiobridge/bin/gpiobridge install"
    )
