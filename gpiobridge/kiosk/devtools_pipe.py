"""Chromium's debugging pipe: JSON messages, each ended by a NUL, at its descriptors 3 and 4.

The two ends are this process's and the browser's; nothing else can reach them, and no port is
open. Owns bytes and their bounds, not their meaning: `tabs` has that. Never blocks, whatever the
browser sends or leaves unread. One thread, the caller's. Imports nothing of ours. The format is
that of Chromium's ``content/browser/devtools/devtools_pipe_handler.cc``.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

MAX_MESSAGE = 1 << 20
"""A longer message is skipped, in bytes: what we ask for is a few hundred long."""

MAX_UNSENT = 1 << 16
"""A browser that leaves so much unread, in bytes, reads no more: the pipe counts as closed."""

FLAG = "--remote-debugging-pipe"

_READ = 1 << 16  # at most so much in one turn, so that a flood leaves time for everything else
_END = b"\0"

# The descriptors have to be 3 and 4, which may be taken in this process; a shell moves them there.
# What the browser prints goes where its errors go.
_MOVE = 'exec 3<&0 4>&1 </dev/null >&2; exec "$@"'


def start(
    command: Sequence[str], environ: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], "Pipe"]:
    """Start a browser with a pipe to it, in a session of its own.

    Args:
        command: its command line; a script that starts the browser by ``exec`` will do.
        environ: its environment.

    Raises:
        OSError: there is no such program, or no process can be made.
    """
    os.stat(command[0])  # the shell would only end with 127
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
        reads: the descriptor to read from; whoever has opened it closes it.
        writes: the one to write to, likewise. It has to stay open while the browser runs, which
            takes the pipe's end for an order to end.

    Attributes:
        closed: whether it is of no more use.
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
        """The descriptor that gets readable when the browser has said something."""
        return self._reads

    def call(self, method: str, **params: Any) -> int:
        """Ask the browser for something; return the number that its answer will have.

        Args:
            method: as the Chrome DevTools Protocol names it.
            params: its parameters.
        """
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": params}
        self._unsent += json.dumps(message).encode() + _END
        self.flush()
        return self._calls

    def flush(self) -> None:
        """Send what the browser had no room for, as far as it has now."""
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
        """Take what the browser has said, as far as it is whole; none if it has said nothing."""
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
    """Read one message; what is none is left out."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text)
        if isinstance(message, dict):
            return [message]
    return []
