"""Copy a file with exactly the content that was read before, although its owner isn't root."""

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from gpiobridge.errors import InstallError


def copy_exactly(source: Path, digest: str, new: BinaryIO) -> None:
    """Copy exactly the content that was read before, or raise.

    Args:
        source: the file.
        digest: the SHA-256 of that content, in hexadecimal.
        new: the file to write to.

    Raises:
        InstallError: the file has changed since. Root copies it, but its owner is not root.
    """
    with open(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        hashing = _Hashing(file)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            shutil.copyfileobj(hashing, new)
    if hashing.digest != digest:
        raise InstallError(
            f"{source}: has changed during the installation; the files are as they were before; "
            "run this again"
        )


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Read the next bytes."""
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        """The SHA-256 of what was read so far, in hexadecimal."""
        return self._hash.hexdigest()
