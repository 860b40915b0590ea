"""A queue of calls and the thread that makes them, one after the other, until each has succeeded.

A display is often dead because the network is; so a call that fails is tried again, for a day. Its
bounds: how many calls wait, how often and for how long one is tried. `put` never waits.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from gpiobridge.alarms.call import Call, CallError

log = logging.getLogger(__name__)

PAUSES_S = (5.0, 15.0, 45.0, 135.0, 405.0, 600.0)
"""How long to wait after each failure, in seconds; the last one again and again."""

TRIED_FOR_S = 86_400.0
"""How long a call is tried, in seconds, from its alarm on."""

MAX_WAITING = 50
"""How many calls may wait; the oldest of more are lost."""

JOIN_S = 0.5
"""How long a call that is being made has at the stop, in seconds; then it is left."""

DONE, FAILED, LOST = "done", "failed", "lost"
"""What becomes of a call: it was made; it failed once, and is tried again; it is given up."""


class Caller:
    """Makes calls on a thread of its own.

    Args:
        name: the key of `[alarms]`: "run" or "post".
        called: who is called, for the log.
        make: makes a call, or raises `CallError`. It gets an event that says that the bridge stops.
        pauses_s: how long to wait after each failure, in seconds.

    Attributes:
        counts: `DONE`, `FAILED` and `LOST` -> how often; any thread may read it.
    """

    def __init__(
        self,
        name: str,
        called: str,
        make: Callable[[Call, threading.Event], None],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.name = name
        self.called = called
        self.make = make
        self.counts: Counter[str] = Counter()
        self._pauses_s = pauses_s
        self._waiting: deque[tuple[Call, float]] = deque()
        self._trying: tuple[Call, float] | None = None
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"gpiobridge-alarm-{name}", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, call: Call, since_s: float | None = None) -> None:
        """Queue a call; any thread.

        Args:
            call: the call.
            since_s: when it was put first, in monotonic seconds; None: now.
        """
        lost = None
        with self._news:
            if len(self._waiting) >= MAX_WAITING:
                lost = self._waiting.popleft()[0]
            self._waiting.append((call, time.monotonic() if since_s is None else since_s))
            self._news.notify()
        if lost is not None:
            self._lose(lost, f"{MAX_WAITING} others wait")

    def test(self, call: Call) -> str:
        """Make a call at once, on the thread that asks; return why it failed, or "".

        Args:
            call: a call that is about nothing.
        """
        try:
            self.make(call, self._stopping)
        except CallError as error:
            return str(error)
        return ""

    @property
    def left(self) -> list[tuple[Call, float]]:
        """The calls that were not made, and since when each waits; once the thread has ended."""
        trying = () if self._trying is None else (self._trying,)
        return [*trying, *self._waiting]

    def stop(self) -> None:
        """End the thread; `left` has the calls that wait."""
        self._stopping.set()
        with self._news:
            self._news.notify()

    def join(self, until_s: float) -> None:
        """Wait for the end of the thread.

        Args:
            until_s: how long at most, in monotonic seconds.
        """
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._news:
                while not self._waiting and not self._stopping.is_set():
                    self._news.wait()
                if self._stopping.is_set():
                    return
                call, since_s = self._waiting.popleft()
                self._trying = (call, since_s)
            self._try(call, since_s)

    def _try(self, call: Call, since_s: float) -> None:
        """Make a call, again and again until it succeeds."""
        tries = 0
        while not self._stopping.is_set():
            try:
                self.make(call, self._stopping)
            except Exception as error:
                if self._stopping.is_set():
                    return
                why = str(error) if isinstance(error, CallError) else type(error).__name__
            else:
                self.counts[DONE] += 1
                self._trying = None
                log.info("alarm call %s to %s: done", call, self.called)
                return
            self.counts[FAILED] += 1
            tries += 1
            if time.monotonic() - since_s > TRIED_FOR_S:
                self._trying = None
                self._lose(call, f"it was tried for a day: {why}")
                return
            pause_s = self._pauses_s[min(tries, len(self._pauses_s)) - 1]
            if tries == 1:
                line = "alarm call %s to %s failed: %s; it is tried again for a day"
                log.warning(line, call, self.called, why)
            self._stopping.wait(pause_s)

    def _lose(self, call: Call, why: str) -> None:
        self.counts[LOST] += 1
        log.error("alarm call %s to %s is given up: %s", call, self.called, why)
