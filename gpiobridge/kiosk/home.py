"""Which pages count as the bridge's own, in every browser. Pure."""

from gpiobridge.net.hosts import DEFAULT_PORTS, origin_of


def origins(bridge: str) -> tuple[str, ...]:
    """List the origins of a bridge's pages: its own, and the HTTPS origin it may redirect to.

    A proxy in front of the bridge may redirect HTTP to HTTPS. On the same host, from port 80 to
    port 443, that is the same bridge.

    Args:
        bridge: the bridge's address, such as ``http://pi.local``.
    """
    own = origin_of(bridge)
    scheme, _, place = own.partition("://")
    host, _, port = place.rpartition(":")
    if scheme == "http" and int(port) == DEFAULT_PORTS["http"]:
        return own, f"https://{host}:{DEFAULT_PORTS['https']}"
    return (own,)
