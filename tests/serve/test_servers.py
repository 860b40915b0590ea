"""An application of one's own under the servers that people use, in processes of its own."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from harness.deadline import DEADLINE_S, wait_until
from harness.served_application import GUNICORN, open_socket
from harness.sockets import close_of, frame
from websockets.sync.client import ClientConnection

from gpiobridge.extension.one_process import SEVERAL_WORKERS, STARTED_BEFORE_FORK

BIN = Path(sys.executable).parent
FLASK = [str(BIN / "flask"), "--app", "app"]
FEW_SECONDS_S = DEADLINE_S  # gunicorn itself would wait for 30 s

APP = """\
import os
import threading

from flask import Flask
from gpiobridge import GpioBridge

app = Flask(__name__)
bridge = GpioBridge(app, pins={"button": 17})


@app.get("/")
@bridge.page("welcome", on_low={"button": "open"})
def welcome():
    return "<h1>welcome</h1>"


@app.get("/open")
@bridge.page("open")
def is_open():
    return "<h1>open</h1>"


@app.get("/later")
@bridge.page("later")
def later():
    return "<h1>later</h1>"


@app.get("/other")
def other():
    return {"pid": os.getpid(), "threads": [t.name for t in threading.enumerate()]}


@app.post("/push")
def push():
    return {"displays": bridge.push("hello")}
"""
OURS = ("/healthz", "/metrics", "/ws/welcome", "/simulator", "/gpiobridge/client.js")
PAGES = ("/", "/open", "/later")


class RunningApp:
    """A server process and all of its children, in a process group of their own.

    Args:
        folder: where ``app.py`` is.
        command: what is run, on port 0: any that is free.
        environ: more variables.
    """

    def __init__(self, folder: Path, command: list[str], environ: dict[str, str]) -> None:
        # Packages of `make docs` bring watchdog, and Werkzeug's reloader then is another one: its
        # parent has a thread, and kills the child 0.25 s after Ctrl-C, in the middle of its end.
        hidden = folder / "hidden"
        hidden.mkdir(exist_ok=True)
        (hidden / "watchdog.py").write_text("raise ImportError", "utf-8")
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": str(hidden),
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="test-log-reader")
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line)
                self._more.notify()

    @property
    def log(self) -> str:
        """All that the processes have said."""
        return "".join(self._lines)

    def wait_until_up(self) -> None:
        """Wait until the log says where it listens."""
        where = r"(?:Running on|Listening at:) http://127\.0\.0\.1:(\d+)"
        with self._more:
            found = self._more.wait_for(lambda: re.search(where, self.log), DEADLINE_S)
        assert found, self.log
        self.port = int(found[1])

    def request(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Status and body."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, body, timeout=DEADLINE_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def other(self) -> dict[str, Any]:
        """What the process that serves says of itself."""
        return json.loads(self.request("/other")[1])

    def press(self, level: str = "low") -> None:
        """Press the simulated button."""
        body = json.dumps({"level": level}).encode()
        assert self.request("/simulator/pins/button", body)[0] == 204

    @contextlib.contextmanager
    def sockets(self, count: int, page: str = "welcome") -> Iterator[list[ClientConnection]]:
        """So many open displays, each with its state."""
        with contextlib.ExitStack() as stack:
            displays = [
                stack.enter_context(open_socket(self.port, f"/ws/{page}")) for _ in range(count)
            ]
            for display in displays:
                frame(display, "state")
            yield displays

    def processes(self) -> dict[int, int]:
        """Those that are alive: process id to number of threads."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(ValueError, OSError):
                if os.getsid(int(folder.name)) == self.process.pid:
                    found[int(folder.name)] = len(list((folder / "task").iterdir()))
        return found

    def end(self, number: int = signal.SIGTERM, group: bool = False) -> float:
        """Send a signal, as Ctrl-C does to the whole ``group``; return the seconds to the end."""
        started_s = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, number)
        self.process.wait(DEADLINE_S)
        return time.monotonic() - started_s

    def close(self) -> None:
        """End whatever is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


Serve = Callable[..., RunningApp]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A function that serves ``app.py`` with a command, and waits until it is up."""
    with contextlib.ExitStack() as stack:

        def run(command: list[str], app: str = APP, **environ: str) -> RunningApp:
            (tmp_path / "app.py").write_text(app)
            running = RunningApp(tmp_path, command, environ)
            stack.callback(running.close)
            running.wait_until_up()
            return running

        yield run


def gunicorn(*options: str) -> list[str]:
    """The command of a user of gunicorn."""
    return [*GUNICORN, "--bind", "127.0.0.1:0", *options, "app:app"]


# ------------------------------------------------------------------- Flask's own server


def test_flask_debug_in_chromium(serve: Serve, tmp_path: Path, page: Any) -> None:
    """Only the serving process opens pins; an edit is served, and an open page comes back."""
    app = serve([*FLASK, "run", "--debug", "--port", "0"])
    page.goto(f"http://127.0.0.1:{app.port}/")
    page.wait_for_selector('html[data-bridge="online"]')
    first = app.other()["pid"]
    assert first != app.process.pid
    assert app.processes()[app.process.pid] == 1  # the reloader's parent has no thread of ours
    page.evaluate("addEventListener('gpiobridge:online', () => { window.cameBack = true; })")
    edited = APP.replace('{"button": "open"}', '{"button": "later"}')
    (tmp_path / "app.py").write_text(edited)
    page.wait_for_function("window.cameBack")
    assert app.other()["pid"] not in (first, app.process.pid)
    app.press()
    page.wait_for_url("**/later")
    assert app.log.count("SIMULATED") == 2
    assert "Traceback" not in app.log


