"""What a clock is: one moment on two clocks, and how long to wait for another moment.

Pure. Code that needs the time is given a clock, or a moment, so a test can set the time. The real
clock is `gpiobridge.system.clock.RealClock`.
"""

from collections.abc import Callable
from typing import Protocol

from gpiobridge.core.events import Now


class Clock(Protocol):
    """Gives the time; any thread.

    Attributes:
        real: True for this machine's own clock, which the kernel's edge stamps follow.
    """

    real: bool

    def now(self) -> Now:
        """Read the time: monotonic and wall time together."""

    def timeout_s(self, due_s: float | None) -> float | None:
        """Return how long to wait for a moment at most.

        Args:
            due_s: the moment, in monotonic seconds; None: nothing is due.

        Returns:
            Seconds; 0 if the moment has passed. None: wait until something else happens.
        """

    def on_jump(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever the time jumps, so that a waiting thread looks again.

        Args:
            wake: called on the thread that sets the time; it must not block or raise.
        """
