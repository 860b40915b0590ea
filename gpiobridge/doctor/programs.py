"""Find the program that holds a line or a port, if this user may see it. Linux only."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gpiobridge.doctor.machine import read_text

_LISTENING = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_SHOWN = 60  # characters of a command line


@dataclass(frozen=True, slots=True)
class Program:
    """A running program.

    Args:
        pid: its process id.
        command: its command line.
    """

    pid: int
    command: str

    @property
    def is_gpiobridge(self) -> bool:
        """Whether it seems to be gpiobridge."""
        return "gpiobridge" in self.command

    def __str__(self) -> str:
        shown = self.command if len(self.command) <= _SHOWN else self.command[: _SHOWN - 3] + "..."
        return f"process {self.pid}: {shown}"


def holding_line(root: Path, chip: int, offset: int) -> Program | None:
    """Find the program that holds a line of a GPIO chip (the kernel tells it from Linux 6.1 on).

    Args:
        root: the file system to look in.
        chip: the chip's number.
        offset: the line's number on it.
    """
    wanted = {("gpio-chip", f"gpiochip{chip}"), ("gpio-line", str(offset))}

    def holds(process: Path, handle: str, target: str) -> bool:
        if not target.startswith("anon_inode:gpio-line"):
            return False
        told = read_text(process / "fdinfo" / handle)
        return wanted <= set(re.findall(r"^([a-z-]+):\s*(\S+)$", told, re.MULTILINE))

    return _first(root, holds)


def listening_on(root: Path, port: int) -> Program | None:
    """Find the program that listens on a TCP port.

    Args:
        root: the file system to look in.
        port: the port.
    """
    sockets = set()
    for table in ("tcp", "tcp6"):
        for row in read_text(root / "proc/net" / table).splitlines()[1:]:
            # Number, local address, peer, state, ..., inode (proc_net_tcp in the kernel's
            # documentation).
            columns = row.split()
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{columns[9]}]")
    return _first(root, lambda _process, _handle, target: target in sockets)


def _first(root: Path, holds: Callable[[Path, str, str], bool]) -> Program | None:
    for process in _processes(root):
        # This user can't look into other users' programs, and any program may end meanwhile.
        with contextlib.suppress(OSError):
            for handle in os.listdir(process / "fd"):
                with contextlib.suppress(OSError):
                    if holds(process, handle, os.readlink(process / "fd" / handle)):
                        return Program(int(process.name), _command(process))
    return None


def _processes(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(root / "proc") if name.isdigit()]
        for name in sorted(names, key=int):
            yield root / "proc" / name


def _command(process: Path) -> str:
    words = read_text(process / "cmdline").replace("\0", " ")
    return words or read_text(process / "comm")
