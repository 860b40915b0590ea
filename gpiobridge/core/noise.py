"""Does a pin oscillate? No finger makes more than 1,000 events a second.

The cause is a loose wire without a pull, or a signal that is no switch, with a debounce of 0 ms.
Its events still decide where pages go. But sending each of them to every display would hold up all
other pins: with 50 displays, 5,000 events a second delayed another pin's press by seconds.

Pure, and in event time, so a late batch of edges is no noise.
"""

from collections import deque

MAX_EVENTS_A_SECOND = 1000
"""A pin with more events than this within a second is noisy."""


class Noise:
    """The rate of one pin's events."""

    def __init__(self) -> None:
        self._newest_s: deque[float] = deque(maxlen=MAX_EVENTS_A_SECOND + 1)

    def take(self, at_s: float) -> None:
        """Take an event, by its time in monotonic seconds."""
        self._newest_s.append(at_s)

    def at(self, at_s: float) -> bool:
        """Whether there were too many events in the second before ``at_s``."""
        newest_s = self._newest_s
        return len(newest_s) == newest_s.maxlen and at_s - newest_s[0] <= 1.0
