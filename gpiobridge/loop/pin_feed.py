"""From the pins to the core: edges in their order, and readings where the core needs them.

Threads: the pins' callback runs on the back end's thread, if it has one, or on the thread that
drives a pin. Any thread may ask `PinFeed.deadline_s` and `PinFeed.waiting`. Everything else runs on
the watcher's own thread.
"""

from collections.abc import Callable, Collection, Iterable

from gpiobridge.core.clock import Clock
from gpiobridge.core.core import Core
from gpiobridge.core.events import RawEdge
from gpiobridge.loop.counts import Counts
from gpiobridge.loop.edge_queue import EdgeQueue
from gpiobridge.pins.source import PinSource

EDGES_A_TURN = 4096
"""The most edges that one turn puts in order: some 10 ms of work."""

LEVEL_CHECK_S = 0.25
"""How often the levels are read if the back end can lose edges, in seconds."""


class PinFeed:
    """Feeds the core.

    Args:
        source: where edges come from.
        pins: the names of all pins.
        core: takes edges and readings.
        counts: counts the edges.
        clock: gives the time of a reading.
        wake: wakes the watcher for an edge; it must neither block nor raise.
    """

    def __init__(
        self,
        source: PinSource,
        pins: Collection[str],
        core: Core,
        counts: Counts,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._source = source
        self._pins = pins
        self._core = core
        self._counts = counts
        self._clock = clock
        self._wake = wake
        self._edges = EdgeQueue()
        self._next_check_s: float | None = None

    def open(self) -> None:
        """Open the pins, arm them and read them.

        Raises:
            PinError: they can't be opened, or read.
        """
        # Arm first, read second: an edge in between is in the queue, not lost.
        self._source.open(self._put)
        for pin in self._pins:
            self._read(pin)
        if self._source.loses_edges:
            self._next_check_s = self._clock.now().mono_s + LEVEL_CHECK_S

    @property
    def waiting(self) -> bool:
        """Whether there is an edge to take."""
        return self._edges.waiting

    @property
    def deadline_s(self) -> float | None:
        """When to look at the pins without being woken by an edge, in monotonic seconds."""
        deadlines_s = (self._source.deadline_s, self._next_check_s)
        return min((d for d in deadlines_s if d is not None), default=None)

    def fetch(self) -> None:
        """Move the edges that wait at the source's descriptors, if it has any, into the queue."""
        # If there is no room, the edges stay with the kernel, which counts what it drops.
        if self._edges.full or not self._source.read_edges():
            return
        # Some edges were lost: check the levels. A check that is already due is not postponed.
        now_s = self._clock.now().mono_s
        if self._next_check_s is None or now_s < self._next_check_s:
            self._next_check_s = now_s

    def take(self, now_s: float) -> float:
        """Hand everything known of the pins at ``now_s`` to the core.

        Returns:
            The moment, in monotonic seconds, before which no edge is missing.
        """
        self.fetch()
        for edge in self._edges.take(EDGES_A_TURN):
            self._counts.raw_edges[edge.pin] += 1
            self._core.edge(edge)
        self._read_pins(now_s)
        return min(now_s, self._edges.oldest_s)

    def _read_pins(self, now_s: float) -> None:
        """Read the pins whose debounce window is over, or all of them at a level check."""
        # A reading must follow every edge that came before it: a pin with queued edges waits.
        behind = self._edges.pins()
        if self._edges.full:
            behind = set(self._pins)
        pins: Iterable[str] = self._core.pins_to_read(now_s)
        if self._next_check_s is not None and now_s >= self._next_check_s:
            again = self._source.loses_edges or behind
            self._next_check_s = now_s + LEVEL_CHECK_S if again else None
            self._source.check()
            pins = self._pins
        for pin in pins:
            if pin not in behind:
                self._read(pin)

    def _read(self, pin: str) -> None:
        # The time before the reading: the reading may not include an edge that is stamped later.
        at_s = self._clock.now().mono_s
        self._core.reading(pin, self._source.read(pin), at_s)

    def _put(self, edge: RawEdge) -> None:
        # This may be the back end's thread, and an exception would kill it: no I/O that can block
        # or fail.
        self._edges.put(edge)
        self._wake()
