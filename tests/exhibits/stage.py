"""Plays the story of an exhibit: its steps in order, on a bridge that runs it.

README.md in this folder says what a step may have.
"""

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S, wait_until
from harness.pages import ONLINE
from harness.sockets import close_of, frame
from versions import Exhibit

BIN = Path(sys.executable).parent
STEP = {
    *("check", "open", "socket", "set", "request", "command", "background", "do", "click"),
    *("restart", "at", "sees", "frame", "close", "prints", "exit"),
    *("as", "body", "headers", "status", "answer", "has"),
}
"""The keys of a step."""


class Application(BridgeProcess):
    """An application of an exhibit, by Flask's own server or by gunicorn."""

    READY = r"(?:Running on|Listening at:) (http://127\.0\.0\.1:(\d+))"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the story."""

    def redirect_request(self, *_args: Any) -> None:
        """Follow none."""


def holds(wanted: Any, found: Any) -> bool:
    """Whether all that is wanted is there; a mapping may have more keys."""
    if isinstance(wanted, dict):
        return isinstance(found, Mapping) and all(
            key in found and holds(value, found[key]) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(holds(*pair) for pair in zip(wanted, found, strict=True))
        )
    return bool(wanted == found)


class Stage:
    """A bridge that runs a copy of an exhibit, and those who look at it.

    Args:
        exhibit: which one.
        folder: its copy.
        server: the command that serves it; empty for ``gpiobridge run``.
        page: a tab of Chromium, where the story has pages in a browser.
    """

    def __init__(self, exhibit: Exhibit, folder: Path, server: str, page: Any) -> None:
        self.story = exhibit.story
        self.folder = folder
        self.server = server
        self.page = page
        runtime = folder.parent / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.environment = os.environ | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(runtime),
            **self.story.get("environment", {}),
        }
        self.ends = contextlib.ExitStack()
        self.socket: Any = None
        self.cursor = ""
        self.lines: queue.Queue[str] = queue.Queue()
        self.background: subprocess.Popen[str] | None = None
        self.bridge = self.start()

    def start(self, port: int = 0) -> BridgeProcess:
        """Serve the exhibit."""
        if not self.server:
            return BridgeProcess(
                self.folder / "config.toml", port=port, cwd=self.folder, env=self.environment
            )
        command = shlex.split(self.server)
        return Application(
            None,
            port=None,
            command=[str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment,
        )

    def play(self, step: dict[str, Any]) -> None:
        """Take one step: first what is done, then what must be seen."""
        assert step.keys() <= STEP, step
        for kind in ("restart", "check", "open", "socket", "set", "click", "do"):
            if kind in step:
                getattr(self, f"_{kind}")(step[kind])
        for kind in ("request", "command", "background"):
            if kind in step:
                getattr(self, f"_{kind}")(step, self._filled(step[kind]))
        if "at" in step:
            self.page.wait_for_url(lambda url: urlsplit(url).path == step["at"])
            self._wait_online()
        for selector in step.get("sees", ()):
            self.page.wait_for_selector(selector, state="attached")
        if "frame" in step:
            found = frame(self.socket)
            assert holds(step["frame"], found), found
            if found["type"] == "state":
                self.epoch = found["epoch"]
            if "seq" in found:
                self.cursor = f"{self.epoch}:{found['seq']}"
        if "close" in step:
            code, reason = close_of(self.socket)
            assert [code, reason][: len(step["close"])] == step["close"]
        for line in step.get("prints", ()):
            self._wait_for(line)
        if "exit" in step and "command" not in step:
            assert self.background is not None
            assert self.background.wait(DEADLINE_S) == step["exit"]

    def end(self) -> None:
        """Stop the bridge, which must end well, and whoever looks at it."""
        with self.ends:
            if self.page is not None:
                self.page.goto("about:blank")
        self.bridge.stop(signal.SIGINT if self.server else signal.SIGTERM)

    # ------------------------------------------------------------------ what is done

    def _check(self, code: int) -> None:
        """`gpiobridge check` has this exit code, and warns of nothing."""
        done = self._run("gpiobridge check --config config.toml")
        assert (done.returncode, done.stderr) == (code, "")

    def _open(self, path: str) -> None:
        self.page.goto(self.bridge.url + path)
        self._wait_online()

    def _wait_online(self) -> None:
        if not self.story.get("own_script"):
            self.page.wait_for_selector(ONLINE)

    def _socket(self, page: str) -> None:
        headers = {name: value for name, value in self._headers({}).items() if name != "Host"}
        path, _, query = self._filled(page).partition("?")
        self.socket = self.ends.enter_context(
            self.bridge.socket(path, f"?{query}" if query else "", additional_headers=headers)
        )

    def _set(self, levels: dict[str, str]) -> None:
        for pin, level in levels.items():
            step = {"body": {"level": level}, "status": 204}
            self._request(step, f"POST /simulator/pins/{pin}")

    def _click(self, selector: str) -> None:
        self.page.click(selector)

    def _do(self, script: str) -> None:
        self.page.evaluate(script)

    def _restart(self, _wanted: bool) -> None:
        """Stop the bridge and start it on the same port; an open page goes on by itself."""
        port = self.bridge.port
        self.bridge.stop()
        self.bridge = self.start(port)
        if self.page is not None:
            wait_until(lambda: self.bridge.health()["displays"] != [])
            self._wait_online()

    def _request(self, step: dict[str, Any], request: str) -> None:
        method, path = request.split(" ", 1)
        body = json.dumps(step["body"]).encode() if "body" in step else None
        if method == "POST" and body is None:
            body = b""
        asked = urllib.request.Request(
            self.bridge.url + path, body, self._headers(step), method=method
        )
        opener = urllib.request.build_opener(NoRedirect)
        try:
            answer = opener.open(asked, timeout=DEADLINE_S)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode(errors="replace")
            assert answer.status == step.get("status", 200), text
            for name, part in step.get("has", {}).items():
                assert part in answer.headers.get(name, "")
        if "answer" in step:
            assert holds(step["answer"], json.loads(text)), text

    def _headers(self, step: dict[str, Any]) -> dict[str, str]:
        """A step is asked as whoever may look, unless it says as whom."""
        token = {"nobody": "", "api": self.story.get("api_token", "")}.get(
            step.get("as", ""), self.story.get("token", "")
        )
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return bearer | self.story.get("headers", {}) | step.get("headers", {})

    def _command(self, step: dict[str, Any], line: str) -> None:
        done = self._run(line)
        codes = step.get("exit", 0)
        codes = codes if isinstance(codes, list) else [codes]
        assert done.returncode in codes, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if "answer" in step:
            assert holds(step["answer"], json.loads(done.stdout)), done.stdout

    def _background(self, _step: dict[str, Any], line: str) -> None:
        """Start a program that goes on; ``prints`` waits for its lines, ``exit`` for its end."""
        program, *words = shlex.split(line)
        self.background = process = subprocess.Popen(
            [BIN / program, *words],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        lines = process.stdout

        def read() -> None:
            with lines:
                for said in lines:
                    self.lines.put(said)

        reader = threading.Thread(target=read, name="test-background")
        reader.start()
        self.ends.callback(reader.join, DEADLINE_S)
        self.ends.callback(process.wait, DEADLINE_S)
        self.ends.callback(process.kill)

    # ------------------------------------------------------------------ what must be seen

    def _wait_for(self, wanted: str | dict[str, Any]) -> None:
        until_s = time.monotonic() + DEADLINE_S
        while True:
            line = self.lines.get(timeout=max(0.0, until_s - time.monotonic())).strip()
            if wanted == line or (isinstance(wanted, dict) and holds(wanted, json.loads(line))):
                return

    def _run(self, line: str) -> subprocess.CompletedProcess[str]:
        program, *words = shlex.split(line)
        return subprocess.run(
            [BIN / program, *words],
            cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=2 * DEADLINE_S, check=False,
        )  # fmt: skip

    def _filled(self, text: str) -> str:
        return text.replace("{url}", self.bridge.url).replace("{cursor}", self.cursor)
