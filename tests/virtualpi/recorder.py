"""What the guest's GPIO outputs do: QEMU tells each change of a line, however short.

It takes QEMU's "qtest" socket over, on which the levels of inputs are set, too: the changes come in
between. A thread of its own reads them, so each has the host's time of its arrival.
"""

import queue
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from gpiobridge.core.events import Level

from .host import BenchError


class ConnectionEndError(BenchError):
    """QEMU has closed a connection."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an output's level.

    Args:
        line: the line.
        level: its new level.
        at_s: when the host heard of it, in monotonic seconds.
    """

    line: int
    level: Level
    at_s: float


class Lines(Protocol):
    """A connection of lines of text."""

    def send(self, text: str) -> None:
        """Send a line."""

    def readline(self, limit_s: float) -> str:
        """Return the next line."""

    def close(self) -> None:
        """End it."""


class Recorder:
    """Keeps the changes of outputs; the other lines of the connection are passed on.

    Args:
        connection: the connection to QEMU's "qtest".
        chip: the path of the GPIO block in QEMU's object tree.
    """

    def __init__(self, connection: Lines, chip: str) -> None:
        self._connection = connection
        self._answers: queue.Queue[str] = queue.Queue()
        self._changes: list[Change] = []
        connection.send(f"irq_intercept_out {chip}")
        self._ended = False
        threading.Thread(target=self._read, name="virtualpi-outputs", daemon=True).start()
        answer = self.readline(10.0)
        if not answer.startswith("OK"):
            raise BenchError(f"QEMU refuses to tell of outputs: {answer}")

    def send(self, text: str) -> None:
        """Send a line."""
        self._connection.send(text)

    def readline(self, limit_s: float) -> str:
        """Return the next line that tells of no output."""
        try:
            return self._answers.get(timeout=limit_s)
        except queue.Empty as error:
            raise BenchError(f"QEMU said nothing for {limit_s:.0f} s") from error

    def close(self) -> None:
        """End it, and with it the thread."""
        self._ended = True
        self._connection.close()

    def changes(self, *lines: int) -> list[Change]:
        """List the changes so far.

        Args:
            lines: only of these lines.
        """
        return [change for change in list(self._changes) if change.line in lines]

    def forget(self) -> None:
        """Forget the changes so far."""
        self._changes.clear()

    def _read(self) -> None:
        while not self._ended:
            try:
                said = self._connection.readline(1.0)
            except (ConnectionEndError, OSError):
                return
            except BenchError:
                continue  # it is quiet
            if said.startswith("IRQ "):
                _, what, line = said.split()
                level = Level.HIGH if what == "raise" else Level.LOW
                self._changes.append(Change(int(line), level, time.monotonic()))
            else:
                self._answers.put(said)
