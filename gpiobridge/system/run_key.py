"""The key of this run: what the commands on this machine show, instead of a token.

A local program and a proxy that is silent about itself look alike to a bridge. What tells them
apart is a file that only the bridge's own user (and root) can read. Each bridge writes one when it
knows where it is reached on loopback: at once where it listens for itself, with the first request
where an application's server does. A file has its address and port in its name, so that several
bridges don't overwrite each other's; one that a dead bridge has left opens nothing, as each run has
a new key.

`RunKey` is the bridge's side, `find_keys` the commands'. Any thread; it imports nothing of the
project but `addresses`.
"""

import contextlib
import ipaddress
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
from pathlib import Path
from typing import NamedTuple

from gpiobridge.net.addresses import is_loopback, read_address, seen_from_here

log = logging.getLogger(__name__)

SERVICE_FOLDER = Path("/run/gpiobridge")
"""The runtime folder of the installed service (``RuntimeDirectory=`` in its unit)."""

SESSIONS_FOLDER = Path("/run/user")
"""Below it each user who is logged in has a folder, to which ``$XDG_RUNTIME_DIR`` points."""

_KEY = re.compile(r"[A-Za-z0-9_-]{32,64}")
_MAX_FILES = 16  # of one bridge: a server may listen on several addresses
_READ_BYTES = 128
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # not on Windows


class RunKey:
    """The key of one bridge, and the files in which this machine's own commands find it.

    Args:
        environ: says where the runtime folder is.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.value = secrets.token_urlsafe(32)
        self._environ = environ
        self._process = os.getpid()
        self._lock = threading.Lock()
        # None where the file can't be written. The lock is held while it is: `withdraw` must not
        # come in between, and leave a file behind.
        self._offered: dict[tuple[str, int], Path | None] = {}

    def offer(self, address: str, port: int) -> None:
        """Write the key for those who reach the bridge at a loopback address, unless it is written.

        A folder that can't be written is said once in the log; the bridge does without.

        Args:
            address: an IP address that is listened on; for one that stands for all, loopback.
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
                        "the key for commands on this machine can't be written (%s): "
                        "they need a token, which server.api_token sets",
                        error,
                    )

    def offer_at(self, server_socket: object) -> None:
        """Write the key for the address at which a connection has come in.

        Args:
            server_socket: the connection as its server has it; anything else is passed over.
        """
        if isinstance(server_socket, socket.socket):
            with contextlib.suppress(OSError, ValueError):
                address, port, *_ = server_socket.getsockname()
                self.offer(address, port)

    def withdraw(self) -> None:
        """Remove the files, unless another bridge has written its own there meanwhile."""
        if os.getpid() != self._process:
            return
        with self._lock:
            offered, self._offered = self._offered, {}
        for path in offered.values():
            if path is not None and _read(path) == self.value:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _write(self, address: str, port: int) -> Path:
        folder = _made_folder(self._environ)
        path = folder / _file_name(address, port)
        temporary = folder / f".{path.name}.{secrets.token_hex(4)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            with open(os.open(temporary, flags, 0o600), "w", encoding="ascii") as file:
                file.write(f"{self.value}\n")
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return path


class Found(NamedTuple):
    """A key, and where it may be sent.

    Args:
        key: of a bridge that runs there, or ran there once.
        url: with the very address for which it was written, and nothing to look up.
    """

    key: str
    url: str


def find_keys(url: str, environ: Mapping[str, str] = os.environ) -> list[Found]:
    """Find the keys for a URL on this machine, the newest first; none for any other.

    Args:
        url: complete, with ``http://``.
        environ: says where the runtime folders are.
    """
    found = []
    for there, path in _places(url, environ):
        if key := _read(path):
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime, Found(key, there)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0], reverse=True)]


def unreadable_key(url: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find a key for a URL on this machine that there is, but not for this user.

    Args:
        url: complete, with ``http://``.
        environ: says where the runtime folders are.
    """
    for _, path in _places(url, environ):
        with contextlib.suppress(OSError):
            if path.exists() and not os.access(path, os.R_OK):
                return path
    return None


def _places(url: str, environ: Mapping[str, str]) -> list[tuple[str, Path]]:
    """Where keys for a URL may lie, each with the URL of the address for which it is."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or 80
        addresses = _addresses(parts.hostname or "", port)
    except ValueError:
        return []
    # A bridge speaks plain HTTP. Whoever has user information in a URL means no bridge.
    if parts.scheme != "http" or "@" in parts.netloc:
        return []
    places = []
    for address in addresses:
        host = f"[{address}]" if ":" in address else address
        there = urllib.parse.urlunsplit(parts._replace(netloc=f"{host}:{port}"))
        name = _file_name(address, port)
        places += [(there, folder / name) for folder in dict.fromkeys(_folders(environ))]
    return places


def _loopback_of(address: str) -> str:
    """The loopback address by which a bridge is reached that listens on ``address``, if any is."""
    ip = read_address(seen_from_here(address))
    return str(ip) if ip is not None and ip.is_loopback else ""


def _addresses(name: str, port: int) -> list[str]:
    """The loopback addresses that a URL's host means; none if it may mean another."""
    if name == "localhost":
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except OSError:
            return []
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        return addresses if all(map(is_loopback, addresses)) else []
    address = str(ipaddress.ip_address(name))  # a ValueError for any other name
    return [address] if is_loopback(address) else []


def _file_name(address: str, port: int) -> str:
    # Windows has no colons in names.
    return f"key-{address.replace(':', '_')}-{port}"


def _folders(environ: Mapping[str, str]) -> Iterable[Path]:
    """Where keys may lie that concern this user, the service's included."""
    yield from _given_folders(environ)
    # A cron job has no $XDG_RUNTIME_DIR, and yet may mean a bridge of its user's desktop.
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
    """The runtime folders of a service (systemd.exec(5), RuntimeDirectory=)."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")
    return [Path(folder) for folder in given if folder.startswith("/")]


def _folder_of_session() -> list[Path]:
    """The folder below this user's ``$XDG_RUNTIME_DIR``, also where that isn't set."""
    if not hasattr(os, "getuid"):
        return []
    return [SESSIONS_FOLDER / str(os.getuid()) / "gpiobridge"]


def _own_folder() -> Path:
    """A folder of this user's where nothing gives one, below that for temporary files."""
    user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # Windows' is the user's already
    return Path(tempfile.gettempdir()) / f"gpiobridge{user}"


def _made_folder(environ: Mapping[str, str]) -> Path:
    """Choose and make the runtime folder.

    Raises:
        OSError: none can be made, or somebody else has made it.
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
    raise OSError(f"{own} is not there, or not this user's alone")


def _is_own(folder: Path) -> bool:
    """Whether a folder is there, is this user's, and nobody else may enter it."""
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
    """Read a key; nothing if there is none that this user may read."""
    try:
        with open(os.open(path, os.O_RDONLY | _NO_FOLLOW), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ""
            text = file.read(_READ_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return text if _KEY.fullmatch(text) else ""
