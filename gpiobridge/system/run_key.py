"""The key of this run: commands on this machine send it instead of a token.

A bridge can't tell a local program from a proxy that adds no headers. So the key is in a file that
only the bridge's own user and root can read. Each bridge writes such a file when it knows its
loopback address. If the bridge itself listens, that is at once. If an application's server
listens, it is at the first request. The file's name has the address and the port, so several
bridges don't overwrite each other's files. A file left by a dead bridge opens nothing, because
each run has a new key.

The installed kiosk runs as another user. For it the installed bridge writes a second key into a
second file, which the group of both can read (`KIOSKS`). This key only proves a kiosk: it opens no
API, and is new with each run, too.

`RunKey` is the bridge's side, `find_keys` the commands' side, `find_kiosk_keys` the kiosk's. Any
thread. It imports nothing of the project except `addresses`.
"""

import contextlib
import ipaddress
import itertools
import logging
import os
import re
import secrets
import socket
import stat
import tempfile
import threading
import urllib.parse
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gpiobridge.net.addresses import is_loopback, read_address, seen_from_here

log = logging.getLogger(__name__)

SERVICE_FOLDER = Path("/run/gpiobridge")
"""The runtime folder of the installed service (``RuntimeDirectory=`` in its unit)."""

SESSIONS_FOLDER = Path("/run/user")
"""It has a folder for each user who is logged in; ``$XDG_RUNTIME_DIR`` points to it."""

KIOSKS = "gpiobridge-exhibit"
"""The group of the installed bridge and of the installed kiosk, and of nobody else."""

_KEY = re.compile(r"[A-Za-z0-9_-]{32,64}")
_COMMANDS, _KIOSK = "key", "kiosk"  # the first words of the files' names
_MAX_FILES = 16  # per bridge: a server may listen on several addresses
_READ_BYTES = 128
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # not on Windows


class RunKey:
    """The key of one bridge, and the files where this machine's commands find it.

    Args:
        environ: the environment, which says where the runtime folder is.

    Attributes:
        value: the key of this run.
        kiosk: the key that only proves a kiosk; empty if no group may read it.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.value = secrets.token_urlsafe(32)
        self.kiosk = secrets.token_urlsafe(32) if _own_group() == KIOSKS else ""
        self._environ = environ
        self._process = os.getpid()
        self._lock = threading.Lock()
        # None where the file can't be written. The lock is held during the write: otherwise
        # `withdraw` could come in between and leave a file behind.
        self._offered: dict[tuple[str, int], list[Path] | None] = {}

    def offer(self, address: str, port: int) -> None:
        """Write the key's file for a loopback address, unless it is already written.

        If the file can't be written, the log says so once, and the bridge works without it.

        Args:
            address: an IP address that is listened on. A wildcard address means loopback; any
                other address that is not loopback gets no file.
            port: its port.
        """
        address = _loopback_of(address)
        at = (address, port)
        if not address or at in self._offered or os.getpid() != self._process:
            return
        with self._lock:
            if at in self._offered or len(self._offered) >= _MAX_FILES:
                return
            was_said = None in self._offered.values()
            self._offered[at] = None
            try:
                self._offered[at] = self._write(address, port)
            except OSError as error:
                if not was_said:
                    log.warning(
                        "the key for commands on this machine can't be written (%s): set "
                        "server.api_token, which they need then",
                        error,
                    )

    def offer_at(self, server_socket: object) -> None:
        """Write the key file for the address at which a connection came in.

        Args:
            server_socket: the server's socket of the connection; any other object is ignored.
        """
        if isinstance(server_socket, socket.socket):
            with contextlib.suppress(OSError, ValueError):
                address, port, *_ = server_socket.getsockname()
                self.offer(address, port)

    def withdraw(self) -> None:
        """Remove the files, except those that another bridge has replaced meanwhile."""
        if os.getpid() != self._process:
            return
        with self._lock:
            offered, self._offered = self._offered, {}
        for path in itertools.chain.from_iterable(filter(None, offered.values())):
            if (key := _read(path)) and key in (self.value, self.kiosk):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _write(self, address: str, port: int) -> list[Path]:
        folder = _made_folder(self._environ)
        written = [_write(folder / _file_name(_COMMANDS, address, port), self.value, 0o600)]
        if self.kiosk:
            written.append(_write(folder / _file_name(_KIOSK, address, port), self.kiosk, 0o640))
        return written


class Found(NamedTuple):
    """A key and the address to send it to.

    Args:
        key: the key of a bridge that runs there, or ran there once.
        url: the URL with the exact address that the key was written for: no name to look up.
    """

    key: str
    url: str


def find_keys(url: str, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Find the keys for a URL on this machine, the newest first; none for any other URL.

    Args:
        url: the complete URL, with ``http://``.
        environ: the environment, which says where the runtime folders are.
    """
    return _find(_COMMANDS, url, environ)


