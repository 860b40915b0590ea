"""Take and name the port that a bridge listens on, and explain why it can't be taken.

The server, the doctor and the installation use the same sentences. It imports nothing of the
project except `addresses`. Any thread.
"""

import contextlib
import errno
import socket
from typing import NamedTuple

from gpiobridge.net.addresses import read_address

_UNPRIVILEGED = 1024  # lower ports are root's
_USUAL = 8080  # suggested instead of one of root's ports
_LOOK_AT = 100  # how many ports to try for a free one


class Refusal(NamedTuple):
    """The reason why an address can't be listened on.

    Args:
        reason: the place, and what is wrong with it.
        remedy: what to do about it.
        other_port: whether another port would help.
    """

    reason: str
    remedy: str
    other_port: bool = True


def port_on(host: str, port: int) -> str:
    """Name an address for a sentence: ``port 8000 on 127.0.0.1``."""
    return f"port {port} on {host}"


def called_by_others(host: str) -> str:
    """Return the host name or address at which other machines reach a listening socket.

    Args:
        host: the address that is listened on. A wildcard address such as ``0.0.0.0`` becomes this
            machine's name.
    """
    ip = read_address(host)
    return socket.gethostname() if ip is not None and ip.is_unspecified else host


def listen(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Listen on an address.

    Args:
        host: an IPv4 or IPv6 address, or a name.
        port: the port; 0 for any free one.
        backlog: how many connections may wait to be accepted; None for the system's number.

    Raises:
        OSError: the address can't be listened on; `refusal` says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=backlog)


def refusal(error: OSError, host: str, port: int, key: str = "port") -> Refusal:
    """Explain why an address can't be listened on.

    Args:
        error: the error of the attempt.
        host: the address.
        port: its port.
        key: the remedy's word for a port, such as ``server.port``.
    """
    where = port_on(host, port)
    match error.errno:
        case errno.EADDRINUSE:
            return Refusal(f"{where} is in use", f"stop the other program, or choose another {key}")
        case errno.EACCES:
            return Refusal(f"{where} needs root", f"choose a {key} from {_UNPRIVILEGED} on")
    return Refusal(
        f"{where} can't be listened on: {error.strerror or error}",
        'write an address of this machine, or host = "0.0.0.0" for all of them',
        other_port=False,
    )


def free_port(host: str, instead_of: int) -> int:
    """Find a port to suggest: the next free one of 100.

    Args:
        host: the address.
        instead_of: the port that can't be taken.

    Returns:
        The port; 0, which means any free port, if none of the 100 is free.
    """
    first = instead_of + 1 if instead_of >= _UNPRIVILEGED else _USUAL
    for port in range(first, min(first + _LOOK_AT, 65536)):
        with contextlib.suppress(OSError):
            listen(host, port).close()
            return port
    return 0