def test_ctrl_c_ends_all_of_flask_debug(serve: Serve) -> None:
    """Displays are told, and no process stays."""
    app = serve([*FLASK, "run", "--debug", "--port", "0"])
    with app.sockets(1) as (display,):
        assert app.end(signal.SIGINT, group=True) < FEW_SECONDS_S
        assert close_of(display)[0] == 1001
    assert app.process.returncode == 0
    wait_until(lambda: app.processes() == {})
    assert "Traceback" not in app.log


def test_flask_commands_open_nothing(tmp_path: Path) -> None:
    """`flask routes` lists our routes; no pin is opened, no thread started."""
    told = "import atexit; atexit.register(lambda: print(threading.enumerate()))\n"
    (tmp_path / "app.py").write_text(APP + told)
    done = subprocess.run(
        [*FLASK, "routes"], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line in (r"gpiobridge\.socket +GET +/ws/<page>", r"welcome +GET +/"):
        assert re.search(line, done.stdout), done.stdout
    assert re.search(r"^\[<_MainThread\([^>]*>\]$", done.stdout, re.MULTILINE), done.stdout


# ------------------------------------------------------------------- gunicorn


@pytest.mark.parametrize(
    "options",
    [
        ("--threads", "2"),
        (),
        ("--preload", "--threads", "2"),
        ("--preload",),
        ("-k", "gpiobridge.gunicorn.Worker", "--threads", "2"),
    ],
    ids=["threads", "sync", "preload-threads", "preload-sync", "ours"],
)
def test_gunicorn_as_a_user_runs_it(serve: Serve, options: tuple[str, ...]) -> None:
    """Twenty displays hold no thread: pages, messages, presses, and a goodbye within seconds."""
    app = serve(gunicorn(*options))
    with app.sockets(20) as displays, app.sockets(20, "open") as others:
        for path in PAGES:
            assert "client.js" in app.request(path)[1]
        assert app.other()["threads"].count("gpiobridge-watcher") == 1
        assert json.loads(app.request("/push", b"")[1]) == {"displays": 40}
        assert {frame(display, "message")["data"] for display in displays} == {"hello"}
        app.press()
        assert Counter(map(close_of, displays)) == {(4000, "/open"): 20}
        assert app.end() < FEW_SECONDS_S
        assert Counter(close_of(display)[0] for display in others) == {1001: 20}
    assert app.process.returncode == 0
    assert app.processes() == {}
    assert "Traceback" not in app.log


def test_our_worker_gives_threads_to_whole_requests_only(serve: Serve) -> None:
    """With it, clients that send half a request keep nobody out of an application (row 1)."""
    app = serve(gunicorn("-k", "gpiobridge.gunicorn.Worker", "--threads", "2"))
    with contextlib.ExitStack() as stack:
        for half in (b"GET / HTTP/1.1\r\nHo", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
            for _ in range(4):
                sock = stack.enter_context(socket.create_connection(("127.0.0.1", app.port)))
                sock.sendall(half)
        assert "client.js" in app.request("/")[1]
        assert app.end() < FEW_SECONDS_S


def test_gunicorn_ends_with_a_browser_at_it(serve: Serve, page: Any) -> None:
    """A real browser's kept-alive and idle connections don't hold up the end for long."""
    app = serve(gunicorn("--threads", "8"))
    page.goto(f"http://127.0.0.1:{app.port}/")
    page.wait_for_selector('html[data-bridge="online"]')
    assert app.end() < FEW_SECONDS_S
    page.wait_for_selector('html[data-bridge="offline"]')


# ------------------------------------------------------------------- several processes


SEVERAL = {
    "workers": (2, gunicorn("--workers", "2", "--threads", "4"), {}),
    "web-concurrency": (3, gunicorn("--preload"), {"WEB_CONCURRENCY": "3"}),
    "werkzeug": (2, [sys.executable, "-c", "import app; app.serve()"], {}),
}
PROCESSES = """

def serve():
    app.run(port=0, threaded=False, processes=2)
"""


@pytest.mark.parametrize("how", SEVERAL)
def test_several_workers_are_refused_with_one_error(serve: Serve, how: str) -> None:
    """All our routes and pages say why, the log does so once, and the other routes work."""
    count, command, environ = SEVERAL[how]
    app = serve(command, APP + PROCESSES, **environ)
    for path in PAGES + OURS:
        assert app.request(path) == (503, f"{SEVERAL_WORKERS}\n"), path
    pids: set[int] = set()
    with ThreadPoolExecutor(8) as pool:
        # Every worker has had its chance to say it. And gunicorn's loses a SIGTERM that comes
        # before it has answered anything, between its fork and its own signal handlers.
        while len(pids) < count:
            for other in pool.map(lambda _: app.other(), range(20)):
                assert "gpiobridge-watcher" not in other["threads"]
                pids.add(other["pid"])
    assert app.request("/open")[0] == 503
    assert app.log.count(SEVERAL_WORKERS) == 1
    app.end()


def test_start_before_a_fork_is_told(serve: Serve) -> None:
    """A bridge that was started while the application was made watches nothing in a worker."""
    app = serve(gunicorn("--preload", "--threads", "2"), APP + "\nbridge.start()\n")
    for path in ("/open", "/healthz", "/open"):
        assert app.request(path) == (503, f"{STARTED_BEFORE_FORK}\n")
    assert "pid" in app.other()
    assert app.log.count(STARTED_BEFORE_FORK) == 1
    assert app.end() < FEW_SECONDS_S
