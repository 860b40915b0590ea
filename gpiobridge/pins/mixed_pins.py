"""Wired and virtual pins as one source, for a configuration that has both.

Threads: as `source` says; it has no state of its own that could change.
"""

from gpiobridge.core.events import Level
from gpiobridge.pins.source import OnEdge, PinSource
from gpiobridge.pins.virtual_pins import VirtualPins


class MixedPins(PinSource):
    """Pins of two kinds, each asked of its own source.

    Args:
        wired: the source of the pins on GPIO.
        virtual: the source of those that the API sets.

    Attributes:
        simulated: whether the wired ones are.
        loses_edges: whether the source of the wired ones does.
    """

    def __init__(self, wired: PinSource, virtual: VirtualPins) -> None:
        self._wired = wired
        self._virtual = virtual
        self.simulated = wired.simulated
        self.loses_edges = wired.loses_edges

    def open(self, on_edge: OnEdge) -> None:
        """Open both.

        Raises:
            PinError: one can't be opened; then both are closed.
        """
        try:
            self._wired.open(on_edge)
            self._virtual.open(on_edge)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int | None:
        """The descriptor of the wired pins, if their edges wait at one."""
        return self._wired.fileno()

    @property
    def deadline_s(self) -> float | None:
        """When either next has an edge without a descriptor that tells, in monotonic seconds."""
        deadlines_s = (self._wired.deadline_s, self._virtual.deadline_s)
        return min((d for d in deadlines_s if d is not None), default=None)

    def read_edges(self) -> bool:
        """Hand on what waits at either.

        Returns:
            Whether edges of wired pins were lost.

        Raises:
            PinError: no edge of a wired pin will come any more.
        """
        self._virtual.read_edges()
        return self._wired.read_edges()

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: it is wired, and its back end no longer answers.
        """
        return self._of(pin).read(pin)

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set the level of a virtual pin, or of a simulated one; see `PinSource.drive`.

        Raises:
            DriveError: a press would be no event.
            PinError: it is real, or closed.
        """
        self._of(pin).drive(pin, level, for_s)

    def check(self) -> None:
        """Make sure that edges of the wired pins are still delivered.

        Raises:
            PinError: they are not.
        """
        self._wired.check()

    def close(self) -> None:
        """Release every pin; may be called twice."""
        self._virtual.close()
        self._wired.close()

    def _of(self, pin: str) -> PinSource:
        return self._virtual if pin in self._virtual else self._wired
