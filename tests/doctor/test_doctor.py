"""The doctor, on made-up machines: each finding appears with its cause and not without it."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness.bridge_process import BridgeProcess
from harness.exhibit import write_exhibit

from gpiobridge.cli import main
from gpiobridge.config import Gpio, Pin
from gpiobridge.core.events import Level
from gpiobridge.doctor import Finding, Machine, Report, Verdict, examine
from gpiobridge.doctor.machine import Package, User
from gpiobridge.doctor.sampling import Sample
from gpiobridge.errors import PinError
from gpiobridge.kiosk import chromium_policy
from gpiobridge.pins.chips import Chip, Line
from gpiobridge.system import calling

LOW, HIGH = Level.LOW, Level.HIGH
OK, WARNING, FAILURE, SKIPPED = Verdict
PI_CHIP = Chip(0, "pinctrl-bcm2711", 58)
OTHER_CHIP = Chip(1, "raspberrypi-exp-gpio", 8)
IN_2026_S = 1_780_000_000.0
DAY_S = 86400.0

CONFIG = """\
[server]
port = {port}
{server}
[gpio]
{gpio}
[pins]
button = 17
door = {{ pin = 27, pull = "none", active = "low" }}
[pages.welcome]
{welcome}
[pages.open]
[pages.still]
"""

HEALTH = {
    "status": "ok",
    "watcher": "alive",
    "simulated": False,
    "pins": {
        "button": {"pin": 17, "level": "high", "active": "low"},
        "door": {"pin": 27, "level": "high", "active": "low"},
    },
    "displays": [{"name": "kiosk", "page": "welcome"}],
}


# Sectors written are the seventh number after a name.
DISKSTATS = """\
 179       0 mmcblk0 900 10 80000 500 400 300 {} 700 0 1000 1200 0 0 0 0 0 0
 179       2 mmcblk0p2 800 10 70000 500 400 300 1 700 0 1000 1200 0 0 0 0 0 0
"""
OVERLAID = """\
overlayroot / overlay rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay 0 0
/dev/mmcblk0p2 /media/root-ro ext4 ro 0 0
"""


STATE = "/var/lib/gpiobridge/state"


def unit(name: str, **values: str) -> str:
    """What systemctl shows of an installed unit that runs."""
    told = {
        "Id": name,
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "UnitFileState": "enabled",
        "Result": "success",
        "StatusText": "",
        "NRestarts": "0",
        "LimitNOFILE": "524288",
    } | values
    return "".join(f"{key}={value}\n" for key, value in told.items())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Pi:
    """A made-up Raspberry Pi in good health, whose parts a test can spoil.

    Args:
        folder: its file system, and its exhibit, lie here.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.config = folder / "config.toml"
        self.commands: dict[str, str | None] = {"timedatectl": "yes\n", "systemctl": self.units()}
        self.write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
        self.write("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0")
        self.write("proc/meminfo", "MemTotal:        3884000 kB\nMemFree: 1 kB\n")
        self.write("etc/group", "root:x:0:\ngpio:x:997:pi\n")
        self.write("dev/gpiochip0")
        self.write("usr/bin/chromium")
        self.write("usr/bin/cage")
        self.write("run/systemd/system/x")
        self.write("run/log/journal/0123/system.journal")
        self.write("proc/uptime", "7200.00 28000.00\n")
        self.write("proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n")
        self.write("proc/self/mountinfo", "27 1 179:2 / / rw,noatime - ext4 /dev/root rw\n")
        self.write("sys/devices/mmcblk0/mmcblk0p2/partition", "2\n")
        self.write("proc/diskstats", DISKSTATS.format(20_000))
        (self.root / "sys/dev/block").mkdir(parents=True)
        (self.root / "sys/dev/block/179:2").symlink_to("../../devices/mmcblk0/mmcblk0p2")
        write_exhibit(folder)
        self.configure()
        self.changes: dict[str, Any] = {}

    def configure(self, port: int = 0, server: str = "", gpio: str = "", welcome: str = "") -> None:
        """Write the configuration; port 0 keeps a test away from real ports."""
        text = CONFIG.format(port=port, server=server, gpio=gpio, welcome=welcome)
        self.config.write_text(text)

    def write(self, path: str, text: str = "") -> None:
        """Write a file of its file system."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def units(self, service: str = "", socket: str = "", kiosk: str = "") -> str:
        """What systemctl shows; a unit that isn't given is not installed."""
        missing = {"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"}
        missing["UnitFileState"] = ""
        return "\n".join(
            told or unit(name, **missing)
            for name, told in (
                ("gpiobridge.service", service or unit("gpiobridge.service")),
                ("gpiobridge.socket", socket),
                ("gpiobridge-kiosk.service", kiosk),
            )
        )

    def run(self, command: Sequence[str]) -> str | None:
        """Run a made-up command."""
        return self.commands[command[0]]

    def link(self, pid: int, command: str, handle: int, target: str, info: str = "") -> None:
        """Add a process that has something open."""
        self.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
        self.write(f"proc/{pid}/fdinfo/{handle}", info)
        folder = self.root / f"proc/{pid}/fd"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(handle)).symlink_to(target)

    def machine(self) -> Machine:
        """What the doctor sees."""
        healthy = Machine(
            root=self.root,
            system="Linux",
            kernel="6.12.34+rpt-rpi-v8",
            python=(3, 11),
            unix_s=IN_2026_S,
            user=User("pi", frozenset({"pi", "gpio"})),
            programs=("/usr/local/bin", "/usr/bin"),
            files=524288,
            packages=lambda _: {"lgpio": Package("0.2.2.0", Path("/venv"), 1)},
            run=self.run,
            open_device=lambda path: None,
            ask_bridge=lambda server: None,
            choose=lambda name: "lgpio" if name == "auto" else name,
            chips=lambda: (PI_CHIP,),
            line=lambda chip, offset: Line(False, ""),
            sample=lambda settings, pins: {name: Sample(HIGH) for name in pins},
            sleep=lambda seconds: None,
            since=lambda: IN_2026_S - 30 * DAY_S,
            copy=None,
        )
        return replace(healthy, **self.changes)

    def examine(self) -> Report:
        """Let the doctor see it."""
        return examine(self.config, self.machine())


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    """A Raspberry Pi in good health."""
    return Pi(tmp_path)


