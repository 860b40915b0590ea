"""What the watcher needs of the pins, whatever their back end, and what wired ones share.

It touches no pin. Which thread calls what, `watcher` decides; only `PinSource.drive` and
`PinSource.deadline_s` are for any.
"""

from collections.abc import Callable
from typing import Protocol

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
        loses_edges: True if an edge may be lost without a word, so that the levels must be
            checked all the time.
    """

    simulated: bool
    loses_edges: bool

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin and arm it: from now on every edge goes to ``on_edge``."""

    def fileno(self) -> int | None:
        """The open descriptor that is readable when `read_edges` has work.

        None, unless overridden: edges come by themselves, on a thread of the back end's.
        """
        return None

    @property
    def deadline_s(self) -> float | None:
        """The next moment at which `read_edges` has work without a descriptor that tells.

        None, unless overridden: there is no such moment. In monotonic seconds; any thread.
        """
        return None

    def read_edges(self) -> bool:
        """Hand all edges to ``on_edge`` that wait, or whose time has come, on the caller's thread.

        It doesn't wait itself: there may be none.

        Returns:
            Whether edges were lost: then the levels must be checked now.

        Raises:
            PinError: no edge will come any more.
        """
        return False

    def read(self, pin: str) -> Level:
        """Read a pin's level now."""

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Set a pin's level, where there is no wire that does; on any thread.

        Args:
            pin: the pin's name.
            level: the level.
            for_s: seconds after which it goes back to what it was; None: it stays.

        Raises:
            DriveError: a press (with ``for_s``) would be no event.
            PinError: there is a wire, unless overridden; or the pins are not open.
        """
        raise PinError(
            f"pin {pin!r} is real: only its wire sets its level; to set it by program give it "
            'source = "http", or pin_factory = "mock" under [gpio] for a test'
        )

    def check(self) -> None:
        """Make sure that edges are still delivered."""

    def close(self) -> None:
        """Release every pin."""
