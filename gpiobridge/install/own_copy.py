"""List the files of the running installation, and copy them without network and without pip.

So the service runs exactly what the owner has tried, and a Pi without a network can install it. A
copy is a virtual environment of the same interpreter. It contains gpiobridge, the packages that
gpiobridge depends on (`importlib.metadata` knows them), and the pin back ends that are installed.
Packages of the operating system, such as Debian's gpiozero and lgpio, stay where they are. apt
updates them, and the copy sees them as the running installation does.
"""

import compileall
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tomllib
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from types import SimpleNamespace

from gpiobridge.errors import InstallError
from gpiobridge.system import invocation
from gpiobridge.system.parts import MARK, NAME, closure, since_s

PACKAGE = Path(__file__).resolve().parents[1]
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_LAUNCHER = "#!{python} -I\nfrom gpiobridge.cli import main\n\nmain()\n"
# The unit runs it after each end of the service, and the outputs wait for it. -S looks for no
# packages, which would take half of its time.
_SAFE = "gpiobridge-safe"
_SAFE_LAUNCHER = (
    "#!{python} -IS\nimport sys\n\nsys.path.append({site!r})\n"
    "from gpiobridge.outputs.make_safe import main\n\nsys.exit(main())\n"
)


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the copy.

    Args:
        place: its path below ``site-packages``.
        source: the file to copy, or the content itself.
    """

    place: str
    source: Path | bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """What is to be copied.

    Args:
        items: the files.
        packages: how many packages are copied along with gpiobridge.
        system_site: whether the copy also sees the system's own packages.
        fingerprint: a hash of everything that is copied.
        size: the size of all files, in bytes.
    """

    items: tuple[Item, ...]
    packages: int
    system_site: bool
    fingerprint: str
    size: int


def running_copy() -> Copy:
    """List the files of the running installation.

    Raises:
        InstallError: it can't be copied; the message gives the remedy.
    """
    base = Path(sys.base_prefix).resolve()
    others = [found for found in closure() if found.files is not None]
    items = [*_own_items(), *(item for found in others for item in _items(found))]
    # Two packages may list the same file; copy it once.
    items = list({item.place: item for item in items}.values())
    system_site = _sees_the_system()
    size, digest = (
        0,
        hashlib.sha256(f"{_PYTHON} {base} {system_site} {_LAUNCHER} {_SAFE_LAUNCHER}".encode()),
    )
    for item in sorted(items, key=lambda item: item.place):
        content = item.source if isinstance(item.source, bytes) else item.source.read_bytes()
        size += len(content)
        digest.update(f"\0{item.place}\0{hashlib.sha256(content).hexdigest()}".encode())
    return Copy(tuple(items), len(others), system_site, digest.hexdigest(), size)


def build(copy: Copy, target: Path, final: str, sync: Callable[[], None] = os.sync) -> None:
    """Make the copy.

    Args:
        copy: what to copy.
        target: a folder that does not exist yet.
        final: the folder's path when the copy is started; it differs from `target` only in tests.
        sync: writes everything to the disk.

    Raises:
        OSError: the disk is full, for example.
    """
    _Environment(system_site_packages=copy.system_site, symlinks=True).create(target)
    site = target / "lib" / _PYTHON / "site-packages"
    for item in copy.items:
        _write(site / item.place, item.source)
    # The sources keep their times, so this compiles only what isn't compiled yet.
    compileall.compile_dir(site, quiet=2)
    places = {"python": f"{final}/bin/python", "site": f"{final}/lib/{_PYTHON}/site-packages"}
    for name, text in ((NAME, _LAUNCHER), (_SAFE, _SAFE_LAUNCHER)):
        launcher = target / "bin" / name
        launcher.write_text(text.format(**places))
        launcher.chmod(0o755)
    # A mark says that the copy is complete, also after a power cut: a later installation uses it.
    sync()
    (target / MARK).write_text(json.dumps({"fingerprint": copy.fingerprint, "since": since_s()}))


class _Environment(venv.EnvBuilder):
    def setup_scripts(self, context: SimpleNamespace) -> None:
        """Leave out the shell scripts: nobody activates a copy in a shell."""


def _write(target: Path, source: Path | bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(source, bytes):
        target.write_bytes(source)
        target.chmod(0o644)
        return
    # Keep the time: Python checks compiled files by it. Everyone may read the file.
    shutil.copyfile(source, target)
    there = source.stat()
    target.chmod(0o755 if there.st_mode & 0o111 else 0o644)
    os.utime(target, ns=(there.st_mtime_ns, there.st_mtime_ns))
    if source.suffix == ".py":
        compiled = Path(importlib.util.cache_from_source(str(source)))
        if compiled.exists():
            cache = Path(importlib.util.cache_from_source(str(target)))
            cache.parent.mkdir(exist_ok=True)
            shutil.copyfile(compiled, cache)


def _own_items() -> Iterator[Item]:
    """List gpiobridge's own files as its wheel has them, also when it runs from a checkout."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield Item(f"{NAME}/{path.relative_to(PACKAGE).as_posix()}", path)
    if not (PACKAGE / "example").exists():
        checkout = PACKAGE.parent
        project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))
        wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
        for source, place in wheel["force-include"].items():
            for path in [checkout / source, *sorted((checkout / source).rglob("*"))]:
                if path.is_file():
                    inside = path.relative_to(checkout / source).as_posix()
                    yield Item(place if inside == "." else f"{place}/{inside}", path)
    own = distribution(NAME)
    for name in ("METADATA", "entry_points.txt"):
        text = own.read_text(name)
        if text is not None:
            yield Item(f"{NAME}-{own.version}.dist-info/{name}", text.encode())


def _items(found: Distribution) -> Iterator[Item]:
    """List a package's files, as its installer recorded them."""
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    if direct.get("dir_info", {}).get("editable"):
        raise InstallError(
            f"{found.name} is installed as editable, which can't be copied: "
            f"install it normally with: {invocation.pip('install', found.name)}"
        )
    for file in found.files or ():
        path = Path(str(found.locate_file(file)))
        # Commands and manual pages lie outside; the service needs none of them.
        outside = file.is_absolute() or ".." in file.parts
        if not outside and file.suffix != ".pyc" and path.is_file():
            yield Item(file.as_posix(), path)


def _sees_the_system() -> bool:
    if sys.prefix == sys.base_prefix:  # the system's own Python, not an environment
        return True
    try:
        text = (Path(sys.prefix) / "pyvenv.cfg").read_text("utf-8")
    except OSError:
        return False
    return re.search(r"(?mi)^include-system-site-packages\s*=\s*true\s*$", text) is not None
