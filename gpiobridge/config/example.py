"""The example that comes with gpiobridge, and why it is shown instead of a folder's own exhibit.

Reads the names of files in the current folder, but no file; imports nothing of the project except
`words`. Any thread; at start.
"""

import contextlib
import os
import re
from pathlib import Path

from gpiobridge.config.words import nearest, show

_NAME = "config.toml"
_OTHERS = ("pyproject.toml", "uv.lock", "poetry.lock", "pixi.toml", "ruff.toml")  # of other tools
_NO_FILE = "this folder has no config.toml"
_PLAIN = re.compile(r"[\w.-]+")


def example_file() -> Path:
    """Find the example that comes with gpiobridge, in a checkout or an installed copy."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "example" / _NAME
    return installed if installed.exists() else package.parent / _NAME


def why_example(folder: Path) -> str:
    """Say why a folder's own exhibit is not shown, and what to do about it.

    Args:
        folder: the folder, which has no `config.toml`.
    """
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(folder))
    if _NAME in names:  # and yet it isn't there
        return f"{_NAME} in this folder is a link to a file that does not exist; correct the link"
    if (meant := _meant(names)) is not None:
        if meant.casefold().startswith(f"{_NAME}."):
            ending = meant[len(_NAME) :]
            return (
                f"{_NO_FILE}, but {meant}; rename it to {_NAME} (Windows hides the ending {ending} "
                "unless its settings show endings)"
            )
        word = meant if _PLAIN.fullmatch(meant) else show(meant)  # a shell splits a name elsewhere
        return f"{_NO_FILE}, but {meant}; rename it to {_NAME}, or name it with --config {word}"
    if (folder.parent / _NAME).is_file():
        return f"{_NO_FILE}, but the folder above has one; go there, or name it with --config"
    for part in ("templates", "static"):
        if (folder / part).is_dir():
            return f"{_NO_FILE}, but {part}/; write one next to it, with its pins and pages"
    return f"{_NO_FILE}; write one, or name another with --config"


def _meant(names: list[str]) -> str | None:
    """Find the file that was probably meant to be the configuration."""
    alike = [name for name in names if name.casefold().startswith(_NAME)]
    other = [name for name in names if name.casefold().endswith(".toml") and name not in _OTHERS]
    close = nearest(_NAME, [name for name in names if name.casefold().startswith("conf")])
    return next(iter([*alike, *other]), close)
