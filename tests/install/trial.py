"""An installation for a test: carried out on a fake machine, and looked at."""

import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gpiobridge
from gpiobridge.install import own_copy
from gpiobridge.install.installation import Choices, install
from gpiobridge.install.target import TargetMachine
from gpiobridge.kiosk.browsers import BROWSERS
from gpiobridge.system import parts

from .fake_machine import FakeMachine

ROOT = Path(__file__).parents[2]

VERSION = gpiobridge.__version__
"""What the copies that a test makes are called: ``<version>-1``, then ``-2``."""

SYSTEMD = ROOT / "systemd"

STOPPED = "disable --now gpiobridge.service gpiobridge.socket gpiobridge-recover.service"


def tiny_copy(items: Mapping[str, Path | bytes]) -> own_copy.Copy:
    """Make a copy of a few files."""
    listed = tuple(own_copy.Item(place, source) for place, source in items.items())
    return own_copy.Copy(listed, 0, False, f"{len(items)} files: {sorted(items)}", 1)


def run(machine: TargetMachine, folder: Path | None = None, **options: Any) -> list[str]:
    """Install; returns what was said."""
    said: list[str] = []
    if "browser" in options:
        options["browser"] = BROWSERS[options["browser"]]
    install(Choices(folder, **options), machine, said.append)
    return said


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every file below a folder, with its permissions and content."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.lstat().st_mode),
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.name != "gpiobridge-install.lock"
    }


def command(machine: TargetMachine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the live copy, whose interpreter is a link below the machine's folder."""
    python = machine.at("/opt/gpiobridge/live/bin/python")
    return subprocess.run(
        [python, "-I", "-m", "gpiobridge", *words],
        cwd=machine.root,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def shown(machine: FakeMachine) -> dict[str, tuple[int, bytes | str]]:
    """All that says what a machine shows and runs: exhibit, units, record, the links to copies."""
    folders = ("etc/gpiobridge/", "etc/systemd/", "var/lib/", "usr/local/")
    links = ("opt/gpiobridge/live", "opt/gpiobridge/previous", "opt/gpiobridge/bin")
    return {
        path: found
        for path, found in snapshot(machine.root).items()
        if path.startswith(folders) or path in links
    }


def whole_copies(machine: FakeMachine) -> set[str]:
    """Name the copies that count as whole, and make sure that they are."""
    names = set()
    for copy in machine.at("/opt/gpiobridge/versions").glob("*"):
        if (copy / parts.MARK).exists():
            names.add(copy.name)
            assert os.access(copy / "bin/gpiobridge", os.X_OK)
            assert any(copy.glob("lib/python3.*/site-packages/gpiobridge/__main__.py"))
    return names


KIOSK_UNIT = "/etc/systemd/system/gpiobridge-kiosk.service"


def kiosk_command(machine: FakeMachine) -> str:
    """What the kiosk's unit starts."""
    [line] = re.findall(r"(?m)^ExecStart=(.*)$", machine.at(KIOSK_UNIT).read_text())
    return str(line)
