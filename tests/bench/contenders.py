"""Who is compared: the limit, gpiobridge, and what people would otherwise use.

Each is run as its own documentation recommends, with compression and logs off and with
`TCP_NODELAY` on, in a process (or more) of its own.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import first_line
from bench.peers.trigger import PIN
from bench.receivers import Server
from bench.table import LIMIT, OURS

PEERS = Path(__file__).parent / "peers"
NODE_MODULES = Path(sys.prefix) / "bench" / "node" / "node_modules"

EDGE = f"{OURS}: edge"
PUSH = f"{OURS}: push"
SERVICE = f"{OURS} run: press by HTTP"
WEBSOCKETS = "websockets.broadcast"
FLASK_SOCK = "Flask-Sock, ws.send loop"
NODE_WS = "Node ws"
NODE_SOCKETIO = "Node socket.io"
MOSQUITTO = "mosquitto, MQTT over WebSocket"
FLASK_SOCKETIO = "Flask-SocketIO, threads"

Command = Callable[[Path, int, int], list[str]]


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that broadcasts.

    Args:
        name: what the table calls it, where it stands for itself.
        command: the command that starts it, from a folder for its files, its port and the port of
            its trigger.
        path: of its WebSocket.
        work: what the client's trigger says, by the name in the table.
        version: of what is compared.
        trigger: see `receivers.Server`.
        dialogue: see `receivers.Server`.
        subprotocol: see `receivers.Server`.
        lacks: why it can't be run; "" if it can.
        environment: more variables of its process.
    """

    name: str
    command: Command
    path: str
    work: dict[str, str]
    version: str
    trigger: str = "udp"
    dialogue: tuple[tuple[str, str], ...] = ()
    subprotocol: str = ""
    lacks: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def server(self, port: int, trigger_port: int) -> Server:
        """How the client speaks to it."""
        return Server(
            port,
            self.path,
            self.trigger,
            port if self.trigger == "http" else trigger_port,
            self.subprotocol,
            [list(step) for step in self.dialogue],
        )


def contenders() -> list[Contender]:
    """All of them, also those that can't be run here."""
    engine_io = (("expect", "0{"), ("send", "40"), ("expect", "40{"))
    state = (("expect", '"state"'),)
    node = first_line(["node", "--version"])
    return [
        Contender(LIMIT, _python("limit.py"), "/", {LIMIT: "edge"}, _python_version()),
        Contender(
            OURS,
            _gunicorn("gpiobridge_app:app", "-k", "gpiobridge.gunicorn.Worker", "--threads", "8"),
            "/ws/still",
            {EDGE: "edge", PUSH: "push"},
            f"{_version('gpiobridge')} (gunicorn {_version('gunicorn')})",
            dialogue=state,
        ),
        service(),
        Contender(
            WEBSOCKETS,
            _python("broadcast_websockets.py"),
            "/",
            {WEBSOCKETS: "edge"},
            _version("websockets"),
        ),
        Contender(
            NODE_WS,
            _node("ws.js"),
            "/",
            {NODE_WS: "edge"},
            f"{_node_version('ws')} (Node {node})",
            lacks=_without_node("ws", node),
            environment={"NODE_PATH": str(NODE_MODULES)},
        ),
        Contender(
            NODE_SOCKETIO,
            _node("socketio.js"),
            "/socket.io/?EIO=4&transport=websocket",
            {NODE_SOCKETIO: "edge"},
            f"{_node_version('socket.io')} (Node {node})",
            dialogue=engine_io,
            lacks=_without_node("socket.io", node),
            environment={"NODE_PATH": str(NODE_MODULES)},
        ),
        Contender(
            MOSQUITTO,
            _mosquitto,
            "/mqtt",
            {MOSQUITTO: "edge"},
            first_line([_mosquitto_path() or "mosquitto", "-h"]).removeprefix("mosquitto version "),
            trigger="mqtt",
            dialogue=(
                ("send binary", "mqtt"),
                ("expect binary", "2002"),
                # SUBSCRIBE to "edge" with QoS 0.
                ("send binary", "8209000100046564676500"),
                ("expect binary", "9003"),
            ),
            subprotocol="mqtt",
            lacks="" if _mosquitto_path() else "mosquitto is not installed",
        ),
        Contender(
            FLASK_SOCK,
            _gunicorn("flask_sock_loop:app", *_MANY_THREADS),
            "/ws",
            {FLASK_SOCK: "edge"},
            f"{_version('flask-sock')} (gunicorn {_version('gunicorn')})",
        ),
        Contender(
            FLASK_SOCKETIO,
            _gunicorn("flask_socketio_threads:app", *_MANY_THREADS),
            "/socket.io/?EIO=4&transport=websocket",
            {FLASK_SOCKETIO: "edge"},
            f"{_version('flask-socketio')} (gunicorn {_version('gunicorn')})",
            dialogue=engine_io,
            lacks=""
            if importlib.util.find_spec("flask_socketio")
            else "Flask-SocketIO is not installed",
        ),
    ]


