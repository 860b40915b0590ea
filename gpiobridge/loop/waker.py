"""Wake a thread that waits in a selector, from any other thread.

A socket pair, as a pipe can't be selected on Windows. `Waker.wake` neither blocks nor raises, so
that a pin's callback may call it. It imports nothing of the project.
"""

import contextlib
import selectors
import socket


class Waker:
    """One sleeper's bell.

    Args:
        selector: where the sleeper waits; the bell is registered there, with the waker as data.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        selector.register(self._ear, selectors.EVENT_READ, self)

    def wake(self) -> None:
        """Wake the sleeper, now or when it next goes to sleep."""
        # Full: it has been rung already. Closed: nobody is left to wake.
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def drain(self) -> None:
        """Forget the rings so far; the sleeper calls it when its selector reports the bell."""
        with contextlib.suppress(OSError):
            self._ear.recv(4096)

    def close(self) -> None:
        """Take the bell away."""
        self._bell.close()
        self._ear.close()
