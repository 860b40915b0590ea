"""Write a file or a link whole: whoever looks sees the old or the new, also after a power cut.

What is new is written beside its place, brought to the disk and renamed. Nothing is written
through a link that someone has laid in the way. Any thread.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def beside(target: Path) -> Path:
    """Return where a file is written before it is renamed."""
    return target.with_name(f".{target.name}.new")


def new_file(path: Path) -> BinaryIO:
    """Open a file that wasn't there before, for root alone as long as it is written.

    What lies there is removed, never followed: it may be a link to a file that root must not
    overwrite.
    """
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Write a file anew: what is written in here takes its place at the end, once on the disk.

    Args:
        target: the file; until the end what is written lies `beside` it.
    """
    made = beside(target)
    try:
        with new_file(made) as new:
            yield new
            new.flush()
            os.fsync(new.fileno())
        made.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
        raise


def set_link(link: Path, to: str | None) -> None:
    """Set, change or remove a link, at once."""
    if to is None:
        link.unlink(missing_ok=True)
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = beside(link)
    made.unlink(missing_ok=True)
    made.symlink_to(to)
    made.replace(link)


def keep_names(folder: Path) -> None:
    """Bring to the disk what a folder contains: which names there are, not what is in the files."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
