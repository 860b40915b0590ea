"""The real clock: this machine's monotonic time and wall time. Any thread."""

import time
from collections.abc import Callable

from gpiobridge.core.events import Now


class RealClock:
    """This machine's own clock; see `gpiobridge.core.clock.Clock`."""

    real = True

    def now(self) -> Now:
        """Read the time: monotonic and wall time together."""
        return Now(time.monotonic(), time.time())

    def timeout_s(self, due_s: float | None) -> float | None:
        """Return how long to wait at most, in seconds; None if nothing is due."""
        return None if due_s is None else max(0.0, due_s - time.monotonic())

    def on_jump(self, wake: Callable[[], None]) -> None:
        """Nothing to do: monotonic time never jumps."""
