"""Run the owner's program for a call. The thread of its caller, or that of the command line.

What the program prints goes to the bridge's own log. It gets none of the bridge's secrets: no
variable that is the bridge's reaches it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from threading import Event

from gpiobridge.alarms.call import Call, CallError

LIMIT_S = 30.0
"""How long the program may take, in seconds; then it is killed, with all that it has started."""

VARIABLES = "GPIOBRIDGE_ALARM_"
"""How the names of the variables begin that the program gets."""

_LOOK_S = 0.1  # how often it is looked whether the bridge stops
_STDERR = 2
_OURS = ("GPIOBRIDGE_", "LISTEN_", "NOTIFY_", "WATCHDOG_")


def run(words: Sequence[str], call: Call, stopping: Event) -> None:
    """Run a program, with the facts of a call in its environment and the message as its input.

    Args:
        words: the program's path, and its arguments.
        call: the call.
        stopping: ends the program early.

    Raises:
        CallError: it can't be started, fails, or takes too long.
    """
    until_s = time.monotonic() + LIMIT_S
    try:
        program = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=_STDERR,
            env=_environment(call),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CallError(f"it can't be started: {why}") from error
    try:
        if program.stdin is not None:
            with contextlib.suppress(OSError):  # it need not read
                program.stdin.write(f"{call.message}\n".encode())
                program.stdin.close()
        while program.poll() is None:
            if stopping.is_set():
                raise CallError("the bridge stops")
            if time.monotonic() > until_s:
                raise CallError(f"it has taken more than {LIMIT_S:g} s")
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(_LOOK_S)
    finally:
        _end(program)
    if program.returncode < 0:
        named = {number.value: number.name for number in signal.Signals}  # not every number
        signalled = named.get(-program.returncode, f"signal {-program.returncode}")
        raise CallError(f"it was ended by {signalled}")
    if program.returncode:
        raise CallError(f"its exit code is {program.returncode}")


def _environment(call: Call) -> dict[str, str]:
    """Take the bridge's own variables out of the environment, and put the facts in."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return environ | {f"{VARIABLES}{name.upper()}": value for name, value in call.facts.items()}


def _end(program: subprocess.Popen[bytes]) -> None:
    """Kill a program that still runs, and what it has started."""
    if program.poll() is None:
        if sys.platform == "win32":
            program.kill()
        else:
            with contextlib.suppress(OSError):
                os.killpg(program.pid, signal.SIGKILL)
        program.wait()
