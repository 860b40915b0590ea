"""What both servers do when they are up: start the bridge, greet, tell systemd."""

import ipaddress
import logging
import socket
import sys

from gpiobridge.config import DEFAULT_URL
from gpiobridge.errors import GpioBridgeError
from gpiobridge.running import Running
from gpiobridge.web import GpioBridge

log = logging.getLogger(__name__)


def start_bridge(bridge: GpioBridge, host: str, port: int) -> None:
    """Start the bridge, and tell the person at the terminal where to look.

    Args:
        bridge: the application's.
        host: the address that is listened on.
        port: its port.

    Raises:
        SystemExit: the bridge can't start; why has been said on stderr.
    """
    try:
        bridge.start()
    except GpioBridgeError as error:
        # In a worker an exception would be a traceback, so it is said here.
        print(f"gpiobridge: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_code) from None
    print(_greeting(bridge.running, host, port), flush=True)


def _greeting(running: Running, host: str, port: int) -> str:
    if ipaddress.ip_address(host).is_unspecified:
        host = socket.gethostname()
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    pins = running.settings.pins.values()
    lines = [f"gpiobridge shows its pages at {url}/", f"  from {running.settings.source}"]
    lines += [f"  {pin.name}: GPIO {pin.pin}, active {pin.active}" for pin in pins]
    if running.watcher.pins.simulated:
        command = f"gpiobridge press {next(iter(pins)).name}"
        if url != DEFAULT_URL:
            command += f" --url {url}"
        lines += [
            "  the pins are simulated: no GPIO is read",
            f"  press one at {url}/simulator, or with: {command}",
        ]
    return "\n".join([*lines, "  Ctrl-C stops it"])


def notify_systemd(address: str | None, state: str) -> None:
    """Tell systemd our state (sd_notify(3)).

    Args:
        address: the value of ``NOTIFY_SOCKET``; None outside a service of ``Type=notify``.
        state: such as ``READY=1``.
    """
    if not address:
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), path)
        except OSError as error:
            log.warning("systemd was not told %s: %s", state, error)
