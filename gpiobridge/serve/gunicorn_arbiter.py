"""Embed gunicorn: the application's options, and an arbiter that ends in our own way.

The arbiter has one worker (`gunicorn_worker`). The overrides are based on the code of gunicorn 23
and 27, and are tested with both ends of the range that `pyproject.toml` allows. Each override
gives its reason in one line. All other code is gunicorn's.

`server` imports this module only where gunicorn can run: it needs ``fcntl``. The arbiter's main
thread, except for the functions that the worker calls.
"""

import contextlib
import logging
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from math import inf
from typing import Any, NoReturn

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import Settings
from gpiobridge.serve.gunicorn_worker import ServiceWorker
from gpiobridge.serve.reload_check import ReloadCheck
from gpiobridge.serve.standalone import create_app
from gpiobridge.system.sd_notify import notify, watchdog_s

log = logging.getLogger(__name__)

PULSE_S = 5.0
"""How often systemd gets a sign of life, in seconds; more often if its watchdog is short."""

FIRST_PASSED_FD = 3
"""The descriptor of the first socket that is passed to a process (sd_listen_fds(3))."""


def serve(settings: Settings, listener: socket.socket, load: Callable[[], Settings]) -> int:
    """Serve an exhibit until a signal stops it.

    Args:
        settings: the checked configuration.
        listener: the listening socket; it belongs to gunicorn from now on.
        load: reads and checks the configuration again, for a reload.

    Returns:
        The exit code: 0 after a signal, 1 if the service failed.
    """
    try:
        OneWorkerArbiter(Service(settings, listener, load)).run()
    except SystemExit as end:
        # gunicorn has its own exit codes, such as 3 for a worker that can't boot.
        return end.code if end.code in (0, 1, 2) else 1
    return 0


class Service(BaseApplication):  # type: ignore[misc]
    """The application, and gunicorn's options for it.

    Args:
        settings: the checked configuration.
        listener: the listening socket.
        load: reads and checks the configuration again.
    """

    def __init__(
        self, settings: Settings, listener: socket.socket, load: Callable[[], Settings]
    ) -> None:
        self.settings = settings
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._listener_fd = listener.detach()  # gunicorn closes it
        # Asked now: once a terminal is closed, nobody can tell that it was one.
        self.in_terminal = sys.stdin is not None and sys.stdin.isatty()
        # Shared with the worker: whether the worker itself has said why it ends.
        self.said_why = mmap.mmap(-1, 1)
        # gunicorn would report READY before the application is up. We report it when it is up.
        self.notify_address = os.environ.pop("NOTIFY_SOCKET", None)
        # The watcher's pulse goes to the arbiter, which passes it on. If either of them hangs,
        # systemd hears nothing.
        self._pulse_out, self._pulse_in = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._pulse_out.setblocking(False)
        self._pulse_in.setblocking(False)
        self._pulse_every_s = min(PULSE_S, (watchdog_s() or inf) / 3)
        self.reload_check = ReloadCheck(settings, load)
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options; called by the base class."""
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener_fd}",
            "worker_class": ServiceWorker,
            "workers": 1,
            "threads": self.settings.server.threads,
            # WebSockets leave gunicorn after their handshake: this bounds plain HTTP only.
            "worker_connections": 1000,
            "keepalive": 5,
            "timeout": 30,
            "graceful_timeout": 5,
            "forwarded_allow_ips": "",  # trust no proxy's word on where a request comes from
            "loglevel": "critical",  # we log what matters ourselves, once
            "child_exit": end_with_worker,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # the control socket came after gunicorn 23
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application; called in the worker, after the fork."""
        return create_app(self.settings, on_failure=lambda: os._exit(1))

    def start_pulse(self, running: RunningBridge) -> None:
        """Let the watcher's thread send signs of life; called in the worker."""
        if self.notify_address is None:
            return

        def pulse() -> None:
            with contextlib.suppress(OSError):  # full: the arbiter hangs, which systemd notices
                self._pulse_out.send(running.status().encode())

        running.watcher.every(self._pulse_every_s, pulse)

    def pass_pulse_on(self) -> None:
        """Pass the watcher's newest status, if any, to systemd; called in the arbiter."""
        status = None
        with contextlib.suppress(BlockingIOError):
            while True:
                status = self._pulse_in.recv(4096).decode()
        if status is not None:
            notify(self.notify_address, f"WATCHDOG=1\nSTATUS={self.reload_check.refused}{status}")

    def start_again(self, listener_fd: int) -> NoReturn:
        """Become a fresh process with the same arguments and the same listening socket."""
        if self.notify_address is not None:
            os.environ["NOTIFY_SOCKET"] = self.notify_address
        os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        os.dup2(listener_fd, FIRST_PASSED_FD)
        os.set_inheritable(FIRST_PASSED_FD, True)
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        except OSError as error:  # perhaps an upgrade removed it
            log.error("%s can't be restarted: %s", sys.executable, error)
            sys.exit(1)


class OneWorkerArbiter(Arbiter):  # type: ignore[misc]
    """An arbiter that ends with its worker; gunicorn's starts a new one every second for ever."""

    asked_to_stop = False
    reloading = False

    @property
    def stopping(self) -> bool:
        """Whether the worker is expected to end."""
        return self.asked_to_stop or self.reloading

    def signal(self, sig: int, frame: object) -> None:
        """Note the stop at once: a worker may be reaped before gunicorn acts on the signal."""
        self.asked_to_stop |= sig in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        super().signal(sig, frame)

    def init_signals(self) -> None:
        """Handle the signals, but keep SIGHUP ignored if nohup(1) has set it so."""
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().init_signals()
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def murder_workers(self) -> None:
        """Check the worker, and pass its sign of life on to systemd; called each second."""
        super().murder_workers()
        self.app.pass_pulse_on()
        if self.app.reload_check.is_passed(self.wakeup):
            self._start_again()

    def handle_hup(self) -> None:
        """Reload the configuration once it has been checked (see `murder_workers`)."""
        service: Service = self.app
        if service.in_terminal:  # SIGHUP: the terminal was closed
            self.asked_to_stop = True
            raise StopIteration
        service.reload_check.begin(self.wakeup)

    def _start_again(self) -> None:
        """Restart the process with the new configuration: two workers would fight for the pins.

        The listening socket stays open meanwhile, so no connection is refused.
        """
        service: Service = self.app
        log.info("the configuration is fine: restarting with it")
        notify(
            service.notify_address,
            f"WATCHDOG=1\nRELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}",
        )
        self.reloading = True
        listener_fd = os.dup(self.LISTENERS[0].fileno())
        self.stop()
        if self.asked_to_stop:  # meanwhile
            raise StopIteration
        notify(service.notify_address, "WATCHDOG=1")
        service.start_again(listener_fd)

    def _keep_one_worker(self) -> None:
        log.warning("signal ignored: only one worker can have the pins")

    handle_ttin = handle_ttou = handle_usr2 = _keep_one_worker


def end_with_worker(arbiter: OneWorkerArbiter, _worker: object) -> None:
    """End the service if its worker ended unexpectedly, so that systemd acts."""
    if not arbiter.stopping:
        if not arbiter.app.said_why[0]:
            log.error("the worker ended unexpectedly")
        raise HaltServer("the worker ended", 1)
