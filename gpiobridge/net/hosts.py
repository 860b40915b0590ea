"""Read the Host and Origin of a request strictly. Pure.

Anything that can be read in two ways is refused, because a browser, a proxy and a resolver could
each read it differently (RFC 9112, 3.2; RFC 3986, 3.2.2; RFC 6454, 7.1).
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_PORT = r"(?::([0-9]{1,5}))?"
_HOST = re.compile(rf"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)){_PORT}")
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

MAX_NAME = 253
"""The longest host name, in characters (RFC 1035, 2.3.4)."""


class Host(NamedTuple):
    """A host and its port.

    Args:
        name: a name in lower case, or an IP address without brackets, as `ipaddress` writes it.
        port: 1 to 65535; None if no port was given.
    """

    name: str
    port: int | None = None

    def with_port(self, scheme: str) -> "Host":
        """Return the same host with its effective port: the scheme's default if none was given."""
        return self if self.port else Host(self.name, DEFAULT_PORTS[scheme])


class Origin(NamedTuple):
    """The origin of a page.

    Args:
        scheme: "http" or "https".
        host: the host, with its effective port.
    """

    scheme: str
    host: Host


@lru_cache(16)
def read_host(text: str) -> Host | None:
    """Read a Host header; return None if it is not valid.

    Some forms are refused although some programs understand them: user information, a zone, a dot
    at the end, and IPv4 addresses in an unusual form (``127.1``, ``0x7f.1``).
    """
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    bracketed, plain, digits = match.groups()
    port = int(digits) if digits else None
    if port is not None and not 0 < port < 65536:
        return None
    try:
        if bracketed is not None:
            return Host(str(ipaddress.IPv6Address(bracketed)), port)
        labels = plain.lower().split(".")
        # A host that ends in a number is an IPv4 address (WHATWG URL, "ends in a number").
        if _NUMBER.fullmatch(labels[-1]):
            return Host(str(ipaddress.IPv4Address(plain)), port)
    except ValueError:
        return None
    well = len(plain) <= MAX_NAME and all(map(_LABEL.fullmatch, labels))
    return Host(plain.lower(), port) if well else None


@lru_cache(16)
def read_origin(text: str) -> Origin | None:
    """Read an Origin header, or a URL without a path; return None unless it is http or https."""
    match = _ORIGIN.fullmatch(text)
    host = read_host(match[2]) if match else None
    if match is None or host is None:
        return None
    scheme = match[1].lower()
    return Origin(scheme, host.with_port(scheme))


def origin_of(url: str) -> str:
    """Write a URL's scheme, name and port as a browser compares them (RFC 6454, section 4).

    This is for URLs that a browser shows or receives. `read_origin` reads those of a request.

    Args:
        url: any URL.

    Returns:
        An origin such as ``http://pi.local:80``, always with a port. "" unless the scheme is http
        or https: other schemes have no usable origin.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        name = parts.hostname or ""
        v6 = ":" in name
        host = f"[{ipaddress.IPv6Address(name)}]" if v6 else name.encode("idna").decode()
    except ValueError:
        return ""
    if parts.scheme not in DEFAULT_PORTS or not host:
        return ""
    return f"{parts.scheme}://{host}:{port or DEFAULT_PORTS[parts.scheme]}"


@lru_cache(16)
def is_address(name: str) -> bool:
    """Tell whether a host's name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
