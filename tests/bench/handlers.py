"""What an application's functions cost a press: applications side by side, pressed in turn.

Part of `make bench`. Each application is a process of its own, as people run it.
"""

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from harness.sockets import frame
from websockets.sync.client import ClientConnection, connect

PRESSES = 100
DEBOUNCE_S = 0.005

# What the application does with each edge.
FUNCTIONS = {
    "no function": "",
    "sleeps 10 s": "import time; time.sleep(10)",
    "raises": 'raise RuntimeError("no luck")',
    "computes for 0.1 s": "import time; end = time.time() + 0.1\n    while time.time() < end: pass",
}

APPLICATION = """\
from flask import Flask

from gpiobridge import GpioBridge

app = Flask(__name__)
bridge = GpioBridge(app, pins={{"button": {{"pin": 17, "debounce": "5ms"}}}})


@app.get("/")
@bridge.page("still")
def still():
    return ""


@bridge.on_low("button")
@bridge.on_high("button")
def function():
    pass
    {body}
"""


def edge_seconds(folder: Path) -> dict[str, list[float]]:
    """The times from an edge to its frame, less the debounce, by what a function does."""
    with contextlib.ExitStack() as stack:
        applications = {}
        for number, (what, body) in enumerate(FUNCTIONS.items()):
            (folder / f"app{number}.py").write_text(APPLICATION.format(body=body))
            applications[what] = stack.enter_context(running(folder, f"app{number}"))
        times: dict[str, list[float]] = {what: [] for what in applications}
        for i in range(PRESSES):
            for what, (url, ws) in applications.items():
                started_s = time.perf_counter()
                set_level(url, "low" if i % 2 == 0 else "high")
                frame(ws, "edge")
                times[what].append(time.perf_counter() - started_s - DEBOUNCE_S)
    return times


@contextlib.contextmanager
def running(folder: Path, name: str) -> Iterator[tuple[str, ClientConnection]]:
    """Run an application with its own command; yield its URL and a display on it."""
    log = folder / f"{name}.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", name, "run", "--port", "0"],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until_s = time.monotonic() + 10
        while not (found := re.search(r"http://127.0.0.1:(\d+)", log.read_text())):
            assert time.monotonic() < until_s, log.read_text()
            time.sleep(0.05)
        with connect(f"ws://127.0.0.1:{found[1]}/ws/still", compression=None, proxy=None) as ws:
            frame(ws, "state")
            yield found[0], ws
    finally:
        process.terminate()
        process.wait(10)


def set_level(url: str, level: str) -> None:
    """Drive the simulated button."""
    body = json.dumps({"level": level}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/simulator/pins/button", body)):
        pass
