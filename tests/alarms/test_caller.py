"""Calls wait, are made in their order, are tried again, and are given up; nobody waits for them."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from harness.answering_server import Answers
from harness.deadline import DEADLINE_S, wait_until

from gpiobridge.alarms import caller as caller_module
from gpiobridge.alarms.call import Call, CallError, State
from gpiobridge.alarms.caller import DONE, FAILED, LOST, MAX_WAITING, Caller
from gpiobridge.alarms.calls import Calls
from gpiobridge.config import Alarms
from gpiobridge.displays.alarm import Alarm, Dead

Make = Callable[[Call, threading.Event], None]
Start = Callable[[Make], Caller]


def call(display: str = "left") -> Call:
    """A call."""
    return Call(State.RAISED, display, "missing", "2026-11-28T09:00:00+00:00", "it is missing")


@pytest.fixture
def start() -> Iterator[Start]:
    """A function that starts a caller, which tries again at once."""
    started: list[Caller] = []

    def start(make: Make) -> Caller:
        caller = Caller("post", "https://example.org", make, pauses_s=(0.0,))
        caller.start()
        started.append(caller)
        return caller

    yield start
    for caller in started:
        caller.stop()
        caller.join(time.monotonic() + DEADLINE_S)


def test_in_their_order_until_each_has_succeeded(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """One that fails twice holds the next one up; one line says so, and one that it is done."""
    caplog.set_level(logging.INFO, "gpiobridge.alarms.caller")
    made: list[str] = []

    def make(call: Call, _stopping: threading.Event) -> None:
        made.append(call.display)
        if made.count("left") < 3:
            raise CallError("it answered 500")

    caller = start(make)
    caller.put(call())
    caller.put(call("right"))
    wait_until(lambda: caller.counts[DONE] == 2)
    assert made == ["left", "left", "left", "right"]
    assert caller.counts == {DONE: 2, FAILED: 2}
    assert [record.getMessage() for record in caplog.records] == [
        "alarm call (left, missing, raised) to https://example.org failed: it answered 500; it "
        "is tried again for a day",
        "alarm call (left, missing, raised) to https://example.org: done",
        "alarm call (right, missing, raised) to https://example.org: done",
    ]


def test_a_call_is_given_up(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After its time; the next one has at least one try."""
    monkeypatch.setattr(caller_module, "TRIED_FOR_S", 0.0)

    def make(call: Call, _stopping: threading.Event) -> None:
        raise CallError("it answered 500")

    caller = start(make)
    caller.put(call())
    caller.put(call("right"))
    wait_until(lambda: caller.counts[LOST] == 2)
    assert caller.counts == {FAILED: 2, LOST: 2}
    assert caplog.records[-1].getMessage() == (
        "alarm call (right, missing, raised) to https://example.org is given up: it was tried "
        "for a day: it answered 500"
    )


def test_a_mistake_of_ours_ends_no_thread(start: Start) -> None:
    """It counts as a failure."""
    tries: list[Call] = []

    def make(call: Call, _stopping: threading.Event) -> None:
        tries.append(call)
        if len(tries) == 1:
            raise ZeroDivisionError

    caller = start(make)
    caller.put(call())
    wait_until(lambda: caller.counts[DONE] == 1)
    assert caller.counts[FAILED] == 1


def test_only_so_many_wait(start: Start) -> None:
    """The oldest are lost; who puts them never waits."""
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make(call: Call, _stopping: threading.Event) -> None:
        begun.set()
        assert go_on.wait(DEADLINE_S)
        made.append(call.display)

    caller = start(make)
    caller.put(call("first"))
    assert begun.wait(DEADLINE_S)
    for number in range(MAX_WAITING + 2):
        caller.put(call(str(number)))
    assert caller.counts[LOST] == 2
    go_on.set()
    wait_until(lambda: len(made) == MAX_WAITING + 1)
    assert made[:2] == ["first", "2"]


def test_a_stop_waits_for_nobody() -> None:
    """Neither for a pause, nor for calls that wait; nor for long, for one that is being made."""
    pausing = Caller("run", "/bin/false", _fail, pauses_s=(3600.0,))
    hung, let_go = threading.Event(), threading.Event()
    hanging = Caller("post", "https://example.org", lambda *_: (hung.set(), let_go.wait(), None)[2])
    calls = Calls(Alarms())
    calls.callers = (pausing, hanging)
    calls.start()
    for caller in calls.callers:
        caller.put(call())
        caller.put(call())
    wait_until(lambda: pausing.counts[FAILED] == 1)
    assert hung.wait(DEADLINE_S)
    began_s = time.monotonic()
    calls.stop()
    assert time.monotonic() - began_s < DEADLINE_S / 2
    let_go.set()
    Calls(Alarms()).stop()  # without anything to call


def _fail(call: Call, stopping: threading.Event) -> None:
    raise CallError("its exit code is 1")


def test_an_alarm_calls_everyone() -> None:
    """At its beginning and at its end."""
    answers = Answers(200, "")
    address = f"http://me:pw@127.0.0.1:{answers.server_port}/hook"
    calls = Calls(Alarms(run=("/bin/true",), post=address))
    calls.start()
    try:
        alarm = Alarm("left", Dead.MISSING, 0.0, 1_700_000_000.0, 60.0)
        calls.alarm_raised(alarm)
        calls.alarm_over(alarm)
        wait_until(lambda: calls.counts == {("run", DONE): 2, ("post", DONE): 2})
    finally:
        calls.stop()
        answers.stop()
    bodies = [body for _, _, body in answers.asked]
    assert ['"state": "raised"' in body for body in bodies] == [True, False]
    assert [caller.called for caller in calls.callers] == [
        "/bin/true",
        f"http://127.0.0.1:{answers.server_port}",
    ]