def changed(**changes: Any) -> Callable[[Pi], None]:
    """Make a fault of other answers of the machine."""
    return lambda pi: pi.changes.update(changes)


def configured(**parts: Any) -> Callable[[Pi], None]:
    """Make a fault of another configuration."""
    return lambda pi: pi.configure(**parts)


def written(path: str, text: str = "") -> Callable[[Pi], None]:
    """Make a fault of another file."""
    return lambda pi: pi.write(path, text)


def removed(path: str) -> Callable[[Pi], None]:
    """Make a fault of a missing file."""
    return lambda pi: (pi.root / path).unlink()


def both(*faults: Callable[[Pi], None]) -> Callable[[Pi], None]:
    """Make one fault of several."""

    def spoil(pi: Pi) -> None:
        for fault in faults:
            fault(pi)

    return spoil


def service(**values: str) -> Callable[[Pi], None]:
    """Make a fault of another state of the service."""

    def spoil(pi: Pi) -> None:
        pi.commands["systemctl"] = pi.units(service=unit("gpiobridge.service", **values))

    return spoil


def kiosk_installed(pi: Pi, browser: str = "chromium") -> None:
    """Install the kiosk's unit."""
    command = (
        f"{{ path=/usr/bin/cage ; argv[]=/usr/bin/cage -- gpiobridge kiosk --browser {browser} ; }}"
    )
    pi.commands["systemctl"] = pi.units(kiosk=unit("gpiobridge-kiosk.service", ExecStart=command))


def with_policy(bridge: str) -> Callable[[Pi], None]:
    """Let the kiosk's browser obey the policy for a bridge."""
    text = chromium_policy.text(chromium_policy.policy(bridge, (), camera=False))
    return lambda pi: pi.write(chromium_policy.FILE.lstrip("/"), text)


def pi_5(pi: Pi) -> None:
    """Make it a Pi 5."""
    pi.write("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")


def packages(*names: str, folders: Sequence[str] = ("/venv",)) -> Callable[[Pi], None]:
    """Install other packages, in one folder or several."""
    found = {
        name: Package("1.0", Path(folder), rank)
        for rank, (name, folder) in enumerate(zip(names, list(folders) * len(names), strict=False))
    }
    return changed(packages=lambda _: found)


def samples(**found: Sample | str) -> Callable[[Pi], None]:
    """Let pins do something else while they are watched."""
    return changed(sample=lambda settings, pins: {n: Sample(HIGH) for n in pins} | found)


def held_by(consumer: str) -> Callable[[Pi], None]:
    """Let somebody hold GPIO 17."""
    return changed(line=lambda chip, offset: Line(offset == 17, consumer if offset == 17 else ""))


def no_back_end(name: str) -> str:
    """Choose a back end where there is none."""
    raise PinError("this is a Raspberry Pi, but no pin back end is installed")


def refuse(path: Path) -> None:
    """Open no device."""
    raise PermissionError(13, "Permission denied")


def told(of_pin: str = "", **values: Any) -> Callable[[object], dict[str, Any]]:
    """Answer as a running bridge, with something else in one pin or at the top."""
    pins: dict[str, Any] = json.loads(json.dumps(HEALTH["pins"]))
    if of_pin:
        pins[of_pin] |= values
        values = {}
    return lambda server: {**HEALTH, "pins": pins, **values}


def served(of_pin: str = "", **values: Any) -> Callable[[Pi], None]:
    """Let a bridge run."""
    return both(configured(port=8000), changed(ask_bridge=told(of_pin, **values)))


