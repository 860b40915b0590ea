"""The service: one listening socket, gunicorn (or Werkzeug) around the application, signals.

Two processes, as gunicorn has them: the arbiter owns the listening socket and the signals, its
one worker everything else. An unplanned end of the worker ends the arbiter with a failure, so
that systemd acts; gunicorn by itself would start a new worker every second for ever. Where
gunicorn can't be imported (it needs ``fcntl``, so not on Windows) Werkzeug's threaded server
does: fine for making an exhibit on a laptop.

The main thread of each process runs here; pins and threads are started in the worker only, as a
thread does not survive a fork.
"""

import contextlib
import errno
import importlib.util
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from gpiobridge.config import Settings
from gpiobridge.errors import GpioBridgeError, ServerError
from gpiobridge.exhibit import create_app

if TYPE_CHECKING:
    from flask import Flask

    from gpiobridge.web import GpioBridge

log = logging.getLogger(__name__)

_BACKLOG = 2048
_IN_FLIGHT_S = 0.3  # how long requests that are being answered have, when we stop
POOL_PREFIX = "gpiobridge-http"


def serve(settings: Settings) -> int:
    """Serve an exhibit until a signal stops it.

    Args:
        settings: the checked configuration.

    Returns:
        The exit code: 0 after a signal, 1 if the service failed.

    Raises:
        ServerError: the address can't be listened on.
    """
    _raise_file_limit()
    listener = _listen(settings.server.host, settings.server.port)
    if has_gunicorn():
        return _serve_with_gunicorn(settings, listener)
    return _serve_with_werkzeug(settings, listener)


def has_gunicorn() -> bool:
    """Whether gunicorn can run here."""
    return all(importlib.util.find_spec(name) for name in ("fcntl", "gunicorn"))


# -------------------------------------------------------------------- gunicorn


