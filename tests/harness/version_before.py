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
    _require()
    command = ["git", "-C", ROOT, "show", f"{COMMIT}:pyproject.toml"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def export(folder: Path) -> Path:
    """Write the files of that version into an empty folder, and return it.

    Raises:
        AssertionError: this clone does not have the commit.
    """
    _require()
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", "--format=tar", COMMIT], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def _require() -> None:
    known = subprocess.run(
        ["git", "-C", ROOT, "cat-file", "-e", f"{COMMIT}^{{commit}}"], capture_output=True
    )
    assert known.returncode == 0, (
        f"tests/exhibits/version-before.toml: commit {COMMIT} of version {VERSION} is not in this "
        "clone, which is probably shallow; git fetch --unshallow brings it"
    )
