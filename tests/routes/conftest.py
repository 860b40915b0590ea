"""What tests of files ask for."""

from collections.abc import Iterator

import pytest
from slow_readers import Readers


@pytest.fixture
def readers() -> Iterator[Readers]:
    """A feeder without readers."""
    readers = Readers()
    yield readers
    readers.close()
