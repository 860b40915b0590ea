"""Running watchers."""

from collections.abc import Iterator

import pytest
from harness.scripted_pins import KernelPins, ScriptedPins
from play import Play
from stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A running watcher whose back end loses no edge."""
    stage = Stage(ScriptedPins())
    stage.watcher.start()
    yield stage
    stage.stop()


@pytest.fixture
def lossy() -> Iterator[Stage]:
    """A running watcher whose back end can lose edges."""
    stage = Stage(ScriptedPins(loses_edges=True))
    stage.watcher.start()
    yield stage
    stage.stop()


@pytest.fixture
def kernel() -> Iterator[Stage]:
    """A running watcher whose back end has a descriptor."""
    stage = Stage(KernelPins())
    stage.watcher.start()
    yield stage
    stage.stop()


@pytest.fixture
def play() -> Iterator[Play]:
    """A running watcher in time that stands."""
    play = Play()
    yield play
    play.stop()
