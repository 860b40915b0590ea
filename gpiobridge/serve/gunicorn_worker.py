"""The worker of ``gpiobridge run``: it holds everything except the listening socket.

It starts the bridge, bounds how long a request may hold an HTTP thread, and says goodbye to the
displays. `gunicorn.Worker` does the rest. The overrides are based on the code of gunicorn 23 and
27, and are tested with both ends of the range that `pyproject.toml` allows.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gpiobridge.extension.gpio_bridge import GpioBridge
from gpiobridge.serve.greeting import start_bridge
from gpiobridge.serve.threaded_worker import Worker
from gpiobridge.system.sd_notify import notify

log = logging.getLogger(__name__)

POOL_PREFIX = "gpiobridge-http"
WHOLE_REQUEST_S = 15.0
"""How long a request may hold an HTTP thread, in seconds.

The sockets' own limit isn't enough: each byte renews it.
"""

SWITCH_S = 0.0005
"""How long a thread may hold up the others, in seconds.

Python's default of 5 ms would add up: an edge waits for each busy thread, and again after each
system call.
"""

IN_FLIGHT_S = 0.3
"""How long requests in progress may take, in seconds, when we stop."""


class ServiceWorker(Worker):
    """The worker of ``gpiobridge run``: it starts the bridge, and says goodbye to the displays."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._since_s: dict[Any, float] = {}  # start of each request on an HTTP thread

    @property
    def threads_for_clients(self) -> int:
        """How many threads all clients get together: few, because an exhibit's pages never wait.

        Python runs one thread at a time, and an edge waits for each busy thread. More threads
        would only hold each other up.
        """
        threads: int = self.cfg.threads
        return max(2, threads // 4)

    def init_signals(self) -> None:
        """Let Ctrl-C, which also reaches this process, end it as SIGTERM does."""
        super().init_signals()
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self.handle_exit)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the arbiter's

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Name the threads, for `join_pool`."""
        return ThreadPoolExecutor(self.cfg.threads, thread_name_prefix=POOL_PREFIX)

    def handle(self, connection: Any) -> Any:
        """Serve a request on one of the HTTP threads, and note when it began."""
        self._since_s[connection] = time.monotonic()
        try:
            return super().handle(connection)
        finally:
            del self._since_s[connection]

    def murder_keepalived(self, *args: Any, **options: Any) -> None:
        """Also close connections that hold a thread for too long; called each second."""
        super().murder_keepalived(*args, **options)
        for connection, since_s in list(self._since_s.items()):
            if time.monotonic() > since_s + WHOLE_REQUEST_S:
                with contextlib.suppress(OSError):  # wakes the thread that reads
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Serve until a signal, then end this process."""
        sys.setswitchinterval(SWITCH_S)
        service = self.app
        bridge: GpioBridge = self.application.extensions["gpiobridge"]
        try:
            start_bridge(bridge, *service.address)
        except SystemExit as end:
            service.said_why[0] = 1
            notify(service.notify_address, f"STATUS={end.__cause__}")
            raise
        notify(service.notify_address, "READY=1")
        service.start_pulse(bridge.running)
        # In this process only: nobody needs to wait for kept-alive connections.
        self.cfg.set("graceful_timeout", 0)
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


def join_pool(until_s: float) -> None:
    """Wait for the requests in progress.

    Args:
        until_s: when to stop waiting, in monotonic seconds.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(POOL_PREFIX):
            thread.join(max(0.0, until_s - time.monotonic()))
