"""A made-up Raspberry Pi in good health, and the faults that a test can give it."""

import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.exhibit import write_exhibit

from gpiobridge.core.events import Level
from gpiobridge.doctor import ExaminedMachine, Finding, Report, Verdict, examine
from gpiobridge.doctor.machine import Package, User
from gpiobridge.doctor.sampling import Sample
from gpiobridge.errors import PinError
from gpiobridge.kiosk import chromium_policy
from gpiobridge.pins.chips import Chip, Line

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

    def machine(self) -> ExaminedMachine:
        """What the doctor sees."""
        healthy = ExaminedMachine(
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


def kiosk_installed(pi: Pi, browser: str = "chromium", *, in_sway: bool = False) -> None:
    """Install the kiosk's unit."""
    command = (
        f"{{ path=/usr/bin/cage ; argv[]=/usr/bin/cage -- gpiobridge kiosk --browser {browser} ; }}"
    )
    if in_sway:
        command = command.replace("/usr/bin/cage -- gpiobridge", "gpiobridge")
        command = command.replace(" ; }", " --sway ; }")
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


def of(report: Report, check: str) -> list[Finding]:
    """The findings of a check."""
    return [finding for finding in report.findings if finding.check == check]