NO_RPI = {"open_device": refuse, "user": User("pi", frozenset({"pi"}))}

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
        "back end", FAILURE, "no back end is installed", r"pip install 'gpiobridge\[gpiod\]'",
    ),
    "no back end on Python 3.13": (
        changed(choose=no_back_end, python=(3, 13)),
        "back end", FAILURE, "no back end is installed", r"pip install 'gpiobridge\[gpiod\]'",
    ),
    "back end missing": (
        both(configured(gpio='pin_factory = "pigpio"'), packages()),
        "back end", FAILURE, 'pin_factory = "pigpio": the package is not installed',
        r"pip install 'gpiobridge\[pigpio\]'",
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
        r"python -m pip uninstall RPi.GPIO, then .*python -m pip install 'gpiobridge\[gpiod\]', "
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
        "pin button", FAILURE, 'GPIO 17 is held by "onewire@0"', "config.txt.*sudo",
    ),
    "held by lgpio": (
        held_by("lg"),
        "pin button", FAILURE, 'GPIO 17 is held by "lg"$', "uses lgpio or gpiozero.*sudo",
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
        "pin button", FAILURE, "GPIO 17 is held by somebody without a name", "another pin",
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
        "pin button", FAILURE, 'GPIO 17 is held by "lg", process 812: python3 other.py',
        "sudo kill 812",
    ),
    "can't be opened": (
        samples(button="pin 'button' (GPIO 17) can't be opened on lgpio: odd; look there"),
        "pin button", FAILURE, "can't be opened on lgpio: odd$", "^look there$",
    ),
    "active": (
        samples(button=Sample(LOW)),
        "pin button", WARNING, "GPIO 17 reads LOW: active$", 'stuck.*active = "high"',
    ),
    "one edge": (
        samples(button=Sample(LOW, 1)),
        "pin button", WARNING, "GPIO 17 reads LOW: active; 1 edge in 0.5 s$", "bounces",
    ),
    "noisy": (
        samples(button=Sample(HIGH, 300)),
        "pin button", WARNING, "not active; 300 edges in 0.5 s: it is noisy", "resistor",
    ),
    "floating": (
        samples(door=Sample(HIGH, 7, floating=True)),
        "pin door", WARNING, "GPIO 27 floats", 'pull = "up"',
    ),
    "active beside a service": (
        served("button", level="low"),
        "pin button", WARNING, "reads LOW: active; held by gpiobridge itself", "stuck",
    ),
    "another configuration": (
        served("button", pin=22),
        "pin button", WARNING, "has GPIO 17, active low; the running bridge has GPIO 22",
        "restart it.*--config",
    ),
    "not watched": (
        served("button", level=None),
        "pin button", FAILURE, "GPIO 17 has no level", "systemctl restart gpiobridge",
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
        "kiosk", WARNING, "chromium not found", "apt install .*chromium$",
    ),
    "no browser for the kiosk": (
        both(removed("usr/bin/chromium"), kiosk_installed),
        "kiosk", FAILURE, "chromium not found", "apt install .*chromium$",
    ),
    "no cog for the kiosk": (
        lambda pi: kiosk_installed(pi, "cog"),
        "kiosk", FAILURE, "cog not found", "apt install .*cog$",
    ),
    "no policy for the kiosk": (
        kiosk_installed,
        "kiosk policy", WARNING, "gpiobridge.json isn't there", "restart gpiobridge-kiosk$",
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
        "kiosk", WARNING, "only 429 MB of memory; pages with prerender = true: welcome",
        "--no-memcheck",
    ),
    "little memory and Chromium in the kiosk": (
        both(written("proc/meminfo", "MemTotal:         440000 kB\n"), kiosk_installed),
        "kiosk", WARNING, "chromium and cage; only 429 MB of memory",
        "take cog.*apt install .* cog && sudo .*gpiobridge install --kiosk --browser cog;",
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
        "disk", WARNING, "written to, though it is meant to be only read", "sudo reboot",
    ),
    "card that is written to a lot": (
        written("proc/diskstats", DISKSTATS.format(1_000_000)),
        "writes", WARNING, r"^256\.0 MB an hour \(512 MB to mmcblk0 since it was booted 2 h ago\)",
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


def of(report: Report, check: str) -> list[Finding]:
    """The findings of a check."""
    return [finding for finding in report.findings if finding.check == check]


def test_the_kiosks_policy_is_of_this_configuration(tmp_path: Path) -> None:
    """A policy that the present configuration makes is fine; without a kiosk there is none."""
    pi = Pi(tmp_path)
    pi.configure(port=8123)
    assert of(pi.examine(), "kiosk policy") == []
    both(kiosk_installed, with_policy("http://127.0.0.1:8123"))(pi)
    [finding] = of(pi.examine(), "kiosk policy")
    assert (finding.verdict, finding.sentence) == (OK, "the browser shows the bridge alone")


def test_a_healthy_pi_is_found_well(pi: Pi) -> None:
    """Nothing is wrong, so nothing is said to be; each check has its word."""
    report = pi.examine()
    assert (report.verdict, report.exit_code) == (OK, 0)
    assert {(f.check, f.verdict) for f in report.findings} == {
        ("configuration", OK),
        ("board", OK),
        ("back end", OK),
        ("GPIO chip", OK),
        ("permissions", OK),
        ("pin button", OK),
        ("pin door", OK),
        ("gpiobridge.service", OK),
        ("port", SKIPPED),
        ("displays", OK),
        ("kiosk", OK),
        ("disk", OK),
        ("writes", OK),
        ("log", OK),
        ("clock", OK),
        ("age", OK),
    }
    assert not [finding for finding in report.findings if finding.remedy]


def test_a_kiosk_with_cog_needs_no_chromium(pi: Pi) -> None:
    """Where the kiosk's unit names cog, cog is what must be there, and little memory is fine."""
    kiosk_installed(pi, "cog")
    (pi.root / "usr/bin/chromium").unlink()
    pi.write("usr/bin/cog")
    pi.write("proc/meminfo", "MemTotal:         440000 kB\n")
    [found] = of(pi.examine(), "kiosk")
    assert (found.verdict, found.sentence) == (OK, "cog and cage; only 429 MB of memory")


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
        (both(pi_5, packages("lgpio")), "back end", "^lgpio 1.0, chosen by itself$"),
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
            r"^it is only read \(overlayroot\), and the plug may be pulled .*with the next boot$",
        ),
        (
            both(
                written(
                    "proc/mounts", f"{OVERLAID}/dev/sda1 /var/lib/gpiobridge/state ext4 rw 0 0"
                ),
                written("boot/firmware/cmdline.txt", "console=tty1 root=PARTUUID=1\n"),
            ),
            "disk",
            "state stays writable; it is written to again after the next boot$",
        ),
        (written("proc/mounts", OVERLAID), "log", "it goes to memory, as all that is written"),
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
            "^512 MB to mmcblk0 since it was booted 5 min ago$",
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


