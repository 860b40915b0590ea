"""docs/promises.md names the tests that keep each promise, and they exist."""

import re

import pytest
from versions import ROOT

TEXT = (ROOT / "docs" / "promises.md").read_text()


@pytest.mark.parametrize("place", sorted(set(re.findall(r"tests/[\w./-]*\w", TEXT))))
def test_a_test_that_is_named_exists(place: str) -> None:
    """A promise without its test is none."""
    assert (ROOT / place).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([\w-]+)`", TEXT))))
def test_a_command_that_is_named_exists(target: str) -> None:
    """`make` knows each target that the page names."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
