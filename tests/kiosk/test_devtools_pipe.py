"""Chromium's debugging pipe: messages, their bounds, and the browser's descriptors."""

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpiobridge.kiosk import devtools_pipe
from gpiobridge.kiosk.devtools_pipe import MAX_MESSAGE, MAX_UNSENT, Pipe


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, int, int]]:
    """A pipe, and the browser's ends of it: to write to, and to read from."""
    theirs_out, ours_out = os.pipe()
    ours_in, theirs_in = os.pipe()
    left = {theirs_out, ours_out, ours_in, theirs_in}
    yield Pipe(ours_in, ours_out), theirs_in, theirs_out
    for end in left:
        try:
            os.close(end)
        except OSError:
            continue


def test_messages_in_pieces(ends: tuple[Pipe, int, int]) -> None:
    """A message counts when its end is there, and several may come at once (row 2)."""
    pipe, say, _ = ends
    assert pipe.receive() == []
    os.write(say, b'{"id": 1}\0{"i')
    assert pipe.receive() == [{"id": 1}]
    os.write(say, b'd": 2}')
    assert pipe.receive() == []
    os.write(say, b'\0nonsense\0[]\0{"id": 3}\0')
    assert pipe.receive() == [{"id": 2}, {"id": 3}]


def test_an_endless_message_is_skipped(ends: tuple[Pipe, int, int]) -> None:
    """A message without an end takes no memory, and what comes after it counts (row 2)."""
    pipe, say, _ = ends
    for _ in range(2 * MAX_MESSAGE // 50_000):
        os.write(say, b"x" * 50_000)
        assert pipe.receive() == []
        assert len(pipe._received) <= MAX_MESSAGE
    os.write(say, b'\0{"id": 1}\0')
    assert pipe.receive() == [{"id": 1}]
    assert not pipe.closed


def test_a_browser_that_reads_nothing(ends: tuple[Pipe, int, int]) -> None:
    """The launcher never waits for it: after a while the pipe counts as closed (row 2)."""
    pipe, _, _ = ends
    for _ in range(100):
        pipe.call("x", text="y" * MAX_UNSENT)
    assert pipe.closed


def test_a_browser_that_has_ended(ends: tuple[Pipe, int, int]) -> None:
    """The end of the pipe is no error (row 2)."""
    pipe, say, hear = ends
    os.close(say)
    assert pipe.receive() == []
    assert pipe.closed
    os.close(hear)
    pipe.call("x")


def test_the_browsers_descriptors(tmp_path: Path) -> None:
    """A browser, or a script in front of it, has the pipe at 3 and 4, and nothing more (row 2)."""
    program = tmp_path / "browser"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "print('to the log')\n"
        "heard = os.read(3, 4096)\n"
        'os.write(4, b\'{"heard": \' + heard[:-1] + b\', "argv": "\' + sys.argv[1].encode() + '
        'b\'", "fds": "\' + " ".join(sorted(os.listdir("/proc/self/fd"))).encode() + b\'"}\\0\')\n'
        "sys.exit(os.read(0, 1) != b'')\n"
    )
    program.chmod(0o755)
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
    wrapper.chmod(0o755)
    browser, pipe = devtools_pipe.start([str(wrapper), "--kiosk"], dict(os.environ))
    with browser:
        pipe.call("Browser.getVersion")
        assert select.select([pipe], [], [], 20)[0]
        [message] = pipe.receive()
    assert message["heard"] == {"id": 1, "method": "Browser.getVersion", "params": {}}
    assert message["argv"] == devtools_pipe.FLAG
    assert message["fds"].split()[:5] == ["0", "1", "2", "3", "4"]
    assert len(message["fds"].split()) <= 6  # and the folder that is being listed
    assert browser.returncode == 0


def test_a_missing_browser_is_said() -> None:
    """What can't be started is an error, and not a shell's exit code (row 2)."""
    with pytest.raises(FileNotFoundError):
        devtools_pipe.start(["/nowhere/chromium"], {})
