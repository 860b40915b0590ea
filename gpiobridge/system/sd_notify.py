"""What the service and systemd say to each other: sd_notify(3), and nothing of systemd's library.

Any thread; imports nothing of the project.
"""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

LONGEST_S = 60.0
"""How long what `signs_of_life` covers may take, in seconds; then it counts as hanging."""


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


@contextlib.contextmanager
def signs_of_life(limit_s: float = LONGEST_S) -> Iterator[None]:
    """Give systemd signs of life meanwhile: what is done may be slow, such as a network folder.

    Args:
        limit_s: for how long, in seconds.
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
