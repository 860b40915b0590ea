r"""Raw edges and time in, first edges out: one pin's debounce with ``counts = "first"``.

Pure, and on the edges' own time stamps, like `debounce`. A pin is quiet at first. An edge that
finds it quiet counts at once, and opens a window of ``window_s``. No edge counts in a window. When
the window ends, the level that the pin has then is compared with the one that counted last. If they
differ, that level counts, stamped by the last edge before the end, and the next window begins at
the end of this one. Otherwise the pin is quiet again:

    pin    ‾‾‾‾\_/‾\_________________/‾\_/‾‾‾‾‾‾‾‾‾‾
    counts     LOW                   HIGH
               '←window→             '←window→

A pulse shorter than the window counts, too. Its second edge counts when the window ends:

    pin    ‾‾‾‾\_/‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾
    counts     LOW     HIGH               (stamped at the edge, a moment before)
               '←window→←window→

So a level counts at a moment of its own (``due_s``): at its edge, or at the end of the window. Two
of these moments are at least a window apart. Events of all pins are told in their order. The stamps
are those of edges, so two of them can be closer.

What the level was when a window ended is known

    (a) by the next edge, if its stamp is at the end or later. No reading is needed, however late
        the edges arrive: they are replayed, and count as they would have in time;
    (b) else by a reading, made after every queued edge was handed in, if it agrees with the edges.

A reading that disagrees means that an edge is on its way, or lost. If a second reading says the
same (at least `DOUBT_S` later, and a window later), that edge is ``missed``. It counts in any case:
stamped by the first of these readings, at that moment or at the end of the window in which it is.

So readings can be ahead of the edges. If the edges arrive after all, they are replayed. What counts
by them is matched, one by one, with what readings have told. As long as no edge is lost, the levels
are those of the whole signal, however late the edges are; only the stamps of those that readings
have told can differ.
"""

from collections import deque
from dataclasses import dataclass, replace
from math import inf

from gpiobridge.core.debounce import DOUBT_S, MAX_AHEAD, Change
from gpiobridge.core.events import Level


@dataclass(slots=True)
class _Line:
    """A pin's line up to some moment, and what has counted on it.

    Args:
        counted: the level that counted last.
        level: the level after the newest edge.
        at_s: the stamp of that edge, in monotonic seconds, like all times here.
        window_s: how long a window lasts.
        end_s: when the present window ends; infinite while the pin is quiet.
    """

    counted: Level
    level: Level
    at_s: float
    window_s: float
    end_s: float = inf

    def pass_to(self, until_s: float) -> list[Change]:
        """Let the windows end that are over at a moment; the level has been the same so far."""
        changes = []
        while self.end_s <= until_s:
            if self.level is self.counted:
                self.end_s = inf
            else:
                changes.append(self._count(max(self.end_s, self.at_s)))
        return changes

    def change(self, level: Level, at_s: float) -> list[Change]:
        """Change the level, with the windows ended that were over."""
        self.level, self.at_s = level, at_s
        if level is self.counted or self.end_s < inf:
            return []
        return [self._count(at_s)]

    def _count(self, due_s: float) -> Change:
        self.counted, self.end_s = self.level, due_s + self.window_s
        return Change(self.level, self.at_s, due_s)


