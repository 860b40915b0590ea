"""Find a program, or run a command and read its output. The caller blocks. Any thread."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

_COMMAND_S = 10.0  # a command that takes longer has hung


Run = Callable[[Sequence[str]], str | None]
"""Run a command: returns its standard output, or None if it is missing, fails or hangs."""


def find_program(names: Iterable[str]) -> Path | None:
    """Find the first of some programs that is on the path; return None if none is."""
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def run_command(command: Sequence[str]) -> str | None:
    """Run a command; return its standard output, or None if it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
            # The output must not depend on the user's language.
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
