"""A process that switches outputs off in time while the bridge starts again, and does nothing else.

A reload takes a second, on a small Pi ten, and no bridge keeps the time meanwhile: a magnet would
be held for longer than `max_on`. So a fork of the old process waits beside the exec. It ends when
the fresh process has taken the outputs over, or has ended: both close the other end of its pipe.

The main thread, except for what runs in the fork.
"""

import os
import select
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from gpiobridge.outputs import line_request

FIRST_FREE = 10
"""Descriptors below it have a meaning after an exec: standard streams, and systemd's sockets."""


class Due(NamedTuple):
    """An output that must be off at a time.

    Args:
        at_s: when, in monotonic seconds.
        descriptor: its claimed line.
        off_high: whether it is off at HIGH.
    """

    at_s: float
    descriptor: int
    off_high: bool


class Timer(NamedTuple):
    """A process that waits.

    Args:
        process: its number.
        end: a descriptor, which an exec leaves open; when it is closed, the process ends.
    """

    process: int
    end: int


def start(due: Iterable[Due]) -> Timer:
    """Start the process.

    Args:
        due: the outputs.
    """
    import fcntl  # Windows has neither it nor exec

    waits, pipe = os.pipe()
    end = fcntl.fcntl(pipe, fcntl.F_DUPFD, FIRST_FREE)
    os.close(pipe)
    with warnings.catch_warnings(action="ignore"):  # other threads: the fork takes no lock
        process = os.fork()
    if process == 0:
        try:
            _run(sorted(due), waits)
        finally:
            os._exit(0)
    os.close(waits)
    return Timer(process, end)


def end(timer: Timer) -> None:
    """End the process, and wait for it."""
    with suppress(OSError):
        os.close(timer.end)
    with suppress(OSError):  # it is no child of this process
        os.waitpid(timer.process, 0)


def _run(due: list[Due], waits: int) -> None:
    """Switch each output off in time; in the fork."""
    # A browser's connection, for example, must not seem to be open because it is open here.
    kept = {waits, *(each.descriptor for each in due)}
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) not in kept:
            with suppress(OSError):
                os.close(int(name))
    for each in due:
        ended, _, _ = select.select([waits], [], [], max(0.0, each.at_s - time.monotonic()))
        if ended:
            return
        with suppress(OSError):
            line_request.write(each.descriptor, high=each.off_high)
