"""What the service and systemd say to each other: sd_notify(3), and nothing of systemd's library.

Any thread; imports nothing of the project.
"""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


def notify(address: str | None, state: str) -> None:
    """Tell systemd our state.

    Args:
        address: the value of ``NOTIFY_SOCKET``; None outside a service of ``Type=notify``.
        state: lines such as ``READY=1`` or ``STATUS=…``.
    """
    if not address:
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.sendto(state.encode(), path)
        except OSError as error:
            log.warning("systemd was not told %s: %s", state, error)


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """How long systemd waits for a sign of life, in seconds (``WatchdogSec=`` of the unit).

    Args:
        environ: systemd puts it there, for the process that it started.
    """
    usec = environ.get("WATCHDOG_USEC", "")
    if not usec.isdigit() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(usec) / 1e6
