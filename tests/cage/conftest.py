"""The kiosk unit's own command under a real compositor without a screen, and its launcher alone.

These tests run only when the folder is asked for by name (`make test-kiosk`): they need cage, grim
and Xwayland, and a good part of their time is the 10 s that the launcher gives a page to come back.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out, unless a path inside it was given."""
    start = config.invocation_params.dir
    asked = [(start / argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True
