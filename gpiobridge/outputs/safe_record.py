"""The note of the lines that the bridge has opened, for `make_safe`, which reads it afterwards.

It is written before the first line is claimed. It lies in the service's own runtime folder, so
there is one only under the unit. The thread that opens or closes lines.
"""

import json
import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gpiobridge.core.events import Level
from gpiobridge.outputs.make_safe import record_file
from gpiobridge.system import invocation
from gpiobridge.system.whole_files import replacing

log = logging.getLogger(__name__)

Place = tuple[int | None, int]
"""A line: the number of its chip, None for pigpiod, and its own number."""


@dataclass(frozen=True, slots=True)
class SafeLine:
    """A line, and the level at which it must be once no bridge runs.

    Args:
        name: the output's name.
        chip: the number of its chip; None if pigpiod drives it.
        line: its number.
        safe: the level.
    """

    name: str
    chip: int | None
    line: int
    safe: Level

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.chip, self.line


def note(lines: Collection[SafeLine]) -> None:
    """Note lines that are about to be claimed, beside those that are noted already.

    The others are those of the process before a reload. Without a unit it is logged that nobody
    makes the outputs safe.
    """
    file = record_file()
    if file is None:
        log.warning(
            "if the bridge is killed, its outputs stay as they are: nothing would put them at "
            "their safe state; the service that `%s` makes does that",
            invocation.as_root("install"),
        )
        return
    places = {line.place for line in lines}
    others = [line for line in _read(Path(file)) if _place(line) not in places]
    _write(Path(file), [*others, *map(asdict, lines)])


def forget(places: Collection[Place]) -> None:
    """Take lines out that are at their safe level, and released.

    Args:
        places: their chips' and their own numbers.
    """
    file = record_file()
    if file is not None and places:
        lines = _read(Path(file))
        _write(Path(file), [line for line in lines if _place(line) not in places])


def _place(line: Mapping[str, Any]) -> Place:
    return line["chip"], line["line"]


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return []
    return found


def _write(file: Path, lines: list[dict[str, Any]]) -> None:
    try:
        if not lines:
            file.unlink(missing_ok=True)
            return
        with replacing(file) as new:
            new.write(json.dumps(lines).encode())
    except OSError as error:  # such as a full disk; the exhibit is worth more than the note
        log.error(
            "%s can't be written (%s): if the bridge is killed, its outputs stay as they are",
            file,
            os.strerror(error.errno or 0),
        )
