"""The server of ``gpiobridge run``: gunicorn's worker, which here is the whole service.

It starts the bridge, bounds how long a request may hold an HTTP thread, answers the signals, and
says goodbye to the displays. `threaded_worker.Worker` does the rest. The overrides are based on the
code of gunicorn 23 and 27, and are tested with both ends of the range that `pyproject.toml` allows.
The main thread, except for `handle`.
"""

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING, Any

from gunicorn.config import Config

from gpiobridge.extension.gpio_bridge import GpioBridge
from gpiobridge.serve.greeting import start_bridge
from gpiobridge.serve.stop_signals import STOPS
from gpiobridge.serve.threaded_worker import Worker

if TYPE_CHECKING:
    from gpiobridge.serve.gunicorn_service import Service

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
    """Serves the exhibit until a signal stops it.

    Args:
        service: the application, and what systemd hears of it.
        listener: the listening socket.
        options: gunicorn's.

    Attributes:
        asked_to_stop: whether a signal has asked for a stop.
    """

    def __init__(self, service: "Service", listener: socket.socket, options: Config) -> None:
        logger = options.logger_class(options)
        super().__init__(0, os.getppid(), [listener], service, 0, options, logger)
        self.asked_to_stop = False
        self._service = service
        self._noted: deque[int] = deque()  # signals that the main loop answers
        self._listener_fd: int | None = None  # for the fresh process, while we reload
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
        """Take the signals; each of them wakes the main loop."""
        for number in STOPS:
            signal.signal(number, self.handle_exit)
        for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR2):
            signal.signal(number, self._note)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup(1) has set it so
            signal.signal(signal.SIGHUP, self._note)
        signal.set_wakeup_fd(self.PIPE[1], warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP, *STOPS))

    def handle_exit(self, _number: int, _frame: FrameType | None) -> None:
        """Stop, whatever we are doing."""
        self.asked_to_stop = True
        self.alive = False

    def is_parent_alive(self) -> bool:
        """Go on without the process that started us: it is no arbiter."""
        return True

    def notify(self) -> None:
        """Do what is due; gunicorn calls this in each turn of its loop, at least once a second.

        It would tell the arbiter that we live.
        """
        while self._noted:
            self._answer(self._noted.popleft())
        self._service.pass_pulse_on()
        if self.alive and self._service.reload_check.is_passed(self._wake):
            self._service.tell_reload()
            self._listener_fd = os.dup(self.sockets[0].fileno())  # gunicorn closes the other one
            self.alive = False
            self._wake()

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
        """Serve until a signal, then end this process or start it again."""
        sys.setswitchinterval(SWITCH_S)
        service = self._service
        bridge: GpioBridge = self.application.extensions["gpiobridge"]
        try:
            start_bridge(bridge, *service.address)
        except SystemExit as end:
            service.tell(f"STATUS={end.__cause__}")
            raise
        # What the start has made stays. Looking through it holds up every thread: a full collection
        # takes 20 ms on a laptop, and 0.1 ms without it.
        gc.freeze()
        gc.enable()  # see `server`
        service.tell_ready()
        service.start_pulse(bridge.running)
        try:
            super().run()
        except Exception:
            log.exception("the HTTP server failed")
            os._exit(1)
        if self._listener_fd is None:
            service.tell("STOPPING=1")
        until_s = time.monotonic() + IN_FLIGHT_S
        if self._listener_fd is not None:
            bridge.running.watcher.stop(reload=True)
        bridge.stop()
        join_pool(until_s)
        if self._listener_fd is not None:
            service.start_again(self._listener_fd, lambda: self.asked_to_stop)
            service.tell("STOPPING=1")
        # Threads that hold a silent connection would hold the exit for seconds.
        logging.shutdown()
        os._exit(0)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._noted.append(number)

    def _answer(self, number: int) -> None:
        """Answer a signal that is no stop; on the main loop, where a log line can be written."""
        if number != signal.SIGHUP:
            log.warning("signal ignored: only one process can have the pins")
        elif self._service.in_terminal:  # it was closed
            self.asked_to_stop = True
            self.alive = False
            self._wake()
        else:
            self._service.reload_check.begin(self._wake)


def join_pool(until_s: float) -> None:
    """Wait for the requests in progress.

    Args:
        until_s: when to stop waiting, in monotonic seconds.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(POOL_PREFIX):
            thread.join(max(0.0, until_s - time.monotonic()))
