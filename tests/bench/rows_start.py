"""How long a start takes, beside the version before; and which imports take how much of it."""

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.contenders import service_command
from bench.run import START_S, OpponentError, Run, Started, free_port, last_line
from bench.table import OURS, Row

SECTION = "Start"
BEFORE = "53012c9483b3"
"""The commit of version 0.2.0 with which this version is compared."""

ROOT = Path(__file__).parents[2]
TOP = 10
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def rows(run: Run) -> Iterator[Row]:
    """Measure starts in turn, then the imports of one start."""
    count = 12 if run.size.long else 3
    run.progress(f"{count} starts")
    versions = {OURS: ROOT}
    before = _export(run, run.folder / "before")
    if before is not None:
        versions = {f"version {before}": run.folder / "before", OURS: ROOT}
    seconds: dict[str, list[float]] = defaultdict(list)
    left = list(versions)
    for number in range(count + 1):
        for name in run.shuffled(left):
            try:
                took_s = start(run.folder / "start", versions[name])
            except OpponentError as error:
                run.fail(f"starts of {name} are not measured any further: {error}")
                left.remove(name)
                continue
            if number:  # the first one only compiles
                seconds[name].append(took_s)
    for name in versions:
        if seconds[name]:
            base = next(iter(versions)) if len(versions) > 1 else ""
            what = "the start of the process to the first page"
            yield Row(SECTION, what, name, "s", tuple(seconds[name]), base=base)
    modules: dict[str, list[float]] = defaultdict(list)
    packages: dict[str, list[float]] = defaultdict(list)
    for _ in range(7 if run.size.long else 1):
        spent = _imports(run.folder / "start")
        of_package: dict[str, float] = defaultdict(float)
        for name, took_ms in spent.items():
            package = name.partition(".")[0]
            package = "Python's own" if package in sys.stdlib_module_names else package
            of_package[package] += took_ms
            modules[name].append(took_ms)
        for name, took_ms in {"all": sum(spent.values()), **of_package}.items():
            packages[name].append(took_ms)
    for what, every in (
        ("importing by package: all, and those that take longest", packages),
        ("importing by module, without what it imports: those that take longest", modules),
    ):
        longest = sorted(every.items(), key=lambda item: -statistics.median(item[1]))
        for name, took in longest[: TOP + (every is packages)]:
            yield Row(SECTION, what, name, "ms", tuple(took), base="")


def _export(run: Run, folder: Path) -> str | None:
    """Write the files of the version before into a folder, and return its name."""
    if not shutil.which("git"):
        run.facts["the version before"] = "not compared: git is not installed"
        return None
    folder.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "--format=tar", BEFORE, "gpiobridge"],
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        run.facts["the version before"] = f"not compared: this clone has no commit {BEFORE}"
        return None
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    run.facts["the version before"] = f"0.2.0, commit {BEFORE}"
    return "0.2.0"


def start(folder: Path, root: Path) -> float:
    """Seconds from the start of a process to its first page.

    Args:
        folder: for its files.
        root: where Python finds the package.

    Raises:
        OpponentError: it gives no page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = service_command(folder, port)
    servers, _ = machine.cores()
    started_s = time.monotonic()
    started = Started(
        command,
        folder / "start.log",
        servers,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    try:
        return _first_page(started, port, started_s)
    finally:
        started.stop()


def _first_page(started: Started, port: int, started_s: float) -> float:
    """Ask for a page every millisecond until there is one; return the seconds since the start."""
    request = f"GET /still HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < started_s + START_S:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 5) as sock,
        ):
            sock.sendall(request)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
            if answer.startswith(b"HTTP/1.1 200"):
                return time.monotonic() - started_s
        if started.process.poll() is not None:
            raise OpponentError(f"it ended: {last_line(started.log)}")
        time.sleep(0.001)
    raise OpponentError(f"it gave no page in {START_S:.0f} s")


def _imports(folder: Path) -> dict[str, float]:
    """Milliseconds of importing by module, over all processes of one start."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    interpreter, *arguments = service_command(folder, port)
    started = Started(
        [interpreter, "-X", "importtime", *arguments], folder / "imports.log", set(), cwd=folder
    )
    try:
        _first_page(started, port, time.monotonic())
    finally:
        started.stop()
    spent: dict[str, float] = defaultdict(float)
    for own_us, _, _, name in _IMPORT.findall((folder / "imports.log").read_text()):
        spent[name] += int(own_us) / 1000
    return spent
