"""gunicorn's threaded worker, which holds everything but the listening socket.

It starts the bridge, bounds what a client may do to an HTTP thread, and says goodbye to the
displays. What is overridden here was read in gunicorn 23 and 27 and is tested with both ends of
the range that `pyproject.toml` allows.
"""

import contextlib
import errno
import logging
import os
import selectors
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from gpiobridge.startup import start_bridge
from gpiobridge.systemd import notify
from gpiobridge.web import GpioBridge

log = logging.getLogger(__name__)

POOL_PREFIX = "gpiobridge-http"
WHOLE_REQUEST_S = 15.0
"""How long a request may hold an HTTP thread, in seconds; each byte renews the sockets' limit."""

IN_FLIGHT_S = 0.3
"""How long requests that are being answered have, in seconds, when we stop."""

_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


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
        service = self.app
        bridge: GpioBridge = self.wsgi.extensions["gpiobridge"]
        try:
            start_bridge(bridge, *service.address)
        except SystemExit as end:
            service.said_why[0] = 1
            notify(service.notify_address, f"STATUS={end.__cause__}")
            raise
        notify(service.notify_address, "READY=1")
        service.start_pulse(bridge.running)
        # In this process only: kept-alive connections needn't be waited for.
        self.cfg.set("graceful_timeout", 0)
        # A signal must wake the poller, which gunicorn 23 doesn't see to.
        self.poller.register(self.PIPE[0], selectors.EVENT_READ, lambda ear: os.read(ear, 64))
        try:
            super().run()
        except Exception:
            log.exception("the HTTP server failed")
            os._exit(1)
        notify(service.notify_address, "STOPPING=1")
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
