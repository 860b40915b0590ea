"""What `make test-oldest` installs."""

import tomllib

import pytest
from oldest import PROJECT, constraints


def test_each_dependency_has_an_oldest_version() -> None:
    """One that had no lower bound would be tested with the newest only."""
    dependencies = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    oldest = constraints(dependencies)
    assert len(oldest) == len(dependencies)
    assert "flask==3.1.3" in oldest
    assert "gunicorn==23 ; sys_platform != 'win32'" in oldest


# From the advisories: the first version without any fault that was published.
FAULTLESS = {
    "flask": (3, 1, 3),
    "werkzeug": (3, 1, 6),
    "jinja2": (3, 1, 6),
    "click": (8, 3, 3),
    "h11": (0, 16),
    "gunicorn": (22,),
    "websockets": (9, 1),
}


@pytest.mark.parametrize(("name", "first"), FAULTLESS.items())
def test_no_version_with_a_known_fault_is_allowed(name: str, first: tuple[int, ...]) -> None:
    """Also of what Flask and wsproto bring along: they would be content with older ones."""
    dependencies = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    oldest = dict(line.partition(" ")[0].split("==") for line in constraints(dependencies))
    assert tuple(int(part) for part in oldest[name].split(".")) >= first


@pytest.mark.parametrize("requirement", ["flask", "flask<4", "flask==3.0", "flask~=3.0"])
def test_a_dependency_without_a_lower_bound_is_refused(requirement: str) -> None:
    """With a sentence that names it."""
    with pytest.raises(ValueError, match=f"pyproject.toml: {requirement}: has no lower bound"):
        constraints([requirement])
