"""What a clock is: the moment on two clocks together, and how long to wait for another one.

Pure: who reads the time gets a clock, or a moment, and so a test can make the time. The real clock
is `gpiobridge.system.clock.RealClock`.
"""

from collections.abc import Callable
from typing import Protocol

from gpiobridge.core.events import Now


class Clock(Protocol):
    """Gives the time; any thread.

    Attributes:
        real: whether it is this machine's own clock, which the kernel's stamps of edges follow.
    """

    real: bool

    def now(self) -> Now:
        """Read the time: monotonic and wall time together."""

    def timeout_s(self, due_s: float | None) -> float | None:
        """Say how long to wait for a moment at most.

        Args:
            due_s: the moment, in monotonic seconds; None: nothing is due.

        Returns:
            Seconds, 0 if it is over; None: until something else happens.
        """

    def on_jump(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever the time jumps, so that whoever waits looks again.

        Args:
            wake: must not block or raise; it is called on the thread that sets the time.
        """
