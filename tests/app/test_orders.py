"""Pushes and moves where nobody can be told: said once, with the way that works."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.served_application import make_app

from gpiobridge import GpioBridge

API = (
    "ask the process that serves the displays, by POST /api/messages and /api/navigate, or by "
    "`gpiobridge push` and `gpiobridge navigate`"
)

APPLICATION = """\
from flask import Flask
from gpiobridge import GpioBridge

app = Flask(__name__)
bridge = GpioBridge(app, pins={"button": 17})

@app.get("/")
@bridge.page("welcome")
def welcome():
    return ""

bridge.push("kept for the start", retain="news")

@app.cli.command()
def tell():
    for _ in range(3):
        print(bridge.push({"price": 3}, retain="price"), bridge.push(1), bridge.navigate("welcome"))
"""

FORKED = """\
import os, sys
from application import app, bridge

with app.app_context():
    bridge.start()
    child = os.fork()
    if child == 0:
        told = {bridge.push(n, retain="n") for n in range(1500)} | {bridge.navigate("welcome")}
        try:
            bridge.pins["button"].press()
        except Exception as error:
            print(error, file=sys.stderr)
        os._exit(0 if told == {0} else 1)
    _, status = os.waitpid(child, 0)
    bridge.stop()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def bridge() -> Iterator[GpioBridge]:
    """A bridge that isn't started yet."""
    _, made = make_app()
    yield made
    made.stop()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """A function that gives the warnings so far."""
    caplog.set_level(logging.WARNING, "gpiobridge.app.orders")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "gpiobridge.app.orders"]


Act = Callable[[GpioBridge], int]


@pytest.mark.parametrize(
    "act", [lambda bridge: bridge.push(1), lambda bridge: bridge.navigate("welcome")]
)
def test_what_reaches_nobody_is_said_once(
    bridge: GpioBridge, said: Callable[[], list[str]], act: Act
) -> None:
    """No bridge runs here: the API is named (row 18)."""
    assert [act(bridge), act(bridge), bridge.push(2), bridge.navigate("open")] == [0] * 4
    (sentence,) = said()
    assert re.sub(r"\d+", "N", sentence) == (
        f"push and navigate reach no display from this process (N): no bridge runs in it; {API}"
    )


def test_the_prefix_of_the_api_is_named(said: Callable[[], list[str]]) -> None:
    """As it stands in the address (row 18)."""
    _, bridge = make_app(url_prefix="/bridge")
    bridge.push(1)
    assert "POST /bridge/api/messages and /bridge/api/navigate" in said()[0]


def test_what_is_kept_for_the_start_is_no_mistake(
    bridge: GpioBridge, said: Callable[[], list[str]]
) -> None:
    """An application retains as it is made, and runs later (row 18)."""
    bridge.push("kept", retain="news")
    bridge.start()
    bridge.push("told")
    assert said() == []


def test_what_a_command_retains_is_told_to_nobody(said: Callable[[], list[str]]) -> None:
    """With an application context, but without a request, nothing starts the bridge (row 18)."""
    app, bridge = make_app()
    with app.app_context():
        assert bridge.push("kept in vain", retain="news") == 0
    assert "no bridge runs in it" in said()[0]


def test_after_the_end_it_is_said_once(bridge: GpioBridge, said: Callable[[], list[str]]) -> None:
    """Of a bridge that has run, too (row 18)."""
    bridge.start()
    bridge.stop()
    assert [bridge.push(1, retain="x"), bridge.push(2), bridge.navigate("open")] == [0] * 3
    assert said() == [
        "push and navigate reach no display any more: the bridge in this process has stopped"
    ]


def test_a_handler_of_the_log_may_push(bridge: GpioBridge) -> None:
    """What it is told of its own push leads to no further one (row 18)."""

    class Pushing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            pushed.append(bridge.push(record.getMessage()))

    pushed: list[int] = []
    handler, logger = Pushing(), logging.getLogger("gpiobridge.app.orders")
    logger.addHandler(handler)
    try:
        bridge.push(1)
    finally:
        logger.removeHandler(handler)
    assert pushed == [0]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder that has the application."""
    (folder / "application.py").write_text(APPLICATION)
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_a_command_of_flask_is_told(tmp_path: Path) -> None:
    """On its terminal, without any set-up of the log (row 18)."""
    done = run(tmp_path, "-m", "flask", "--app", "application", "tell")
    assert (done.returncode, done.stdout) == (0, "0 0 0\n" * 3), done.stderr
    (line,) = done.stderr.splitlines()
    assert "no bridge runs in it" in line
    assert line.endswith(API)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
def test_a_forked_child_is_told_and_does_not_wait(tmp_path: Path) -> None:
    """The watcher is its parent's: the thousandth push would wait for ever (row 18)."""
    done = run(tmp_path, "-W", "ignore::DeprecationWarning", "-c", FORKED)
    assert done.returncode == 0, done.stderr
    warned = [line for line in done.stderr.splitlines() if "process" in line]
    assert len(warned) == 2, done.stderr
    assert re.search(r"it was forked from process \d+, in which the bridge runs; ask", warned[0])
    assert re.match(r"the bridge runs in process \d+, from which this one was forked", warned[1])
