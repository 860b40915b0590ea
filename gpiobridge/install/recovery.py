"""Undo an installation that did not finish: it failed, was killed, or lost power.

Before the first change, this module keeps everything that will change, with a record of what was
where. While that record exists, the installation has not finished, and `take_back` restores the
earlier state. `gpiobridge-recover.service` calls it at boot, and each `install` calls it first.

```text
/opt/gpiobridge/replaced/1, 2, ...     files as they were, for root only
/opt/gpiobridge/replaced/record.json   what was where; written last, removed first
```
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
"""What was there: a link, or a kept file with its owner and group, or nothing."""


def touched(steps: Iterable[Step]) -> tuple[str, ...]:
    """List the files and links that the steps would change."""
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
    """Keep files and links as they are, for `take_back` to restore.

    Args:
        machine: the machine.
        paths: their paths on the machine; a path that does not exist yet is recorded, too.

    Raises:
        OSError: the disk is full, for example.
    """
    folder = machine.at(REPLACED)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700, parents=True)  # for root only: a kept file may contain a token
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
    machine.sync()  # the record promises that every kept file is on the disk
    place = folder / _RECORD
    with replacing(place) as new:
        new.write(json.dumps(record, indent=1).encode())
    keep_names(folder)


def forget(machine: TargetMachine) -> None:
    """Make the installation final: from here on it can't be undone.

    Raises:
        InstallError: the disk refuses the change.
    """
    try:
        _forget(machine)
    except OSError as error:
        raise InstallError(
            f"{_reason(error)}: everything is done, but the disk refuses the note of that, so the "
            "next boot may undo it: check the disk, then run this again"
        ) from error


def take_back(machine: TargetMachine) -> bool:
    """Undo an installation that did not finish, and return whether there was one.

    A power cut may interrupt this, too. The next call then does the same again.

    Raises:
        InstallError: the disk is full, or the record is damaged; the kept files stay.
    """
    folder = machine.at(REPLACED)
    try:
        record = _read(folder)
        if record is None:
            shutil.rmtree(folder, ignore_errors=True)  # nothing had changed yet, or it had finished
            return False
        _make_as_before(machine, record)
        _forget(machine)
    except OSError as error:
        raise InstallError(
            f"{_reason(error)}, while the earlier state was being restored: "
            "the replaced files are kept; free some space, then run this again"
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
    """Read the whole record before any of its files is touched; None if there is none."""
    place = folder / _RECORD
    try:
        content = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return {path: _was(said, folder) for path, said in json.loads(content).items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InstallError(
            f"{place}: is damaged ({error}), so an earlier installation that did not finish can't "
            f"be undone: save what you need from {REPLACED}, remove it with "
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
    os.umask(0o022)  # the service must be able to read a folder that root makes here
    # Remove what is new first: a file may lie where a folder was, or a folder where a file was.
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
        new.flush()  # a write after copystat would change the file's time
        shutil.copystat(kept, beside(target))
