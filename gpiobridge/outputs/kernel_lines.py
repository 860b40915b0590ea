"""The lines of wired outputs, by the kernel's own interface: for gpiod, lgpio and RPi.GPIO.

gpiod and lgpio drive outputs by the same calls, but neither can take over an open line after a
reload, nor lets a program start in the time that an output has after a crash (`line_request`). And
RPi.GPIO makes each of its outputs an input when the pins are closed. An output beside pins on the
same chip is a request of its own, whatever back end the pins have.

The thread that starts the watcher, then the watcher's own.
"""

import contextlib
import errno
import os
from collections.abc import Mapping

from gpiobridge.config import Gpio, OutputState
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs import handover, line_request, safe_record
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.handover import HeldLine
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.safe_record import Place, SafeLine
from gpiobridge.pins import chips
from gpiobridge.pins.boards import chip_number
from gpiobridge.pins.remedies import explain, no_such_line, title

CONSUMER = "gpiobridge"
"""The name under which `gpioinfo` shows an output's line as used."""


class KernelLines(OutputLines):
    """Lines of the kernel's GPIO chips, also of several.

    Args:
        gpio: the section `[gpio]`, which has the chip of outputs that name none.
        outputs: output name to its settings.
        back_end: the back end of the configuration, for messages.

    Attributes:
        simulated: False: these lines are real.
    """

    simulated = False

    def __init__(self, gpio: Gpio, outputs: Mapping[str, WiredOutput], back_end: str) -> None:
        self._gpio = gpio
        self._outputs = outputs
        self._back_end = back_end
        self._descriptors: dict[str, int] = {}
        self._levels: dict[str, Level] = {}
        self._safe: dict[str, SafeLine] = {}

    def open(self, levels: Mapping[str, Level]) -> None:
        """Claim every line at its level; take those over that were handed over by a reload.

        Args:
            levels: output name to the level to begin with.

        Raises:
            PinError: a line can't be claimed; the message says what to do. None is claimed then.
        """
        self._safe = self._find()
        taken = {
            name: held
            for name, line in self._safe.items()
            if (held := handover.take(*_place(line))) is not None
        }
        self._descriptors.update(taken)
        try:
            for name in self._safe.keys() - taken.keys():
                self._look(name)
            safe_record.note(self._safe.values())
            for name in self._outputs:
                self._claim(name, levels[name])
        except BaseException:
            # As they were: those that were taken over may be on.
            for name in self._descriptors:
                with contextlib.suppress(PinError):
                    self.write(name, self._safe[name].safe)
            self.close()
            raise

    def write(self, output: str, level: Level) -> None:
        """Set a line's level.

        Raises:
            PinError: the line no longer answers.
        """
        try:
            line_request.write(self._descriptors[output], high=level is Level.HIGH)
        except OSError as error:
            sentence = f"output {output!r} can't be set: {error}; restart the bridge"
            raise PinError(sentence) from error
        self._levels[output] = level

    def close(self) -> None:
        """Release every line at the level that it has; may be called twice, and before `open`.

        What a line does then, the kernel decides: `docs/outputs.md` says it.
        """
        for descriptor in self._descriptors.values():
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if self._descriptors:
            lines = self._safe.items()
            at_rest = {line.place for name, line in lines if self._levels.get(name) is line.safe}
            safe_record.forget(at_rest)
        self._descriptors.clear()
        self._levels.clear()

    def hand_over(self) -> list[HeldLine]:
        """Leave every line to the process after a reload, at the level that it has."""
        held = [
            HeldLine(
                *_place(self._safe[name]),
                descriptor,
                safe_high=self._safe[name].safe is Level.HIGH,
                off_high=self._outputs[name].level(on=False) is Level.HIGH,
                output=name,
            )
            for name, descriptor in self._descriptors.items()
        ]
        self._descriptors.clear()
        return held

    def _find(self) -> dict[str, SafeLine]:
        """Find each line's chip.

        Raises:
            PinError: a chip can't be found, or two outputs are on one line.
        """
        lines: dict[str, SafeLine] = {}
        names: dict[Place, str] = {}
        for name, output in self._outputs.items():
            chip = chip_number(output.chip_by(self._gpio))
            safe = output.level(on=output.safe is OutputState.ON)
            lines[name] = SafeLine(name, chip, output.pin, safe)
            other = names.setdefault(lines[name].place, name)
            if other != name:
                raise PinError(
                    f"outputs.{other} and outputs.{name} are two names on one pin, line "
                    f"{output.pin} of gpiochip{chip}; leave one of them out"
                )
        return lines

    def _look(self, name: str) -> None:
        """Make sure that a line can be claimed, before any is.

        Raises:
            PinError: it can't.
        """
        output = self._outputs[name]
        chip, line = _place(self._safe[name])
        path = f"/dev/gpiochip{chip}"
        try:
            found = chips.line(chip, line)
        except OSError as error:
            own = next((each for each in chips.chips() if each.number == chip), None)
            if own is not None and line >= own.lines:
                sentence = no_such_line(output, path, own.lines, self._back_end)
                raise PinError(sentence) from error
            raise PinError(explain(error, path, self._back_end)) from error
        if found.used:
            raise PinError(self._busy(output, found.consumer))

    def _claim(self, name: str, level: Level) -> None:
        """Claim a line, or set the level of one that was taken over."""
        if name in self._descriptors:
            self.write(name, level)
            return
        output = self._outputs[name]
        chip, line = _place(self._safe[name])
        try:
            self._descriptors[name] = line_request.claim(
                chip, line, high=level is Level.HIGH, consumer=CONSUMER
            )
        except OSError as error:
            if error.errno == errno.EBUSY:  # somebody was faster
                raise PinError(self._busy(output, chips.line(chip, line).consumer)) from error
            raise PinError(explain(error, title(output), self._back_end)) from error
        self._levels[name] = level

    def _busy(self, output: WiredOutput, consumer: str) -> str:
        busy = OSError(f"GPIO busy, held by {consumer!r}")
        return explain(busy, title(output), self._back_end)


def _place(line: SafeLine) -> tuple[int, int]:
    assert line.chip is not None  # it has one, unless pigpiod drives it
    return line.chip, line.line
