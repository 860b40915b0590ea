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
from dataclasses import dataclass
from math import inf

from gpiobridge.core.events import Level

# Long enough for any edge still in a queue to arrive; short enough that a lost edge is mended
# before a person presses again. The watcher's level check comes every 250 ms.
DOUBT_S = 0.2

# So many levels told by readings are remembered for a back end that delivers nothing at all.
_MAX_AHEAD = 64


@dataclass(slots=True)
class _Edges:
    """What the edges tell.

    Args:
        level: the level after the newest one.
        at_s: its stamp, in monotonic seconds, as all of these.
        known: the level by the newest edge, or by two readings.
        found_s: when the second of these was made.
    """

    level: Level
    at_s: float
    known: Level
    found_s: float = inf

    def take(self, level: Level, at_s: float) -> None:
        """Take the newest edge, or what two readings have told of it."""
        self.level, self.at_s = level, at_s
        self.known, self.found_s = level, inf


@dataclass(slots=True)
class _Seen:
    """What the pin is now, by its edges and its readings: a level whose window is open, or over.

    Args:
        level: the level.
        since_s: since when it has it.
        due_s: when it settles.
        read_s: when the newest reading was made.
        other_s: when it last read otherwise.
    """

    level: Level
    since_s: float
    due_s: float
    read_s: float
    other_s: float

    def see(self, level: Level, since_s: float, hold_s: float) -> None:
        """Open a window, in which the level must hold for so many seconds."""
        self.level, self.since_s, self.due_s = level, since_s, since_s + hold_s


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
        self._edges = _Edges(level, at_s, known=level)
        self._seen = _Seen(level, since_s=at_s, due_s=at_s, read_s=at_s, other_s=at_s)
        # When readings settled a level that the edges have yet to settle.
        self._ahead: deque[float] = deque(maxlen=_MAX_AHEAD)

    @property
    def deadline_s(self) -> float | None:
        """When a reading is wanted, in monotonic seconds; None while nothing is pending."""
        return None if self._seen.level is self.settled else self._seen.due_s

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
        edges, seen = self._edges, self._seen
        at_s = max(at_s, edges.at_s)
        lost = at_s >= edges.found_s or (level is edges.level and seen.level is not level)
        if lost and at_s >= seen.since_s:  # edges come in order: what was read won't come now
            self.missed += edges.known is not seen.level
            edges.take(seen.level, seen.since_s)
        if level is edges.level:
            self.missed += 1
            return []
        while self._ahead and self._ahead[0] < at_s:
            self._ahead.popleft()  # the edges before it have all come
        changes = self._prove(at_s)
        edges.take(level, at_s)
        if self._window_s == 0:
            changes += self._prove(at_s)
        if at_s < seen.read_s and level is not seen.level:
            # The reading is newer: one more edge is on its way, or lost.
            seen.see(seen.level, seen.read_s, self._guess_s)
        elif at_s >= seen.other_s:  # else a newer reading has outdated it
            seen.see(level, at_s, self._window_s)
        return changes

    def reading(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        """Take a fresh reading, made after every queued edge was handed in.

        Args:
            level: what the pin reads.
            at_s: monotonic seconds just before the reading.

        Returns:
            What settled by it, as in `edge`.
        """
        seen = self._seen
        if level is not seen.level:
            seen.other_s = seen.read_s
            seen.see(level, at_s, self._guess_s)
        seen.read_s = at_s
        if self._edges.known is not level and at_s >= seen.since_s + DOUBT_S:
            self.missed += 1
            self._edges.known, self._edges.found_s = level, at_s
        if level is self.settled or at_s < seen.due_s:
            return []
        self._ahead.append(at_s)
        return self._settle(level, seen.since_s)

    def _prove(self, until_s: float) -> list[tuple[Level, float]]:
        """Settle the edges' level if it held for the window until ``until_s``: rule (a)."""
        # Settled levels alternate: by the edges alone it is so many of them back.
        proven = self.settled.other if len(self._ahead) % 2 else self.settled
        level, at_s = self._edges.level, self._edges.at_s
        if level is proven or until_s < at_s + self._window_s:
            return []
        if self._ahead:
            self._ahead.popleft()  # it was told already
            return []
        return self._settle(level, at_s)

    def _settle(self, level: Level, at_s: float) -> list[tuple[Level, float]]:
        self.settled, self._settled_s = level, max(at_s, self._settled_s)
        return [(level, self._settled_s)]