def _serve_with_gunicorn(settings: Settings, listener: socket.socket) -> int:
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter
    from gunicorn.errors import HaltServer
    from gunicorn.workers.gthread import ThreadWorker

    host, port = listener.getsockname()[:2]
    # gunicorn would report READY before the application is up: we do, when the pins are watched.
    notify_address = os.environ.pop("NOTIFY_SOCKET", None)

    class OneWorkerArbiter(Arbiter):  # type: ignore[misc]
        """Ends with its worker instead of starting another."""

        stopping = False

        def stop(self, graceful: bool = True) -> None:
            self.stopping = True
            super().stop(graceful)

        def handle_hup(self) -> None:
            # gunicorn would start a second worker, which would fight for the pins.
            self.log.warning("SIGHUP ignored: restart the service to load a new configuration")

    class Worker(ThreadWorker):  # type: ignore[misc]
        """gunicorn's threaded worker with our pins, and with our own end."""

        def init_signals(self) -> None:
            super().init_signals()
            # Ctrl-C reaches this process, too: it says goodbye to its displays like on SIGTERM.
            for number in (signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, self.handle_exit)

        def get_thread_pool(self) -> Any:
            from concurrent.futures import ThreadPoolExecutor

            return ThreadPoolExecutor(self.cfg.threads, thread_name_prefix=POOL_PREFIX)

        def run(self) -> None:
            bridge: GpioBridge = self.wsgi.extensions["gpiobridge"]
            _start(bridge, host, port)
            _notify(notify_address, "READY=1")
            # In this process only: kept-alive connections needn't be waited for.
            self.cfg.set("graceful_timeout", 0)
            super().run()
            _notify(notify_address, "STOPPING=1")
            bridge.stop()
            join_pool()
            # Threads that hold a silent connection would hold the exit for seconds.
            logging.shutdown()
            os._exit(0)

    class Service(BaseApplication):  # type: ignore[misc]
        """The application, embedded in gunicorn."""

        def load_config(self) -> None:
            options = {
                "bind": f"fd://{listener.detach()}",  # gunicorn closes it
                "worker_class": Worker,
                "workers": 1,
                "threads": settings.server.threads,
                # Sockets leave gunicorn after their handshake: this bounds plain HTTP only.
                "worker_connections": 1000,
                "keepalive": 5,
                "timeout": 30,
                "graceful_timeout": 5,
                "loglevel": "critical",  # the rest is said by us, once
                "child_exit": end_with_worker,
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:  # the control socket came with gunicorn 24
                    self.cfg.set(name, value)

        def load(self) -> "Flask":
            # gunicorn runs this in the worker, after the fork.
            return create_app(settings, on_failure=lambda: os._exit(1))

    def end_with_worker(arbiter: OneWorkerArbiter, _worker: Any) -> None:
        if not arbiter.stopping:
            log.error("the worker ended unexpectedly")
            raise HaltServer("the worker ended", 1)

    try:
        OneWorkerArbiter(Service()).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def join_pool() -> None:
    """Let the requests that are being answered finish."""
    until_s = time.monotonic() + _IN_FLIGHT_S
    for thread in threading.enumerate():
        if thread.name.startswith(POOL_PREFIX):
            thread.join(max(0.0, until_s - time.monotonic()))


# -------------------------------------------------------------------- Werkzeug


def _serve_with_werkzeug(settings: Settings, listener: socket.socket) -> int:
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    app = create_app(settings, on_failure=fail)
    host, port = listener.getsockname()[:2]
    server = make_server(host, port, app, threaded=True, fd=listener.fileno())
    bridge: GpioBridge = app.extensions["gpiobridge"]

    def stop(_number: int, _frame: object) -> None:
        # shutdown() waits for the loop, which this thread is running.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        _start(bridge, host, port)
        server.serve_forever(poll_interval=0.1)
    finally:
        bridge.stop()
        server.server_close()
    return 1 if failed.is_set() else 0


# -------------------------------------------------------------------- both


def _start(bridge: "GpioBridge", host: str, port: int) -> None:
    """Start the bridge, and tell the person at the terminal where to look."""
    try:
        bridge.start()
    except GpioBridgeError as error:
        # In a worker an exception would be a traceback, so it is said here.
        print(f"gpiobridge: {error}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_code) from None
    print(_greeting(bridge, host, port), flush=True)


def _greeting(bridge: "GpioBridge", host: str, port: int) -> str:
    if ipaddress.ip_address(host).is_unspecified:
        host = socket.gethostname()
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    pins = bridge.settings.pins.values()
    lines = [f"gpiobridge shows its pages at {url}/", f"  from {bridge.settings.source}"]
    lines += [f"  {pin.name}: GPIO {pin.pin}, active {pin.active}" for pin in pins]
    if bridge.watcher.pins.simulated:
        first = next(iter(pins)).name
        lines += [
            "  the pins are simulated: no GPIO is read",
            f"  press one at {url}/simulator, or with: gpiobridge press {first}",
        ]
    return "\n".join([*lines, "  Ctrl-C stops it"])


def _listen(host: str, port: int) -> socket.socket:
    """Take the address at once: a port in use is said in one sentence, without retries."""
    given = _systemd_listener()
    if given is not None:
        return given
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ServerError(_explain(error, host, port)) from error
    if hasattr(socket, "TCP_DEFER_ACCEPT"):
        # Browsers open connections ahead and say nothing; each would hold an HTTP thread. The
        # kernel keeps them until their first byte.
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    return listener


def _systemd_listener() -> socket.socket | None:
    """The socket that a systemd socket unit passes (sd_listen_fds(3)), if there is one."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)  # ours now: gunicorn must not take it a second time
    return socket.socket(fileno=3)


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use: stop the other program, "
            f"or choose another port with --port"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs root: choose one from 1024 on with --port"
    return f"can't listen on {host}, port {port}: {error.strerror or error}"


def _notify(address: str | None, state: str) -> None:
    """Tell systemd our state (sd_notify(3)); does nothing without ``Type=notify``."""
    if not address:
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), path)
        except OSError as error:
            log.warning("systemd was not told %s: %s", state, error)


def _raise_file_limit() -> None:
    """Allow as many open sockets as the system lets us; a display is one."""
    if importlib.util.find_spec("resource") is None:  # Windows
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
