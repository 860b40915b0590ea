"""Log lines that a client can cause: at most so many a minute of each kind, then their number.

Whoever sends nonsense at a high rate would otherwise fill a card with lines, and bury those that
matter. Any thread.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST = 10
"""So many lines of a kind are written a minute, unless their place says otherwise."""

MINUTE_S = 60.0
_MAX_KINDS = 200  # that are counted at a time; a new one takes the place of the oldest
_MAX_SAMPLE = 200  # characters of a line that stands for others
_PASSED = "gpiobridge_passed"


@dataclass(slots=True)
class _Kind:
    """What came of one kind of line.

    Args:
        since_s: when its minute began, in monotonic seconds.
        level: of the first line.
        sample: the last line that was written, once there are as many as may be.
        count: how many came since.
    """

    since_s: float
    level: int
    sample: str = ""
    count: int = 0


class LogRate:
    """A log that writes lines of a kind at a bounded rate.

    What was held back is told with the first line after its minute: ``... and 1234 more like it in
    a minute: ...``. It is a filter of a logger, too, for lines that others write.

    Args:
        log: where the lines go.
        most: so many lines of each kind are written a minute.
        clock: gives monotonic seconds.
        kind_of: for a filter: what kind a record is of; None for one that is always written. By
            default its text without its arguments.
    """

    def __init__(
        self,
        log: logging.Logger,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
        kind_of: Callable[[logging.LogRecord], Hashable | None] = lambda record: record.msg,
    ) -> None:
        self._log = log
        self._most = most
        self._clock = clock
        self._kind_of = kind_of
        self._lock = threading.Lock()
        self._kinds: dict[Hashable, _Kind] = {}  # the oldest first

    def info(self, text: str, *args: object) -> None:
        """Write a line; its text without the arguments is its kind."""
        self._write(logging.INFO, text, text, args, exc_info=False)

    def write(
        self, level: int, kind: Hashable, text: str, *args: object, exc_info: bool = False
    ) -> None:
        """Write a line, unless there were enough of its kind.

        Args:
            level: of `logging`.
            kind: what the line is counted with.
            text: the line, with a place for each argument, as `logging` has them.
            *args: the arguments.
            exc_info: whether the traceback of the current exception goes with it.
        """
        self._write(level, kind, text, args, exc_info=exc_info)

    def _write(
        self, level: int, kind: Hashable, text: str, args: tuple[object, ...], *, exc_info: bool
    ) -> None:
        if not self._log.isEnabledFor(level):
            return
        if self.takes(kind, level, lambda: text % args if args else text):
            passed = {_PASSED: True}
            self._log.log(level, text, *args, exc_info=exc_info, extra=passed, stacklevel=3)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written; for `logging.Logger.addFilter`."""
        kind = None if hasattr(record, _PASSED) else self._kind_of(record)
        return kind is None or self.takes(kind, record.levelno, record.getMessage)

    def takes(self, kind: Hashable, level: int, line: Callable[[], str]) -> bool:
        """Count a line that somebody else writes, and say whether it is to be written.

        Args:
            kind: what it is counted with.
            level: of `logging`.
            line: makes its text, if that is needed.
        """
        now_s = self._clock()
        with self._lock:
            over = self._end_minutes_locked(now_s)
            if kind not in self._kinds:
                if len(self._kinds) >= _MAX_KINDS:
                    over.append(self._kinds.pop(next(iter(self._kinds))))
                self._kinds[kind] = _Kind(now_s, level)
            counted = self._kinds[kind]
            counted.count += 1
            count = counted.count
        if count == self._most:  # the others needn't be made at all
            with contextlib.suppress(Exception):  # a foreign __str__ may fail
                counted.sample = line()[:_MAX_SAMPLE]
        self._tell(over)
        return count <= self._most

    def _end_minutes_locked(self, now_s: float) -> list[_Kind]:
        over = []
        for kind, counted in list(self._kinds.items()):
            if now_s < counted.since_s + MINUTE_S:
                break
            over.append(self._kinds.pop(kind))
        return over

    def _tell(self, over: list[_Kind]) -> None:
        for counted in over:
            if counted.count > self._most:
                self._log.log(
                    counted.level,
                    "... and %d more like it in a minute: %s",
                    counted.count - self._most,
                    counted.sample,
                    extra={_PASSED: True},
                )
