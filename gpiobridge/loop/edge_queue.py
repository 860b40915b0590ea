"""Edges on their way from the pins to the watcher.

A back end's thread puts them in, and the watcher's thread takes them out. A deque's own operations
keep the two apart, so there is no lock for which a callback could have to wait.
"""

from collections import Counter, deque
from collections.abc import Iterator
from math import inf

from gpiobridge.core.events import RawEdge

MAX_EDGES = 100_000
"""The most edges that may wait; beyond that the oldest are dropped. The level check corrects it."""


class EdgeQueue:
    """First in, first out; it knows which pins have waiting edges."""

    def __init__(self) -> None:
        self._arrived: deque[RawEdge] = deque(maxlen=MAX_EDGES)
        # What the watcher has fetched from the deque, and how many of these edges each pin has.
        self._fetched: deque[RawEdge] = deque()
        self._of_pin: Counter[str] = Counter()

    def put(self, edge: RawEdge) -> None:
        """Add an edge; any thread. It neither blocks nor raises."""
        self._arrived.append(edge)

    @property
    def waiting(self) -> bool:
        """Whether there is an edge to take."""
        return bool(self._fetched or self._arrived)

    @property
    def full(self) -> bool:
        """Whether edges are waiting that could not even be fetched."""
        return len(self._fetched) >= MAX_EDGES and bool(self._arrived)

    def take(self, most: int) -> Iterator[RawEdge]:
        """Take out at most ``most`` edges, the oldest first; the watcher's thread only."""
        self._fetch()
        for _ in range(min(most, len(self._fetched))):
            edge = self._fetched.popleft()
            self._of_pin[edge.pin] -= 1
            yield edge

    @property
    def oldest_s(self) -> float:
        """The stamp of the oldest waiting edge, in monotonic seconds; infinite if none waits."""
        for edges in (self._fetched, self._arrived):
            if edges:
                return edges[0].at_s
        return inf

    def pins(self) -> set[str]:
        """The pins of all waiting edges; the watcher's thread only."""
        self._fetch()
        return {pin for pin, edges in self._of_pin.items() if edges}

    def _fetch(self) -> None:
        for _ in range(min(len(self._arrived), MAX_EDGES - len(self._fetched))):
            edge = self._arrived.popleft()
            self._fetched.append(edge)
            self._of_pin[edge.pin] += 1
