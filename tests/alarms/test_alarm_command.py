"""A program of the owner's is run: what it gets, how long it may take, and what is said of it."""

import os
import sys
import threading
from pathlib import Path

import pytest
from harness.deadline import DEADLINE_S, wait_until

from gpiobridge.alarms import command
from gpiobridge.alarms.call import Call, CallError, State

CALL = Call(State.RAISED, "left", "missing", "2026-11-28T09:00:00+00:00", "left is missing")
NEVER = threading.Event()


def test_what_it_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts as variables, the message as its input; none of the bridge's own variables."""
    monkeypatch.setenv("GPIOBRIDGE_SERVER__TOKEN", "0123456789abcdef")
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/x")
    monkeypatch.setenv("OF_THE_OWNER", "x")
    told = tmp_path / "told"
    command.run(["/bin/sh", "-c", f"env >{told}; cat >>{told}"], CALL, NEVER)
    lines = told.read_text().splitlines()
    assert lines[-1] == "left is missing"
    ours = {line for line in lines if line.startswith("GPIOBRIDGE_")}
    assert ours == {
        "GPIOBRIDGE_ALARM_DISPLAY=left",
        "GPIOBRIDGE_ALARM_ALARM=missing",
        "GPIOBRIDGE_ALARM_STATE=raised",
        "GPIOBRIDGE_ALARM_SINCE=2026-11-28T09:00:00+00:00",
        "GPIOBRIDGE_ALARM_MESSAGE=left is missing",
        f"GPIOBRIDGE_ALARM_HOST={os.uname().nodename}",
    }
    assert "OF_THE_OWNER=x" in lines
    assert not [line for line in lines if line.startswith(("LISTEN_", "NOTIFY_"))]


def test_it_need_not_read(tmp_path: Path) -> None:
    """A program that closes its input, or ends at once, has done its work."""
    command.run(["/bin/true"], CALL, NEVER)
    command.run(["/bin/sh", "-c", "exec <&-; sleep 0.05"], CALL, NEVER)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["/bin/sh", "-c", "exit 7"], "its exit code is 7"),
        (["/bin/sh", "-c", "kill -9 $$"], "it was ended by SIGKILL"),
        (["/bin/sh", "-c", "kill -40 $$"], "it was ended by signal 40"),
        (["/nosuch/mail"], "it can't be started: No such file or directory"),
        (["/etc/passwd"], "it can't be started: Permission denied"),
    ],
)
def test_how_it_fails(words: list[str], why: str) -> None:
    """A short reason, for the log."""
    with pytest.raises(CallError, match=why):
        command.run(words, CALL, NEVER)


def test_it_is_killed_with_all_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time."""
    monkeypatch.setattr(command, "LIMIT_S", 0.5)
    child = tmp_path / "child"
    with pytest.raises(CallError, match=r"it has taken more than 0\.5 s"):
        command.run(["/bin/sh", "-c", f"sleep 1000 & echo $! >{child}; wait"], CALL, NEVER)
    number = int(child.read_text())

    def is_gone() -> bool:
        try:
            return " Z " in Path(f"/proc/{number}/stat").read_text()
        except OSError:
            return True

    wait_until(is_gone)


def test_a_stop_ends_it() -> None:
    """At once, whatever time it has."""
    stopping, said = threading.Event(), []

    def run() -> None:
        with pytest.raises(CallError) as caught:
            command.run([sys.executable, "-c", "import time; time.sleep(1000)"], CALL, stopping)
        said.append(str(caught.value))

    thread = threading.Thread(target=run)
    thread.start()
    stopping.set()
    thread.join(DEADLINE_S)
    assert said == ["the bridge stops"]
