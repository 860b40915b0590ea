"""What an IP address says of who has it: whether it is this machine, and which client. Pure.

One household's IPv6 has a /64 at least (RFC 6177), so that is one client. The machine itself counts
as no client: its own display is never refused for what others do, and a proxy on it speaks for
everybody.
"""

import ipaddress

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_MACHINE = frozenset(_LOOPBACK.values())
_CLIENT_BITS_V6 = 64

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def read_address(text: str) -> Address | None:
    """Read an IP address; None if it is none.

    Args:
        text: as a socket names it: an IPv6 address may have its interface (``fe80::1%eth0``), and
            one that stands for an IPv4 address (``::ffff:127.0.0.1``) is read as that.
    """
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_loopback(host: str) -> bool:
    """Whether a host is one that never leaves this machine: ``localhost``, or such an address."""
    ip = read_address(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


def seen_from_here(host: str) -> str:
    """Name the address at which this machine itself reaches what listens on one.

    Args:
        host: that address; one that stands for all of the machine's has its loopback address.
    """
    ip = read_address(host)
    return _LOOPBACK[ip.version] if ip is not None and ip.is_unspecified else host


def client_of(address: str) -> str | None:
    """Name the client that an address belongs to; None for this machine itself.

    Args:
        address: as a socket names its peer; empty for a Unix socket's.

    Returns:
        An IPv4 address, or the /64 of an IPv6 address. Another address of 127.0.0.0/8 is a
        client's.
    """
    ip = read_address(address)
    if ip is None:
        return address or None
    if str(ip) in _MACHINE:
        return None
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, _CLIENT_BITS_V6), strict=False))
    return str(ip)
