"""The log below a server that isn't ours: presses, and where the simulator is."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess
from harness.served_application import make_app

from gpiobridge.extension import fallback_log

APP = """\
from flask import Flask
from gpiobridge import GpioBridge
{before}
app = Flask(__name__)
bridge = GpioBridge(app, pins={{"button": 17}})
{after}


@app.get("/")
@bridge.page("welcome", on_low={{"button": "open"}})
def welcome():
    return "<h1>welcome</h1>"


@app.get("/open")
@bridge.page("open")
def is_open():
    return "<h1>open</h1>"
"""


class Served(BridgeProcess):
    """An application under a server of its own."""

    READY = r"(?:Running on|Listening at:) (http://[^/ ]+:(\d+))"


COMMANDS = {
    "flask": ["-m", "flask", "--app", "app", "run", "--port", "0"],
    "gunicorn": ["-m", "gunicorn", "--threads", "4", "--bind", "127.0.0.1:0", "app:app"],
}


def serve(folder: Path, server: str, before: str = "", after: str = "") -> Served:
    """Serve the application from a folder."""
    (folder / "app.py").write_text(APP.format(before=before, after=after))
    return Served(
        None,
        port=None,
        command=[sys.executable, *COMMANDS[server]],
        cwd=folder,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("server", ["flask", "gunicorn"])
def test_presses_and_the_simulator_are_told(server: str, tmp_path: Path) -> None:
    """As with `gpiobridge run`, and each once (row 42)."""
    served = serve(tmp_path, server)
    try:
        assert served.get("/")[0] == 200
        simulator = served.wait_for_line(r"press them at (\S+)")[1]
        assert simulator == f"{served.url}/simulator"
        assert served.get("/simulator")[0] == 200
        served.set_level("button", "low")
        served.wait_for_line(r"INFO gpiobridge\.loop\.event_log: #1 button: low")
    finally:
        served.stop() if server == "gunicorn" else served.kill()
    ours = [line for line in served.log if re.search("press them at|button: low|SIMULATED", line)]
    assert len(ours) == 3, ours


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import logging; logging.basicConfig(level=logging.WARNING)", ""),
        ("", "import logging; logging.getLogger('gpiobridge').setLevel(logging.WARNING)"),
        ("", "app.before_request(lambda: __import__('logging').basicConfig(level=30))"),
    ],
    ids=["root", "ours", "later"],
)
def test_an_application_s_own_log_stays_as_it_is(before: str, after: str, tmp_path: Path) -> None:
    """Whoever has set up logging gets what was asked for (row 42)."""
    (tmp_path / "app.py").write_text(APP.format(before=before, after=after))
    script = (
        "import app, logging\n"
        "client = app.app.test_client()\n"
        "client.get('/'); client.get('/')\n"
        "logging.getLogger('gpiobridge.loop.watcher').info('a line')\n"
        "logging.getLogger('gpiobridge.loop.watcher').info('another line')\n"
        "logging.getLogger('gpiobridge.loop.watcher').warning('a warning')\n"
        "app.bridge.stop()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert "another line" not in done.stderr
    assert done.stderr.count("a warning") == 1


def test_it_gives_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No line is written twice, and the level is the application's again (row 42)."""
    ours = logging.getLogger("gpiobridge")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest has some there
    monkeypatch.setattr(ours, "handlers", [])
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    fallback_log.show_log()
    fallback_log.show_log()
    assert len(ours.handlers) == 1
    ours.info("first")
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    ours.warning("second")
    assert (ours.handlers, ours.level) == ([], logging.NOTSET)
    logging.getLogger().removeHandler(handler)
    err = capsys.readouterr().err
    assert re.search(r"^\d{4}-.* INFO gpiobridge: first$", err, re.MULTILINE)
    assert "second" not in err


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "localhost:5000"}, "http://localhost:5000/simulator"),
        ({"Host": "elsewhere.example"}, "/simulator of the application's address"),
        ({"Host": "localhost", "Origin": "http://a.test"},
         "/simulator of the application's address"),
    ],
)  # fmt: skip
def test_the_address_is_what_the_first_request_calls_it(
    headers: dict[str, str], address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Unless that is a name that isn't ours: anybody may send one (row 42)."""
    app, bridge = make_app()
    app.add_url_rule("/other", "other", lambda: "mine")
    with caplog.at_level(logging.INFO, "gpiobridge"):
        app.test_client().get("/other", headers=headers)
    bridge.stop()
    assert f"press them at {address}" in caplog.messages


@pytest.mark.parametrize("prefix", ["", "/bridge"])
def test_without_a_request_the_path_is_told(prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where the application starts the bridge itself (row 42)."""
    _, bridge = make_app(url_prefix=prefix, config={"server": {"token": "0123456789abcdef"}})
    with caplog.at_level(logging.INFO, "gpiobridge"):
        bridge.start()
    bridge.stop()
    assert (
        f"press them at {prefix}/simulator of the application's address "
        "(the first time with ?token=... added)" in caplog.messages
    )


def test_simulated_outputs_are_told_where_all_pins_are_virtual(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is a simulator, although no pin is simulated."""
    pins = {"button": {"source": "http"}}
    _, bridge = make_app(pins=pins, config={"outputs": {"lamp": 22}})
    with caplog.at_level(logging.INFO, "gpiobridge"):
        bridge.start()
    bridge.stop()
    assert caplog.messages[:2] == [
        "the outputs are SIMULATED: no GPIO is driven",
        "see what they do at /simulator of the application's address",
    ]
