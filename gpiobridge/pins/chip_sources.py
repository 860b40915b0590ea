"""Real pins on several GPIO chips as one source: an I2C expander has a chip of its own.

Each chip has a source of its own, which knows nothing of the others. Their edges go on in the order
of their stamps, as those of one chip do.

Threads: as `source` says.
"""

import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gpiobridge.config import Gpio, Pin
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins.boards import chip_number
from gpiobridge.pins.source import OnEdge, PinSource


def by_chip(settings: Gpio, pins: Mapping[str, Pin]) -> dict[str, dict[str, Pin]]:
    """Sort pins by the chip that they are on, as the configuration names it."""
    found: dict[str, dict[str, Pin]] = {}
    for name, pin in pins.items():
        found.setdefault(pin.chip or settings.chip, {})[name] = pin
    return found


def source_of_chips(
    settings: Gpio,
    pins: Mapping[str, Pin],
    make: Callable[[Gpio, Mapping[str, Pin]], PinSource],
) -> PinSource:
    """Make the source of pins that may be on several chips.

    Args:
        settings: which back end, and the chip of pins for which none is named.
        pins: pin name to its settings.
        make: makes the source of pins on one chip.
    """
    sources = [
        (make(replace(settings, chip=chip), on_chip), on_chip)
        for chip, on_chip in by_chip(settings, pins).items()
    ]
    if len(sources) == 1:
        return sources[0][0]
    return ChipSources(settings, sources)


class ChipSources(PinSource):
    """The sources of several chips.

    Args:
        settings: the chip of pins for which none is named.
        sources: the source of each chip, and its pins.

    Attributes:
        simulated: False: these are real.
        loses_edges: whether one of them does.
    """

    simulated = False

    def __init__(
        self, settings: Gpio, sources: Sequence[tuple[PinSource, Mapping[str, Pin]]]
    ) -> None:
        self._settings = settings
        self._sources = [source for source, _ in sources]
        self._pins = {name: pin for _, pins in sources for name, pin in pins.items()}
        self._source_of = {name: source for source, pins in sources for name in pins}
        self.loses_edges = any(source.loses_edges for source in self._sources)
        self._on_edge: OnEdge = lambda edge: None
        self._waiting: list[RawEdge] = []
        self._selector: Any = None

    def open(self, on_edge: OnEdge) -> None:
        """Open all.

        Args:
            on_edge: called by `read_edges`, or on the back end's thread; it must not block or
                raise.

        Raises:
            PinError: one can't be opened; then all are closed.
        """
        self._refuse_one_line_twice()
        self._on_edge = on_edge
        try:
            for source in self._sources:
                source.open(self._take)
            descriptors = [source.fileno() for source in self._sources]
            if None not in descriptors:
                # A descriptor for those of all chips; where there are several, there is epoll.
                self._selector = selectors.EpollSelector()
                for descriptor in descriptors:
                    self._selector.register(descriptor, selectors.EVENT_READ)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int | None:
        """The descriptor that is readable when edges wait at one of the chips."""
        if self._selector is None:
            return None
        descriptor: int = self._selector.fileno()
        return descriptor

    def read_edges(self) -> bool:
        """Hand on what waits at all chips, in the order of the stamps.

        Returns:
            Whether edges were lost.

        Raises:
            PinError: a chip is gone.
        """
        lost = [source.read_edges() for source in self._sources]
        waiting, self._waiting = self._waiting, []
        for edge in sorted(waiting, key=lambda edge: edge.at_s):
            self._on_edge(edge)
        return any(lost)

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: its chip no longer answers.
        """
        return self._source_of[pin].read(pin)

    def check(self) -> None:
        """Make sure that edges are still delivered.

        Raises:
            PinError: they are not.
        """
        for source in self._sources:
            source.check()

    def close(self) -> None:
        """Release every pin; may be called twice."""
        if self._selector is not None:
            self._selector.close()
            self._selector = None
        for source in self._sources:
            source.close()

    def _take(self, edge: RawEdge) -> None:
        # Without a descriptor edges come by themselves, on the back end's thread.
        if self._selector is None:
            self._on_edge(edge)
        else:
            self._waiting.append(edge)

    def _refuse_one_line_twice(self) -> None:
        """Find two pins on one line, which two names of one chip have hidden so far.

        Raises:
            PinError: there are two, or a chip can't be found.
        """
        taken: dict[tuple[int, int | None], Pin] = {}
        for pin in self._pins.values():
            number = chip_number(pin.chip or self._settings.chip)
            other = taken.setdefault((number, pin.pin), pin)
            if other is not pin:
                raise PinError(
                    f"pins.{other.name} and pins.{pin.name} are two names on one pin, line "
                    f"{pin.pin} of gpiochip{number}; leave one of them out"
                )
