"""What must outlive a restart, in one small file: the overrule, and that the clock was set.

The file is read before the watcher starts, and written by the `clerk`'s thread. A file that is
damaged, or somebody else's, counts as none.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gpiobridge.hours.status import HoursState, Overrule
from gpiobridge.system.whole_files import replacing

log = logging.getLogger(__name__)

FORMAT = 1
_MOST_BYTES = 4096
_MOST_UNIX_S = 253_402_000_000.0  # in the year 9999, which every time zone can show


@dataclass(frozen=True, slots=True)
class Record:
    """What the file says.

    Args:
        overrule: somebody's word against the timetable; None: there is none.
        set_in: the boot in which the clock was set; empty: in none.
    """

    overrule: Overrule | None = None
    set_in: str = ""


NOTHING = Record()


def record_file(environ: Mapping[str, str], source: Path) -> Path | None:
    """Choose where the file lies.

    Args:
        environ: the environment: systemd's ``STATE_DIRECTORY`` first, then ``XDG_STATE_HOME``.
        source: the folder of the exhibit: a user may have several.

    Returns:
        None if there is no such place.
    """
    if given := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(given) / "hours.json"
    if given := environ.get("XDG_STATE_HOME", ""):
        home = Path(given)
    else:
        try:
            home = Path.home() / ".local" / "state"
        except RuntimeError:  # a user without a home
            return None
    which = hashlib.sha256(str(source).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return home / "gpiobridge" / f"hours-{which}.json"


def read(file: Path | None) -> Record:
    """Read the file; what can't be read says nothing."""
    if file is None:
        return NOTHING
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(_MOST_BYTES))
        if told["format"] != FORMAT:
            return NOTHING
        overrule = None
        if told["overrule"] is not None:
            until_s = float(told["overrule"]["until"])
            if not 0 <= until_s <= _MOST_UNIX_S:
                raise ValueError("no moment")
            state = HoursState(told["overrule"]["state"])
            overrule = None if state is HoursState.UNKNOWN else Overrule(state, until_s)
        return Record(overrule, str(told["clock_set_in"]))
    except FileNotFoundError:
        return NOTHING
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        log.warning("%s can't be read (%s): the opening hours count", file, type(error).__name__)
        return NOTHING


def write(file: Path | None, record: Record) -> bool:
    """Write the file; whether that has worked. A failure is a line in the log."""
    if file is None:
        return False
    overrule = record.overrule
    said = None if overrule is None else {"state": overrule.state, "until": overrule.until_s}
    told = {"format": FORMAT, "overrule": said, "clock_set_in": record.set_in}
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(file) as new:
            new.write(json.dumps(told).encode())
    except OSError as error:  # such as a full disk; the exhibit is worth more than the note
        log.warning(
            "%s can't be written (%s): after a restart the opening hours count again",
            file,
            error.strerror,
        )
        return False
    return True


def boot_id() -> str:
    """Name this boot of the machine; empty if it has no name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def own_file(folder: Path) -> Path | None:
    """Choose where the file of this process lies; see `record_file`."""
    return record_file(os.environ, folder)
