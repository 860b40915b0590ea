"""The port that a bridge listens on: taking it, naming it, and what is said where it can't be had.

The server, the doctor and the installation say the same. It imports nothing of the project but
`addresses`; any thread.
"""

import contextlib
import errno
import socket
from typing import NamedTuple

from gpiobridge.net.addresses import read_address

_UNPRIVILEGED = 1024  # ports below are root's
_USUAL = 8080  # what to suggest instead of one of these
_LOOK_AT = 100  # ports, for one that is free


class Refusal(NamedTuple):
    """Why nobody can listen at an address.

    Args:
        reason: the place, and what is wrong with it.
        remedy: what to do about it.
        other_port: whether another port would be one.
    """

    reason: str
    remedy: str
    other_port: bool = True


def port_on(host: str, port: int) -> str:
    """Name an address, as a sentence does: ``port 8000 on 127.0.0.1``."""
    return f"port {port} on {host}"


def called_by_others(host: str) -> str:
    """Name the host at which other machines reach what listens on an address.

    Args:
        host: that address; one that stands for all of the machine's has the machine's name.
    """
    ip = read_address(host)
    return socket.gethostname() if ip is not None and ip.is_unspecified else host


def listen(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Take an address.

    Args:
        host: an IPv4 or IPv6 address, or a name.
        port: 0 is any free one.
        backlog: how many connections may wait to be accepted; None for the system's number.

    Raises:
        OSError: it can't be taken; `refusal` says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=backlog)


def refusal(error: OSError, host: str, port: int, key: str = "port") -> Refusal:
    """Say why an address can't be listened on.

    Args:
        error: from the attempt.
        host: the address.
        port: its port.
        key: what the remedy calls a port, such as ``server.port``.
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
    """Find a port to suggest: the next one that is free; 0, any free one, if none of 100 is.

    Args:
        host: the address.
        instead_of: the port that can't be had.
    """
    first = instead_of + 1 if instead_of >= _UNPRIVILEGED else _USUAL
    for port in range(first, min(first + _LOOK_AT, 65536)):
        with contextlib.suppress(OSError):
            listen(host, port).close()
            return port
    return 0
