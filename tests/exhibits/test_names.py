"""What a version promised by name is still there: a key, its type, a default, a status."""

import json
from pathlib import Path
from typing import Any

import pytest
from names import names
from versions import VERSIONS


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of this version."""
    return names(tmp_path_factory.mktemp("names"))


def gone(kept: Any, now: Any, where: str = "") -> list[str]:
    """What was kept, and isn't there, or is something else; new names are no matter."""
    if isinstance(kept, dict) and isinstance(now, dict):
        return [
            each
            for key in kept
            for each in (
                gone(kept[key], now[key], f"{where}/{key}")
                if key in now
                else [f"{where}/{key} is gone"]
            )
        ]
    if isinstance(kept, list) and isinstance(now, list):
        if all(isinstance(each, str) for each in [*kept, *now]):
            return [f"{where}/{each} is gone" for each in kept if each not in now]
        return gone(kept[0], now[0], where) if kept and now else []
    return [] if kept == now else [f"{where} was {kept}, and is {now}"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_names_of_a_version_stay(version: Path, now: dict[str, Any]) -> None:
    """Whoever read them then finds them now."""
    kept = json.loads((version / "names.json").read_text(encoding="utf-8"))
    assert gone(kept, now) == []


@pytest.mark.timeout(120)
def test_new_names_are_kept(now: dict[str, Any]) -> None:
    """Until its release, the newest version's file has all names: `names.py` writes it."""
    kept = json.loads((VERSIONS[-1] / "names.json").read_text(encoding="utf-8"))
    assert gone(now, kept) == []
