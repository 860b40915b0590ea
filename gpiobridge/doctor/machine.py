"""The machine that is examined: where the checks look, and what they may run.

Everything that a check takes from its surroundings comes from here, so that tests can put a
made-up machine in its place. It changes nothing.
"""

import contextlib
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpiobridge.client import asking
from gpiobridge.config import Server
from gpiobridge.doctor.sampling import Sampler, sample
from gpiobridge.errors import RemoteError
from gpiobridge.pins.boards import choose
from gpiobridge.pins.chips import Chip, Line, chips, line
from gpiobridge.system import parts
from gpiobridge.system.commands import Run, run_command
from gpiobridge.system.open_files import raise_file_limit

Health = Mapping[str, Any]
"""What a bridge's ``/healthz`` says."""


@dataclass(frozen=True, slots=True)
class User:
    """Who runs the doctor.

    Args:
        name: the login name.
        groups: names of the groups that this process has.
    """

    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Package:
    """An installed Python package.

    Args:
        version: such as "0.2.2.0".
        folder: where it lies.
        rank: the place of its folder in the search path; the lowest one is imported.
    """

    version: str
    folder: Path
    rank: int


def read_text(path: Path) -> str:
    """Read a file of ``/proc`` or ``/etc``; what can't be read is empty."""
    with contextlib.suppress(OSError):
        return path.read_bytes().decode(errors="replace").strip("\0\n ")
    return ""


def this_user() -> User:
    """Find out who runs this process."""
    try:
        import grp
        import pwd
    except ImportError:  # Windows, where no pin needs a group
        return User(os.environ.get("USERNAME", "you"), frozenset())
    groups = set()
    for number in {os.getegid(), *os.getgroups()}:
        with contextlib.suppress(KeyError):  # a group without a name
            groups.add(grp.getgrgid(number).gr_name)
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return User(name, frozenset(groups))


def packages_installed(
    names: Sequence[str], path: Sequence[str] | None = None
) -> dict[str, Package]:
    """Find installed packages by their names; where there are two, the one that is imported.

    Args:
        names: as the package index has them.
        path: folders to look in, by default Python's own.
    """
    folders = [Path(folder or ".").resolve() for folder in (sys.path if path is None else path)]
    found: dict[str, Package] = {}
    for name in names:
        for rank, folder in enumerate(folders):
            for dist in importlib.metadata.distributions(name=name, path=[str(folder)]):
                found.setdefault(name, Package(dist.version, folder, rank))
    return found


def open_device(path: Path) -> None:
    """Open a device and close it again, as a back end would.

    Raises:
        OSError: this user may not, or it isn't there.
    """
    os.close(os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))


def ask_bridge(server: Server) -> Health | None:
    """Ask what may be the configured bridge how it is; None if no bridge answers."""
    try:
        return asking.health(server.local_url, server.token, even_ill=True)
    except RemoteError:
        return None


def _search_path() -> tuple[str, ...]:
    return tuple(filter(None, os.environ.get("PATH", "").split(os.pathsep)))


@dataclass(frozen=True, kw_only=True)
class ExaminedMachine:
    """Where the checks look.

    Args:
        root: the file system.
        system: "Linux", "Darwin" or "Windows".
        kernel: the kernel's release, such as "6.6.31+rpt-rpi-v8".
        python: version of this Python, two numbers.
        unix_s: the wall clock, in seconds since 1970.
        user: who runs this.
        programs: folders in which programs are looked for.
        files: how many files a bridge of this user could open, None for any number.
        packages: finds installed packages by their names.
        run: runs a command.
        open_device: opens a device, or raises OSError.
        ask_bridge: what the bridge of a ``[server]`` says of itself, None if no bridge is there.
        choose: the back end for a ``gpio.pin_factory``.
        chips: the GPIO chips that may be opened.
        line: who holds a line, by the chip's and the line's number.
        sample: watches pins for a short time.
        sleep: waits for seconds.
        since: when this copy of gpiobridge last got a part, in seconds since 1970.
        copy: the folder of this copy, if `gpiobridge install` has made it.
    """

    root: Path = Path("/")
    system: str = field(default_factory=platform.system)
    kernel: str = field(default_factory=platform.release)
    python: tuple[int, int] = field(default_factory=lambda: sys.version_info[:2])
    unix_s: float = field(default_factory=time.time)
    user: User = field(default_factory=this_user)
    programs: Sequence[str] = field(default_factory=_search_path)
    files: int | None = field(default_factory=raise_file_limit)
    packages: Callable[[Sequence[str]], Mapping[str, Package]] = packages_installed
    run: Run = run_command
    open_device: Callable[[Path], None] = open_device
    ask_bridge: Callable[[Server], Health | None] = ask_bridge
    choose: Callable[[str], str] = choose
    chips: Callable[[], Sequence[Chip]] = chips
    line: Callable[[int, int], Line] = line
    sample: Sampler = sample
    sleep: Callable[[float], None] = time.sleep
    since: Callable[[], float | None] = parts.since_s
    copy: Path | None = field(default_factory=parts.installed_copy)
