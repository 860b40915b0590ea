"""Run a command of the system, and read what it says. It blocks its caller; any thread."""

import os
import subprocess
from collections.abc import Callable, Sequence

_COMMAND_S = 10.0  # a command that takes longer has hung


Run = Callable[[Sequence[str]], str | None]
"""Run a command: its standard output, or None if it isn't there, fails or hangs."""


def run_command(command: Sequence[str]) -> str | None:
    """Run a command; return its standard output, or None if it isn't there, fails or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
            # What is read must not depend on the user's language.
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
