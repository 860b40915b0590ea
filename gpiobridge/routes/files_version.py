"""Tell which version of its files an exhibit shows now.

The version shows whether a page that was fetched ahead is still what a browser would get now. This
module reads names, sizes and times of files, but no contents. Any thread.
"""

import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_File = tuple[str, tuple[int, int, int]]


def files_version(folders: Iterable[str | Path]) -> str:
    """Return the version of all files in some folders; it changes when a file changes.

    Args:
        folders: the folders; a missing folder counts as empty. Links to files are followed, links
            to folders are not.

    Returns:
        Twelve hexadecimal digits.
    """
    return _digest(tuple(file for folder in folders for file in _files(str(folder))))


@lru_cache(4)  # nearly always nothing has changed since the request before
def _digest(files: tuple[_File, ...]) -> str:
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest()[:12]


def _files(folder: str) -> Iterable[_File]:
    """List each file below a folder with its change time in nanoseconds, size and inode number."""
    for base, _, names in os.walk(folder):
        for name in names:
            path = f"{base}/{name}"
            try:
                state = os.stat(path)
            except OSError:
                continue  # just deleted, or a broken link
            # The inode, too: a file that replaces another may be older and have the same size.
            yield path, (state.st_mtime_ns, state.st_size, state.st_ino)
