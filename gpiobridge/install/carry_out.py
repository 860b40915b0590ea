"""Carry out the steps of a plan, and undo them if one fails.

What a step replaces is kept until the last one has succeeded (`recovery`). A file is written beside
its place and renamed, a copy is switched to by renaming a link: whoever looks sees the old or the
new, also after a power cut.
"""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from gpiobridge.errors import InstallError
from gpiobridge.install import recovery
from gpiobridge.install.own_copy import Copy, build
from gpiobridge.install.steps import (
    COMMAND,
    CONFIG,
    EXHIBIT,
    HOME,
    LINKS,
    READERS,
    RECORD,
    Backup,
    Build,
    Check,
    File,
    LinkCommand,
    MakeAccount,
    MakeGroup,
    Permit,
    Place,
    Remember,
    Remove,
    RemoveHome,
    SetOverlay,
    Start,
    Step,
    Switch,
    Systemctl,
    Tidy,
)
from gpiobridge.install.target import TargetMachine
from gpiobridge.system.parts import MARK
from gpiobridge.system.units import SERVICE, SOCKET
from gpiobridge.system.whole_files import beside, replacing, set_link

_CHECK_S = 120


def carry_out(
    steps: Iterable[Step],
    machine: TargetMachine,
    tell: Callable[[str], None],
    *,
    copy: Copy | None = None,
    live: str | None = None,
) -> None:
    """Carry steps out, in their order.

    Args:
        steps: the plan.
        machine: the machine.
        tell: gets a sentence before each step.
        copy: what `Build` copies.
        live: the copy that runs now: what a failed step leads back to.

    Raises:
        InstallError: a step failed; those before it are undone.
    """
    os.umask(0o022)  # the service must get at what root writes here
    steps = tuple(steps)
    with contextlib.ExitStack() as undo:
        work = _Work(machine, copy, recovery.touched(steps), undo, live)
        for step in steps:
            tell(f"  {step}")
            try:
                work.do(step)
            except OSError as error:
                where = f"{error.filename}: " if error.filename else ""
                raise InstallError(
                    f"{where}{error.strerror or error}; the files are as they were before"
                ) from error
        undo.pop_all()  # it is done: nothing is undone
    recovery.forget(machine)


