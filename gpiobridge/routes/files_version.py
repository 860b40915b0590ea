"""Which version of its files an exhibit shows now.

Reads names, sizes and times of files, and no file; any thread. A page that was fetched ahead is
compared by it with what a browser would get now.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def files_version(folders: Iterable[Path]) -> str:
    """Name the present state of all files in some folders; it changes when one of them does.

    Args:
        folders: one that isn't there is empty. Links are followed to files, not to folders.

    Returns:
        Twelve hexadecimal digits.
    """
    found = sorted(
        (path, times_and_size) for folder in folders for path, times_and_size in _files(folder)
    )
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]


def _files(folder: Path) -> Iterable[tuple[str, tuple[int, int, int]]]:
    """List each file below a folder with its time of change, in nanoseconds, size and number."""
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            try:
                state = os.stat(path)
            except OSError:
                continue  # deleted just now, or a link to nowhere
            # The number, too: a file that is moved over another one may be older, of equal size.
            yield path, (state.st_mtime_ns, state.st_size, state.st_ino)
