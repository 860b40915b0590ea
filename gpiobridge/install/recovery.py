"""The way back from an installation that didn't end: it failed, was killed, or lost its power.

Before the first change, everything that will be changed is kept, with a record of what was where.
As long as the record is there, the installation hasn't ended, and `take_back` makes all as it was
before. `gpiobridge-recover.service` does so at boot, and each `install` does, before it begins.

::

    /opt/gpiobridge/replaced/1, 2, ...     files as they were, for root alone
    /opt/gpiobridge/replaced/record.json   what was where; the last to be written, the first to go
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gpiobridge.errors import InstallError
from gpiobridge.install.steps import (
    COMMAND,
    HOME,
    LINKS,
    RECORD,
    LinkCommand,
    Permit,
    Place,
    Remember,
    Remove,
    Step,
    Switch,
)
from gpiobridge.install.target import TargetMachine
from gpiobridge.system.whole_files import beside, keep_names, replacing, set_link

REPLACED = f"{HOME}/replaced"
_RECORD = "record.json"

_Was = str | tuple[Path, int, int] | None
"""What was there: a link, a file that is kept, with its owner and group, or nothing."""


def touched(steps: Iterable[Step]) -> tuple[str, ...]:
    """List the files and links that steps would change."""
    paths: list[str] = []
    for step in steps:
        match step:
            case Place(files):
                paths += [file.path for file in files]
            case Permit(path):
                paths.append(path)
            case Remove(removed):
                paths += removed
            case Remember():
                paths.append(RECORD)
            case Switch():
                paths += [f"{HOME}/{name}" for name in LINKS]
            case LinkCommand():
                paths.append(COMMAND)
    return tuple(dict.fromkeys(paths))


def keep(machine: TargetMachine, paths: Iterable[str]) -> None:
    """Keep files and links as they are, so that `take_back` can bring them back.

    Args:
        machine: the machine.
        paths: of the machine; there may be nothing yet.

    Raises:
        OSError: the disk is full, for example.
    """
    folder = machine.at(REPLACED)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700, parents=True)  # for root alone: a token may stand in what is kept
    record: dict[str, dict[str, Any] | None] = {}
    for number, path in enumerate(paths, 1):
        there = machine.at(path)
        if there.is_symlink():
            record[path] = {"link": os.readlink(there)}
        elif there.exists() and not there.is_dir():
            owner = there.stat()
            shutil.copy2(there, folder / str(number))
            record[path] = {"kept": str(number), "uid": owner.st_uid, "gid": owner.st_gid}
        else:
            record[path] = None
    machine.sync()  # the record says that all of it is there
    place = folder / _RECORD
    with replacing(place) as new:
        new.write(json.dumps(record, indent=1).encode())
    keep_names(folder)


def forget(machine: TargetMachine) -> None:
    """Make what was done lasting: there is no way back from here on.

    Raises:
        InstallError: the disk doesn't take it.
    """
    try:
        _forget(machine)
    except OSError as error:
        raise InstallError(
            f"{_reason(error)}: all is done, but the disk doesn't take the note that it is, so the "
            "next boot may make it as it was before: look after the disk, then run this again"
        ) from error


def take_back(machine: TargetMachine) -> bool:
    """Make all as it was before an installation that hasn't ended; whether there was one.

    It may itself be cut off: the next one does the same again.

    Raises:
        InstallError: the disk is full, or the record is damaged; what was replaced is kept.
    """
    folder = machine.at(REPLACED)
    try:
        record = _read(folder)
        if record is None:
            shutil.rmtree(folder, ignore_errors=True)  # nothing was changed yet, or all has ended
            return False
        _make_as_before(machine, record)
        _forget(machine)
    except OSError as error:
        raise InstallError(
            f"{_reason(error)}, while all was being made as it was before: "
            "what was replaced is kept; free some room, then run this again"
        ) from error
    return True


def _forget(machine: TargetMachine) -> None:
    folder = machine.at(REPLACED)
    if (folder / _RECORD).exists():
        machine.sync()
        (folder / _RECORD).unlink()
        keep_names(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _read(folder: Path) -> dict[str, _Was] | None:
    """Read the whole record, before the first file of it is touched; None if there is none."""
    place = folder / _RECORD
    try:
        content = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return {path: _was(said, folder) for path, said in json.loads(content).items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InstallError(
            f"{place}: is damaged ({error}), so the installation before, which didn't end, can't "
            f"be taken back: keep what you need of {REPLACED}, remove it with "
            f"sudo rm -r {REPLACED}, then run this again"
        ) from error


def _was(said: Any, folder: Path) -> _Was:
    if said is None:
        return None
    if "link" in said:
        return str(said["link"])
    kept = folder / str(said["kept"])
    if not kept.is_file():
        raise ValueError(f"{kept.name} is missing")
    return kept, int(said["uid"]), int(said["gid"])


def _make_as_before(machine: TargetMachine, record: Mapping[str, _Was]) -> None:
    os.umask(0o022)  # the service must get at a folder that root makes here
    # First what is new: it may be a file where a folder was, and the other way round.
    for path, was in record.items():
        there = machine.at(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            beside(there).unlink()
        if was is None:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                there.unlink()
            machine.remove_empty(there)
    for path, was in record.items():
        if isinstance(was, str):
            set_link(machine.at(path), was)
        elif was is not None:
            _bring_back(machine.at(path), *was)


def _reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _bring_back(target: Path, kept: Path, uid: int, gid: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as new, kept.open("rb") as source:
        shutil.copyfileobj(source, new)
        with contextlib.suppress(OSError):
            os.fchown(new.fileno(), uid, gid)
        new.flush()  # else its time would be that of the last write
        shutil.copystat(kept, beside(target))
