"""Copy the very content of a file that was looked at before, though its owner isn't root."""

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from gpiobridge.errors import InstallError


def copy_exactly(source: Path, digest: str, new: BinaryIO) -> None:
    """Copy the very content that was looked at, or nothing.

    Args:
        source: the file.
        digest: the SHA-256 of that content, in hexadecimal.
        new: where it is copied to.

    Raises:
        InstallError: the file has been exchanged since: its owner is not root, who copies it.
    """
    with open(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        hashing = _Hashing(file)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            shutil.copyfileobj(hashing, new)
    if hashing.digest != digest:
        raise InstallError(
            f"{source}: it has changed while it was being installed; the files are as they were "
            "before: run this again"
        )


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read on."""
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read, in hexadecimal."""
        return self._hash.hexdigest()
