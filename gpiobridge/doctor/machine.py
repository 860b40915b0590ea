"""The examined machine: where the checks look, and which programs they may run.

A check takes everything outside its own code from here. So tests can replace it by a made-up
machine. This module changes nothing.
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
"""The answer of a bridge's ``/healthz``."""


@dataclass(frozen=True, slots=True)
class User:
    """The user who runs the doctor.

    Args:
        name: the login name.
        groups: the names of this process's groups.
    """

    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Package:
    """An installed Python package.

    Args:
        version: its version, such as "0.2.2.0".
        folder: the folder in which it lies.
        rank: the place of its folder in the search path; Python imports the lowest.
    """

    version: str
    folder: Path
    rank: int


def read_text(path: Path) -> str:
    """Read a file of ``/proc`` or ``/etc``; return "" if it can't be read."""
    with contextlib.suppress(OSError):
        return path.read_bytes().decode(errors="replace").strip("\0\n ")
    return ""


def this_user() -> User:
    """Find out which user runs this process."""
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
    """Find installed packages by their names; of two copies, the one that Python imports.

    Args:
        names: the names on the package index.
        path: the folders to look in, by default Python's own search path.
    """
    folders = [Path(folder or ".").resolve() for folder in (sys.path if path is None else path)]
    found: dict[str, Package] = {}
    for name in names:
        for rank, folder in enumerate(folders):
            for dist in importlib.metadata.distributions(name=name, path=[str(folder)]):
                found.setdefault(name, Package(dist.version, folder, rank))
    return found


def open_device(path: Path) -> None:
    """Open a device as a back end would, and close it again.

    Raises:
        OSError: this user may not open it, or it does not exist.
    """
    os.close(os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))


def ask_bridge(server: Server) -> Health | None:
    """Ask the configured bridge for its health; None if no bridge answers."""
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
        root: the root of the file system.
        system: "Linux", "Darwin" or "Windows".
        kernel: the kernel's release, such as "6.6.31+rpt-rpi-v8".
        python: the version of this Python, two numbers.
        unix_s: the wall clock, in seconds since 1970.
        user: the user who runs the doctor.
        programs: the folders in which to look for programs.
        files: how many files a bridge of this user could open; None for any number.
        packages: finds installed packages by their names.
        run: runs a command.
        open_device: opens a device, or raises OSError.
        ask_bridge: returns the health of the bridge of a ``[server]``; None if no bridge answers.
        choose: returns the back end for a ``gpio.pin_factory``.
        chips: returns the GPIO chips that this user may open.
        line: returns the holder of a line, by the chip's number and the line's number.
        sample: watches pins for a short time.
        sleep: waits, in seconds.
        since: returns when a part of this copy of gpiobridge was last installed, in seconds since
            1970.
        copy: the folder of this copy, if `gpiobridge install` made it.
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
