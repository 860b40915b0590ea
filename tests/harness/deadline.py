"""How long a test waits, and waiting for what can only be asked."""

import threading
import time
from collections.abc import Callable

DEADLINE_S = 20.0  # a test whose event comes at last has not failed, however busy the machine is


def wait_until(condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Poll a condition that can't be waited for otherwise, such as another process's state."""
    until_s = time.monotonic() + deadline_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < until_s, "the condition did not come true"
        pause.wait(0.01)
