"""What tests of an application of one's own ask for."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from gpiobridge import GpioBridge


@pytest.fixture
def stop() -> Iterator[Callable[[GpioBridge], None]]:
    """A function that has a bridge stopped at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda bridge: stack.callback(bridge.stop)
