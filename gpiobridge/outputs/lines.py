"""What a kind of outputs gives: the lines that it drives, as the loop needs them.

It touches no line. The thread that starts the watcher opens them, and from then on only the
watcher's own thread uses them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gpiobridge.config import Gpio
from gpiobridge.config.output_kinds import OutputKind, OutputT, OutputTableT
from gpiobridge.core.events import Level

if TYPE_CHECKING:
    from gpiobridge.outputs.handover import HeldLine


class OutputLines(Protocol):
    """The lines of some outputs, each at one electrical level at a time.

    Attributes:
        simulated: True if the lines are not real.
    """

    simulated: bool

    def open(self, levels: Mapping[str, Level]) -> None:
        """Claim every line, at once at its level: no line has another level in between.

        Args:
            levels: output name to the level to begin with.

        Raises:
            PinError: a line can't be claimed; the message says what to do. None is claimed then.
        """

    def write(self, output: str, level: Level) -> None:
        """Set a line's level. It must not block longer than a bus needs.

        Raises:
            PinError: the line no longer answers.
        """

    def close(self) -> None:
        """Release every line at the level that it has; may be called twice, and before `open`."""

    def hand_over(self) -> "Sequence[HeldLine]":
        """Leave every line to the process after a reload, at the level that it has.

        By default they are closed: their level doesn't depend on a process.
        """
        self.close()
        return ()


class LinesKind(OutputKind[OutputTableT, OutputT]):
    """A kind of outputs, which its module defines: how it is configured, and how it is made."""

    def make(self, gpio: Gpio, outputs: Mapping[str, Any]) -> OutputLines:
        """Make the lines of all outputs of this kind; their back end is imported only now.

        Args:
            gpio: the back end and the chip of wired outputs.
            outputs: output name to its settings, at least one.

        Raises:
            PinError: they can't be made; the message says what to do.
        """
        raise NotImplementedError
