"""What a page may say in a frame, and what it does: one row for each type, in `Frames`.

A page that sends something forbidden has broken a rule, and its socket is closed. The watcher's
thread.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from gpiobridge.core import wire
from gpiobridge.core.wire import Close
from gpiobridge.displays.audience import SentMessage
from gpiobridge.displays.connection import LINES, Connection, RuleBrokenError
from gpiobridge.displays.observer import DisplayObserver, MovedBy
from gpiobridge.system.log_rate import LogRate

OnShown = Callable[[Connection, str, float | None, float], None]
"""Takes a page's word that it is shown: its connection, its cursor, its figure in ms or None, and
when it was read, in monotonic seconds."""

OnOutput = Callable[[Connection, Mapping[str, Any]], None]
"""Takes a page's wish to set an output: its connection, and the fields of its frame."""

log = logging.getLogger(__name__)


class Frame(NamedTuple):
    """A page's frame.

    Args:
        text: the frame as it came.
        fields: its fields.
        at_s: when it was read, in monotonic seconds.
    """

    text: str
    fields: Mapping[str, Any]
    at_s: float


class Frames:
    """Takes the frames of all pages.

    Args:
        observers: hear what pages say.
        on_taking: called when a page has said whether it takes presses.
        on_visible: called when a page has said whether it can be seen.
        on_output: called when a page wants to set an output, with the frame's fields.
        pages: the names of all pages.
        on_shown: called when a page has said that it is shown.
    """

    def __init__(
        self,
        observers: Sequence[DisplayObserver],
        on_taking: Callable[[Connection], None],
        pages: Collection[str],
        on_shown: OnShown = lambda connection, cursor, ms, now_s: None,
        on_visible: Callable[[Connection], None] = lambda connection: None,
        on_output: OnOutput = lambda connection, fields: None,
    ) -> None:
        self._observers = observers
        self._on_taking = on_taking
        self._pages = pages
        self._on_shown = on_shown
        self._on_visible = on_visible
        self._on_output = on_output
        self._lines = LogRate(log, LINES)
        self._by_type: dict[str, Callable[[Connection, Frame], None]] = {
            "beat": self._take_beat,
            "message": self._take_message,
            "taking": self._take_taking,
            "visible": self._take_visible,
            "idle": self._take_idle,
            "shown": self._take_shown,
            "output": self._take_output,
        }

    def take(self, connection: Connection, text: str, now_s: float) -> None:
        """Do what a frame says.

        Args:
            connection: the connection it came from.
            text: the frame.
            now_s: when it was read, in monotonic seconds.

        Raises:
            RuleBrokenError: it is no frame, or says something forbidden.
        """
        fields = wire.read_message(text)
        if fields is None:
            raise RuleBrokenError(Close.POLICY, "a message is a JSON object with a type")
        connection.unanswered_beats = 0
        # Ignore any other type: a newer page may talk to an older server.
        take = self._by_type.get(fields["type"])
        if take is not None:
            take(connection, Frame(text, fields, now_s))

    def _take_beat(self, connection: Connection, _frame: Frame) -> None:
        connection.answered()

    def _take_message(self, connection: Connection, frame: Frame) -> None:
        """Hand on a message, if it could be pushed back unchanged."""
        if "data" not in frame.fields:
            return
        try:
            wire.message_frame(frame.fields["data"])
        except wire.TooBigError as error:  # Python may write numbers with more digits
            raise RuleBrokenError(
                Close.TOO_BIG,
                f"as JSON is written here, it takes more than {wire.MAX_MESSAGE_BYTES} bytes",
            ) from error
        except ValueError as error:
            raise RuleBrokenError(
                Close.POLICY, "data is no JSON: finite numbers, and text that is UTF-8"
            ) from error
        message = SentMessage(frame.text, connection.display)
        for observer in self._observers:
            observer.message_came(message)

    def _take_taking(self, connection: Connection, frame: Frame) -> None:
        """Note since when a page takes presses, and see which presses count on it now."""
        try:
            since_s = wire.taking_since_s(frame.fields.get("since_ms", ""), frame.at_s)
        except ValueError as error:
            raise RuleBrokenError(Close.POLICY, f"since_ms {error}") from error
        connection.standing = replace(connection.standing, taking_since_s=since_s)
        connection.slot.taking_since_s = since_s
        self._on_taking(connection)

    def _take_visible(self, connection: Connection, frame: Frame) -> None:
        visible = frame.fields.get("visible")
        if not isinstance(visible, bool):
            raise RuleBrokenError(Close.POLICY, "visible must be true or false")
        connection.display = replace(connection.display, visible=visible)
        self._on_visible(connection)

    def _take_idle(self, connection: Connection, frame: Frame) -> None:
        """Log that a page leaves because nobody uses it; the page does that by itself."""
        page, to = connection.display.page, frame.fields.get("to")
        # Once for each socket, and only for an existing page: a page can send anything, and often.
        if connection.idle or not isinstance(to, str) or to not in self._pages:
            return
        connection.idle = True
        for observer in self._observers:
            observer.displays_moved(page, to, 1, MovedBy.IDLE)
        name = f', display "{connection.display.name}"' if connection.display.name else ""
        self._lines.info("idle: %s leads to %s%s", page, to, name)

    def _take_shown(self, connection: Connection, frame: Frame) -> None:
        """Hand on that a page is on the screen, and how long that took."""
        try:
            cursor, ms = wire.read_shown(frame.fields)
        except ValueError as error:
            raise RuleBrokenError(Close.POLICY, str(error)) from error
        self._on_shown(connection, cursor, ms, frame.at_s)

    def _take_output(self, connection: Connection, frame: Frame) -> None:
        self._on_output(connection, frame.fields)
