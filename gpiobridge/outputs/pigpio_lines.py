"""The lines of wired outputs, through pigpiod, which may be on another computer.

A claim means nothing to pigpiod: it has all lines, and keeps their levels when a program leaves
it. So a reload changes nothing, and no busy line is noticed.

The thread that starts the watcher, then the watcher's own.
"""

import contextlib
import warnings
from collections.abc import Mapping
from typing import Any

from gpiobridge.config import Gpio, OutputState
from gpiobridge.core.events import Level
from gpiobridge.errors import PinError
from gpiobridge.outputs import safe_record
from gpiobridge.outputs.gpio import WiredOutput
from gpiobridge.outputs.lines import OutputLines
from gpiobridge.outputs.safe_record import SafeLine
from gpiobridge.pins.gpiozero_pins import open_factory
from gpiobridge.pins.remedies import explain, title


class PigpioLines(OutputLines):
    """Lines that pigpiod drives.

    Args:
        gpio: the section `[gpio]`.
        outputs: output name to its settings.

    Attributes:
        simulated: False: these lines are real.
    """

    simulated = False

    def __init__(self, gpio: Gpio, outputs: Mapping[str, WiredOutput]) -> None:
        self._gpio = gpio
        self._outputs = outputs
        self._factory: Any = None
        self._levels: dict[str, Level] = {}
        self._safe = {
            name: SafeLine(name, None, output.pin, output.level(on=output.safe is OutputState.ON))
            for name, output in outputs.items()
        }

    def open(self, levels: Mapping[str, Level]) -> None:
        """Set every line to its level, and make it an output.

        Raises:
            PinError: pigpiod doesn't answer, or refuses a line; the message says what to do.
        """
        with warnings.catch_warnings(action="ignore"):  # gpiozero's own fall-backs
            self._factory = open_factory("pigpio", self._gpio.chip)
        safe_record.note(self._safe.values())
        for name, level in levels.items():
            try:
                # pigpiod sets the level before it makes the line an output.
                self._put(name, level)
            except Exception as error:
                self.close()
                raise PinError(explain(error, title(self._outputs[name]), "pigpio")) from error

    def write(self, output: str, level: Level) -> None:
        """Set a line's level.

        Raises:
            PinError: pigpiod no longer answers.
        """
        try:
            self._put(output, level)
        except Exception as error:
            sentence = f"output {output!r} can't be set: {error}; restart the bridge"
            raise PinError(sentence) from error

    def close(self) -> None:
        """Leave pigpiod, which keeps the levels; may be called twice, and before `open`."""
        if self._factory is None:
            return
        with contextlib.suppress(Exception):
            self._factory.close()
        self._factory = None
        lines = self._safe.items()
        safe_record.forget(
            {line.place for name, line in lines if self._levels.get(name) is line.safe}
        )

    def _put(self, output: str, level: Level) -> None:
        self._factory.connection.write(self._outputs[output].pin, int(level is Level.HIGH))
        self._levels[output] = level
