r"""Levels that have settled and were not told yet, over all pins in the order of settling.

Pure. A level settles one debounce window after its edge, or at the moment that `first_edge` gives
it. The watcher may be held up meanwhile:

    a  ‾‾‾‾\_____________________    a settles first, and is told first,
            '←20 ms→|
    b  ‾‾‾‾‾‾‾‾\______/‾‾‾‾‾‾‾‾‾‾    though two edges prove b before a's level was read
                '5 ms|
       ─────────────────────────▶ the watcher goes on here

So a stall changes no order. And no pin waits for another pin's debounce: what has settled by a
moment is told, even if other pins have not settled yet.
"""

import heapq
from typing import NamedTuple

from gpiobridge.core.events import Level


class Settled(NamedTuple):
    """A level that has settled; these sort in the order in which they are told.

    Args:
        due_s: when it settled, in monotonic seconds.
        at_s: the stamp of its edge: if two settle together, the earlier edge comes first.
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
    """The queue of settled levels."""

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
        """The next level to tell; None if there is none."""
        return self._waiting[0] if self._waiting else None

    def take(self) -> Settled:
        """Remove and return the next level."""
        return heapq.heappop(self._waiting)
