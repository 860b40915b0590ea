"""What only talks to a bridge waits for no server's code: no Flask, no gunicorn."""

import json
import pydoc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.answering_server import Answers
from harness.exhibit import write_exhibit

import gpiobridge.client
import gpiobridge.config

SERVERS = {"flask", "flask_sock", "gunicorn", "jinja2", "prometheus_client", "werkzeug"}
SOCKETS = {"simple_websocket", "websockets", "wsproto"}
PINS = {"gpiod", "gpiozero", "lgpio"}

PROGRAM = """
import json, pathlib, sys
sys.argv = ["gpiobridge", *sys.argv[1:]]
try:
    {statement}
finally:
    tops = {{name.partition(".")[0] for name in sys.modules}}
    pathlib.Path("loaded").write_text(json.dumps(sorted(tops)))
"""
COMMAND = "from gpiobridge.cli import main; main()"
DOWN = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of something that answers as a bridge with one pin and one display would."""
    pins = {"button": {"active": "low", "debounce": 0.001}}
    answers = Answers(200, json.dumps({"pins": pins, "displays": 1}))
    yield answers.server_port
    answers.stop()


def loaded(statement: str, *words: str, folder: Path, code: int = 0) -> set[str]:
    """Run a statement in a Python of its own: the packages that it has loaded."""
    program = [sys.executable, "-c", PROGRAM.format(statement=statement), *words]
    done = subprocess.run(
        program, cwd=folder, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == code, done.stderr
    return set(json.loads((folder / "loaded").read_text()))


@pytest.mark.parametrize("statement", ["import gpiobridge", "import gpiobridge.client"])
def test_the_door_is_light(tmp_path: Path, statement: str) -> None:
    """Names are imported when they are asked for."""
    heavy = SERVERS | SOCKETS | PINS | {"click", "asyncio"}
    assert loaded(statement, folder=tmp_path) & heavy == set()


@pytest.mark.parametrize(
    ("module", "entry"),
    [("gpiobridge", "class GpioBridge("), ("gpiobridge.client", " connect(")],
)
def test_help_knows_what_comes_later(module: str, entry: str) -> None:
    """A name that is imported when it is asked for has its place in ``help``."""
    assert entry in pydoc.plain(pydoc.render_doc(module))


def test_a_client_needs_no_server(tmp_path: Path) -> None:
    """Only websockets, for its socket."""
    statement = "from gpiobridge.client import connect"
    found = loaded(statement, folder=tmp_path)
    assert found & (SERVERS | SOCKETS | PINS) == {"websockets"}


def test_every_name_is_there() -> None:
    """As if it had been imported already; any other is an error."""
    assert set(gpiobridge.__all__) <= set(dir(gpiobridge))
    for module in (gpiobridge, gpiobridge.client, gpiobridge.config):
        assert all(hasattr(module, name) for name in module.__all__)
        assert not hasattr(module, "nonsense")


def test_an_error_needs_no_server(tmp_path: Path) -> None:
    """Whoever catches what `connect` raises imports it from the package."""
    statement = "from gpiobridge import RemoteError"
    assert loaded(statement, folder=tmp_path) & (SERVERS | SOCKETS | PINS) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["press", "button", "--for", "1ms"],
        ["push", '{"score": 3}', "--page", "welcome", "--retain", "score"],
        ["navigate", "open", "--exclude", "staff"],
        ["output", "lamp", "on", "--for", "2s"],
    ],
)
def test_a_command_that_asks_is_light(tmp_path: Path, port: int, words: list[str]) -> None:
    """It asks by HTTP alone, and reads of the folder's configuration where the bridge is."""
    write_exhibit(tmp_path, f"port = {port}\n")
    found = loaded(COMMAND, *words, folder=tmp_path)
    assert found & (SERVERS | SOCKETS | PINS) == set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["press", "--help"], 0),
        (["press", "button", "--url", DOWN], 1),
        (["push", "1", "--url", DOWN], 1),
        (["navigate", "open", "--url", DOWN], 1),
        (["output", "lamp", "on", "--url", DOWN], 1),
        (["kiosk", "--url", DOWN, "--write-policy", "-"], 0),
        (["version"], 0),
    ],
)
def test_a_command_without_a_bridge_is_light(tmp_path: Path, words: list[str], code: int) -> None:
    """Nothing is loaded in advance either, which a command doesn't need."""
    found = loaded(COMMAND, *words, folder=tmp_path, code=code)
    assert found & (SERVERS | SOCKETS | PINS) == set()


def test_watch_is_light(tmp_path: Path) -> None:
    """It takes a socket as a client does."""
    found = loaded(COMMAND, "watch", DOWN, folder=tmp_path, code=1)
    assert found & (SERVERS | SOCKETS | PINS) == {"websockets"}
