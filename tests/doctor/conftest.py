"""The patient of these tests."""

from pathlib import Path

import pytest

from .pi import Pi


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    """A Raspberry Pi in good health."""
    return Pi(tmp_path)
