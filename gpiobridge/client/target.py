"""Which running bridge a command means: its address and its tokens.

An option counts first, then the environment, then the configuration that `doctor` would take:
``config.toml`` in this folder, else the installed service's, else the example's. Only the address
and the tokens are read from the file; `check` reports what else is wrong there. This module imports
nothing that runs a bridge. It runs on the caller's thread.
"""

import os
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from gpiobridge import config
from gpiobridge.config.address import Address, address_of
from gpiobridge.config.environment import PREFIX, lay_over
from gpiobridge.config.file import HERE, here_or
from gpiobridge.errors import ConfigError
from gpiobridge.net.addresses import is_loopback
from gpiobridge.system import invocation
from gpiobridge.system.units import CONFIG, installed_config

_INSTALLED = Path(CONFIG)


class Target(NamedTuple):
    """Where a bridge is, and the tokens that it may ask for.

    Args:
        url: its address, or one of its pages.
        token: its ``server.token``; empty if none is known.
        api_token: its ``server.api_token``; empty if none is known.
        file: the configuration that says so; None if only options and environment do.
    """

    url: str
    token: str = ""
    api_token: str = ""
    file: Path | None = None


def find_bridge(
    url: str | None,
    config_file: Path | None = None,
    token: str = "",
    api_token: str = "",
    *,
    environ: Mapping[str, str] = os.environ,
    installed: Callable[[], Path | None] | None = None,
) -> Target:
    """Find the bridge that a command means.

    With ``url``, only the tokens come from the configuration, and only for a bridge on this
    machine: without being asked, a command takes no token to another machine. In that case, faults
    in a file that nobody has named don't matter.

    Args:
        url: the value of ``--url``, if it was given.
        config_file: the value of ``--config``, if it was given.
        token: the value of ``--token``.
        api_token: the value of ``--api-token``.
        environ: variables such as ``GPIOBRIDGE_SERVER__PORT`` override the file.
        installed: finds the installed service's configuration; by default it asks systemd.

    Raises:
        ConfigError: a part of the configuration that must be read is wrong, or gives no address.
    """
    found = Target(url or "", _variable(environ, "token"), _variable(environ, "api_token"))
    if url is None or config_file is not None:
        file = config_file or here_or(installed or installed_config) or config.example_file()
        address = _readable(file, environ)
        found = Target(url or _known(address, file), address.token, address.api_token, file)
    elif HERE.exists() and _on_this_machine(url):
        found = Target(
            url,
            found.token or _written(environ, "token"),
            found.api_token or _written(environ, "api_token"),
        )
    return found._replace(token=token or found.token, api_token=api_token or found.api_token)


def is_found_here(url: str) -> bool:
    """Whether a command in this folder finds the bridge at ``url`` by itself.

    The environment doesn't count: another terminal doesn't have it.
    """
    if not HERE.exists():
        return url == config.DEFAULT_URL and not _INSTALLED.exists()
    try:
        return _address(HERE, {}).local_url == url
    except ConfigError:
        return False


def token_is_found_here(token: str) -> bool:
    """Whether a command in this folder finds the token by itself, without the environment."""
    return HERE.exists() and _written({}, "token") == token


def _readable(file: Path, environ: Mapping[str, str]) -> Address:
    """Read the address and the tokens; if this user may not, say what to do."""
    try:
        return _address(file, environ)
    except ConfigError as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        sentence = (
            f"{file}: this user may not read it; give the bridge's address with --url, or run "
            f"this with sudo: {invocation.again_as_root()}"
        )
        raise ConfigError([sentence]) from error


def _address(file: Path, environ: Mapping[str, str]) -> Address:
    """Read the address and the tokens, and nothing else: the rest is `check`'s to judge.

    Raises:
        ConfigError: one of them is wrong; then with every problem, as `check` reports it.
    """
    raw, _ = config.read(file, environ)
    try:
        return address_of(raw.get("server", {}))
    except ValueError:
        server = config.load_for_views(file, environ).server
        return Address(server.host, server.port, server.token, server.api_token)


def _known(address: Address, file: Path) -> str:
    """Return a configured bridge's address, as its own machine sees it."""
    if address.port == 0:
        raise ConfigError(
            [
                f"{file}: server.port = 0: the port is known only once the bridge runs; "
                "give the bridge's address with --url"
            ]
        )
    return address.local_url


def _variable(environ: Mapping[str, str], key: str) -> str:
    """Read a token's variable as the bridge reads it."""
    name = f"{PREFIX}SERVER__{key.upper()}"
    text = environ.get(name, "")
    value = _of_server(lay_over({}, {name: text}, {})[0], key)
    return value if isinstance(value, str) else text


def _written(environ: Mapping[str, str], key: str) -> str:
    """Read a token of this folder's configuration, even if other parts of it are wrong."""
    try:
        raw, _ = config.read(HERE, environ)
    except ConfigError:
        return ""
    value = _of_server(raw, key)
    return value if isinstance(value, str) else ""


def _of_server(raw: Mapping[str, object], key: str) -> object:
    server = raw.get("server")
    return server.get(key) if isinstance(server, Mapping) else None


def _on_this_machine(url: str) -> bool:
    """Whether an address, as people write it, never leaves this machine."""
    try:
        name = urllib.parse.urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:  # no address at all
        return False
    return is_loopback(name)
