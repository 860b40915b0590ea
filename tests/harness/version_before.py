"""The version before this one: its files, as ``tests/exhibits/version-before.toml`` names them."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NAMED = tomllib.loads((ROOT / "tests" / "exhibits" / "version-before.toml").read_text())

VERSION: str = _NAMED["version"]
COMMIT: str = _NAMED["commit"]


def pyproject() -> str:
    """Read that version's ``pyproject.toml``.

    Raises:
        AssertionError: this clone does not have the commit.
    """
    _require(COMMIT)
    command = ["git", "-C", ROOT, "show", f"{COMMIT}:pyproject.toml"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def export(folder: Path, commit: str = "") -> Path:
    """Write the files of that version into an empty folder, and return it.

    Args:
        folder: the folder.
        commit: that of an older version instead.

    Raises:
        AssertionError: this clone does not have the commit.
    """
    commit = commit or COMMIT
    _require(commit)
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "--format=tar", commit], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def _require(commit: str) -> None:
    known = subprocess.run(
        ["git", "-C", ROOT, "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True
    )
    assert known.returncode == 0, (
        f"tests/exhibits/version-before.toml: commit {commit} of version {VERSION} is not in this "
        "clone, which is probably shallow; git fetch --unshallow brings it"
    )
