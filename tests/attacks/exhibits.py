"""The servers that are attacked: an exhibit of the tests under each way in which people run it."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from fuzz import raised, usage
from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S
from harness.exhibit import write_exhibit
from harness.served_application import GUNICORN

TOKEN = "sixteen-characters-at-least"
PEAK = "resident KiB at most"
FILM_BYTES = 8 * 1024 * 1024
CONFIG = """\
[server]
start = "welcome"
{server}
[pins]
button = {{ pin = 17, debounce = "0ms" }}
door = {{ pin = 27, pull = "down", debounce = "0ms" }}

[pages.welcome]
on_low.button = "open"

[pages.open]
on_low.button = "welcome"

[pages.still]
"""

APP = """\
import time

from flask import Flask
from gpiobridge import GpioBridge

app = Flask(__name__)
bridge = GpioBridge(app, pins={"door": {"pin": 27, "pull": "down", "debounce": "0ms"}})


@app.get("/still")
@bridge.page("still")
def still():
    return "<!doctype html><title>still</title><h1>still</h1>"


@bridge.on_message
def slow(message):
    time.sleep(1)
"""


class Server(StrEnum):
    """How the exhibit is served."""

    RUN = "run"  # gpiobridge run
    GUNICORN = "gunicorn"  # an application of one's own, as everyone serves one
    WORKER = "worker"  # the same with our worker class
    WERKZEUG = "werkzeug"  # gpiobridge run where there is no gunicorn


_WORKERS = {
    Server.GUNICORN: ("--threads", "8"),
    Server.WORKER: ("--threads", "8", "-k", "gpiobridge.gunicorn.Worker"),
}


class Exhibit(BridgeProcess):
    """A running server, with what it uses and what it has logged.

    gunicorn names its port in other words than we do.
    """

    READY = r"(?:pages at|Listening at:) (http://[^/]+:(\d+))"

    @property
    def usage(self) -> dict[str, int]:
        """Descriptors, threads and resident KiB of the process that holds the sockets."""
        status = Path(f"/proc/{self.workers()[0]}/status").read_text()
        (peak,) = re.findall(r"VmHWM:\s*(\d+)", status)
        return {**usage(self), PEAK: int(peak)}

    @property
    def logged_bytes(self) -> int:
        """How much it has logged so far."""
        while not self._lines.empty():
            self.log.append(self._lines.get() or "")
        return sum(map(len, self.log))

    def end(self) -> list[str]:
        """End it; return what was raised into its log, and whether it ended well."""
        self.process.terminate()
        code = self.process.wait(DEADLINE_S)
        self._drain()
        told = Counter(text.strip().rpartition("\n")[2] for text in raised(self.log))
        found = [f"raised: {last}, {count} times" for last, count in told.most_common(5)]
        return [*found, f"it ended with {code}"] if code else found

    def warm_up(self) -> None:
        """Let threads start and lazy imports happen, so that what it uses can be compared."""
        for _ in range(40):
            assert self.get("/still", Authorization=f"Bearer {TOKEN}")[0] == 200


@contextlib.contextmanager
def serve(kind: Server, folder: Path, server: str = "") -> Iterator[Exhibit]:
    """Serve the exhibit.

    Args:
        kind: how.
        folder: where it is written.
        server: more lines of its ``[server]``, and further sections.
    """
    config = write_exhibit(folder, server, CONFIG)
    with (folder / "static" / "film.mp4").open("wb") as film:
        film.truncate(FILM_BYTES)
    if kind in _WORKERS:
        (folder / "app.py").write_text(APP)
        command = [*GUNICORN, "--bind", "127.0.0.1:0", *_WORKERS[kind], "app:app"]
        exhibit = Exhibit(None, port=None, command=command, cwd=folder)
    else:
        exhibit = Exhibit(config, "werkzeug" if kind is Server.WERKZEUG else "gunicorn")
    try:
        yield exhibit
    finally:
        exhibit.kill()
