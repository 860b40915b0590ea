"""The files that an installation places: the exhibit's, and the units for `[server]`.

This module reads the file system and writes nothing.
"""

import hashlib
import ipaddress
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from gpiobridge.config import Alarms, Server
from gpiobridge.errors import InstallError
from gpiobridge.install import alarm_network, exhibit
from gpiobridge.install.steps import (
    ACCOUNTS,
    EXHIBIT,
    KEYBOARD,
    READERS,
    UNITS,
    File,
)
from gpiobridge.kiosk import browsers, sway
from gpiobridge.kiosk.browsers import Browser
from gpiobridge.system.units import KIOSK, RECOVER, SERVICE, SOCKET, STATE

NETWORK = f"{UNITS}/{SERVICE}.d/gpiobridge-network.conf"

ALARMS = f"{UNITS}/{SERVICE}.d/{alarm_network.NAME}"

_NOT_WITH_COG = re.compile(
    r"(?m)^(# With cog, `install`.*\n(#.*\n)*)?"
    r"(RestrictNamespaces|ProtectProc|ProtectControlGroups|ProtectKernel(Logs|Tunables))=.*\n"
)
_COMMAND = re.compile(r"(?m)^ExecStart=.*$")
_CAGE = re.compile(
    r"(?m)^# -d: no window borders.*\n#.*adds --sway\.\nExecStart=/usr/bin/cage -d -- (.*)$"
)


def exhibit_files(folder: Path) -> tuple[File, ...]:
    """List an exhibit's files: ``config.toml``, ``templates/`` and ``static/``, and nothing else.

    Args:
        folder: the exhibit's folder.

    Raises:
        ConfigError: there is no exhibit, or a link leads out of its folder (`exhibit.find`).
    """
    files = []
    for found in exhibit.find(folder):
        # The configuration may contain a token. The service's user exists only while the service
        # runs. So a group gives the service, and the kiosk, access to the file.
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
    """Return the folder of the units: that of a copy of the package, or of a checkout."""
    inside = package / "systemd"
    return inside if inside.exists() else package.parent / "systemd"


def unit_files(
    folder: Path,
    server: Server,
    *,
    network: bool,
    alarms: Alarms | None = None,
    kiosk: Browser | None = None,
    in_sway: bool = False,
    state: bool = False,
) -> tuple[File, ...]:
    """Make the units.

    Args:
        folder: the folder of the units that come with gpiobridge.
        server: the section ``[server]``, for the socket unit.
        network: whether the service needs the network for its pins.
        alarms: the section `[alarms]`; None: it is empty.
        kiosk: the kiosk's browser; None for no kiosk.
        in_sway: whether the kiosk's unit starts sway, and not cage (`Settings.screens`).
        state: whether to include the unit that mounts the writable partition.

    Raises:
        InstallError: the host has no address for the socket unit, or there is no kiosk unit.
    """
    units = [
        _text_file(f"{UNITS}/{SOCKET}", socket_unit((folder / SOCKET).read_text("utf-8"), server)),
        *program_units(folder, kiosk=kiosk, in_sway=in_sway, state=state),
    ]
    if network:
        units.append(_text_file(NETWORK, (folder / Path(NETWORK).name).read_text("utf-8")))
    if alarms and alarm_network.is_needed(alarms):
        template = (folder / alarm_network.NAME).read_text("utf-8")
        units.append(_text_file(ALARMS, alarm_network.drop_in(template, alarms)))
    return tuple(units)


def program_units(
    folder: Path, *, kiosk: Browser | None = None, in_sway: bool = False, state: bool = False
) -> tuple[File, ...]:
    """Make the units that depend on the version and these choices, not on `[server]`.

    Args:
        folder: the folder of the units that come with that version.
        kiosk: the kiosk's browser; None for no kiosk. A version that offers no choice has
            Chromium.
        in_sway: whether the kiosk's unit starts sway; one of a version without it starts cage.
        state: whether to include the unit that mounts the writable partition.

    Raises:
        InstallError: this version has no kiosk unit.
    """
    if kiosk and not (folder / KIOSK).exists():
        raise InstallError("--kiosk: this version has no kiosk unit; leave the option out")
    places = [f"{UNITS}/{SERVICE}", *([ACCOUNTS, f"{UNITS}/{KIOSK}"] if kiosk else [])]
    # `--rollback` may lead to an older version, which doesn't have these.
    more = [RECOVER, *([STATE] if state else [])]
    places += [f"{UNITS}/{unit}" for unit in more if (folder / unit).exists()]
    sources = {place: folder / Path(place).name for place in places}
    if kiosk:
        sources |= {
            place: folder / name for name, place in KEYBOARD.items() if (folder / name).exists()
        }
    texts = {place: source.read_text("utf-8") for place, source in sources.items()}
    if kiosk:
        unit = unit_with_browser(texts[f"{UNITS}/{KIOSK}"], kiosk)
        texts[f"{UNITS}/{KIOSK}"] = unit_with_sway(unit) if in_sway else unit
    return tuple(_text_file(place, text) for place, text in texts.items())


def unit_with_browser(template: str, browser: Browser) -> str:
    """Return the kiosk's unit for a browser.

    Args:
        template: the text of the unit that comes with gpiobridge.
        browser: the kiosk's browser.
    """
    unit = _NOT_WITH_COG.sub("", template) if browser == browsers.COG else template
    return _COMMAND.sub(lambda line: browsers.with_browser(line[0], browser), unit)


def unit_with_sway(unit: str) -> str:
    """Return the kiosk's unit for several screens, or for one that needs more than cage.

    Args:
        unit: the unit, which starts cage; that of a version without sway stays as it is.
    """
    return _CAGE.sub(rf"ExecStart=\1 {sway.OPTION}", unit)


def starts_sway(unit: str) -> bool:
    """Return whether a kiosk's unit starts sway.

    Args:
        unit: the unit's text.
    """
    found = _COMMAND.search(unit)
    return found is not None and sway.OPTION in found[0]


def browser_of(unit: str) -> Browser:
    """Return the browser that a kiosk's unit starts.

    Args:
        unit: the unit's text.
    """
    found = _COMMAND.search(unit)
    return browsers.named_in(found[0] if found else "")


def browser_of_kiosk(units: Iterable[File]) -> Browser | None:
    """Return the browser of the kiosk's unit; None if these units have no kiosk.

    Args:
        units: the units, as `program_units` makes them.
    """
    for file in units:
        if file.path == f"{UNITS}/{KIOSK}" and isinstance(file.source, bytes):
            return browser_of(file.source.decode())
    return None


def socket_unit(template: str, server: Server) -> str:
    """Return the socket unit for ``[server]``.

    Args:
        template: the text of the unit that comes with gpiobridge.
        server: the section.

    Raises:
        InstallError: the host's name has no address.
    """
    host = ip_address_of(server.host)
    listen = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    return re.sub(r"(?m)^ListenStream=.*$", f"ListenStream={listen}", template)


def ip_address_of(host: str) -> str:
    """Return the IP address of a host, because systemd's units take no host names."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        # `gpiobridge run` uses the same address family.
        return str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
    except OSError as error:
        raise InstallError(
            f'server.host = "{host}": this name has no address ({error.strerror or error}); '
            'write an IP address, such as "127.0.0.1"'
        ) from error


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text_file(path: str, text: str) -> File:
    content = text.encode()
    return File(path, hashlib.sha256(content).hexdigest(), len(content), content)
