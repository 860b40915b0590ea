"""Fixtures of the outputs' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_kernel import MadeUpKernel

from gpiobridge.outputs import handover, line_request
from gpiobridge.pins import boards, chips


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUpKernel]:
    """A made-up kernel, on a Raspberry Pi with every back end."""
    made_up = MadeUpKernel()
    for name in ("claim", "write", "is_claimed"):
        monkeypatch.setattr(line_request, name, getattr(made_up, name))
    for name in ("line", "chips"):
        monkeypatch.setattr(chips, name, getattr(made_up, name))
    monkeypatch.setattr(boards, "is_raspberry_pi", lambda: True)
    monkeypatch.setattr(boards, "_installed", lambda _: True)
    for name in ("_given", "_memory", "_off_at_s", "_got", "_got_memory", "_timers"):
        monkeypatch.setattr(handover, name, type(getattr(handover, name))())
    yield made_up
    made_up.close()


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service's own runtime folder, as the unit gives it."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder
