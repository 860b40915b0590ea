"""Run gpiobridge with a wall clock that can be set from outside, and a watcher that can be held up.

``time.time`` is replaced before gpiobridge is imported; the offset is a double in a file that
is mapped into this process. ``datetime.now`` and the kernel's
own time stamps keep the true clock: nothing in the bridge may depend on either.

A second double is a moment of the monotonic clock: until then the watcher's thread comes back
from no wait, as if a disk or another thread had held it up; HTTP goes on.

Usage: ``STEPPED_CLOCK=FILE python stepped.py run --port 8000 --config config.toml``. With
``BROKEN=NAME`` one thing in it is broken, see `breakages`.
"""

import mmap
import os
import selectors
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "STEPPED_CLOCK"
BROKEN = "BROKEN"
_FORMAT = "dd"
_WATCHER = "gpiobridge-watcher"
_PAUSE_S = 0.002


class SteppedClock:
    """The file with the offset, as the one who sets the clock sees it.

    Args:
        path: of the file; it is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset_s = 0.0
        self._held_until_s = 0.0
        self._write()

    def step(self, by_s: float) -> None:
        """Set the clock forward, or back."""
        self.offset_s += by_s
        self._write()

    def hold_up(self, for_s: float) -> None:
        """Hold the watcher's thread up from now on."""
        self._held_until_s = time.monotonic() + for_s
        self._write()

    def _write(self) -> None:
        # In place: the file is mapped.
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack(_FORMAT, self.offset_s, self._held_until_s))


def install(path: Path) -> None:
    """Let this process's ``time.time`` and its watcher's thread follow the file."""
    true_time = time.time
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def read() -> tuple[float, float]:
        offset_s, held_until_s = struct.unpack_from(_FORMAT, mapped)
        return offset_s, held_until_s

    time.time = lambda: true_time() + read()[0]
    select: Callable[..., Any] = selectors.DefaultSelector.select

    def held_up(self: selectors.DefaultSelector, timeout: float | None = None) -> Any:
        ready = select(self, timeout)
        if threading.current_thread().name == _WATCHER:
            while time.monotonic() < read()[1]:
                time.sleep(_PAUSE_S)
        return ready

    selectors.DefaultSelector.select = held_up  # type: ignore[method-assign]


if __name__ == "__main__":
    install(Path(os.environ[VARIABLE]))
    if broken := os.environ.get(BROKEN):
        sys.path.insert(0, str(Path(__file__).parents[1]))
        from faults.breakages import BREAKAGES

        BREAKAGES[broken]()
    from gpiobridge.cli import main

    main()