def test_a_changing_level_of_a_running_bridge_is_noticed(pi: Pi) -> None:
    """While the service holds the pins, its own levels are watched for the same short time."""
    levels = iter(["high", "low", "high", *["low"] * 7])
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = lambda server: told("button", level=next(levels))(server)
    (finding,) = of(pi.examine(), "pin button")
    assert "LOW: active; held by gpiobridge itself; 3 edges in 0.5 s" in finding.sentence


def test_an_oscillating_pin_of_a_running_bridge_is_noticed(pi: Pi) -> None:
    """The bridge sees what ten readings of a level can't."""
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = told("button", noisy=True)
    (finding,) = of(pi.examine(), "pin button")
    assert finding.verdict is WARNING
    assert finding.sentence.startswith("GPIO 17 oscillates: over 1,000 events a second")


def test_missed_edges_of_a_running_bridge_are_mentioned(pi: Pi) -> None:
    """They were mended, so that they are no fault, but they tell of a bad back end."""
    pi.configure(port=8000)
    pi.changes["ask_bridge"] = told("button", missed=3)
    (finding,) = of(pi.examine(), "pin button")
    assert (finding.verdict, "missed 3 of its edges" in finding.sentence) == (OK, True)


EXPANDER = """\
[server]
port = {port}
[pins]
button = 17
left = {{ pin = 3, chip = "gpiochip1" }}
right = {{ pin = {right}, chip = "{chip}" }}
[pages.welcome]
"""


def test_each_pin_is_asked_of_its_own_chip(pi: Pi) -> None:
    """An expander's lines have their own holders, and both chips are told (row 12)."""
    pi.config.write_text(EXPANDER.format(port=0, right=5, chip="gpiochip1"))
    pi.changes["chips"] = lambda: (PI_CHIP, OTHER_CHIP)
    pi.changes["line"] = lambda chip, line: Line((chip, line) == (1, 3), "lg")
    report = pi.examine()
    (chip,) = of(report, "GPIO chip")
    assert (chip.verdict, chip.sentence) == (
        OK,
        "gpiochip0 (pinctrl-bcm2711), 58 lines; gpiochip1 (raspberrypi-exp-gpio), 8 lines",
    )
    (left,) = of(report, "pin left")
    assert left.sentence.startswith('line 3 of gpiochip1 is held by "lg"')
    (right,) = of(report, "pin right")
    assert right.sentence.startswith("line 5 of gpiochip1 reads HIGH")
    (button,) = of(report, "pin button")
    assert button.sentence.startswith("GPIO 17 reads HIGH")


def test_a_running_bridge_on_another_chip_is_noticed(pi: Pi) -> None:
    """The same number there is another wire (row 12)."""
    pi.config.write_text(EXPANDER.format(port=8000, right=5, chip="gpiochip1"))
    pins = {
        "button": {"pin": 17, "chip": None, "level": "high", "active": "low"},
        "left": {"pin": 3, "chip": "gpiochip2", "level": "high", "active": "low"},
        "right": {"pin": 5, "chip": "gpiochip1", "level": "high", "active": "low"},
    }
    pi.changes["ask_bridge"] = lambda server: HEALTH | {"pins": pins}
    report = pi.examine()
    (left,) = of(report, "pin left")
    assert left.verdict is WARNING
    assert "has line 3 of gpiochip1, active low; " in left.sentence
    assert "the running bridge has line 3 of gpiochip2, active low" in left.sentence
    assert [of(report, f"pin {pin}")[0].verdict for pin in ("button", "right")] == [OK, OK]


