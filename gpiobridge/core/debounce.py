r"""Raw edges and time in, settled levels out: one pin's debounce.

Pure: no clock, no pin, no thread. It works on the edges' own time stamps, so a batch of edges that
arrives late can't erase a press. A level settles when it has held for ``window_s``:

    pin    ‾‾‾‾\_/‾\_________________/‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    edges      F R F                 R
    settled        '←window→ LOW     '←window→ HIGH    (stamped at the ')

    (a) the next stamp is at least a window later: the level between them had settled. No
        reading is needed, even if both edges arrive late;
    (b) no further edge comes: at the deadline a fresh reading, taken after every queued edge
        was handed in, must agree.

A pulse shorter than the window leaves no trace:

    pin    ‾‾‾‾\_/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    settled            (nothing)

A reading that disagrees means that an edge is on its way, or lost. If a second reading, at least
`DOUBT_S` later, says the same, that edge counts as ``missed``. The level then settles without it
(if the readings also agreed for a whole window):

    pin        ‾‾‾‾‾\_________________
    readings     H     L         L                     (no edge arrives)
    settled            '←DOUBT_S→ LOW

So readings can be ahead of the edges. If the edges arrive after all, rule (a) replays them. What
they settle is matched, one by one, with what was already told, so no pulse is lost and none is told
twice:

    pin        ‾‾‾‾‾\___/‾‾‾\_________________
    readings     H     L         L                     LOW is told, stamped at the first L
    late edges      F   R   F                          F to R was that LOW: not told again,
    settled            ''   '                          but HIGH at R, and LOW at the second F

One case no rule can detect: a reading agrees, but the pin had left and come back in between, and
those edges have not arrived yet. If the pin then leaves again within the window, its level was told
although it never held.
"""

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from gpiobridge.core.events import Level

# Long enough for any queued edge to arrive; short enough to make up for a lost edge before a
# person presses again. The watcher checks the levels every 250 ms.
DOUBT_S = 0.2

# How many levels told by readings are remembered, for a back end that delivers no edges at all.
MAX_AHEAD = 64


class Change(NamedTuple):
    """A level that counts from now on.

    Args:
        level: the level.
        at_s: the stamp of its edge, in monotonic seconds.
        due_s: when it came to count: events of all pins are told in this order.
    """

    level: Level
    at_s: float
    due_s: float


@dataclass(slots=True)
class _Edges:
    """What the edges tell.

    Args:
        level: the level after the newest edge.
        at_s: the stamp of that edge, in monotonic seconds, like all times here.
        known: the level by the newest edge, or by two readings.
        found_s: when the second of these readings was made.
    """

    level: Level
    at_s: float
    known: Level
    found_s: float = inf

    def take(self, level: Level, at_s: float) -> None:
        """Take the newest edge, or what two readings have shown of it."""
        self.level, self.at_s = level, at_s
        self.known, self.found_s = level, inf


@dataclass(slots=True)
class _Seen:
    """The pin's level now, by its edges and readings; its window is open or has ended.

    Args:
        level: the level.
        since_s: when this level began.
        due_s: when it settles.
        read_s: when the newest reading was made.
        other_s: when the pin last read the other level.
    """

    level: Level
    since_s: float
    due_s: float
    read_s: float
    other_s: float

    def see(self, level: Level, since_s: float, hold_s: float) -> None:
        """Open a window in which the level must hold for ``hold_s`` seconds."""
        self.level, self.since_s, self.due_s = level, since_s, since_s + hold_s


class Debounce:
    """The debounce of one pin.

    Args:
        level: the first reading; it sets the state and is never an edge.
        at_s: monotonic seconds just before that reading.
        window_s: how long a level must hold to settle, in seconds; 0 settles every edge.

    Attributes:
        settled: the level that settled last.
        missed: how many edges the back end had not delivered when readings found them.
        late: how many edges were dropped because their stamps were older than the first reading.
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
        # The moments at which readings settled a level that the edges have not settled yet.
        self._ahead: deque[float] = deque(maxlen=MAX_AHEAD)

    @property
    def deadline_s(self) -> float | None:
        """When a reading is needed, in monotonic seconds; None while nothing is pending."""
        return None if self._seen.level is self.settled else self._seen.due_s

    @property
    def changed_s(self) -> float | None:
        """When a level began that has not settled yet, in monotonic seconds; None: none has."""
        return None if self._seen.level is self.settled else self._seen.since_s

    @property
    def unsure(self) -> bool:
        """Whether a reading has shown an edge that has not arrived."""
        return self._seen.level is not self._edges.level

    def edge(self, level: Level, at_s: float) -> list[Change]:
        """Take one raw edge.

        Args:
            level: the level after the edge.
            at_s: the edge's own stamp, in monotonic seconds.

        Returns:
            What this edge settled, oldest first.
        """
        if at_s < self._first_s:
            self.late += 1
            return []
        edges, seen = self._edges, self._seen
        at_s = max(at_s, edges.at_s)
        lost = at_s >= edges.found_s or (level is edges.level and seen.level is not level)
        if lost and at_s >= seen.since_s:  # edges come in order: the edge that was read is lost
            self.missed += edges.known is not seen.level
            edges.take(seen.level, seen.since_s)
        if level is edges.level:
            self.missed += 1
            return []
        while self._ahead and self._ahead[0] < at_s:
            self._ahead.popleft()  # all edges before it have come
        changes = self._prove(at_s)
        edges.take(level, at_s)
        if self._window_s == 0:
            changes += self._prove(at_s)
        if at_s < seen.read_s and level is not seen.level:
            # The reading is newer than this edge: one more edge is on its way, or lost.
            seen.see(seen.level, seen.read_s, self._guess_s)
        elif at_s >= seen.other_s:  # else a newer reading has outdated it
            seen.see(level, at_s, self._window_s)
        return changes

    def reading(self, level: Level, at_s: float) -> list[Change]:
        """Take a fresh reading, made after every queued edge was handed in.

        Args:
            level: what the pin reads.
            at_s: monotonic seconds just before the reading.

        Returns:
            What this reading settled, as in `edge`.
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

    def _prove(self, until_s: float) -> list[Change]:
        """Settle the edges' level if it held for the window until ``until_s``: rule (a)."""
        # Settled levels alternate, so the level that edges alone have settled is that many back.
        proven = self.settled.other if len(self._ahead) % 2 else self.settled
        level, at_s = self._edges.level, self._edges.at_s
        if level is proven or until_s < at_s + self._window_s:
            return []
        if self._ahead:
            self._ahead.popleft()  # a reading has told it already
            return []
        return self._settle(level, at_s)

    def _settle(self, level: Level, at_s: float) -> list[Change]:
        self.settled, self._settled_s = level, max(at_s, self._settled_s)
        return [Change(level, self._settled_s, self._settled_s + self._window_s)]
