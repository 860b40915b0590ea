"""What counts as the bridge's own pages, whichever browser shows them. Pure."""

from gpiobridge.net.hosts import DEFAULT_PORTS, origin_of


def origins(bridge: str) -> tuple[str, ...]:
    """List the origins of a bridge's pages: its own, and that to which it may lead by HTTPS.

    A proxy in front of it may send whoever comes by HTTP on to HTTPS: on the same host, from one
    scheme's own port to the other's, that is the same bridge.

    Args:
        bridge: where it is, such as ``http://pi.local``.
    """
    own = origin_of(bridge)
    scheme, _, place = own.partition("://")
    host, _, port = place.rpartition(":")
    if scheme == "http" and int(port) == DEFAULT_PORTS["http"]:
        return own, f"https://{host}:{DEFAULT_PORTS['https']}"
    return (own,)
