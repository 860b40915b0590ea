"""List the files of an exhibit's folder as root, and never leave that folder.

The folder belongs to its owner, and root reads it. A link in it could name a file that only root
may read, and the bridge would then show that file to every visitor. So this module walks a path
one folder at a time, from the exhibit's folder on. It follows a link only while the link stays
inside that folder. A hard link looks like any other file, but Linux lets no user make one to a
file that this user may not read (``fs.protected_hardlinks``, proc_sys_fs(5)).

It reads the file system and writes nothing. It opens each file and takes its digest. `exact_copy`
compares that digest when it copies the file, so nobody can exchange the file meanwhile.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gpiobridge.config.hidden import is_hidden
from gpiobridge.errors import ConfigError

_LINKS = 40  # links followed for one path; Linux's own limit (path_resolution(7))
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the exhibit.

    Args:
        inside: its path below the folder, with forward slashes.
        digest: the SHA-256 of its content, in hexadecimal.
        size: in bytes.
    """

    inside: str
    digest: str
    size: int


def find(folder: Path) -> list[Found]:
    """List the files of an exhibit: ``config.toml``, ``templates/`` and ``static/``.

    Hidden files (an editor's, git's) and links that lead nowhere are left out.

    Args:
        folder: the exhibit's folder.

    Raises:
        ConfigError: there is no ``config.toml``, a link leads out of the folder, or something in
            it is not a file. The message names all problems.
        PermissionError: this user may not read one of the files.
    """
    walk = _Walk(folder.absolute())
    found = list(walk.file("config.toml"))
    if not found and not walk.problems:
        raise ConfigError([f"{folder}: has no config.toml; name the folder of your exhibit"])
    for part in ("templates", "static"):
        found += walk.below(part)
    if walk.problems:
        raise ConfigError(walk.problems)
    return found


class _RefusedError(Exception):
    """Something in the folder can't be installed; the argument gives the reason and the remedy."""

    @classmethod
    def led_out(cls, target: str) -> Self:
        """Refuse a link because of its target."""
        return cls(
            f"is, or is below, a link to {target}, outside the exhibit's folder: it may be a file "
            "that only root may read; put the file itself into the folder, or remove the link"
        )


class _Walk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bases = {os.fspath(folder), os.path.realpath(folder)}
        self.problems: list[str] = []

    def file(self, inside: str) -> Iterator[Found]:
        """Yield what should be a file."""
        with self._opened(inside) as opened:
            if opened is None:
                return
            if stat.S_ISDIR(os.fstat(opened).st_mode):
                self._refuse(inside, "is a folder, but must be a file; rename the folder")
                return
            yield self._digested(inside, opened)

    def below(self, inside: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[Found]:
        """Yield a file, or all files of a folder."""
        with self._opened(inside) as opened:
            if opened is None:
                return
            there = os.fstat(opened)
            if stat.S_ISREG(there.st_mode):
                yield self._digested(inside, opened)
                return
            here = (there.st_dev, there.st_ino)
            names = [] if here in above else sorted(os.listdir(opened))  # a loop of links
        for name in names:
            if not is_hidden(name):
                yield from self.below(f"{inside}/{name}", (*above, here))

    def _digested(self, inside: str, opened: int) -> Found:
        with os.fdopen(os.dup(opened), "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Found(inside, digest, os.fstat(file.fileno()).st_size)

    def _refuse(self, inside: str, why: str) -> None:
        self.problems.append(f"{self._folder / inside}: {why}")

    @contextlib.contextmanager
    def _opened(self, inside: str) -> Iterator[int | None]:
        """Open a file or a folder; give None if it does not exist or is refused."""
        opened = None
        try:
            opened = self._open(inside)
        except FileNotFoundError:
            pass
        except _RefusedError as error:
            self._refuse(inside, str(error))
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(self._folder / inside)) from error
        try:
            yield opened
        finally:
            if opened is not None:
                os.close(opened)

    def _open(self, inside: str) -> int:
        with contextlib.ExitStack() as opened:

            def enter(name: str, at: int | None) -> int:
                handle = os.open(name, _OPEN | os.O_DIRECTORY, dir_fd=at)
                opened.callback(os.close, handle)
                return handle

            base = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
            opened.callback(os.close, base)
            way, parts, links, target = [base], deque(inside.split("/")), 0, ""
            while parts:
                part = parts.popleft()
                if part in ("", "."):
                    continue
                if part == "..":
                    if len(way) == 1:
                        raise _RefusedError.led_out(target)
                    way.pop()
                    continue
                there = os.stat(part, dir_fd=way[-1], follow_symlinks=False)
                if stat.S_ISLNK(there.st_mode):
                    links += 1
                    if links > _LINKS:
                        return _nowhere(inside)
                    target = os.readlink(part, dir_fd=way[-1])
                    if target.startswith("/"):
                        way = [base]
                    parts.extendleft(reversed(self._relative(target).split("/")))
                elif stat.S_ISDIR(there.st_mode):
                    way.append(enter(part, way[-1]))
                elif not stat.S_ISREG(there.st_mode):
                    raise _RefusedError(f"is {_kind(there.st_mode)}, not a file; remove it")
                elif any(parts):
                    return _nowhere(inside)
                else:
                    handle = os.open(part, _OPEN, dir_fd=way[-1])
                    opened.callback(os.close, handle)
                    if not os.path.samestat(os.fstat(handle), there):
                        raise _RefusedError("was replaced while it was read; run this again")
                    return os.dup(handle)
            return os.dup(way[-1])

    def _relative(self, target: str) -> str:
        """Make an absolute target of a link relative to the folder."""
        if not target.startswith("/"):
            return target
        for base in self._bases:
            if target == base or target.startswith(f"{base}/"):
                return target[len(base) :].lstrip("/")
        raise _RefusedError.led_out(target)


def _nowhere(inside: str) -> int:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), inside)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "something else")
