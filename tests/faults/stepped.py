"""Run gpiobridge with a wall clock that can be set from outside.

``time.time`` is replaced before gpiobridge is imported; the offset is a double in a file that
is mapped into this process (and the worker that it forks). ``datetime.now`` and the kernel's
own time stamps keep the true clock: nothing in the bridge may depend on either.

Usage: ``STEPPED_CLOCK=FILE python stepped.py run --port 8000 --config config.toml``.
"""

import mmap
import os
import struct
import time
from pathlib import Path

VARIABLE = "STEPPED_CLOCK"
_FORMAT = "d"


class SteppedClock:
    """The file with the offset, as the one who sets the clock sees it.

    Args:
        path: of the file; it is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset_s = 0.0
        self.step(0.0)

    def step(self, by_s: float) -> None:
        """Set the clock forward, or back."""
        self.offset_s += by_s
        # In place: the file is mapped.
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack(_FORMAT, self.offset_s))


def install(path: Path) -> None:
    """Let this process's ``time.time`` follow the file."""
    true_time = time.time
    with path.open("rb") as file:
        offset = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    time.time = lambda: true_time() + struct.unpack_from(_FORMAT, offset)[0]


if __name__ == "__main__":
    install(Path(os.environ[VARIABLE]))
    from gpiobridge.cli import main

    main()
