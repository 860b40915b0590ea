r"""Levels that have settled and were not told yet, over all pins in the order of settling.

Pure. A level settles one debounce window after its edge, and the watcher may be held up meanwhile:

::

    a  ‾‾‾‾\_____________________    a settles first, and is told first,
            '←20 ms→|
    b  ‾‾‾‾‾‾‾‾\______/‾‾‾‾‾‾‾‾‾‾    though two edges prove b before a's level was read
                '5 ms|
       ─────────────────────────▶ the watcher goes on here

So a stall changes no order. And no pin waits for another one's debounce: what has settled by a
moment is told, whatever is still open then.
"""

import heapq
from typing import NamedTuple

from gpiobridge.core.events import Level


class Settled(NamedTuple):
    """A level that has settled; they sort in the order in which they are told.

    Args:
        due_s: when it settled, in monotonic seconds.
        at_s: the stamp of its edge: of those that settle together the earlier one is first.
        number: the order in which they were handed in.
        pin: the pin's name.
        level: the level.
    """

    due_s: float
    at_s: float
    number: int
    pin: str
    level: Level


class SettledLevels:
    """The queue of them."""

    def __init__(self) -> None:
        self._waiting: list[Settled] = []
        self._number = 0

    def put(self, pin: str, level: Level, at_s: float, due_s: float) -> None:
        """Add a level.

        Args:
            pin: the pin's name.
            level: the level.
            at_s: the stamp of its edge, in monotonic seconds.
            due_s: when it settled.
        """
        self._number += 1
        heapq.heappush(self._waiting, Settled(due_s, at_s, self._number, pin, level))

    @property
    def next(self) -> Settled | None:
        """The next one to tell; None if there is none."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> Settled:
        """Take the next one out."""
        return heapq.heappop(self._waiting)
