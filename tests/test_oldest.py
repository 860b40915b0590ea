"""What `make test-oldest` installs."""

import tomllib

import pytest
from oldest import PROJECT, constraints


def test_each_dependency_has_an_oldest_version() -> None:
    """One that had no lower bound would be tested with the newest only."""
    dependencies = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    oldest = constraints(dependencies)
    assert len(oldest) == len(dependencies)
    assert "flask==3.0" in oldest
    assert "gunicorn==23 ; sys_platform != 'win32'" in oldest


@pytest.mark.parametrize("requirement", ["flask", "flask<4", "flask==3.0", "flask~=3.0"])
def test_a_dependency_without_a_lower_bound_is_refused(requirement: str) -> None:
    """With a sentence that names it."""
    with pytest.raises(ValueError, match=f"pyproject.toml: {requirement}: has no lower bound"):
        constraints([requirement])