class FirstEdge:
    """The debounce of one pin whose first edge counts.

    Args:
        level: the first reading; it sets the state and is never an edge.
        at_s: monotonic seconds just before that reading.
        window_s: how long no further edge counts, in seconds; above 0.

    Attributes:
        missed: how many edges the back end had not delivered when readings found them.
        late: how many edges were dropped because their stamps were older than the first reading.
    """

    def __init__(self, level: Level, at_s: float, window_s: float) -> None:
        self.missed = 0
        self.late = 0
        self._guess_s = max(window_s, DOUBT_S)  # how long readings alone must agree
        self._first_s = at_s
        self._told_s = at_s
        self._edges = _Line(level, level, at_s, window_s)  # by the edges alone
        self._known = replace(self._edges)  # the same, and by what readings have shown since
        # The pin's level now, by its edges and readings; since when; and the newest reading.
        self._level, self._since_s, self._read_s = level, at_s, at_s
        self._found_s = inf  # when a second reading found an edge that has not arrived
        # Of each level that counts by readings, but not by edges yet: the reading, and when.
        self._ahead: deque[tuple[float, float]] = deque()

    @property
    def settled(self) -> Level:
        """The level that counted last."""
        return self._known.counted

    @property
    def changed_s(self) -> float | None:
        """When a level began that has not counted yet, in monotonic seconds; None: none has."""
        return None if self._level is self.settled else self._since_s

    @property
    def unsure(self) -> bool:
        """Whether a reading has shown an edge that has not arrived."""
        return self._level is not self._known.level

    @property
    def deadline_s(self) -> float | None:
        """When a reading is needed, in monotonic seconds; None while nothing is pending."""
        end_s = self._known.end_s
        if not self.unsure:
            return end_s if end_s < inf else None
        second_s = self._since_s + self._guess_s
        # Once read, the end of the window waits for the second reading, too.
        return second_s if end_s <= self._read_s else min(end_s, second_s)

    def edge(self, level: Level, at_s: float) -> list[Change]:
        """Take one raw edge.

        Args:
            level: the level after the edge.
            at_s: the edge's own stamp, in monotonic seconds.

        Returns:
            What counts by this edge, oldest first.
        """
        if at_s < self._first_s:
            self.late += 1
            return []
        edges = self._edges
        at_s = max(at_s, edges.at_s)
        changes = []
        lost = at_s >= self._found_s or (level is edges.level and self._level is not level)
        if lost and at_s >= self._since_s:  # edges come in order: the edge that was read is lost
            self.missed += self.unsure
            changes += self._take(self._level, self._since_s)
        if level is edges.level:
            self.missed += 1
        else:
            changes += self._take(level, at_s)
            if at_s <= self._read_s and level is not self._level:
                # The reading is newer than this edge: one more edge is on its way, or lost.
                self._since_s = self._read_s
            else:
                self._level, self._since_s = level, at_s
        if not self._ahead:
            self._known = replace(edges)
        return changes

    def reading(self, level: Level, at_s: float) -> list[Change]:
        """Take a fresh reading, made after every queued edge was handed in.

        Args:
            level: what the pin reads.
            at_s: monotonic seconds just before the reading.

        Returns:
            What counts by this reading, as in `edge`.
        """
        if level is not self._level:
            self._level, self._since_s = level, at_s
        self._read_s = at_s
        changes = []
        if self.unsure:
            if at_s < self._since_s + self._guess_s:
                return []
            self.missed += 1
            self._found_s = at_s
            changes = self._known.change(level, max(self._since_s, self._known.at_s))
        changes += self._known.pass_to(at_s)
        for change in changes:
            if len(self._ahead) == MAX_AHEAD:
                self._believe()
            self._ahead.append((at_s, change.due_s))
        return [self._tell(change) for change in changes]

    def _take(self, level: Level, at_s: float) -> list[Change]:
        """Take an edge that changes the level; return what was not told yet."""
        changes = self._edges.pass_to(at_s)
        told = [self._tell(change) for change in changes if not self._matches()]
        while self._ahead and self._ahead[0][0] < at_s:
            self._believe()  # all edges before it have come
        self._edges.pass_to(at_s)
        changes = self._edges.change(level, at_s)
        return told + [self._tell(change) for change in changes if not self._matches()]

    def _matches(self) -> bool:
        """Whether a reading has already told what counts by the edges now; then forget that."""
        if not self._ahead:
            return False
        self._ahead.popleft()
        return True

    def _believe(self) -> None:
        """Take the oldest level that a reading has told as if an edge had come for it."""
        read_s, due_s = self._ahead.popleft()
        edges = self._edges
        edges.level = edges.counted = edges.counted.other
        edges.at_s = max(edges.at_s, read_s)
        end_s = due_s + edges.window_s
        edges.end_s = end_s if edges.end_s == inf else max(edges.end_s, end_s)

    def _tell(self, change: Change) -> Change:
        self._told_s = max(change.at_s, self._told_s)
        return Change(change.level, self._told_s, max(change.due_s, self._told_s))
