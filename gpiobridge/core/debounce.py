r"""Raw edges and time in, settled levels out: one pin's debounce.

Pure: no clock, no pin, no thread. It works on the edges' own time stamps, so that a batch which
arrives late can't erase a press. A level settles when it has held for ``window_s``:

::

    pin    ‾‾‾‾\_/‾\_________________/‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    edges      F R F                 R
    settled        '←window→ LOW     '←window→ HIGH    (stamped at the ')

    (a) the next stamp is at least a window later: the level between them had settled, and no
        reading is needed, however late both edges arrive;
    (b) no further edge: at the deadline a fresh reading, taken after every queued edge was
        handed in, must agree.

A pulse shorter than the window leaves no trace:

::

    pin    ‾‾‾‾\_/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    settled            (nothing)

A reading that disagrees means an edge is on its way, or lost. If a second one, at least `DOUBT_S`
later, says the same, that edge counts as ``missed``, and the level settles without it (if it was
read for a window, too):

::

    pin        ‾‾‾‾‾\_________________
    readings     H     L         L                     (no edge arrives)
    settled            '←DOUBT_S→ LOW

Readings can so be ahead of the edges. Edges that arrive after all are replayed by rule (a), and
what they settle is matched, one by one, with what was told: no pulse is lost, none told twice:

::

    pin        ‾‾‾‾‾\___/‾‾‾\_________________
    readings     H     L         L                     LOW is told, stamped at the first L
    late edges      F   R   F                          F to R was that LOW: not told again,
    settled            ''   '                          but HIGH at R, and LOW at the second F

What no rule can tell: a reading agrees, but the pin had been away and back in between, its edges
not yet there. If it then leaves again within the window, the level was told, though it never held.
"""

from collections import deque
from math import inf

from gpiobridge.core.events import Level

# Long enough for any edge still in a queue to arrive; short enough that a lost edge is mended
# before a person presses again. The watcher's level check comes every 250 ms.
DOUBT_S = 0.2

# So many levels told by readings are remembered for a back end that delivers nothing at all.
_MAX_AHEAD = 64


class Debounce:
    """The debounce of one pin.

    Args:
        level: the first reading; it sets the state and is never an edge.
        at_s: monotonic seconds just before that reading.
        window_s: how long a level must hold to settle, in seconds; 0 settles every edge.

    Attributes:
        settled: the level that settled last.
        missed: how many edges had not been delivered when they were found.
        late: how many stamps were dropped, as older than the first reading.
    """

    def __init__(self, level: Level, at_s: float, window_s: float) -> None:
        self.settled = level
        self.missed = 0
        self.late = 0
        self._window_s = window_s
        self._guess_s = max(window_s, DOUBT_S)  # how long readings alone must agree
        self._first_s = at_s
        self._settled_s = at_s
        # What the edges tell: the level after the newest. And when readings settled a level that
        # the edges have yet to settle.
        self._raw, self._raw_s = level, at_s
        self._ahead: deque[float] = deque(maxlen=_MAX_AHEAD)
        # What the pin is now, since when, when that settles, and when it was last otherwise.
        self._seen, self._seen_s, self._due_s, self._other_s = level, at_s, at_s, at_s
        self._read_s = at_s
        # The level by the newest edge, or by two readings: then, when the second was made.
        self._known, self._found_s = level, inf

    @property
    def deadline_s(self) -> float | None:
        """When a reading is wanted, in monotonic seconds; None while nothing is pending."""
        return None if self._seen is self.settled else self._due_s

    def edge(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        """Take one raw edge.

        Args:
            level: the level after the edge.
            at_s: the edge's own stamp, in monotonic seconds.

        Returns:
            What settled by it, oldest first: pairs of level and the stamp of its edge.
        """
        if at_s < self._first_s:
            self.late += 1
            return []
        at_s = max(at_s, self._raw_s)
        lost = at_s >= self._found_s or (level is self._raw and self._seen is not self._raw)
        if lost and at_s >= self._seen_s:  # edges come in order: what was read won't come now
            self.missed += self._known is not self._seen
            self._raw, self._raw_s = self._seen, self._seen_s
            self._known, self._found_s = self._seen, inf
        if level is self._raw:
            self.missed += 1
            return []
        while self._ahead and self._ahead[0] < at_s:
            self._ahead.popleft()  # the edges before it have all come
        changes = self._prove(at_s)
        self._raw, self._raw_s = level, at_s
        self._known, self._found_s = level, inf
        if self._window_s == 0:
            changes += self._prove(at_s)
        if at_s < self._read_s and level is not self._seen:
            # The reading is newer: one more edge is on its way, or lost.
            self._see(self._seen, self._read_s, self._guess_s)
        elif at_s >= self._other_s:  # else a newer reading has outdated it
            self._see(level, at_s, self._window_s)
        return changes

    def reading(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        """Take a fresh reading, made after every queued edge was handed in.

        Args:
            level: what the pin reads.
            at_s: monotonic seconds just before the reading.

        Returns:
            What settled by it, as in `edge`.
        """
        if level is not self._seen:
            self._other_s = self._read_s
            self._see(level, at_s, self._guess_s)
        self._read_s = at_s
        if self._known is not level and at_s >= self._seen_s + DOUBT_S:
            self.missed += 1
            self._known, self._found_s = level, at_s
        if level is self.settled or at_s < self._due_s:
            return []
        self._ahead.append(at_s)
        return self._settle(level, self._seen_s)

    def _see(self, level: Level, since_s: float, hold_s: float) -> None:
        self._seen, self._seen_s, self._due_s = level, since_s, since_s + hold_s

    def _prove(self, until_s: float) -> list[tuple[Level, float]]:
        """Settle the raw level if it held for the window until ``until_s``: rule (a)."""
        # Settled levels alternate: by the edges alone it is so many of them back.
        proven = self.settled.other if len(self._ahead) % 2 else self.settled
        if self._raw is proven or until_s < self._raw_s + self._window_s:
            return []
        if self._ahead:
            self._ahead.popleft()  # it was told already
            return []
        return self._settle(self._raw, self._raw_s)

    def _settle(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        self.settled, self._settled_s = level, max(at_s, self._settled_s)
        return [(level, self._settled_s)]
