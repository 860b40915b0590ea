"""Wake a thread that waits in a selector, from any other thread.

It uses a socket pair because Windows can't select a pipe. `Waker.wake` neither blocks nor raises,
so a pin's callback may call it. It imports nothing from the project.
"""

import contextlib
import selectors
import socket


class Waker:
    """One sleeper's bell.

    Args:
        selector: where the sleeper waits; the bell is registered there, with the waker as its data.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        selector.register(self._ear, selectors.EVENT_READ, self)

    def wake(self) -> None:
        """Wake the sleeper, now or as soon as it next waits."""
        # Full: the bell has already rung. Closed: there is no sleeper left to wake.
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    def drain(self) -> None:
        """Forget past rings; the sleeper calls it after its selector has reported the bell."""
        with contextlib.suppress(OSError):
            self._ear.recv(4096)

    def close(self) -> None:
        """Remove the bell."""
        self._bell.close()
        self._ear.close()
