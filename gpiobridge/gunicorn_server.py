"""gunicorn, embedded: one arbiter, one worker, both with our own way of ending.

What is overridden here was read in gunicorn 23 and 27 and is tested with both ends of the range
that `pyproject.toml` allows. Each override has its reason in one line; all else is gunicorn's.

Imported by `server` only where gunicorn can run: it needs ``fcntl``.
"""

import contextlib
import errno
import logging
import mmap
import os
import selectors
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.workers.gthread import ThreadWorker

from gpiobridge.config import Settings
from gpiobridge.exhibit import create_app
from gpiobridge.startup import notify_systemd, start_bridge
from gpiobridge.web import GpioBridge

log = logging.getLogger(__name__)

POOL_PREFIX = "gpiobridge-http"
WHOLE_REQUEST_S = 15.0
"""How long a request may hold an HTTP thread, in seconds; each byte renews the sockets' limit."""

IN_FLIGHT_S = 0.3
"""How long requests that are being answered have, in seconds, when we stop."""

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve an exhibit until a signal stops it.

    Args:
        settings: the checked configuration.
        listener: the listening socket; gunicorn's from now on.

    Returns:
        The exit code: 0 after a signal, 1 if the service failed.
    """
    try:
        OneWorkerArbiter(Service(settings, listener)).run()
    except SystemExit as end:
        # gunicorn has exit codes of its own, such as 3 for a worker that can't boot.
        return end.code if end.code in (0, 1, 2) else 1
    return 0


class Service(BaseApplication):  # type: ignore[misc]
    """The application, and what gunicorn is to do with it.

    Args:
        settings: the checked configuration.
        listener: the listening socket.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self.settings = settings
        self.address: tuple[str, int] = listener.getsockname()[:2]
        self._listener_fd = listener.detach()  # gunicorn closes it
        # Shared with the worker: whether it has said itself why it ends.
        self.said_why = mmap.mmap(-1, 1)
        # gunicorn would report READY before the application is up: we do, when it is.
        self.notify_address = os.environ.pop("NOTIFY_SOCKET", None)
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options; called by the base class."""
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener_fd}",
            "worker_class": Worker,
            "workers": 1,
            "threads": self.settings.server.threads,
            # Sockets leave gunicorn after their handshake: this bounds plain HTTP only.
            "worker_connections": 1000,
            "keepalive": 5,
            "timeout": 30,
            "graceful_timeout": 5,
            "forwarded_allow_ips": "",  # no proxy: nobody may say where a request comes from
            "loglevel": "critical",  # what matters is said by us, once
            "child_exit": end_with_worker,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # the control socket came after gunicorn 23
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application; called in the worker, after the fork."""
        return create_app(self.settings, on_failure=lambda: os._exit(1))


class OneWorkerArbiter(Arbiter):  # type: ignore[misc]
    """Ends with its worker, instead of starting another one every second for ever."""

    stopping = False

    def signal(self, sig: int, frame: object) -> None:
        """Note at once that we are stopping: a worker may be reaped before gunicorn acts."""
        self.stopping |= sig in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        super().signal(sig, frame)

    def handle_hup(self) -> None:
        """Refuse what gunicorn does on SIGHUP: a second worker would fight for the pins."""
        log.warning("SIGHUP ignored: restart the service to load a new configuration")

    def _keep_one_worker(self) -> None:
        log.warning("signal ignored: the pins can have one worker only")

    handle_ttin = handle_ttou = handle_usr2 = _keep_one_worker


def end_with_worker(arbiter: OneWorkerArbiter, _worker: object) -> None:
    """End the service when its worker ended unasked, so that systemd acts."""
    if not arbiter.stopping:
        if not arbiter.app.said_why[0]:
            log.error("the worker ended unexpectedly")
        raise HaltServer("the worker ended", 1)


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker: it starts the bridge, and says goodbye to the displays."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._since_s: dict[Any, float] = {}  # requests on the HTTP threads

    def init_signals(self) -> None:
        """Let Ctrl-C, which reaches this process, too, end it like SIGTERM does."""
        super().init_signals()
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self.handle_exit)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the arbiter's

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Name the threads, for `join_pool`."""
        return ThreadPoolExecutor(self.cfg.threads, thread_name_prefix=POOL_PREFIX)

    def accept(self, *args: Any) -> None:
        """Accept a connection; without a free descriptor leave it in the queue and go on."""
        try:
            super().accept(*args)
        except OSError as error:
            if error.errno not in _OUT_OF_RESOURCES:
                raise
            time.sleep(0.05)  # the poller would report it again at once

    def handle(self, conn: Any) -> Any:
        """Serve a request on one of the HTTP threads, and note since when."""
        self._since_s[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._since_s[conn]

    def murder_keepalived(self, *args: Any, **options: Any) -> None:
        """Also give up clients that send their request byte by byte; called each second."""
        super().murder_keepalived(*args, **options)
        for conn, since_s in list(self._since_s.items()):
            if time.monotonic() > since_s + WHOLE_REQUEST_S:
                with contextlib.suppress(OSError):  # wakes the thread that reads
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def enqueue_req(self, conn: Any) -> None:
        """Serve a request; its connection will be closed without waiting for the peer."""
        # Since 26 gunicorn waits up to 2 s, on the main thread, for each peer to hang up.
        conn.close = lambda graceful=False: close_soon(conn.sock)
        super().enqueue_req(conn)

    def run(self) -> None:
        """Serve until a signal, then end this process."""
        service: Service = self.app
        bridge: GpioBridge = self.wsgi.extensions["gpiobridge"]
        try:
            start_bridge(bridge, *service.address)
        except SystemExit:
            service.said_why[0] = 1
            raise
        notify_systemd(service.notify_address, "READY=1")
        # In this process only: kept-alive connections needn't be waited for.
        self.cfg.set("graceful_timeout", 0)
        # A signal must wake the poller, which gunicorn 23 doesn't see to.
        self.poller.register(self.PIPE[0], selectors.EVENT_READ, lambda ear: os.read(ear, 64))
        try:
            super().run()
        except Exception:
            log.exception("the HTTP server failed")
            os._exit(1)
        notify_systemd(service.notify_address, "STOPPING=1")
        until_s = time.monotonic() + IN_FLIGHT_S
        bridge.stop()
        join_pool(until_s)
        # Threads that hold a silent connection would hold the exit for seconds.
        logging.shutdown()
        os._exit(0)


def close_soon(sock: socket.socket) -> None:
    """Close a connection: what we sent still goes out, and nobody is waited for."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.setblocking(False)
        while sock.recv(65536):  # unread bytes would reset the connection, cutting our answer
            pass
    sock.close()


def join_pool(until_s: float) -> None:
    """Let the requests that are being answered finish, until ``until_s`` (monotonic)."""
    for thread in threading.enumerate():
        if thread.name.startswith(POOL_PREFIX):
            thread.join(max(0.0, until_s - time.monotonic()))
