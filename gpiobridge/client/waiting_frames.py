"""Between two threads: the frames that wait for a program, and the socket that it sends on.

The connection's thread puts frames in and says which socket is open. The program's threads take
frames out. This module owns the lock that they share; no thread holds it while it sends or
receives.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.sync.client import ClientConnection

log = logging.getLogger(__name__)

MAX_WAITING = 1000
"""How many frames wait for a busy program; after that the oldest are left out."""

_LOOK_UP_S = 1.0  # Ctrl-C doesn't end a wait without a limit on Windows


class WaitingFrames:
    """What a page receives, until the program takes it.

    Attributes:
        joined: whether there has been a first frame.
        left_out: how many frames have been left out since the queue was last empty.
    """

    def __init__(self) -> None:
        self.joined = False
        self.left_out = 0
        self._changed = threading.Condition()
        self._waiting: deque[dict[str, Any]] = deque()
        self._socket: ClientConnection | None = None  # while it can be sent to
        self._over = False
        self._failure: Exception | None = None

    def put(self, frame: dict[str, Any]) -> None:
        """Queue a frame; a beat only if no other frame waits."""
        with self._changed:
            if self._over or (frame["type"] == "beat" and self._waiting):
                return
            if not self._waiting:
                self.left_out = 0
            full = len(self._waiting) == MAX_WAITING
            if full:
                self._waiting.popleft()
                self.left_out += 1
            first = full and self.left_out == 1
            self._waiting.append(frame)
            self.joined = True
            self._changed.notify_all()
        if first:
            log.warning("%d frames wait for the program: the oldest are left out", MAX_WAITING)

    def set_socket(self, connection: ClientConnection | None) -> None:
        """Say which socket can be sent to from now on."""
        with self._changed:
            self._socket = connection
            self._changed.notify_all()

    def end(self, failure: Exception | None) -> None:
        """Accept nothing more; only the first end counts.

        Args:
            failure: raised once for the program, after the frames that wait.
        """
        with self._changed:
            if not self._over:
                self._over, self._failure = True, failure
            self._changed.notify_all()

    def empty(self) -> ClientConnection | None:
        """Discard what waits, and end; return the socket that is still open."""
        with self._changed:
            self._waiting.clear()
            self.end(None)
            return self._socket

    def wait_until_joined(self) -> None:
        """Wait for the first frame, or raise the reason why there is none."""
        with self._changed:
            self._wait(lambda: self.joined or self._over)
            self._raise_failure()

    def take(self) -> dict[str, Any] | None:
        """Wait for the next frame; at the end return None, or raise what led to the end."""
        with self._changed:
            self._wait(lambda: self._waiting or self._over)
            if self._waiting:
                return self._waiting.popleft()
            self._raise_failure()
            return None

    def socket(self, until_s: float, lost: ClientConnection | None) -> ClientConnection | None:
        """Wait for a socket that can be sent to; None if the connection has ended.

        Args:
            until_s: how long to wait, by the monotonic clock.
            lost: a socket that can't be sent to.

        Raises:
            TimeoutError: there was none in time.
        """
        with self._changed:
            while not self._over:
                if self._socket is not None and self._socket is not lost:
                    return self._socket
                if not self._changed.wait(until_s - time.monotonic()):
                    raise TimeoutError
        return None

    def _wait(self, condition: Callable[[], object]) -> None:
        """Wait, with the lock held, until ``condition`` is true."""
        while not self._changed.wait_for(condition, _LOOK_UP_S):
            pass

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
