"""The address of a bridge and the tokens that it requires, as `[server]` says them.

A program that talks to a bridge needs no more. Any thread.
"""

import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from gpiobridge.config.words import show
from gpiobridge.net.addresses import seen_from_here
from gpiobridge.net.hosts import MAX_NAME, is_address

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_BEAT_S = 2.0
MAX_PORT = 65535

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


class Address(NamedTuple):
    """The address of a bridge, and the tokens that it requires.

    Args:
        host: the address that it listens on.
        port: 0 to 65535; 0 is any free port.
        token: the token that a browser must send to see the pages. Empty: no token is required.
        api_token: the token that a program must send to use the API. Empty: the same as `token`.
    """

    host: str
    port: int
    token: str
    api_token: str

    @property
    def local_url(self) -> str:
        """The bridge's address, seen from its own machine."""
        return local_url(self.host, self.port)


def address_of(server: object) -> Address:
    """Read those keys of the section `[server]` that a program needs to talk to the bridge.

    Args:
        server: the section as `tomllib` gives it; other keys are ignored.

    Raises:
        ValueError: one of the values is wrong; `check` says which, and what is right.
    """
    if not isinstance(server, Mapping):
        raise ValueError("is no section")
    host, port = server.get("host", DEFAULT_HOST), server.get("port", DEFAULT_PORT)
    token, api_token = server.get("token", ""), server.get("api_token", "")
    if not all(isinstance(value, str) for value in (host, token, api_token)):
        raise ValueError("is no text")
    if type(port) is not int or not 0 <= port <= MAX_PORT:  # True is one, too
        raise ValueError("is no port")
    return Address(read_listen_host(host), port, read_token(token), read_token(api_token))


def base_url(host: str, port: int) -> str:
    """Write an address as a URL: an IPv6 address stands in brackets (RFC 3986, 3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_url(host: str, port: int) -> str:
    """Write a bridge's address as seen from its own machine: `http://127.0.0.1:8000`.

    Args:
        host: the address that it listens on; it may be that of all interfaces.
        port: its port.
    """
    return base_url(seen_from_here(host), port)


DEFAULT_URL = base_url(DEFAULT_HOST, DEFAULT_PORT)
"""The address of a bridge with the defaults of `[server]`."""


def is_host(host: str) -> bool:
    """Whether it is an IP address or a host name (RFC 1123, section 2.1)."""
    if is_address(host):
        return True
    # The last label of a name is never a number: "192.168.1.300" is no name.
    numeric = host.rpartition(".")[2].isdigit()
    return len(host) <= MAX_NAME and not numeric and _HOST_NAME.fullmatch(host) is not None


def read_listen_host(host: str) -> str:
    """Read an address to listen on.

    Raises:
        ValueError: it is no address. The message says what to write instead, if that is known.
    """
    if is_host(host):
        return host
    if is_host(bare := re.sub(r"^\w+://|/.*$", "", host).strip("[]")):
        raise ValueError(f"must be an address alone; write {show(bare)}")
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and is_host(name):
        raise ValueError(f"must be an address alone; write {show(name)}, and port = {port}")
    raise ValueError("is neither an IP address nor a host name")


def read_token(token: str) -> str:
    """Read a token; empty text means no token.

    Raises:
        ValueError: it can't be a token. The message has one that could be written.
    """
    if not re.fullmatch(r"([A-Za-z0-9_-]{16,128})?", token):
        raise ValueError(
            'must be 16 to 128 of A-Z, a-z, 0-9, "-" and "_"; '
            f"write one such as {show(secrets.token_urlsafe(16))}"
        )
    return token
