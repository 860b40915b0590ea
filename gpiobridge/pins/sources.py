"""All pins of a configuration as one source, whatever their kinds and chips.

Threads: as `source` says. Edges of a source with a descriptor come when they are read. Those of
another source come on its own thread, without this one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from gpiobridge.config import Gpio, Pin
from gpiobridge.config.kinds import kind_of
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.pins.source import OnEdge, PinKind, PinSource

Part = tuple[PinSource, Collection[str]]
"""A source, and the names of its pins."""


def pin_source(gpio: Gpio, pins: Mapping[str, Pin], clock: Clock) -> PinSource:
    """Make the source of all pins, each as its kind does.

    Args:
        gpio: the back end and the chip of wired pins; without a wired pin none is needed.
        pins: pin name to its settings.
        clock: gives the stamps of edges that the kernel doesn't stamp.

    Raises:
        PinError: a source can't be made; the message says what to do.
    """
    of_kind: dict[str, dict[str, Pin]] = {}
    for name, pin in pins.items():
        of_kind.setdefault(pin.source, {})[name] = pin
    parts: list[Part] = []
    for source, its in of_kind.items():
        kind = kind_of(source)
        assert isinstance(kind, PinKind)
        parts.append((kind.make(gpio, its, clock), its))
    return together(parts)


def together(parts: Sequence[Part]) -> PinSource:
    """Make one source of several; a single one stays as it is."""
    return parts[0][0] if len(parts) == 1 else Sources(parts)


class Sources(PinSource):
    """Several sources, each asked for its own pins.

    Args:
        parts: the sources, and the names of their pins.

    Attributes:
        simulated: whether one of them is simulated.
        loses_edges: whether one of them loses edges.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = list(_flat(parts))
        self._sources = [source for source, _ in self.parts]
        self._source_of = {name: source for source, names in self.parts for name in names}
        self.simulated = any(source.simulated for source in self._sources)
        self.loses_edges = any(source.loses_edges for source in self._sources)
        self._on_edge: OnEdge = lambda edge: None
        self._waiting: list[RawEdge] = []

    def open(self, on_edge: OnEdge) -> None:
        """Open all.

        Args:
            on_edge: called by `read_edges`, or on a back end's thread; it must not block or raise.

        Raises:
            PinError: one can't be opened; then all are closed.
        """
        self._on_edge = on_edge
        try:
            for source in self._sources:
                source.open(partial(self._take, source))
        except BaseException:
            self.close()
            raise

    def descriptors(self) -> list[int]:
        """List those of all sources."""
        return [descriptor for source in self._sources for descriptor in source.descriptors()]

    @property
    def deadline_s(self) -> float | None:
        """The earliest of their deadlines, in monotonic seconds."""
        deadlines_s = (source.deadline_s for source in self._sources)
        return min((d for d in deadlines_s if d is not None), default=None)

    def read_edges(self) -> bool:
        """Hand on the edges that wait at all of them; those of descriptors in order of stamps.

        Returns:
            Whether edges were lost.

        Raises:
            PinError: one of them will have no more edges.
        """
        lost = [source.read_edges() for source in self._sources]
        waiting, self._waiting = self._waiting, []
        for edge in sorted(waiting, key=lambda edge: edge.at_s):
            self._on_edge(edge)
        return any(lost)

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: its source no longer answers.
        """
        return self._source_of[pin].read(pin)

    def drives(self, pin: str) -> bool:
        """Whether a program may set this pin's level."""
        return self._source_of[pin].drives(pin)

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set a pin's level, if its source lets a program do that; see `PinSource.drive`.

        Raises:
            DriveError: a press would be no event.
            PinError: something else sets it, or the pins are not open.
        """
        self._source_of[pin].drive(pin, level, for_s)

    def check(self) -> None:
        """Make sure that edges are still delivered.

        Raises:
            PinError: they are not.
        """
        for source in self._sources:
            source.check()

    def close(self) -> None:
        """Release every pin; may be called twice."""
        for source in self._sources:
            source.close()

    def _take(self, source: PinSource, edge: RawEdge) -> None:
        if source.descriptors():
            self._waiting.append(edge)
        else:
            self._on_edge(edge)


def _flat(parts: Iterable[Part]) -> Iterable[Part]:
    """Take apart a source of several: all edges are put in order at one place."""
    for source, names in parts:
        if isinstance(source, Sources):
            yield from source.parts
        else:
            yield source, names
