"""Talk to systemd by sd_notify(3), without systemd's library.

Any thread. It imports nothing of the project.
"""

import contextlib
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

LONGEST_S = 60.0
"""How long work inside `signs_of_life` may take, in seconds; after that it counts as hung."""


def notify(address: str | None, state: str) -> None:
    """Send our state to systemd.

    Args:
        address: the value of ``NOTIFY_SOCKET``; None outside a service with ``Type=notify``.
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
            log.warning("%s could not be sent to systemd: %s", state, error)


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return how long systemd waits for a sign of life, in seconds; None if it does not wait.

    The unit's ``WatchdogSec=`` sets it.

    Args:
        environ: the environment, where systemd writes it for the process that it started.
    """
    usec = environ.get("WATCHDOG_USEC", "")
    process = str(os.getpid())
    if environ.get("WATCHDOG_PID", process) != process or not re.fullmatch("[0-9]{1,18}", usec):
        return None
    return int(usec) / 1e6 or None  # 0 is no time, as for sd_watchdog_enabled(3)


@contextlib.contextmanager
def signs_of_life(limit_s: float = LONGEST_S) -> Iterator[None]:
    """Send systemd signs of life during slow work, such as reading a network folder.

    Args:
        limit_s: how long to send them, in seconds.
    """
    address, limit = os.environ.get("NOTIFY_SOCKET"), watchdog_s()
    if not address or limit is None:
        yield
        return
    every_s, until_s = limit / 3, time.monotonic() + limit_s
    over = threading.Event()

    def tell() -> None:
        while not over.wait(every_s) and time.monotonic() < until_s:
            notify(address, "WATCHDOG=1")

    thread = threading.Thread(target=tell, name="gpiobridge-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1.0)
