"""Embed gunicorn's worker: the service is one process, without gunicorn's arbiter.

The arbiter would be a second process with nearly everything loaded, in order to start a worker
again that must not be started again: only a fresh process may have the pins. `gunicorn_worker`
serves. This module gives it gunicorn's options, tells systemd how the service is, and starts the
process again after a reload (exec).

`server` imports this module only where gunicorn can run: it needs ``fcntl``. The main thread,
except for the pulse, which is the watcher's.
"""

import logging
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any

from flask import Flask
from gunicorn.config import Config

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import Settings
from gpiobridge.outputs import handover
from gpiobridge.serve.gunicorn_worker import ServiceWorker
from gpiobridge.serve.listener import FIRST_PASSED_FD
from gpiobridge.serve.reload_check import ReloadCheck
from gpiobridge.serve.standalone import create_app
from gpiobridge.serve.stop_signals import STOPS
from gpiobridge.system.sd_notify import notify, watchdog_s

log = logging.getLogger(__name__)

PULSE_S = 5.0
"""How often systemd gets a sign of life, in seconds; more often if its watchdog is short."""

RELOAD_S = 60.0
"""How long systemd's watchdog waits for the fresh process of a reload, in seconds.

On a small Pi that is busy its start may take longer than the watchdog of the unit, and nobody gives
signs of life meanwhile.
"""


def serve(settings: Settings, listener: socket.socket, load: Callable[[], Settings]) -> int:
    """Serve an exhibit until a signal stops it, which ends this process.

    Args:
        settings: the checked configuration.
        listener: the listening socket; it belongs to gunicorn from now on.
        load: reads and checks the configuration again, for a reload.

    Returns:
        The exit code, if the service can't start.
    """
    try:
        service = Service(settings, listener, load)
        ServiceWorker(service, listener, _options(settings)).init_process()
    except SystemExit as end:
        return end.code if end.code in (0, 1, 2) else 1
    return 1


def _options(settings: Settings) -> Config:
    """Make gunicorn's options."""
    made = Config()
    options: dict[str, Any] = {
        "workers": 1,  # the environment can set another default
        "threads": settings.server.threads,
        # WebSockets leave gunicorn after their handshake: this bounds plain HTTP only.
        "worker_connections": 1000,
        "keepalive": 5,
        "graceful_timeout": 0,  # nobody needs to wait for kept-alive connections
        "forwarded_allow_ips": "",  # trust no proxy's word on where a request comes from
        "loglevel": "critical",  # we log what matters ourselves, once
    }
    for name, value in options.items():
        made.set(name, value)
    return made


class Service:
    """The application, and what systemd and a reload need to know about its process.

    Args:
        settings: the checked configuration.
        listener: the listening socket.
        load: reads and checks the configuration again.

    Attributes:
        address: the address that is listened on.
        in_terminal: whether a terminal has started the service.
        reload_check: decides whether a new configuration may be used.
    """

    def __init__(
        self, settings: Settings, listener: socket.socket, load: Callable[[], Settings]
    ) -> None:
        self.address: tuple[str, int] = listener.getsockname()[:2]
        # Asked now: once a terminal is closed, nobody can tell that it was one.
        self.in_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.reload_check = ReloadCheck(settings, load)
        self._settings = settings
        # Away from the environment: no program that we start may speak for the service.
        self._notify_address = os.environ.pop("NOTIFY_SOCKET", None)
        # The watcher's pulse waits here for the main thread, which passes it on. If either of them
        # hangs, systemd hears nothing.
        self._pulse: deque[str] = deque(maxlen=1)
        self._watchdog_s = watchdog_s()
        self._pulse_every_s = min(PULSE_S, (self._watchdog_s or inf) / 3)

    def wsgi(self) -> Flask:
        """Build the application; gunicorn's worker calls this."""
        return create_app(self._settings, on_failure=lambda: os._exit(1))

    def tell(self, state: str) -> None:
        """Tell systemd our state, such as ``READY=1``."""
        notify(self._notify_address, state)

    def tell_ready(self) -> None:
        """Tell systemd that we serve, also after a reload."""
        self.tell("READY=1" + self._watchdog(0.0))

    def start_pulse(self, running: RunningBridge) -> None:
        """Let the watcher's thread give signs of life."""
        if self._notify_address is not None:
            running.watcher.every(self._pulse_every_s, lambda: self._pulse.append(running.status()))

    def pass_pulse_on(self) -> None:
        """Pass the watcher's newest sign of life, if any, to systemd."""
        with suppress(IndexError):
            status = self._pulse.pop()
            self.tell(f"WATCHDOG=1\nSTATUS={self.reload_check.refused}{status}")

    def tell_reload(self) -> None:
        """Tell systemd that the process starts again with a new configuration."""
        log.info("the configuration is fine: restarting with it")
        self.tell(f"WATCHDOG=1\nRELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def start_again(self, listener_fd: int, is_stopped: Callable[[], bool]) -> None:
        """Become a fresh process with the same arguments and the same listening socket.

        Args:
            listener_fd: the descriptor of the listening socket.
            is_stopped: tells whether a signal has asked for a stop meanwhile; then this returns.
        """
        # A signal from now on is for the fresh process, which takes it when it can.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, *STOPS))
        if is_stopped():
            handover.give_up()
            return
        self.tell("WATCHDOG=1" + self._watchdog(RELOAD_S))
        if self._notify_address is not None:
            os.environ["NOTIFY_SOCKET"] = self._notify_address
        os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        _close_on_exec()
        handover.pass_on()
        os.dup2(listener_fd, FIRST_PASSED_FD)
        os.set_inheritable(FIRST_PASSED_FD, True)
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except OSError as error:  # perhaps an upgrade removed it
            log.error("%s can't be restarted: %s", sys.executable, error)
            handover.give_up()
            os._exit(1)

    def _watchdog(self, at_least_s: float) -> str:
        """Write a line that sets systemd's watchdog: as the unit has it, but not shorter."""
        if self._watchdog_s is None:
            return ""
        return f"\nWATCHDOG_USEC={max(self._watchdog_s, at_least_s) * 1e6:.0f}"


def _close_on_exec() -> None:
    """Let the fresh process inherit only the standard streams: some back ends leave files open.

    The listening socket and the lines of outputs are passed on afterwards.
    """
    names: list[str] = []
    with suppress(OSError):  # no system that we know lacks it, but it is worth no failure
        names = os.listdir("/dev/fd")
    for name in names:
        if int(name) > 2:
            with suppress(OSError):  # such as the descriptor of this list
                os.set_inheritable(int(name), False)
