"""Werkzeug's server, for making an exhibit where gunicorn can't run, such as on Windows.

It uses a thread for each connection. This module bounds the connections, and so the threads.
"""

import contextlib
import gc
import logging
import signal
import socket
import threading
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from gpiobridge.config import Settings
from gpiobridge.serve.greeting import start_bridge
from gpiobridge.serve.standalone import create_app
from gpiobridge.system.log_rate import LogRate

MAX_CONNECTIONS = 200
"""How many connections may be open; for one more, the oldest is closed.

Connections whose request has not come are closed first.
"""


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve an exhibit until a signal stops it.

    Args:
        settings: the checked configuration.
        listener: the listening socket; closed at the end.

    Returns:
        The exit code: 0 after a signal, 1 if the service failed.
    """
    _bound_log()
    failed = threading.Event()

    def shut_down() -> None:
        # shutdown() waits for the loop, and the calling thread may be the one that runs it.
        threading.Thread(target=server.shutdown, daemon=True).start()

    def fail() -> None:
        failed.set()
        shut_down()

    app = create_app(settings, on_failure=fail)
    host, port = listener.getsockname()[:2]
    server = BoundedServer(host, port, app, RequestHandler, fd=listener.fileno())
    bridge = app.extensions["gpiobridge"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: shut_down())
    try:
        start_bridge(bridge, host, port)
        gc.enable()  # see `server`
        server.serve_forever(poll_interval=0.1)
    finally:
        bridge.stop()
        server.server_close()
        listener.close()
    return 1 if failed.is_set() else 0


class BoundedServer(ThreadedWSGIServer):
    """Werkzeug's threaded server, which no client can block with silent connections."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._open: dict[socket.socket, None] = {}  # those without a request first
        self._open_lock = threading.Lock()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on its own thread; close an older one if there are too many."""
        with self._open_lock:
            oldest = None
            if len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
            self._open[request] = None
        if oldest is not None:
            with contextlib.suppress(OSError):  # this wakes its thread, which closes it
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def note_request(self, request: socket.socket) -> None:
        """Note that a connection's request has come: those without one are closed first."""
        with self._open_lock:
            if request in self._open:
                self._open[request] = self._open.pop(request)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._open_lock:
            self._open.pop(request, None)
        super().shutdown_request(request)


class RequestHandler(WSGIRequestHandler):
    """Werkzeug's handler, without the tracebacks that some addresses cause."""

    server: BoundedServer

    def run_wsgi(self) -> None:
        """Answer a request whose head has come; refuse it if its address can't be read."""
        self.server.note_request(self.connection)
        try:
            urlsplit(self.path)
        except ValueError:  # such as //[
            self.send_error(400, "The address can't be read")
            return
        super().run_wsgi()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Log no request: nobody would see it, and Werkzeug's log call fails at such addresses."""


def _bound_log() -> None:
    """Let Werkzeug log only failures, at a bounded rate: each bad request is a failure."""
    log = logging.getLogger("werkzeug")
    log.setLevel(logging.WARNING)
    log.addFilter(LogRate(log, kind_of=lambda record: record.levelno))
