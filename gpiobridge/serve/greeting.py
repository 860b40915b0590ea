"""What both servers do when they are up: start the bridge, and print the greeting.

The main thread of the process that has the pins.
"""

import contextlib
import sys
from dataclasses import replace

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.client import target
from gpiobridge.config import base_url
from gpiobridge.errors import GpioBridgeError
from gpiobridge.extension.gpio_bridge import GpioBridge
from gpiobridge.system import invocation
from gpiobridge.system.ports import called_by_others


def start_bridge(bridge: GpioBridge, host: str, port: int) -> None:
    """Start the bridge, and tell the person at the terminal where to look.

    Args:
        bridge: the application's bridge.
        host: the address that the server listens on.
        port: its port.

    Raises:
        SystemExit: the bridge can't start. The reason, its cause, was printed on stderr.
    """
    try:
        bridge.start()
    except GpioBridgeError as error:
        # In a worker an exception would be a traceback, so the sentence is printed here.
        print(f"gpiobridge: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_code) from error
    bridge.running.key.offer(host, port)
    # The disk may be full, or nobody reads on: the service runs without its greeting.
    with contextlib.suppress(OSError):
        print(_greeting(bridge.running, host, port), flush=True)


def _greeting(running: RunningBridge, host: str, port: int) -> str:
    url = base_url(called_by_others(host), port)
    pins, gpio = running.settings.pins.values(), running.settings.gpio
    lines = [f"gpiobridge shows its pages at {url}/"]
    if outside := running.settings.server.url:
        lines.append(f"  and outside at {outside}/")
    lines.append(f"  from {running.settings.source}")
    if because := running.settings.example_because:
        lines.append(f"  the packaged example: {because}")
    if running.settings.server.token:
        lines.append("  it asks for the token: open it once with ?token=... added")
    lines += [f"  {pin.name}: {pin.placed(gpio)}, active {pin.active}" for pin in pins]
    lines += [
        f"  {output.name}: output on {output.placed(gpio)}, active {output.active}"
        for output in running.settings.outputs.values()
    ]
    if running.watcher.outputs.simulated:
        lines.append("  the outputs are simulated: no GPIO is driven")
    if running.watcher.pins.simulated:
        lines += [
            "  the pins are simulated: no GPIO is read",
            f"  press one at {url}/simulator, or with: {_press(running, port)}",
        ]
    elif running.has_simulator:
        lines.append(f"  see what they do at {url}/simulator")
    return "\n".join([*lines, "  Ctrl-C stops it"])


def _press(running: RunningBridge, port: int) -> str:
    """Write a command that presses a pin; it works in this folder as it is printed."""
    settings = running.settings
    url = replace(settings.server, port=port).local_url
    words = ["press", next(iter(settings.pins))]
    if not target.is_found_here(url):
        words += ["--url", url]
    press = invocation.command(*words)
    token = settings.server.token
    return press if not token or target.token_is_found_here(token) else f"{press} --token ..."
