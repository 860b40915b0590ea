"""What a kind of outputs gives: the lines that it drives, as the loop needs them.

It touches no line. The thread that starts the watcher opens them, and from then on only the
watcher's own thread uses them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gpiobridge.config import Gpio, Output
from gpiobridge.config.output_kinds import OutputKind, OutputT, OutputTableT, output_kind
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


class Together(OutputLines):
    """Several lines, each asked for its own outputs; perhaps none at all.

    Args:
        parts: the lines, and the names of their outputs.

    Attributes:
        simulated: whether some of them are simulated.
    """

    def __init__(self, parts: Iterable[tuple[OutputLines, Collection[str]]]) -> None:
        self._parts = list(parts)
        self._lines_of = {name: lines for lines, names in self._parts for name in names}
        self.simulated = any(lines.simulated for lines, _ in self._parts)

    def open(self, levels: Mapping[str, Level]) -> None:
        """Claim every line, at once at its level.

        Raises:
            PinError: a line can't be claimed; then none is.
        """
        try:
            for lines, names in self._parts:
                lines.open({name: levels[name] for name in names})
        except BaseException:
            self.close()
            raise

    def write(self, output: str, level: Level) -> None:
        """Set a line's level.

        Raises:
            PinError: the line no longer answers.
        """
        self._lines_of[output].write(output, level)

    def close(self) -> None:
        """Release every line at the level that it has; may be called twice."""
        for lines, _ in self._parts:
            lines.close()

    def hand_over(self) -> "Sequence[HeldLine]":
        """Leave every line to the process after a reload."""
        return [held for lines, _ in self._parts for held in lines.hand_over()]


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


def lines_of(gpio: Gpio, outputs: Mapping[str, Output]) -> OutputLines:
    """Make the lines of all outputs, each as its kind does.

    Args:
        gpio: the back end and the chip of wired outputs; without an output none is needed.
        outputs: output name to its settings.

    Raises:
        PinError: they can't be made; the message says what to do.
    """
    of_kind: dict[str, dict[str, Output]] = {}
    for name, output in outputs.items():
        of_kind.setdefault(output.kind, {})[name] = output
    parts = []
    for kind, its in of_kind.items():
        made = output_kind(kind)
        assert isinstance(made, LinesKind)
        parts.append((made.make(gpio, its), its))
    return Together(parts)
