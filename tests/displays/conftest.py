"""A hub for a test."""

from collections.abc import Iterator

import pytest
from room import Room


@pytest.fixture
def room() -> Iterator[Room]:
    """A hub without displays."""
    room = Room()
    yield room
    room.close()
