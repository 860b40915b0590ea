"""The signals that stop the service, and what they do before it is up.

It imports nothing of the project. The main thread.
"""

import signal
import sys
from types import FrameType
from typing import NoReturn

STOPS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGQUIT") if hasattr(signal, name)
)
"""They stop the service, with exit code 0. Windows has no SIGQUIT."""


def end_at_once() -> None:
    """Until the server takes the signals over, end the process at once: nobody is connected yet."""
    for number in STOPS:
        signal.signal(number, _end)
    if hasattr(signal, "pthread_sigmask"):  # they waited during a reload
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    if hasattr(signal, "pthread_sigmask"):
        # While it ends, Python gives the signals back to the system: a second one would kill it.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    sys.exit(0)
