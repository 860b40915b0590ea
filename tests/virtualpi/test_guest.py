"""The way to the guest's shell: what comes back before there is one, and scripts that don't end."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import guest
from .guest import VirtualPi
from .host import BenchError

LINES = 3  # that are sent before the shell starts
ECHOED = f"""\
for number in $(seq {LINES}); do IFS= read -r line && printf '%s\\n' "$line"; done
exec bash 2>&1"""
KEPT = f"""\
for number in $(seq {LINES}); do IFS= read -r line && lines+=("$line"); done
{{ printf '%s\\n' "${{lines[@]}}"; exec cat; }} | bash 2>&1"""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell is asked so often that a boot may be short."""
    monkeypatch.setattr(guest, "_TRY_S", 0.1)


@contextlib.contextmanager
def booting(terminal: str, lost: int = 0) -> Iterator[VirtualPi]:
    """A guest without QEMU: its terminal loses the first characters; bash starts later."""
    near, far = socket.socketpair()
    pi = VirtualPi(Path(), Path(), 0)
    pi._shell = guest._LineSocket(near)
    command = ["bash", "-c", f"head -c {lost} >/dev/null\n{terminal}"]
    with far, subprocess.Popen(command, stdin=far, stdout=far, stderr=far) as bash:
        try:
            yield pi
        finally:
            pi.stop()
            far.shutdown(socket.SHUT_RDWR)
            bash.kill()


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("lost", range(len("echo; echo virtualpi-")))
def test_an_echo_is_not_a_shell(lost: int) -> None:
    """A terminal that echoes any part of what it is sent is not taken for a shell."""
    with booting(ECHOED, lost) as pi:
        pi.wait_shell(20)
        assert pi.sh("echo 'it is there'", 5) == (0, "it is there")


@pytest.mark.usefixtures("often")
def test_a_shell_is_in_step_once_it_has_answered() -> None:
    """It has read all that was sent to it: no earlier line is left that it would answer."""
    with booting(KEPT) as pi:
        pi.wait_shell(20)
        with pytest.raises(BenchError, match="said nothing"):
            pi._shell.readline(0.3)


@pytest.mark.timeout(300, func_only=True)
def test_a_script_that_is_given_up_ends_with_the_next(pi: VirtualPi) -> None:
    """The error ends with the console, and the next script finds a shell that is free."""
    with pytest.raises(BenchError, match=r"Given up after 2 s:\nsleep 200\nThe console:\n"):
        pi.sh("sleep 200", 2)
    assert pi.sh("pgrep -x sleep")[0] == 1
    assert pi.sh_until("echo first; sleep 200", "first")
    assert pi.sh("echo on") == (0, "on")


@pytest.mark.timeout(300, func_only=True)
def test_a_line_that_was_read_in_part_ends_with_the_next(pi: VirtualPi) -> None:
    """An open quote swallows one script, not all that follow."""
    pi._shell.send('echo "half a line')
    with pytest.raises(BenchError, match="Given up"):
        pi.sh("echo lost", 2)
    assert pi.sh("echo on") == (0, "on")
