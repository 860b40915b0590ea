"""Carry out the steps of a plan, and undo them if one fails.

What a step replaces is kept until the last step has succeeded (`recovery`). A new file is written
next to its place and then renamed. A switch to another copy renames a link. So a reader sees
either the old state or the new one, also after a power cut.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from functools import singledispatchmethod
from typing import Any

from gpiobridge.errors import InstallError
from gpiobridge.install import recovery
from gpiobridge.install.exact_copy import copy_exactly
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
    """Carry the steps out in their order.

    Args:
        steps: the plan.
        machine: the machine.
        tell: receives a sentence before each step.
        copy: what `Build` copies.
        live: the copy that runs now. If a step fails, this copy runs again.

    Raises:
        InstallError: a step failed; the steps before it are undone.
    """
    os.umask(0o022)  # the service must be able to read what root writes here
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
        undo.pop_all()  # all steps succeeded: undo nothing
    recovery.forget(machine)


class _Work:
    """The state of one run.

    Args:
        machine: the machine.
        copy: what `Build` copies.
        touched: the files and links that the steps change.
        undo: receives a callback for each change, which undoes it.
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
        """Carry one step out; before the first change, keep everything that will change."""
        if not self._kept and recovery.touched((step,)):
            self._kept = True
            # Restore the links before the new copy is removed: they may lead to it.
            self._undo.callback(recovery.take_back, self._machine)
            recovery.keep(self._machine, self._touched)
        self._do(step)

    @singledispatchmethod
    def _do(self, step: Any) -> None:
        raise TypeError(f"no step of an installation: {step!r}")

    @_do.register
    def _make_group(self, step: MakeGroup) -> None:
        self._machine.make_group(step.name)

    @_do.register
    def _make_account(self, step: MakeAccount) -> None:
        self._machine.make_account()

    @_do.register
    def _build(self, step: Build) -> None:
        assert self._copy is not None
        place = f"{HOME}/versions/{step.name}"
        target = self._machine.at(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._undo.callback(shutil.rmtree, target, ignore_errors=True)
        build(self._copy, target, place, self._machine.sync)

    @_do.register
    def _check(self, step: Check) -> None:
        check_with_copy(self._machine, step)

    @_do.register
    def _back_up(self, step: Backup) -> None:
        folder = self._machine.at(step.target)
        number = 1
        while folder.exists():  # a second backup on the same day
            number += 1
            folder = self._machine.at(f"{step.target}-{number}")
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(0o700, parents=True)
        there = self._machine.at(EXHIBIT)
        if there.exists():
            # Copy a link as a link: it may lead nowhere, as an editor's lock file does.
            shutil.copytree(there, folder, symlinks=True, dirs_exist_ok=True)
        config = folder / "config.toml"
        if config.exists() and not config.is_symlink():
            config.chmod(0o600)  # it may contain a token, and its group isn't copied
        for unit in step.units:
            shutil.copy2(self._machine.at(unit), folder)

    @_do.register
    def _place_all(self, step: Place) -> None:
        for file in step.files:
            self._place(file)

    @_do.register
    def _permit(self, step: Permit) -> None:
        there = self._machine.at(step.path)
        self._machine.own(there, READERS)
        there.chmod(there.stat().st_mode & 0o777 | 0o040)

    @_do.register
    def _remove(self, step: Remove) -> None:
        for path in step.paths:
            there = self._machine.at(path)
            there.unlink(missing_ok=True)
            self._machine.remove_empty(there)

    @_do.register
    def _remember(self, step: Remember) -> None:
        content = json.dumps({"placed": dict(step.placed)}, indent=1).encode()
        self._place(File(RECORD, "", len(content), content))

    @_do.register
    def _switch(self, step: Switch) -> None:
        self._machine.sync()  # the copy must be on the disk before a link leads to it
        self._link(f"{HOME}/previous", f"versions/{step.previous}" if step.previous else None)
        self._link(f"{HOME}/live", f"versions/{step.live}")
        self._link(f"{HOME}/bin", "live/bin")

    @_do.register
    def _link_command(self, step: LinkCommand) -> None:
        self._link(COMMAND, f"{HOME}/bin/gpiobridge")

    @_do.register
    def _systemctl(self, step: Systemctl) -> None:
        self._machine.systemctl(*step.words)

    @_do.register
    def _start(self, step: Start) -> None:
        since_s = time.time()
        try:
            self._machine.systemctl("restart", *step.units)
        except (InstallError, KeyboardInterrupt) as error:
            said = self._machine.said(SERVICE, since_s)
            raise self._not_started(
                said or [self._machine.status(SERVICE) or str(error)]
            ) from error
        self._undo.pop_all()  # it runs: a later failure undoes nothing
        recovery.forget(self._machine)

    @_do.register
    def _tidy(self, step: Tidy) -> None:
        for name in step.names:
            folder = self._machine.at(f"{HOME}/versions/{name}")
            # Without its mark, a copy that is only half removed counts as unfinished.
            (folder / MARK).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    @_do.register
    def _remove_home(self, step: RemoveHome) -> None:
        if step.command:
            self._machine.at(COMMAND).unlink(missing_ok=True)
        recovery.forget(self._machine)  # there is nothing left to go back to
        home = self._machine.at(HOME)
        for link in (home / name for name in LINKS):
            beside(link).unlink(missing_ok=True)  # left by an installation that was interrupted
            if link.is_symlink():
                link.unlink()
        shutil.rmtree(home / "versions", ignore_errors=True)
        with contextlib.suppress(OSError):  # others keep something in it, or it is not there
            home.rmdir()

    @_do.register
    def _set_overlay(self, step: SetOverlay) -> None:
        self._machine.set_overlay(step.on, step.raspi_config)

    def _place(self, file: File) -> None:
        target = self._machine.at(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as new:
            if isinstance(file.source, bytes):
                new.write(file.source)
            else:
                copy_exactly(file.source, file.digest, new)
            self._machine.own(beside(target), file.group)
            os.fchmod(new.fileno(), file.mode)

    def _link(self, path: str, to: str | None) -> None:
        link = self._machine.at(path)
        before = os.readlink(link) if link.is_symlink() else None
        if before != to:
            set_link(link, to)

    def _not_started(self, said: Sequence[str]) -> InstallError:
        """Go back to the copy before, if there is one, and say how the service is now."""
        why = "\n".join(f"  {line}" for line in said)
        if self._live is None:
            self._undo.pop_all()  # a first installation stays, to be repaired in place
            recovery.forget(self._machine)
            return InstallError(
                f"it is installed, but the service doesn't start:\n{why}\n"
                "systemd keeps trying; `systemctl status gpiobridge` shows the state."
            )
        self._undo.close()
        return InstallError(
            f"the service doesn't start:\n{why}\nEverything is as it was before, with the copy "
            f"{self._live}{self._restart_as_before()}."
        )

    def _restart_as_before(self) -> str:
        try:
            self._machine.systemctl("daemon-reload")
            self._machine.systemctl("restart", SOCKET, SERVICE)
        except InstallError as error:
            return f", which doesn't start either ({error})"
        return ", which runs again"


def check_with_copy(machine: TargetMachine, step: Check) -> None:
    """Check a configuration with a copy, without the caller's environment variables.

    Raises:
        InstallError: the configuration is wrong, or the check takes too long.
    """
    name, config = step.name, step.config
    python = machine.at(f"{HOME}/versions/{name}/bin/python")
    path = machine.at(config) if config == CONFIG else config
    command = [str(python), "-I", "-m", "gpiobridge", "check", "--config", str(path)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True,
            errors="replace", timeout=_CHECK_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise InstallError(
            f"the copy {name} did not check {config} within {_CHECK_S} s; run this again when the "
            "machine is less busy"
        ) from error
    if done.returncode:
        said = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-20:])
        raise InstallError(f"the copy {name} refuses the configuration:\n{said}")
