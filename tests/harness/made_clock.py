"""A clock that a test sets: time stands until then, and whoever waits for a moment is woken."""

from collections.abc import Callable

from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Now

START_S = 1000.0
UNIX_S = 1_700_000_000.0  # wall time less monotonic time


class MadeClock(Clock):
    """Time by hand; any thread.

    Attributes:
        now_s: this moment, in monotonic seconds.
        unix_s: wall time less monotonic time; a test that changes it lets the wall clock jump.
    """

    real = False

    def __init__(self, now_s: float = START_S) -> None:
        self.now_s = now_s
        self.unix_s = UNIX_S
        self._wakes: list[Callable[[], None]] = []

    def now(self) -> Now:
        """The moment that was set last."""
        return Now(self.now_s, self.unix_s + self.now_s)

    def timeout_s(self, due_s: float | None) -> float | None:
        """None for what isn't over yet: the time comes only when it is set."""
        return 0.0 if due_s is not None and due_s <= self.now_s else None

    def on_jump(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever the time is set."""
        self._wakes.append(wake)

    def forward(self, duration_s: float) -> None:
        """Set the time forward by so many seconds."""
        self.now_s += duration_s
        for wake in self._wakes:
            wake()
