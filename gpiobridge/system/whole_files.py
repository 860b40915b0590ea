"""Write a file or a link whole: readers see the old or the new one, even after a power cut.

The new file is written next to its place, flushed to the disk and renamed. Nothing is written
through a link that someone put in the way. Any thread.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def beside(target: Path) -> Path:
    """Return the path where a file is written before it is renamed."""
    return target.with_name(f".{target.name}.new")


def new_file(path: Path) -> BinaryIO:
    """Create a file and open it; only its owner may read it until its mode is changed.

    An existing file or link at the path is removed, never followed: it may be a link to a file
    that root must not overwrite.
    """
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Replace a file by what is written in this context, once that is on the disk.

    Args:
        target: the file. Until the end, the new content is `beside` it.
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
    """Set, change or remove a link atomically.

    Args:
        link: the link.
        to: its target; None removes the link.
    """
    if to is None:
        link.unlink(missing_ok=True)
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    made = beside(link)
    made.unlink(missing_ok=True)
    made.symlink_to(to)
    made.replace(link)


def keep_names(folder: Path) -> None:
    """Flush a folder's list of names to the disk, not the contents of its files."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
