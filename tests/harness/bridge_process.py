"""A bridge that runs as people run it, in a process of its own."""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from harness.deadline import DEADLINE_S, wait_until

HERE = Path(__file__).parent
COMMANDS = {
    "gunicorn": [sys.executable, "-m", "gpiobridge"],
    "werkzeug": [sys.executable, str(HERE / "portable.py")],
    "telling": [sys.executable, str(HERE / "telling.py")],
}


class BridgeProcess:
    """A server process; it is up when the object is made.

    Args:
        config: its config.toml.
        kind: "gunicorn", "werkzeug" as on Windows, or "telling" for what else nobody tells.
        port: 0 is any free port; None if ``command`` says all there is to say.
        command: what to run instead of ``kind``'s command.
        options: more for `subprocess.Popen`.
    """

    token = ""  # what the bridge asks of `health` and `set_level`, if anything
    READY = r"pages at (http://[^/]+:(\d+))/"

    def __init__(
        self,
        config: Path | None,
        kind: str = "gunicorn",
        port: int | None = 0,
        command: list[str] | None = None,
        **options: Any,
    ) -> None:
        self.exhibit = config.parent if config is not None else HERE.parents[1]
        args = command or COMMANDS[kind]
        if port is not None:
            args = [*args, "run", "--port", str(port)]
        if config is not None:
            args = [*args, "--config", str(config)]
        self.process = subprocess.Popen(
            args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.log: list[str] = []
        self.reader = threading.Thread(target=self._read, name="test-log-reader")
        self.reader.start()
        try:
            match = self.wait_for_line(self.READY)
        except BaseException:
            self.kill()
            raise
        self.url = match[1]
        self.port = int(match[2])

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for_line(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the log that matches."""
        until_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, until_s - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line {pattern!r} in:\n{''.join(self.log)}")
            self.log.append(line)
            if match := re.search(pattern, line):
                return match

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it by a signal, check that it ended well, and return how long that took."""
        return self.stop_process(self.process.pid, number)

    def stop_process(self, pid: int, number: int = signal.SIGINT) -> float:
        """The same where the bridge is a child of the process, such as of make."""
        started_s = time.monotonic()
        os.kill(pid, number)
        self.process.wait(DEADLINE_S)
        took_s = time.monotonic() - started_s
        self.end_well()
        return took_s

    def end_well(self) -> None:
        """Wait for its end, and check that it is a good one."""
        code = self.process.wait(DEADLINE_S)
        self._drain()
        assert code == 0, "".join(self.log)
        assert not [line for line in self.log if "Traceback" in line], "".join(self.log)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process.poll() is None:
            for pid in [*self.workers(), self.process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(DEADLINE_S)
        self._drain()

    def _drain(self) -> None:
        self.reader.join(DEADLINE_S)
        while not self._lines.empty():
            self.log.append(self._lines.get() or "")
        if self.process.stdout is not None:
            self.process.stdout.close()

    def workers(self) -> list[int]:
        """Process ids of the children; the process itself where there are none."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] or [self.process.pid]

    def threads(self) -> int:
        """How many threads the process that holds the sockets has."""
        return len(list(Path(f"/proc/{self.workers()[0]}/task").iterdir()))

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and body of a GET."""
        return self.request(path, headers=headers)

    def request(
        self,
        path: str,
        body: bytes | None = None,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Status and body of a request."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def set_level(self, pin: str, level: str) -> None:
        """Drive a simulated pin."""
        body = json.dumps({"level": level}).encode()
        status, text = self.request(f"/simulator/pins/{pin}", body, headers=self._bearer())
        assert status == 204, text

    def press(self, pin: str) -> None:
        """Press a pin that is active low, and let it go; each counts."""
        for level in ("low", "high"):
            self.set_level(pin, level)
            wait_until(lambda level=level: self.levels()[pin] == level)

    def listed(self, **headers: str) -> dict[str, Any]:
        """What /gpiobridge/displays tells a program."""
        headers = self._bearer() | headers
        status, text = self.get("/gpiobridge/displays", Accept="application/json", **headers)
        assert status == 200, text
        return json.loads(text)

    def displays(self) -> list[dict[str, Any]]:
        """The displays of /healthz; not how long after its press each was shown, which varies."""
        return [
            {key: value for key, value in display.items() if key != "shown"}
            for display in self.health()["displays"]
        ]

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        return json.loads(self.get("/healthz", **self._bearer())[1])

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def levels(self) -> dict[str, str]:
        """The level of each pin."""
        return {name: pin["level"] for name, pin in self.health()["pins"].items()}

    @contextlib.contextmanager
    def socket(self, page: str, query: str = "", **options: Any) -> Iterator[ClientConnection]:
        """Open a page's WebSocket."""
        url = f"ws://127.0.0.1:{self.port}/ws/{page}{query}"
        options = {"compression": None, "ping_interval": None, "proxy": None} | options
        with connect(url, close_timeout=2, **options) as connection:
            yield connection


class SharedBridge(BridgeProcess):
    """A bridge for many tests, one after the other: conftest.py says what they may do with it."""

    def __init__(self, config: Path, kind: str, token: str = "") -> None:
        super().__init__(config, kind)
        self.url = f"http://127.0.0.1:{self.port}"  # whether or not this machine's name is known
        self.token = token
        self._at_rest = self.levels()

    def put_back(self) -> None:
        """Put every pin where it was at the start, and wait until the last display has left."""
        for pin, level in self._at_rest.items():
            self.set_level(pin, level)  # each: a level that was set just now may not be told yet
        wait_until(lambda: self.levels() == self._at_rest)
        wait_until(lambda: self.health()["displays"] == [])


Run = Callable[..., BridgeProcess]  # the fixtures `run_bridge` and `share_bridge`