class _Work:
    """The state of one run.

    Args:
        machine: the machine.
        copy: what `Build` copies.
        touched: the files and links that the steps change.
        undo: gets a way back for each change.
        live: the copy that runs now.
    """

    def __init__(
        self,
        machine: TargetMachine,
        copy: Copy | None,
        touched: tuple[str, ...],
        undo: contextlib.ExitStack,
        live: str | None,
    ) -> None:
        self._machine = machine
        self._copy = copy
        self._touched = touched
        self._undo = undo
        self._live = live
        self._kept = False

    def do(self, step: Step) -> None:
        """Carry one step out."""
        machine = self._machine
        if not self._kept and recovery.touched((step,)):
            self._kept = True
            # Before the copy that was made is removed: it may be the one that the links lead to.
            self._undo.callback(recovery.take_back, machine)
            recovery.keep(machine, self._touched)
        match step:
            case MakeGroup(name):
                machine.make_group(name)
            case MakeAccount():
                machine.make_account()
            case Build(name):
                self._build(name)
            case Check(name, config):
                self._check(name, config)
            case Backup(target, units):
                self._back_up(target, units)
            case Place(files):
                for file in files:
                    self._place(file)
            case Permit(path):
                there = machine.at(path)
                machine.own(there, READERS)
                there.chmod(there.stat().st_mode & 0o777 | 0o040)
            case Remove(paths):
                for path in paths:
                    self._remove(machine.at(path))
            case Remember(placed):
                content = json.dumps({"placed": dict(placed)}, indent=1).encode()
                self._place(File(RECORD, "", len(content), content))
            case Switch(live, previous):
                machine.sync()  # before anything points to it
                self._link(f"{HOME}/previous", f"versions/{previous}" if previous else None)
                self._link(f"{HOME}/live", f"versions/{live}")
                self._link(f"{HOME}/bin", "live/bin")
            case LinkCommand():
                self._link(COMMAND, f"{HOME}/bin/gpiobridge")
            case Systemctl(words):
                machine.systemctl(*words)
            case Start(units):
                self._start(units)
            case Tidy(names):
                for name in names:
                    _remove_copy(machine.at(f"{HOME}/versions/{name}"))
            case RemoveHome(command):
                if command:
                    machine.at(COMMAND).unlink(missing_ok=True)
                self._remove_home()
            case SetOverlay(on, raspi_config):
                machine.set_overlay(on, raspi_config)

    def _remove_home(self) -> None:
        recovery.forget(self._machine)  # there is nothing left to go back to
        home = self._machine.at(HOME)
        for link in (home / name for name in LINKS):
            beside(link).unlink(missing_ok=True)  # of an installation that was cut off
            if link.is_symlink():
                link.unlink()
        shutil.rmtree(home / "versions", ignore_errors=True)
        with contextlib.suppress(OSError):  # there is something of others in it, or no folder
            home.rmdir()

    def _build(self, name: str) -> None:
        assert self._copy is not None
        target = self._machine.at(f"{HOME}/versions/{name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        self._undo.callback(shutil.rmtree, target, ignore_errors=True)
        build(self._copy, target, f"{HOME}/versions/{name}", self._machine.sync)

    def _check(self, name: str, config: str) -> None:
        """Check a configuration as the copy itself sees it, whatever the caller's variables."""
        python = self._machine.at(f"{HOME}/versions/{name}/bin/python")
        path = self._machine.at(config) if config == CONFIG else config
        command = [str(python), "-I", "-m", "gpiobridge", "check", "--config", str(path)]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                command, env=environment, cwd="/", capture_output=True, text=True,
                errors="replace", timeout=_CHECK_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise InstallError(f"the copy {name} takes over {_CHECK_S} s to check it") from error
        if done.returncode:
            said = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-20:])
            raise InstallError(f"the copy {name} refuses the configuration:\n{said}")

    def _back_up(self, target: str, units: tuple[str, ...]) -> None:
        folder = self._machine.at(target)
        number = 1
        while folder.exists():  # a second one on a day
            number += 1
            folder = self._machine.at(f"{target}-{number}")
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(0o700, parents=True)
        there = self._machine.at(EXHIBIT)
        if there.exists():
            # A link stays one: it may lead nowhere, as an editor's lock does.
            shutil.copytree(there, folder, symlinks=True, dirs_exist_ok=True)
        config = folder / "config.toml"
        if config.exists() and not config.is_symlink():
            config.chmod(0o600)  # a token may stand in it, and its group isn't copied
        for unit in units:
            shutil.copy2(self._machine.at(unit), folder)

    def _place(self, file: File) -> None:
        target = self._machine.at(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as new:
            if isinstance(file.source, bytes):
                new.write(file.source)
            else:
                _copy(file.source, file.digest, new)
            self._machine.own(beside(target), file.group)
            os.fchmod(new.fileno(), file.mode)

    def _remove(self, target: Path) -> None:
        target.unlink(missing_ok=True)
        self._machine.remove_empty(target)

    def _link(self, path: str, to: str | None) -> None:
        link = self._machine.at(path)
        before = os.readlink(link) if link.is_symlink() else None
        if before != to:
            set_link(link, to)

    def _start(self, units: tuple[str, ...]) -> None:
        machine, since_s = self._machine, time.time()
        try:
            machine.systemctl("restart", *units)
        except (InstallError, KeyboardInterrupt) as error:
            said = machine.said(SERVICE, since_s) or [machine.status(SERVICE) or str(error)]
            why = "\n".join(f"  {line}" for line in said)
            if self._live is None:
                self._undo.pop_all()  # a first installation stays, to be mended where it is
                recovery.forget(machine)
                raise InstallError(
                    f"it is installed, but it doesn't start:\n{why}\n"
                    "The service goes on trying; `systemctl status gpiobridge` shows it."
                ) from error
            self._undo.close()
            raise InstallError(
                f"it doesn't start:\n{why}\nSo all is as it was before, with the copy "
                f"{self._live}{self._restart_as_before()}."
            ) from error
        self._undo.pop_all()  # it runs: what comes now leads back to nothing
        recovery.forget(machine)

    def _restart_as_before(self) -> str:
        try:
            self._machine.systemctl("daemon-reload")
            self._machine.systemctl("restart", SOCKET, SERVICE)
        except InstallError as error:
            return f", which doesn't start either ({error})"
        return ", which runs again"


def _remove_copy(folder: Path) -> None:
    """Remove a copy, or nearly: without its mark it is one that was never finished."""
    (folder / MARK).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, digest: str, new: BinaryIO) -> None:
    """Copy the very content that was looked at, or nothing.

    Raises:
        InstallError: the file has been exchanged since: its owner is not root, who copies it.
    """
    with open(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        hashing = _Hashing(file)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            shutil.copyfileobj(hashing, new)
    if hashing.digest != digest:
        raise InstallError(
            f"{source}: it has changed while it was being installed; the files are as they were "
            "before: run this again"
        )


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read on."""
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read, in hexadecimal."""
        return self._hash.hexdigest()
