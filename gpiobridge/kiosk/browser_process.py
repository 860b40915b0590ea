"""Start a browser's process without a guard, and end it.

All of it runs on the launcher's thread.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from gpiobridge.system.commands import find_program

_END_S = 1.5  # time for the browser to end by itself


def start(command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a browser without a guard, in its own session, which `ending` can end as a whole.

    If the launcher is killed, the kernel kills the browser, too: one with a guard ends when its
    pipe does, but this one would stay beside the browser of the next launcher.

    Args:
        command: its command line.
        environ: its environment.

    Raises:
        OSError: it can't be started.
    """
    # setpriv(1) becomes the browser: the process stays the same.
    leader = ["setpriv", "--pdeathsig", "KILL"] if find_program(["setpriv"]) else []
    return subprocess.Popen([*leader, *command], env=environ, start_new_session=True)


@contextlib.contextmanager
def ending(browser: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a browser and all its processes when the block ends, also after an error."""
    try:
        yield browser
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            browser.terminate()
            browser.wait(_END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()


def how_it_ended(code: int | None) -> str:
    """Say how a browser ended.

    Args:
        code: its return code, as `subprocess` reports it.
    """
    if code is not None and code < 0:
        named = {number.value: number.name for number in signal.Signals}
        return f"it was ended by {named.get(-code, f'signal {-code}')}"
    return f"it ended with code {code}"
