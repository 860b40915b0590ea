"""Open the listening socket, systemd's or our own, and tune it: no client holds threads for ever.

The main thread, at start.
"""

import contextlib
import ipaddress
import logging
import os
import socket

from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError, ServerError
from gpiobridge.serve.silence import bound_waits
from gpiobridge.system import invocation, ports
from gpiobridge.system.units import SOCKET

log = logging.getLogger(__name__)

REQUEST_S = 10
"""How long a client may take to send or read the next bytes, in seconds."""

FIRST_PASSED_FD = 3
"""The descriptor of the first socket that is passed to a process (sd_listen_fds(3))."""

_BACKLOG = 2048
_DEFER_S = 30  # how long a connection that has sent nothing stays in the kernel


def open_listener(settings: Settings) -> socket.socket:
    """Take the socket that systemd passes; without one, listen at the configured address.

    Raises:
        ConfigError: systemd's socket has another address than the configuration.
        ServerError: the address can't be listened on.
    """
    listener = _systemd_listener(settings) or _listen(settings.server.host, settings.server.port)
    _tune(listener)
    return listener


def _systemd_listener(settings: Settings) -> socket.socket | None:
    """Take the socket that a systemd socket unit passes (sd_listen_fds(3)); None if none is.

    Raises:
        ConfigError: it isn't the configured one. Serving there would ignore the configuration.
            Listening ourselves would be useless, because the service has no network.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    passed = os.environ.get("LISTEN_FDS", "")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)  # the socket is ours now: gunicorn must not take it, too
    if passed != "1":
        raise ConfigError([f"{SOCKET}: passes {passed} sockets, but must pass one: {_remedy()}"])
    try:
        listener = socket.socket(fileno=FIRST_PASSED_FD)
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        reason = f"passes no socket ({error.strerror}), but must pass one"
        raise ConfigError([f"{SOCKET}: {reason}: {_remedy()}"]) from error
    is_tcp = listener.family in (socket.AF_INET, socket.AF_INET6)
    if not (is_tcp and listens):
        raise ConfigError([f"{SOCKET}: its ListenStream is not a TCP address: {_remedy()}"])
    host, port = listener.getsockname()[:2]
    wanted = settings.server
    if wanted.port not in (0, port) or not _same_host(wanted.host, host):
        raise ConfigError(
            [
                f"{settings.source}: server.host and server.port are {wanted.host} and "
                f"{wanted.port}, but systemd listens on {host} and {port}: {_remedy()}"
            ]
        )
    return listener


def _remedy() -> str:
    return f"`{invocation.as_root('install')}` writes the socket unit from the configuration"


def _same_host(wanted: str, address: str) -> bool:
    """Tell whether a configured host is the address that is listened on."""
    try:
        return ipaddress.ip_address(wanted) == ipaddress.ip_address(address)
    except ValueError:  # a name
        pass
    try:
        found = {info[4][0] for info in socket.getaddrinfo(wanted, None)}
    except OSError as error:
        # The hardened unit has no network to ask. `install` has already looked the name up.
        log.warning('server.host = "%s" can\'t be looked up: %s', wanted, error)
        return True
    return address in found


def _listen(host: str, port: int) -> socket.socket:
    """Listen on the address ourselves; report a port in use in one sentence, without retries."""
    try:
        return ports.listen(host, port, _BACKLOG)
    except OSError as error:
        reason, remedy, other_port = ports.refusal(error, host, port)
        sentence = f"{reason}: {remedy}"
        if other_port:
            sentence += f": {invocation.again('--port', ports.free_port(host, instead_of=port))}"
        raise ServerError(sentence) from error


def _tune(listener: socket.socket) -> None:
    """Keep clients that are silent, or stop halfway, from holding HTTP threads for ever.

    Connections inherit the options. Some are unknown outside Linux; a laptop works without them.
    """
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            # Browsers open connections ahead, which are silent until needed.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _DEFER_S)
    for option in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
        bound_waits(listener, option, REQUEST_S)
