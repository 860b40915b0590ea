"""What a kind of pins gives: a source of their edges, as the watcher needs it.

It touches no pin. `loop.watcher` decides which thread calls what; only `PinSource.drive`,
`PinSource.drives` and `PinSource.deadline_s` are for any thread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gpiobridge.config import Gpio
from gpiobridge.config.kinds import Kind, PinT, TableT
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError

OnEdge = Callable[[RawEdge], None]

# The pull takes about 5 ms to work through a long cable (50 kΩ, 100 nF), measured; GPIO 9 to 27
# boot pulled down.
SETTLE_S = 0.05
"""How long a pull has to settle between claiming and arming, in seconds."""


class PinSource(Protocol):
    """Where edges come from; the watcher needs no more than this.

    Attributes:
        simulated: True if the pins are not real.
        loses_edges: True if an edge may be lost without notice. Then the levels must be checked
            all the time.
    """

    simulated: bool
    loses_edges: bool

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin and arm it: from now on every edge goes to `on_edge`."""

    def descriptors(self) -> Sequence[int]:
        """List the open descriptors that are readable when `read_edges` has work.

        By default there are none: edges come by themselves, on a thread of the back end.
        """
        return ()

    @property
    def deadline_s(self) -> float | None:
        """The next moment at which `read_edges` has work that no descriptor announces.

        In monotonic seconds; any thread. By default None: there is no such moment.
        """
        return None

    def read_edges(self) -> bool:
        """Hand all edges to `on_edge` that wait or are due, on the caller's thread.

        It doesn't block; there may be none.

        Returns:
            Whether edges were lost. Then the levels must be checked now.

        Raises:
            PinError: no edge will come any more.
        """
        return False

    def read(self, pin: str) -> Level:
        """Read a pin's level now."""

    def drives(self, pin: str) -> bool:
        """Whether a program may set this pin's level, with `drive`; any thread.

        By default it may not.
        """
        return False

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set the level of a pin without a wire; on any thread.

        Args:
            pin: the pin's name.
            level: the level.
            for_s: seconds after which the pin returns to the level before; None: it stays.

        Raises:
            DriveError: a press (with `for_s`) would be no event.
            PinError: something else sets it, which is the default; or the pins are not open.
        """
        raise PinError(
            f"pin {pin!r} can't be set: only its source does that; to set it by program give it "
            'source = "http"'
        )

    def check(self) -> None:
        """Make sure that edges are still delivered."""

    def close(self) -> None:
        """Release every pin."""


class PinKind(Kind[TableT, PinT]):
    """A kind of pins, which its module defines: how it is configured, and how it is made."""

    def make(self, gpio: Gpio, pins: Mapping[str, PinT], clock: Clock) -> PinSource:
        """Make the source of all pins of this kind; its back end is imported only now.

        Args:
            gpio: the back end and the chip of wired pins.
            pins: pin name to its settings, at least one.
            clock: gives the stamps of edges that the kernel doesn't stamp.

        Raises:
            PinError: it can't be made; the message says what to do.
        """
        raise NotImplementedError


def refuse_made_time(clock: Clock, back_end: str) -> None:
    """Make sure that a clock is the one by which the kernel stamps edges.

    Raises:
        PinError: it is not.
    """
    if not clock.real:
        raise PinError(
            f"the pins on {back_end} are stamped by the kernel's clock, so the bridge can't run on "
            'another one; write pin_factory = "mock" under [gpio] for simulated pins'
        )
