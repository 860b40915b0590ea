"""Tell from an IP address whether it is this machine, and which client it belongs to. Pure.

A household has at least a /64 of IPv6 addresses (RFC 6177), so a /64 counts as one client. This
machine itself is not counted as a client: its own display is never refused because of others, and
a proxy on it speaks for everybody.
"""

import ipaddress
from functools import lru_cache

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_MACHINE = frozenset(_LOOPBACK.values())
_CLIENT_BITS_V6 = 64

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(64)
def read_address(text: str) -> Address | None:
    """Read an IP address; return None if the text is not one.

    Args:
        text: the address as a socket gives it. An IPv6 address may name its interface
            (``fe80::1%eth0``). An IPv4-mapped address (``::ffff:127.0.0.1``) is read as IPv4.
    """
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_loopback(host: str) -> bool:
    """Tell whether a host never leaves this machine: ``localhost`` or a loopback address."""
    ip = read_address(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


def seen_from_here(host: str) -> str:
    """Return the address at which this machine itself reaches a listening socket.

    Args:
        host: the address that is listened on. A wildcard address such as ``0.0.0.0`` becomes the
            loopback address of the same family.
    """
    ip = read_address(host)
    return _LOOPBACK[ip.version] if ip is not None and ip.is_unspecified else host


def client_of(address: str) -> str | None:
    """Return the client that an address belongs to; None for this machine itself.

    Args:
        address: the peer's address as a socket gives it; empty for a Unix socket.

    Returns:
        An IPv4 address, or the /64 of an IPv6 address. Only 127.0.0.1 and ::1 are this machine:
        any other address in 127.0.0.0/8 counts as a client.
    """
    ip = read_address(address)
    if ip is None:
        return address or None
    if str(ip) in _MACHINE:
        return None
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, _CLIENT_BITS_V6), strict=False))
    return str(ip)