@pytest.mark.parametrize(
    ("right", "chip", "sentence", "remedy"),
    [
        (5, "gpiochip7", 'pins.right.chip = "gpiochip7": there is no such chip', "overlay"),
        (8, "gpiochip1", "has 8 lines, so there is no line 8 for pins.right",
         "name another chip for it"),
    ],
)  # fmt: skip
def test_a_chip_of_a_pin_is_checked(
    pi: Pi, right: int, chip: str, sentence: str, remedy: str
) -> None:
    """Whether it is there, and has the line (row 12)."""
    pi.config.write_text(EXPANDER.format(port=0, right=right, chip=chip))
    pi.changes["chips"] = lambda: (PI_CHIP, OTHER_CHIP)
    (found,) = of(pi.examine(), "GPIO chip")
    assert found.verdict == FAILURE
    assert sentence in found.sentence
    assert remedy in (found.remedy or "")


def test_the_example_is_told_with_the_reason(
    pi: Pi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its pins would be taken for one's own (row 37)."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "config.toml.txt").write_text("")
    monkeypatch.chdir(here)
    found = of(examine(None, pi.machine()), "configuration")[1]
    assert found.verdict == WARNING
    assert found.sentence == (
        "this is the packaged example, as this folder has no config.toml, but config.toml.txt"
    )
    assert (found.remedy or "").startswith("rename it to config.toml")


VIRTUAL = """\
[server]
port = {port}
[pins]
{wired}
[pins.bell]
source = "http"
[pages.welcome]
"""
BELL = {"pin": None, "source": "http", "level": "low", "active": "low"}


@pytest.mark.parametrize("wired", ["", "button = 17"])
def test_the_kernel_is_not_asked_for_a_virtual_pin(pi: Pi, wired: str) -> None:
    """Beside wired ones and alone it is passed over: there is nothing of it on this machine."""
    pi.config.write_text(VIRTUAL.format(port=0, wired=wired))
    asked: list[int] = []
    sampled: list[str] = []
    pi.changes["line"] = lambda chip, offset: asked.append(offset) or Line(False, "")
    pi.changes["sample"] = lambda settings, pins: (
        sampled.extend(pins) or {name: Sample(HIGH) for name in pins}
    )
    report = pi.examine()
    (bell,) = of(report, "pin bell")
    assert (bell.verdict, bell.sentence) == (
        SKIPPED,
        "set by POST /api/pins/bell: no GPIO is read",
    )
    assert (asked, sampled) == (([17], ["button"]) if wired else ([], []))
    assert report.exit_code == 0


def test_virtual_pins_alone_need_nothing_of_the_machine(pi: Pi) -> None:
    """Neither back end nor chip nor permission is missed where no pin is wired."""
    pi.config.write_text(VIRTUAL.format(port=0, wired=""))
    pi.changes |= {
        "choose": no_back_end, "packages": lambda _: {}, "chips": tuple, "open_device": refuse,
    }  # fmt: skip
    report = pi.examine()
    assert report.exit_code == 0
    for check in ("back end", "GPIO chip", "permissions"):
        (finding,) = of(report, check)
        assert (finding.verdict, finding.sentence) == (
            SKIPPED,
            "no pin is wired: none is needed",
        )


@pytest.mark.parametrize(
    ("told", "verdict", "sentence"),
    [
        (BELL, OK, "is LOW: active; set by POST /api/pins/bell"),
        (BELL | {"level": "high"}, OK, "is HIGH: not active; set by POST /api/pins/bell"),
        (BELL | {"noisy": True}, WARNING, "set by POST /api/pins/bell, over 1,000 times a second"),
        (BELL | {"level": None}, FAILURE, 'source = "http" has no level: the running bridge'),
        ({"pin": 5, "level": "low", "active": "low"}, WARNING,
         'has source = "http", active low; the running bridge has GPIO 5, active low'),
    ],
)  # fmt: skip
def test_a_running_bridge_tells_of_its_virtual_pin(
    pi: Pi, told: dict[str, Any], verdict: Verdict, sentence: str
) -> None:
    """It may be active for long, and as often as one likes, short of a flood."""
    pi.config.write_text(VIRTUAL.format(port=8000, wired="button = 17"))
    pins = HEALTH["pins"] | {"bell": told}  # type: ignore[operator]
    pi.changes["ask_bridge"] = lambda server: HEALTH | {"pins": pins}
    (finding,) = of(pi.examine(), "pin bell")
    assert finding.verdict is verdict
    assert sentence in finding.sentence


def test_the_doctor_does_not_start_the_service(pi: Pi) -> None:
    """Where systemd waits for the first request, the doctor isn't it."""
    pi.configure(port=8000)
    stopped = {"ActiveState": "inactive", "SubState": "dead"}
    listening = unit("gpiobridge.socket", SubState="listening")
    pi.commands["systemctl"] = pi.units(unit("gpiobridge.service", **stopped), listening)
    pi.changes["ask_bridge"] = lambda server: pytest.fail("asked")
    report = pi.examine()
    assert [f.sentence for f in of(report, "port")] == [
        "port 8000 on 127.0.0.1 is held by systemd, for gpiobridge itself"
    ]
    assert of(report, "gpiobridge.service")[0].verdict is OK


def test_pins_are_not_opened_while_the_service_has_them(pi: Pi) -> None:
    """A running bridge is asked; opening its pins would fail, or take them away."""
    served()(pi)
    pi.changes["sample"] = lambda settings, pins: pytest.fail("opened")
    pi.changes["line"] = lambda chip, offset: pytest.fail("asked the kernel")
    assert of(pi.examine(), "pin button")[0].verdict is OK


def test_a_held_pin_hides_no_other(pi: Pi) -> None:
    """Only the pins that are free are opened."""
    opened: list[str] = []

    def watch(settings: Gpio, pins: Mapping[str, Pin]) -> dict[str, Sample]:
        opened.extend(pins)
        return {name: Sample(HIGH) for name in pins}

    held_by("lg")(pi)
    pi.changes["sample"] = watch
    assert of(pi.examine(), "pin door")[0].verdict is OK
    assert opened == ["door"]


def test_a_port_that_another_program_holds_names_it(pi: Pi) -> None:
    """The kernel's table of sockets leads to the process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        pi.configure(port=port)
        (finding,) = of(pi.examine(), "port")
        assert finding.verdict is FAILURE
        assert "is held by another program" in finding.sentence
        assert f"ss -ltnp sport = :{port}" in finding.remedy
        head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid\n"
        row = f"   0: 0100007F:{port:04X} 00000000:0000 0A 0:0 00:0 0 0 0 4711 1 0\n"
        pi.write("proc/net/tcp", head + row)
        pi.link(99, "nginx: master process", 6, "socket:[4711]")
        (finding,) = of(pi.examine(), "port")
        assert "another program (process 99: nginx: master process)" in finding.sentence
        pi.write("proc/99/cmdline", "python3\0-m\0gpiobridge\0run\0")
        (finding,) = of(pi.examine(), "port")
        assert "a gpiobridge that does not answer" in finding.sentence
    (finding,) = of(pi.examine(), "port")
    assert (finding.verdict, finding.sentence) == (OK, f"port {port} on 127.0.0.1 is free")


def test_a_laptop_is_no_patient(tmp_path: Path) -> None:
    """Without a Pi, what only a Pi has is passed over, and nothing is wrong."""
    pi = Pi(tmp_path)
    pi.root = tmp_path / "empty"
    pi.changes |= {"system": "Darwin", "kernel": "24.6.0", "choose": lambda name: "mock"}
    pi.changes |= {"chips": lambda: (), "packages": lambda _: {}}
    report = pi.examine()
    assert report.verdict is OK
    skipped = {f.check for f in report.findings if f.verdict is SKIPPED}
    assert skipped == {
        "board", "GPIO chip", "permissions", "pin button", "pin door", "units", "port", "kiosk",
        "clock",
    }  # fmt: skip


def test_a_wrong_configuration_hides_nothing_else(pi: Pi) -> None:
    """Each problem is a finding, and what doesn't depend on it is checked all the same."""
    pi.config.write_text('[pins]\nbutton = 99\n[pages.welcome]\non_low.bell = "nowhere"\n')
    report = pi.examine()
    assert report.exit_code == 2
    assert len([f for f in of(report, "configuration") if f.verdict is FAILURE]) == 3
    fine = {f.check for f in report.findings if f.verdict is OK}
    of_the_machine = {"board", "permissions", "kiosk", "disk", "writes", "log", "clock", "age"}
    assert fine == {*of_the_machine, "gpiobridge.service"}


def test_an_unreadable_configuration_is_not_a_wrong_one(
    pi: Pi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The installed one is not for every user: the doctor asks for sudo, and for nothing else."""
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == pi.config:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    command = f"{{ path=/bin/gpiobridge ; argv[]=gpiobridge run --config {pi.config} ; pid=1 }}"
    service(ExecStart=command)(pi)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for named, remedy in (
        (None, calling.as_root("doctor")),
        (pi.config, calling.as_root("doctor", "--config", str(pi.config))),
    ):
        report = examine(named, pi.machine())
        assert report.exit_code == 1
        assert [f for f in report.findings if f.verdict in (FAILURE, WARNING)] == [
            Finding("configuration", FAILURE, f"{pi.config}: this user may not read it", remedy)
        ]
        (port,) = of(report, "port")
        assert port.verdict is SKIPPED
        assert port.sentence == "it depends on the configuration, which this user may not read"


def test_a_named_configuration_that_is_unreadable_reaches_the_doctor(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line doesn't refuse it in words of its own: the doctor has the remedy."""

    def read_bytes(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    done = CliRunner().invoke(main, ["doctor", "--config", str(pi.config)])
    assert done.exit_code == 1
    assert f"-> {calling.as_root('doctor', '--config', str(pi.config))}" in done.output


def test_the_installed_service_s_configuration_is_taken(
    pi: Pi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever names none, in a folder without one, means that of the service."""
    command = f"{{ path=/bin/gpiobridge ; argv[]=gpiobridge run --config {pi.config} ; pid=1 }}"
    service(ExecStart=command)(pi)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert examine(None, pi.machine()).findings[0].sentence.startswith(f"{pi.config} is fine")
    monkeypatch.chdir(tmp_path)
    assert examine(None, pi.machine()).findings[0].sentence.startswith("config.toml is fine")


@pytest.mark.parametrize(
    "broken", ["run", "open_device", "ask_bridge", "choose", "chips", "packages", "sample", "line"]
)
def test_a_check_that_fails_itself_is_a_finding(pi: Pi, broken: str) -> None:
    """No check can end the examination; it says that it failed, and the others go on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("broken")

    pi.configure(port=8000)
    pi.changes[broken] = fail
    report = pi.examine()
    assert report.exit_code == 1
    ill = [f for f in report.findings if "this check itself failed: Zero" in f.sentence]
    assert ill
    assert all(f.verdict is FAILURE and "report" in f.remedy for f in ill)
    assert of(report, "configuration")[0].verdict is OK


def test_a_folder_that_this_user_may_not_enter_has_no_programs(
    pi: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH may name another user's folder: the shell passes over it, and so does the doctor."""
    closed, status = pi.root / "root/bin", os.stat

    def stat(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if isinstance(path, str | Path) and Path(path).is_relative_to(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return status(path, *args, **options)

    monkeypatch.setattr(os, "stat", stat)
    pi.changes["programs"] = ("/root/bin", "/usr/bin")
    assert of(pi.examine(), "kiosk")[0].verdict is OK


# -------------------------------------------------------------------- the report


REPORT = Report(
    [
        Finding("clock", OK, "it is set"),
        Finding("pin button", WARNING, "it is pressed", "let go"),
        Finding("port", FAILURE, "it is taken", "end it"),
        Finding("kiosk", SKIPPED, "no Pi"),
    ]
)


def test_text_is_aligned_with_remedies_below() -> None:
    """One line a finding, its remedy below where its sentence begins, and a sum at the end."""
    assert REPORT.as_text() == (
        "ok       clock       it is set\n"
        "warning  pin button  it is pressed\n"
        "                     -> let go\n"
        "FAILURE  port        it is taken\n"
        "                     -> end it\n"
        "-        kiosk       no Pi\n"
        "\n"
        "1 failure and 1 warning"
    )


def test_json_has_everything() -> None:
    """Machines get the worst verdict, and each finding whole."""
    told = json.loads(REPORT.as_json())
    assert told["verdict"] == "failure"
    assert told["findings"][1] == {
        "check": "pin button",
        "verdict": "warning",
        "sentence": "it is pressed",
        "remedy": "let go",
    }


# -------------------------------------------------------------------- the real machine


def doctor(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "gpiobridge", "doctor", *args],
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
        env=os.environ | variables,
    )


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    """An exhibit with simulated pins, whatever machine this is, on a free port."""
    return write_exhibit(tmp_path, f'port = {free_port()}\n[gpio]\npin_factory = "mock"')


def test_the_command_says_it_to_people_and_machines(exhibit: Path) -> None:
    """The same findings as text and as JSON; no colour where there is no terminal."""
    text, told = doctor("--config", str(exhibit)), doctor("--config", str(exhibit), "--json")
    assert (text.returncode, text.stderr) == (told.returncode, told.stderr) == (0, "")
    findings = json.loads(told.stdout)["findings"]
    assert {"check", "verdict", "sentence", "remedy"} == set(findings[0])
    for finding in findings:
        assert f"{finding['check']} " in text.stdout
        assert f"  {finding['sentence']}\n" in text.stdout
    assert "\x1b" not in text.stdout


def hang_up_on_all(listener: socket.socket) -> None:
    """Accept and close, until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


def test_the_exit_code_tells_how_bad_it_is(exhibit: Path) -> None:
    """1 for what can't work, 2 for a configuration that can't be used."""
    port = re.findall(r"port = (\d+)", exhibit.read_text())[0]
    with socket.create_server(("127.0.0.1", int(port))) as other:
        # It hangs up on whoever asks whether it is a bridge: a silent one is waited for.
        hanging_up = threading.Thread(target=hang_up_on_all, args=(other,))
        hanging_up.start()
        try:
            taken = doctor("--config", str(exhibit), "--json")
        finally:
            other.shutdown(socket.SHUT_RDWR)
            hanging_up.join()
    assert taken.returncode == 1
    assert json.loads(taken.stdout)["verdict"] == "failure"
    assert f"process {os.getpid()}" in taken.stdout  # the test itself
    exhibit.write_text("[pins]\nbutton = 99\n[pages.welcome]\n")
    wrong = doctor("--config", str(exhibit))
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr + wrong.stdout
    assert re.search(r"^FAILURE  configuration .*pins.button = 99: ", wrong.stdout, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty on Windows")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_is_for_terminals_that_want_it(exhibit: Path, no_color: str) -> None:
    """NO_COLOR counts on a terminal, too."""
    import pty

    seen = bytearray()

    command = [sys.executable, "-m", "gpiobridge", "doctor", "--config", str(exhibit)]
    if no_color:
        command = ["env", "NO_COLOR=1", *command]
    main, inner = pty.openpty()
    with subprocess.Popen(command, stdout=inner, stderr=inner) as process:
        os.close(inner)
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            seen.extend(piece)
        assert process.wait(20) == 0
    os.close(main)
    assert (b"\x1b[32mok" in seen) is not bool(no_color)


def test_a_running_bridge_holds_its_port_and_pins(
    run_bridge: Callable[..., BridgeProcess], tmp_path: Path
) -> None:
    """It is asked for its levels, and nothing is wrong with what is its own."""
    bridge = run_bridge()
    bridge.set_level("button", "low")
    config = tmp_path / "config.toml"
    with bridge.socket("welcome", "?display=kiosk"):
        pass
    done = doctor("--config", str(config), "--json", GPIOBRIDGE_SERVER__PORT=str(bridge.port))
    assert done.returncode == 0, done.stdout
    told = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    held = f"port {bridge.port} on 127.0.0.1 is held by gpiobridge itself"
    assert told["port"]["sentence"].startswith(held)
    assert told["pin button"]["sentence"] == (
        "GPIO 17 reads LOW: active; held by gpiobridge itself, simulated"
    )
    assert told["pin button"]["verdict"] == "warning"
    assert told["pin door"]["sentence"] == (
        "GPIO 27 reads LOW: not active; held by gpiobridge itself, simulated"
    )
    bridge.stop()
    done = doctor("--config", str(config), "--json", GPIOBRIDGE_SERVER__PORT=str(bridge.port))
    told = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert told["port"]["sentence"] == f"port {bridge.port} on 127.0.0.1 is free"


# -------------------------------------------------------------------- how old it is


def old(pi: Pi, days: float, copy: Path | None = None) -> list[Finding]:
    """What is found of a copy that is so many days old."""
    pi.changes.update(since=lambda: IN_2026_S - days * DAY_S, copy=copy)
    return of(pi.examine(), "age")


def test_a_copy_is_as_old_as_its_newest_part(pi: Pi) -> None:
    """The day and the days are told; it is fine for a year."""
    assert [(f.verdict, f.sentence) for f in old(pi, 364)] == [
        (OK, "this copy is of 2025-05-29, 364 days old")
    ]


@pytest.mark.parametrize("days", [365, 1000])
def test_a_copy_that_is_over_a_year_old_is_to_be_upgraded(pi: Pi, days: float) -> None:
    """Its packages, too, which pip alone would leave as they are."""
    (found,) = old(pi, days)
    assert found.verdict is WARNING
    assert f"{days} days old" in found.sentence
    assert "install --upgrade --upgrade-strategy eager gpiobridge" in found.remedy


def test_an_installed_copy_is_upgraded_where_it_came_from(pi: Pi) -> None:
    """It has no pip: the way is the one that the documentation has."""
    (found,) = old(pi, 400, copy=Path("/opt/gpiobridge/live"))
    assert "where it was installed from" in found.remedy
    assert found.remedy.endswith("gpiobridge install")


def test_the_copy_of_the_service_may_be_another_one(pi: Pi) -> None:
    """A fresh environment doesn't make the service fresh."""
    pi.write("opt/gpiobridge/live/gpiobridge.json", json.dumps({"since": IN_2026_S - 500 * DAY_S}))
    mine, services = old(pi, 1)
    assert mine.verdict is OK
    assert services.verdict is WARNING
    assert services.sentence.startswith("the service's copy is of 2025-01-13, 500 days old")
    assert services.remedy.endswith(calling.as_root("install"))


@pytest.mark.parametrize("mark", ["{}", "no JSON", '{"since": null}', '{"since": "x"}', "[]"])
def test_a_copy_that_does_not_say_how_old_it_is(pi: Pi, mark: str) -> None:
    """One of an older version has no date, and that is no fault."""
    pi.write("opt/gpiobridge/live/gpiobridge.json", mark)
    assert [f.verdict for f in old(pi, 1)] == [OK]


def test_a_clock_that_is_behind_tells_no_age(pi: Pi) -> None:
    """A Pi without network begins where it ended."""
    assert [f.verdict for f in old(pi, -30)] == [SKIPPED]
    pi.changes["since"] = lambda: None
    assert [f.verdict for f in of(pi.examine(), "age")] == [SKIPPED]
