"""Processes of a browser: started as a group of their own, and ended as one."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from harness.deadline import wait_until

END_S = 5.0


class ProcessGroup:
    """A command that runs, and whatever it starts.

    Args:
        command: program and arguments.
        environ: all of its environment.
        log: the file for what it says.
    """

    def __init__(self, command: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """Whether the command itself still runs."""
        return self._process.poll() is None

    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        """End all of the group: by request, and those that don't follow it by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            # Its leader isn't waited for until the end, so that nobody else gets its number.
            if not self.members():
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not self.members(), END_S)
        self._process.wait(END_S)

    def members(self) -> list[int]:
        """Return the process ids of the group that still run."""
        members = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # proc(5): the name, in brackets, may hold anything; the state, the parent and
                # the group follow it.
                state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self._process.pid and state not in "ZX":
                    members.append(int(stat.parent.name))
        return members


class Screen:
    """An X server without a screen, on the first display that is free.

    Args:
        environ: all of its environment.
        folder: for what it says.
    """

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        number = folder / "display"
        number.touch()
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
        self._group = ProcessGroup(command, environ, number)
        try:
            wait_until(lambda: number.read_text().endswith("\n"))
        except AssertionError:
            self._group.end()
            raise AssertionError(f"Xvfb did not start: {number.read_text()!r}") from None
        self.display = f":{number.read_text().split()[-1]}"

    def end(self) -> None:
        """End the X server."""
        self._group.end()
