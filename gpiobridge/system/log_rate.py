"""Limit the log lines that a client can cause: some of each kind per minute, then a count.

A client that sends nonsense at a high rate would otherwise fill the SD card with lines and bury
the important ones. Any thread.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MOST = 10
"""How many lines of a kind are written per minute by default."""

MINUTE_S = 60.0
_MAX_KINDS = 200  # counted at a time; a new kind replaces the oldest
_MAX_SAMPLE = 200  # characters of the sample line
_PASSED = "gpiobridge_passed"


@dataclass(slots=True)
class _Kind:
    """The count of one kind of line.

    Args:
        since_s: when its minute began, in monotonic seconds.
        level: the log level of the first line.
        sample: the last line that was written, once the limit is reached.
        count: how many lines came since.
    """

    since_s: float
    level: int
    sample: str = ""
    count: int = 0


class LogRate:
    """A log that writes lines of a kind at a bounded rate.

    The first line after the minute tells how many lines were held back: ``... and 1234 more like
    it in a minute: ...``. It also works as a logger's filter, for lines that other code writes.

    Args:
        log: where the lines go.
        most: how many lines of each kind are written per minute.
        clock: returns monotonic seconds.
        kind_of: for a filter: returns the kind of a record, or None for one that is always
            written. The default kind is the record's text without its arguments.
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
        """Write a line at level INFO; its text without the arguments is its kind."""
        self._write(logging.INFO, text, text, args, exc_info=False)

    def write(
        self, level: int, kind: Hashable, text: str, *args: object, exc_info: bool = False
    ) -> None:
        """Write a line, unless enough of its kind were written.

        Args:
            level: a level of `logging`.
            kind: the kind that the line is counted under.
            text: the line, with `logging` placeholders for the arguments.
            *args: the arguments.
            exc_info: whether to add the traceback of the current exception.
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
        """Tell whether to write a record; for `logging.Logger.addFilter`."""
        kind = None if hasattr(record, _PASSED) else self._kind_of(record)
        return kind is None or self.takes(kind, record.levelno, record.getMessage)

    def takes(self, kind: Hashable, level: int, line: Callable[[], str]) -> bool:
        """Count a line that other code writes, and tell whether to write it.

        Args:
            kind: the kind that the line is counted under.
            level: a level of `logging`.
            line: makes the text of the line; called only if the text is needed.
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
        if count == self._most:  # no other line needs its text
            with contextlib.suppress(Exception):  # the __str__ of an argument may fail
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