def find_kiosk_keys(url: str, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Find the keys that prove a kiosk: those for kiosks, then those for commands.

    Args:
        url: the complete URL, with ``http://``.
        environ: the environment, which says where the runtime folders are.
    """
    return _find(_KIOSK, url, environ) + _find(_COMMANDS, url, environ)


def _find(kind: str, url: str, environ: Mapping[str, str]) -> list[Found]:
    found = []
    for there, path in _places(kind, url, environ):
        if key := _read(path):
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime, Found(key, there)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True)]


def unreadable_key(url: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find a key file for a URL on this machine that this user may not read.

    Args:
        url: the complete URL, with ``http://``.
        environ: the environment, which says where the runtime folders are.
    """
    for _, path in _places(_COMMANDS, url, environ):
        with contextlib.suppress(OSError):
            if path.exists() and not os.access(path, os.R_OK):
                return path
    return None


def _places(kind: str, url: str, environ: Mapping[str, str]) -> list[tuple[str, Path]]:
    """List where keys for a URL may be, each with the URL of the key's address."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or 80
        addresses = _addresses(parts.hostname or "", port)
    except ValueError:
        return []
    # A bridge speaks plain HTTP. A URL with user information is not for a bridge.
    if parts.scheme != "http" or "@" in parts.netloc:
        return []
    places = []
    for address in addresses:
        host = f"[{address}]" if ":" in address else address
        there = urllib.parse.urlunsplit(parts._replace(netloc=f"{host}:{port}"))
        name = _file_name(kind, address, port)
        places += [(there, folder / name) for folder in dict.fromkeys(_folders(environ))]
    return places


@lru_cache(_MAX_FILES)  # a server asks with each request
def _loopback_of(address: str) -> str:
    """Return the loopback address that reaches a bridge listening on ``address``, or ""."""
    ip = read_address(seen_from_here(address))
    return str(ip) if ip is not None and ip.is_loopback else ""


def _addresses(name: str, port: int) -> list[str]:
    """Return the loopback addresses of a URL's host; none if it may mean another address."""
    if name == "localhost":
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except OSError:
            return []
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        return addresses if all(map(is_loopback, addresses)) else []
    address = str(ipaddress.ip_address(name))  # raises ValueError for any other name
    return [address] if is_loopback(address) else []


def _file_name(kind: str, address: str, port: int) -> str:
    # Windows allows no colons in names.
    return f"{kind}-{address.replace(':', '_')}-{port}"


def _write(path: Path, key: str, mode: int) -> Path:
    """Write a key, wholly or not at all.

    Raises:
        OSError: it can't be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(temporary, flags, 0o600), "w", encoding="ascii") as file:
            if mode != 0o600:
                os.fchmod(file.fileno(), mode)  # with every umask
            file.write(f"{key}\n")
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def _own_group() -> str:
    """Return the name of this process's group; empty on Windows, or if it has none."""
    try:
        import grp  # not on Windows

        return grp.getgrgid(os.getegid()).gr_name
    except (ImportError, KeyError):
        return ""


def _folders(environ: Mapping[str, str]) -> Iterable[Path]:
    """List the folders that may have keys for this user, including the service's folder."""
    yield from _given_folders(environ)
    # A cron job has no $XDG_RUNTIME_DIR, but may use a bridge on its user's desktop.
    for own in (*_folder_of_session(), _own_folder()):
        if _is_own(own):
            yield own
    yield SERVICE_FOLDER


def _given_folders(environ: Mapping[str, str]) -> Iterable[Path]:
    yield from _of_systemd(environ)
    users = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(users):
        yield Path(users) / "gpiobridge"


def _of_systemd(environ: Mapping[str, str]) -> list[Path]:
    """Return the runtime folders of a service (systemd.exec(5), RuntimeDirectory=)."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")
    return [Path(folder) for folder in given if folder.startswith("/")]


def _folder_of_session() -> list[Path]:
    """Return the folder below this user's ``$XDG_RUNTIME_DIR``, even if that isn't set."""
    if not hasattr(os, "getuid"):
        return []
    return [SESSIONS_FOLDER / str(os.getuid()) / "gpiobridge"]


def _own_folder() -> Path:
    """Return this user's fallback folder, inside the folder for temporary files."""
    user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # Windows has one for each user
    return Path(tempfile.gettempdir()) / f"gpiobridge{user}"


def _made_folder(environ: Mapping[str, str]) -> Path:
    """Choose the runtime folder, and make it.

    Raises:
        OSError: no folder can be made, or somebody else made it.
    """
    for folder in _of_systemd(environ):
        if os.access(folder, os.W_OK):
            return folder
    own = _own_folder()
    for folder in (*_given_folders(environ), own):
        # After su or sudo the variable may name another user's folder.
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
        if _is_own(folder):
            return folder
    raise OSError(f"{own} is missing, or is not this user's alone")


def _is_own(folder: Path) -> bool:
    """Tell whether a folder exists, belongs to this user, and is closed to everybody else."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode):
        return False
    return not hasattr(os, "getuid") or (
        found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    )


def _read(path: Path) -> str:
    """Read a key; return "" if there is none that this user may read."""
    try:
        with open(os.open(path, os.O_RDONLY | _NO_FOLLOW), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            text = file.read(_READ_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return text if _KEY.fullmatch(text) else ""
