"""What an installation places: the exhibit's files, and the units as `[server]` wants them.

Reads the file system, writes nothing.
"""

import hashlib
import ipaddress
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from gpiobridge.config import Server
from gpiobridge.errors import InstallError
from gpiobridge.install import exhibit
from gpiobridge.install.steps import (
    ACCOUNTS,
    EXHIBIT,
    KEYBOARD,
    READERS,
    UNITS,
    File,
)
from gpiobridge.kiosk import browsers
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET, STATE

NETWORK = f"{UNITS}/{SERVICE}.d/gpiobridge-network.conf"

_NOT_WITH_COG = re.compile(
    r"(?m)^(# With cog, `install`.*\n(#.*\n)*)?"
    r"(RestrictNamespaces|ProtectProc|ProtectControlGroups|ProtectKernel(Logs|Tunables))=.*\n"
)
_COMMAND = re.compile(r"(?m)^ExecStart=.*$")


def exhibit_files(folder: Path) -> tuple[File, ...]:
    """List an exhibit: ``config.toml``, ``templates/`` and ``static/``, and nothing else.

    Args:
        folder: where it is.

    Raises:
        ConfigError: there is none, or something in it leads out of it (`exhibit.find`).
    """
    files = []
    for found in exhibit.find(folder):
        # A token may stand in the configuration. The service's user exists only while it runs,
        # so what it shares with the file, and with the kiosk, is a group.
        private = found.inside == "config.toml"
        files.append(
            File(
                f"{EXHIBIT}/{found.inside}",
                found.digest,
                found.size,
                folder / found.inside,
                0o640 if private else 0o644,
                READERS if private else "root",
            )
        )
    return tuple(files)


def units_folder(package: Path) -> Path:
    """Find the units that come with a copy of the package, or with a checkout."""
    inside = package / "systemd"
    return inside if inside.exists() else package.parent / "systemd"


def unit_files(
    folder: Path,
    server: Server,
    *,
    network: bool,
    kiosk: Browser | None = None,
    state: bool = False,
) -> tuple[File, ...]:
    """Make the units.

    Args:
        folder: the units that come with gpiobridge.
        server: the section ``[server]``, for the socket unit.
        network: whether the service needs the network.
        kiosk: what the kiosk shows pages with; None for no kiosk.
        state: whether the unit is wanted that mounts the place that stays writable.

    Raises:
        InstallError: no socket unit can be made of this, or there is no unit for a kiosk.
    """
    units = [
        _text_file(f"{UNITS}/{SOCKET}", socket_unit((folder / SOCKET).read_text("utf-8"), server)),
        *program_units(folder, kiosk=kiosk, state=state),
    ]
    if network:
        units.append(_text_file(NETWORK, (folder / Path(NETWORK).name).read_text("utf-8")))
    return tuple(units)


def program_units(
    folder: Path, *, kiosk: Browser | None = None, state: bool = False
) -> tuple[File, ...]:
    """Make the units that depend on the version alone, and on no configuration.

    Args:
        folder: the units that come with that version.
        kiosk: what the kiosk shows pages with, None for no kiosk; a version that knows no choice
            has Chromium.
        state: whether the unit is wanted that mounts the place that stays writable.

    Raises:
        InstallError: this version has no unit for a kiosk.
    """
    if kiosk and not (folder / KIOSK).exists():
        raise InstallError("--kiosk: this version has no unit for a kiosk; leave it out")
    places = [f"{UNITS}/{SERVICE}", *([ACCOUNTS, f"{UNITS}/{KIOSK}"] if kiosk else [])]
    # An older version, which --rollback leads to, may not have these.
    more = [RECOVER, *([STATE] if state else [])]
    places += [f"{UNITS}/{unit}" for unit in more if (folder / unit).exists()]
    sources = {place: folder / Path(place).name for place in places}
    if kiosk:
        sources |= {
            place: folder / name for name, place in KEYBOARD.items() if (folder / name).exists()
        }
    texts = {place: source.read_text("utf-8") for place, source in sources.items()}
    if kiosk:
        texts[f"{UNITS}/{KIOSK}"] = unit_with_browser(texts[f"{UNITS}/{KIOSK}"], kiosk)
    return tuple(_text_file(place, text) for place, text in texts.items())


def unit_with_browser(template: str, browser: Browser) -> str:
    """Write the kiosk's unit for a browser.

    Args:
        template: the unit that comes with gpiobridge.
        browser: what the kiosk shows pages with.
    """
    unit = _NOT_WITH_COG.sub("", template) if browser == browsers.COG else template
    return _COMMAND.sub(lambda line: browsers.with_browser(line[0], browser), unit)


def browser_of(unit: str) -> Browser:
    """Return what a kiosk's unit shows pages with.

    Args:
        unit: its text.
    """
    found = _COMMAND.search(unit)
    return browsers.named_in(found[0] if found else "")


def browser_of_kiosk(units: Iterable[File]) -> Browser | None:
    """Return what the kiosk among units shows pages with; None if there is none.

    Args:
        units: made by `program_units`.
    """
    for file in units:
        if file.path == f"{UNITS}/{KIOSK}" and isinstance(file.source, bytes):
            return browser_of(file.source.decode())
    return None


def socket_unit(template: str, server: Server) -> str:
    """Write the socket unit for ``[server]``.

    Args:
        template: the unit that comes with gpiobridge.
        server: the section.

    Raises:
        InstallError: the host's name has no address.
    """
    host = ip_address_of(server.host)
    listen = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    return re.sub(r"(?m)^ListenStream=.*$", f"ListenStream={listen}", template)


def ip_address_of(host: str) -> str:
    """Return the address that a host is: units know no names."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        # The same family as that of `gpiobridge run`.
        return str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
    except OSError as error:
        raise InstallError(
            f'server.host = "{host}": has no address ({error.strerror or error}); '
            'write one, such as "127.0.0.1"'
        ) from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text_file(path: str, text: str) -> File:
    content = text.encode()
    return File(path, hashlib.sha256(content).hexdigest(), len(content), content)
