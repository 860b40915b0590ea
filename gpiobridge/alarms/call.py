"""One call for help: what is said, and why it may fail. Any thread."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from gpiobridge.displays.alarm import Alarm


class State(StrEnum):
    """What a call is about."""

    RAISED = "raised"
    OVER = "over"
    TEST = "test"


class CallError(Exception):
    """A call has failed; the text says why, with nothing secret in it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody outside is told.

    Args:
        state: whether the alarm begins or ends.
        display: the display's name; "test" for a test.
        alarm: why the display is dead; "test" for a test.
        since: since when, as ISO 8601.
        message: all of it, in a sentence for a person.
    """

    state: State
    display: str
    alarm: str
    since: str
    message: str

    @classmethod
    def of(cls, state: State, alarm: Alarm) -> Self:
        """Make the call of an alarm."""
        message = alarm.over_text if state is State.OVER else alarm.raised_text
        return cls(state, alarm.display, alarm.dead, alarm.since, message)

    @classmethod
    def test(cls) -> Self:
        """Make a call that is about nothing."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        message = "this is a test of the alarms of gpiobridge; nothing is wrong"
        return cls(State.TEST, "test", "test", since, message)

    @property
    def facts(self) -> dict[str, str]:
        """Everything by its name: the body that is posted; variables are called after it."""
        return {
            "display": self.display,
            "alarm": self.alarm,
            "state": self.state,
            "since": self.since,
            "message": self.message,
            "host": socket.gethostname(),
        }

    def __str__(self) -> str:
        return f"({self.display}, {self.alarm}, {self.state})"
