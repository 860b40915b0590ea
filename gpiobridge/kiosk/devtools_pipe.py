"""Chromium's debugging pipe: JSON messages on its descriptors 3 and 4, each ended by a NUL.

Only this process and the browser can reach the two ends, and no port is open. This module owns the
bytes and their limits. `tabs` owns their meaning. It never blocks, even if the browser sends too
much or reads nothing. It runs on the caller's thread and imports nothing of this project. The
format is that of Chromium's ``content/browser/devtools/devtools_pipe_handler.cc``.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

MAX_MESSAGE = 1 << 20
"""The longest message, in bytes. A longer one is skipped; ours are a few hundred bytes long."""

MAX_UNSENT = 1 << 16
"""How many bytes the browser may leave unread. Beyond that, the pipe counts as closed."""

FLAG = "--remote-debugging-pipe"

_READ = 1 << 16  # bytes at most in one turn: a flood must leave time for everything else
_END = b"\0"

# The descriptors must be 3 and 4. These may be in use in this process, so a shell moves them there.
# The browser's output goes to its standard error.
_MOVE = 'exec 3<&0 4>&1 </dev/null >&2; exec "$@"'


def start(
    command: Sequence[str], environ: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], "Pipe"]:
    """Start a browser in its own session, with a pipe to it.

    Args:
        command: its command line; a script that starts the browser by ``exec`` works, too.
        environ: its environment.

    Raises:
        OSError: the program does not exist, or no process can be made.
    """
    os.stat(command[0])  # raises if it is missing; the shell would only exit with 127
    browser = subprocess.Popen(
        ["/bin/sh", "-c", _MOVE, "sh", command[0], FLAG, *command[1:]],
        env=environ,
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert browser.stdin is not None
    assert browser.stdout is not None
    return browser, Pipe(browser.stdout.fileno(), browser.stdin.fileno())


class Pipe:
    """Our end of the pipe.

    Args:
        reads: the descriptor to read from; the caller closes it.
        writes: the descriptor to write to; the caller closes it. It must stay open while the
            browser runs: the browser ends when the pipe ends.

    Attributes:
        closed: whether the pipe can no longer be used.
    """

    def __init__(self, reads: int, writes: int) -> None:
        self.closed = False
        self._reads, self._writes = reads, writes
        for end in (reads, writes):
            os.set_blocking(end, False)
        self._received = bytearray()
        self._skipping = False
        self._unsent = bytearray()
        self._calls = 0

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the browser has sent something."""
        return self._reads

    def call(self, method: str, **params: Any) -> int:
        """Send the browser a call, and return the number that its answer will have.

        Args:
            method: the method's name in the Chrome DevTools Protocol.
            params: its parameters.
        """
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": params}
        self._unsent += json.dumps(message).encode() + _END
        self.flush()
        return self._calls

    def flush(self) -> None:
        """Send as much of the unsent bytes as the pipe takes now."""
        try:
            while self._unsent and not self.closed:
                del self._unsent[: os.write(self._writes, self._unsent)]
        except BlockingIOError:
            self.closed = len(self._unsent) > MAX_UNSENT
        except OSError:
            self.closed = True
        if self.closed:
            self._unsent.clear()

    def receive(self) -> list[dict[str, Any]]:
        """Return the complete messages that the browser has sent; none if it has sent nothing."""
        try:
            data = os.read(self._reads, _READ)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        *whole, rest = data.split(_END)
        messages = []
        for end in whole:
            if not self._skipping:
                self._received += end
                messages += _read(self._received)
            self._received.clear()
            self._skipping = False
        if not self._skipping:
            self._received += rest
            if len(self._received) > MAX_MESSAGE:
                self._received.clear()
                self._skipping = True
        return messages


def _read(text: bytearray) -> list[dict[str, Any]]:
    """Read one message; leave out what is not a message."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text)
        if isinstance(message, dict):
            return [message]
    return []
