"""An application of one's own, served in this process."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.config import KNOWN_SETTINGS
from websockets.sync.client import ClientConnection, connect
from werkzeug.serving import make_server

from gpiobridge import GpioBridge
from gpiobridge.core.events import Level

GUNICORN = [str(Path(sys.executable).parent / "gunicorn")]
if "control_socket_disable" in {setting.name for setting in KNOWN_SETTINGS}:
    GUNICORN.append("--no-control-socket")  # not at a fixed place in the home folder
PINS = {"button": 17}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


def make_app(**options: Any) -> tuple[Flask, GpioBridge]:
    """An application of two pages, its decorators in both orders."""
    app = Flask(__name__)
    bridge = GpioBridge(app, **({"pins": PINS} | options))

    @app.get("/")
    @bridge.page("welcome", on_low={"button": "open"})
    def welcome() -> str:
        return "<h1>welcome</h1>"

    @bridge.page("open")
    @app.get("/is/open")
    def is_open() -> str:
        return "<h1>open</h1>"

    return app, bridge


@contextlib.contextmanager
def served(app: Any, bridge: GpioBridge) -> Iterator[int]:
    """Serve a WSGI application on a port of Werkzeug's threaded server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        bridge.stop()
        server.shutdown()
        thread.join()
        server.server_close()


def open_socket(port: int, path: str, **options: Any) -> ClientConnection:
    """A context manager of a WebSocket."""
    return connect(f"ws://127.0.0.1:{port}{path}", compression=None, proxy=None, **options)


def press(bridge: GpioBridge, level: Level = Level.LOW) -> None:
    """Press the simulated button, or let it go."""
    bridge.running.watcher.pins.drive("button", level)
