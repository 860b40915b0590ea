"""Bridges of the exhibit `api_exhibit`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from harness.api_exhibit import EXHIBIT, LOCAL
from harness.bridge_process import BridgeProcess, Run
from harness.exhibit import write_exhibit

from gpiobridge import config
from gpiobridge.serve.standalone import create_app


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., FlaskClient]]:
    """A function that gives a client of an exhibit, in this process."""
    apps = []

    def serve(server: str = LOCAL, text: str = EXHIBIT) -> FlaskClient:
        app = create_app(config.load(write_exhibit(tmp_path, server, text), environ={}))
        apps.append(app)
        return app.test_client()

    yield serve
    for app in apps:
        app.extensions["gpiobridge"].stop()


@pytest.fixture
def exhibit(run_bridge: Run, tmp_path: Path) -> Callable[..., BridgeProcess]:
    """A function that starts a bridge with both kinds of pins."""

    def run(kind: str = "gunicorn", server: str = LOCAL, text: str = EXHIBIT) -> BridgeProcess:
        bridge = run_bridge(kind, config=write_exhibit(tmp_path, server, text))
        bridge.url = (
            f"http://127.0.0.1:{bridge.port}"  # whether or not this machine's name is known
        )
        return bridge

    return run
