"""Wake the launcher: on a signal, the end of its browser, or a message of browser or screen.

It runs on one thread, which must be the main thread, because it handles the process's signals.
"""

import contextlib
import select
import signal
import socket
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Protocol, Self


class StoppedError(Exception):
    """A signal came during something that may take seconds."""


class End(Protocol):
    """Something to wait for."""

    def fileno(self) -> int:
        """Return its descriptor."""


class Alarm:
    """Sleeps until there is something to do, and knows whether the kiosk must stop.

    Attributes:
        stopping: whether SIGTERM, SIGINT or SIGHUP came.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._interrupting = False

    def __enter__(self) -> Self:
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        # The end of a child must wake us. It does so only if SIGCHLD has a handler.
        handlers = dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), self._stop)
        handlers[signal.SIGCHLD] = lambda *_: None
        self._old = {number: signal.signal(number, do) for number, do in handlers.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(self._old_fd)
        self._woken.close()
        self._wake.close()

    def sleep(self, seconds: float | None, ends: Sequence[End]) -> list[End]:
        """Sleep until a signal comes, a child ends, or one of `ends` becomes readable.

        Args:
            seconds: the longest time to sleep; None for no limit.
            ends: what else to wait for.

        Returns:
            Those of `ends` that are readable.
        """
        ready = select.select([self._woken, *ends], [], [], seconds)[0]
        if self._woken in ready:
            ready.remove(self._woken)
            self._woken.recv(4096)
        return ready

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal that stops the kiosk also interrupt this block, by a `StoppedError`."""
        self._interrupting = True
        try:
            yield
        finally:
            self._interrupting = False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        if self._interrupting:
            raise StoppedError
