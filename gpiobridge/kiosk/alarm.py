"""What wakes the launcher: a signal, its browser's end, a word of browser or screen.

One thread, which must be the main one: it takes the process's signals.
"""

import contextlib
import select
import signal
import socket
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Protocol, Self


class StoppedError(Exception):
    """A signal came during what may take seconds."""


class End(Protocol):
    """Something to wait for."""

    def fileno(self) -> int:
        """Its descriptor."""


class Alarm:
    """Sleeps until there is something to do, and knows whether all is to end.

    Attributes:
        stopping: whether SIGTERM, SIGINT or SIGHUP has come.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._interrupting = False

    def __enter__(self) -> Self:
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        # A child's end has to wake us, and does so only if its signal has a handler.
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
        """Sleep until a signal comes, a child ends, or one of the others has something to say.

        Args:
            seconds: at most so long; None for as long as it takes.
            ends: the others.

        Returns:
            Those of the others that have.
        """
        ready = select.select([self._woken, *ends], [], [], seconds)[0]
        if self._woken in ready:
            ready.remove(self._woken)
            self._woken.recv(4096)
        return ready

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal that ends us end what is done in here, too, by a `StoppedError`."""
        self._interrupting = True
        try:
            yield
        finally:
            self._interrupting = False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        if self._interrupting:
            raise StoppedError
