"""Whose address a client has, as far as limits tell clients apart. Pure.

One household's IPv6 has a /64 at least (RFC 6177), so that is one client. The machine itself counts
as no client: its own display is never refused for what others do, and a proxy on it speaks for
everybody.
"""

import ipaddress

_MACHINE = frozenset({"127.0.0.1", "::1"})
_CLIENT_BITS_V6 = 64


def client_of(address: str) -> str | None:
    """Name the client that an address belongs to; None for this machine itself.

    Args:
        address: as a socket names its peer; empty for a Unix socket's.

    Returns:
        An IPv4 address, or the /64 of an IPv6 address. Another address of 127.0.0.0/8 is a
        client's.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])  # without the interface of fe80::
    except ValueError:
        return address or None
    mapped = getattr(ip, "ipv4_mapped", None)  # as a socket for both families names IPv4
    ip = mapped or ip
    if str(ip) in _MACHINE:
        return None
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, _CLIENT_BITS_V6), strict=False))
    return str(ip)
