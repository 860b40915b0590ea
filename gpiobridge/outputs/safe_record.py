"""The note of the lines that the bridge has opened, for `make_safe`, which reads it afterwards.

It is written before the first line is claimed. It lies in the service's own runtime folder, so
there is one only under the unit. The thread that opens or closes lines.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gpiobridge.core.events import Level
from gpiobridge.outputs.make_safe import parts, record_file, row
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
            "if the bridge is killed or hangs, its outputs stay as they are: only the service that "
            "`%s` makes puts them at their safe state then",
            invocation.as_root("install"),
        )
        return
    others = _without({line.place for line in lines}, Path(file))
    _write(Path(file), [*others, *(row(*line.place, line.safe, line.name) for line in lines)])


def forget(places: Collection[Place]) -> None:
    """Take lines out that are at their safe level, and released."""
    file = record_file()
    if file is not None and places:
        _write(Path(file), _without(places, Path(file)))


def _without(places: Collection[Place], file: Path) -> list[str]:
    """Read the file's rows, without those of some lines."""
    try:
        rows = file.read_text("utf-8").splitlines(keepends=True)
        return [row for row in rows if parts(row)[:2] not in places]
    except (OSError, ValueError):  # there is none yet
        return []


def _write(file: Path, rows: list[str]) -> None:
    try:
        if not rows:
            file.unlink(missing_ok=True)
            return
        with replacing(file) as new:
            new.write("".join(rows).encode())
    except OSError as error:  # such as a full disk; the exhibit is worth more than the note
        log.error(
            "%s can't be written (%s): if the bridge is killed, its outputs stay as they are",
            file,
            error.strerror,
        )
