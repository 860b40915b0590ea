"""The version before this one, as a server to run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import version_before
from harness.bridge_process import BridgeProcess
from versions import RunVersion


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the version before."""
    return version_before.export(tmp_path_factory.mktemp("before"))


@pytest.fixture
def run_version(before: Path) -> Iterator[RunVersion]:
    """A function that runs "this" version or the one "before" on a configuration."""
    running: list[BridgeProcess] = []

    def run(version: str, config: Path, port: int = 0) -> BridgeProcess:
        path = {"PYTHONPATH": str(before)} if version == "before" else {}
        bridge = BridgeProcess(
            config,
            command=[sys.executable, "-m", "gpiobridge", "run", "--port", str(port)],
            port=None,
            cwd=config.parent,
            env=os.environ | path,
        )
        running.append(bridge)
        return bridge

    yield run
    for bridge in running:
        if bridge.process.poll() is None:
            bridge.stop()
