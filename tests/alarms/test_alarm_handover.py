"""A reload keeps alarms and calls: nobody is called twice, and nobody is forgotten."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from harness.deadline import DEADLINE_S, wait_until

from gpiobridge.alarms import handover
from gpiobridge.alarms.call import Call, CallError, State
from gpiobridge.alarms.caller import FAILED, Caller
from gpiobridge.alarms.calls import Calls
from gpiobridge.alarms.handover import Left, Waiting
from gpiobridge.config import Alarms
from gpiobridge.displays.alarm import Alarm, Dead

ALARM = Alarm("left", Dead.NOT_SHOWN, 12.5, 1_700_000_012.5, 60.0)
CALL = Call.of(State.RAISED, ALARM)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """What a test leaves must not reach the next one."""
    yield
    handover.take()


def test_what_is_left_is_taken_once() -> None:
    """As it was."""
    waiting = Waiting("post", CALL, 13.0)
    handover.leave([ALARM], [waiting])
    assert handover.take() == Left((ALARM,), (waiting,))
    assert handover.take() == Left()


def test_without_anything_nothing_is_left() -> None:
    """No variable."""
    handover.leave([], [])
    assert "ALARMS_OF_RELOAD" not in os.environ


@pytest.mark.parametrize(
    "told",
    [
        '{"alarms": [{"display": "left", "dead": "missing", "colour": "red"}], "waiting": []}',
        '{"alarms": [{"display": "left", "dead": "asleep"}], "waiting": []}',
        '{"alarms": [], "waiting": [["post", {}]]}',
        '{"alarms": []}', "[]", "",
    ],
)  # fmt: skip
def test_what_another_version_has_left(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A copy that was upgraded before the reload starts all the same."""
    monkeypatch.setenv("ALARMS_OF_RELOAD", f"{os.getpid()} {told}")
    assert handover.take() == Left()


def test_a_program_of_the_process_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has another number."""
    handover.leave([ALARM], [])
    told = os.environ["ALARMS_OF_RELOAD"].partition(" ")[2]
    monkeypatch.setenv("ALARMS_OF_RELOAD", f"{os.getpid() + 1} {told}")
    assert handover.take() == Left()


def test_calls_that_wait_go_on() -> None:
    """The one that is tried first, and since when; to a caller that still is there."""

    def fail(call: Call, stopping: threading.Event) -> None:
        raise CallError("it answered 500")

    before = Calls(Alarms())
    before.callers = (Caller("post", "https://example.org", fail, pauses_s=(3600.0,)),)
    before.start()
    second = replace(CALL, display="right")
    began_s = time.monotonic()
    before.callers[0].put(CALL)
    wait_until(lambda: before.callers[0].counts[FAILED] == 1)
    before.callers[0].put(second, 13.0)
    before.stop()
    first, other = before.waiting
    assert (first.to, first.call) == ("post", CALL)
    assert began_s <= first.since_s <= time.monotonic()
    assert other == Waiting("post", second, 13.0)
    after = Calls(Alarms(post="https://example.org"), before.waiting)
    assert after.waiting == [first, other]
    assert Calls(Alarms(run=("/bin/true",)), before.waiting).waiting == []


def test_a_call_that_was_made_is_not_left(tmp_path: Path) -> None:
    """It isn't made again."""
    calls = Calls(Alarms(run=("/bin/true",)))
    calls.start()
    calls.alarm_raised(ALARM)
    (caller,) = calls.callers
    wait_until(lambda: not caller.left, DEADLINE_S)
    calls.stop()
    assert calls.waiting == []