# Each of their sockets holds a thread of the HTTP server for as long as it is open.
_MANY_THREADS = ("--threads", "5200", "--worker-connections", "6000")


def _python(program: str) -> Command:
    return lambda folder, port, trigger: [
        sys.executable, str(PEERS / program), str(port), str(trigger)
    ]  # fmt: skip


def _node(program: str) -> Command:
    return lambda folder, port, trigger: [
        shutil.which("node") or "node", str(PEERS / program), str(port), str(trigger)
    ]  # fmt: skip


def _gunicorn(app: str, *options: str) -> Command:
    def command(folder: Path, port: int, trigger: int) -> list[str]:
        return [
            *["env", f"TRIGGER_PORT={trigger}"],
            *[str(Path(sys.executable).parent / "gunicorn"), app, "--bind", f"127.0.0.1:{port}"],
            *["--pythonpath", str(PEERS), "--timeout", "300", "--log-level", "warning"],
            *["--backlog", "2048", *_control_socket(), *options],
        ]

    return command


def _control_socket() -> list[str]:
    """Newer versions of gunicorn have one, at a fixed place in the home folder."""
    return ["--no-control-socket"] if int(_version("gunicorn").split(".")[0]) >= 26 else []


EXHIBIT = """\
[server]
port = {port}
max_displays = 6000
beat = "{beat}"
catch_up = "160s"
[gpio]
pin_factory = "mock"
[pins.{pin}]
pin = 17
debounce = "0ms"
[pages.still]
[pages.welcome]
on_low.{pin} = "open"
[pages.open]
on_low.{pin} = "welcome"
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head><title>{name}</title></head>
<body><h1>{name}</h1></body>
</html>
"""


def service(beat: str = "60s") -> Contender:
    """`gpiobridge run` with three pages; one that nothing moves, and two that a pin moves."""
    return Contender(
        SERVICE,
        lambda folder, port, trigger: service_command(folder, port, beat),
        "/ws/still",
        {SERVICE: "edge"},
        _version("gpiobridge"),
        trigger="http",
        dialogue=(("expect", '"state"'),),
    )


def service_command(folder: Path, port: int, beat: str = "60s") -> list[str]:
    """Write the exhibit, and return the command that serves it."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    for name in ("still", "welcome", "open"):
        (folder / "templates" / f"{name}.html").write_text(PAGE.format(name=name))
    (folder / "config.toml").write_text(EXHIBIT.format(port=port, beat=beat, pin=PIN))
    return [sys.executable, "-m", "gpiobridge", "run", "--config", str(folder / "config.toml")]


def _mosquitto(folder: Path, port: int, trigger: int) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mosquitto.conf").write_text(
        "per_listener_settings false\nallow_anonymous true\nlog_dest none\npersistence false\n"
        "set_tcp_nodelay true\n"
        f"{'user root' + chr(10) if os.getuid() == 0 else ''}"
        f"listener {port} 127.0.0.1\nprotocol websockets\n"
        f"listener {trigger} 127.0.0.1\nprotocol mqtt\n"
    )
    return [_mosquitto_path() or "mosquitto", "-c", str(folder / "mosquitto.conf")]


def _mosquitto_path() -> str | None:
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _python_version() -> str:
    return first_line([sys.executable, "--version"])


def _node_version(package: str) -> str:
    manifest = NODE_MODULES / package / "package.json"
    return first_line(["node", "-p", f"require({str(manifest)!r}).version"])


def _without_node(package: str, node: str) -> str:
    if not node:
        return "Node is not installed"
    if not (NODE_MODULES / package).exists():
        return f"npm's {package} is not installed: make .venv/bench/done installs it"
    return ""
