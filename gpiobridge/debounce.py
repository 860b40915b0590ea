r"""Raw edges and time in, settled levels out: one pin's debounce.

Pure: no clock, no pin, no thread. It works on the edges' own time stamps, so that a batch which
arrives late can't erase a press. A level settles when it has held for ``window_s``:

::

    pin    ‾‾‾‾\_/‾\____________________/‾‾‾‾‾‾‾‾‾‾
    edges      F R F                    R
    settled    '   '←window→ LOW at F   '←window→ HIGH at R

    (a) the next stamp is at least a window later: the level between them had settled, and no
        reading is needed, however late both edges arrive;
    (b) no further edge: at the deadline a fresh reading, taken after every queued edge was
        handed in, must agree.

A pulse shorter than the window leaves no trace:

::

    pin    ‾‾‾‾\_/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    settled            (nothing)

A reading that disagrees with the last known level means an edge is on its way, or lost. Only a
second one, at least `DOUBT_S` later, makes an edge of it, counted as ``missed``; stamps older
than that are then dropped and counted as ``late``.
"""

from gpiobridge.events import Level

# Long enough for any edge still in a queue to arrive; short enough that a lost edge is mended
# before a person presses again. The watcher's level check comes every 250 ms.
DOUBT_S = 0.2


class Debounce:
    """The debounce of one pin.

    Args:
        level: the first reading; it sets the state and is never an edge.
        at_s: monotonic seconds just before that reading.
        window_s: how long a level must hold to settle, in seconds; 0 settles every edge.
    """

    def __init__(self, level: Level, at_s: float, window_s: float) -> None:
        self.settled = level
        self.missed = 0
        self.late = 0
        self._window_s = window_s
        self._raw = level
        self._raw_since_s = at_s
        self._not_before_s = at_s
        self._doubted_at_s: float | None = None

    @property
    def deadline_s(self) -> float | None:
        """When a reading is wanted, in monotonic seconds; None while nothing is pending."""
        if self._doubted_at_s is not None:
            return self._doubted_at_s + DOUBT_S
        if self._raw is not self.settled:
            return self._raw_since_s + self._window_s
        return None

    def edge(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        """Take one raw edge.

        Args:
            level: the level after the edge.
            at_s: the edge's own stamp, in monotonic seconds.

        Returns:
            What settled by it, oldest first: pairs of level and the stamp of its edge.
        """
        if at_s < self._not_before_s:
            self.late += 1
            return []
        if level is self._raw:
            self.missed += 1
            return []
        return self._turn(level, at_s)

    def reading(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        """Take a fresh reading, made after every queued edge was handed in.

        Args:
            level: what the pin reads.
            at_s: monotonic seconds just before the reading.

        Returns:
            What settled by it, as in `edge`.
        """
        if level is self._raw:
            self._doubted_at_s = None
            return self._settle_raw(at_s)
        if self._doubted_at_s is None:
            self._doubted_at_s = at_s
            return []
        if at_s < self._doubted_at_s + DOUBT_S:  # as in deadline_s: floats round
            return []
        self.missed += 1
        self._not_before_s = at_s
        if self._raw is self.settled:
            # It was seen to hold since the first of the two: by rule (b) that may settle it.
            return self._turn(level, self._doubted_at_s) + self._settle_raw(at_s)
        # The pending level is gone again, nobody knows since when: it was not seen to hold.
        self._raw = self.settled
        self._doubted_at_s = None
        return []

    def _turn(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        changes = self._settle_raw(at_s)
        self._raw = level
        self._raw_since_s = max(at_s, self._raw_since_s)
        self._doubted_at_s = None
        if self._window_s == 0:
            changes += self._settle_raw(self._raw_since_s)
        return changes

    def _settle_raw(self, until_s: float) -> list[tuple[Level, float]]:
        """Settle the raw level if it held for the window until ``until_s``."""
        if self._raw is self.settled or until_s < self._raw_since_s + self._window_s:
            return []
        self.settled = self._raw
        return [(self._raw, self._raw_since_s)]
