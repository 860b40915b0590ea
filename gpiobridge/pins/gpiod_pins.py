"""The pins, through libgpiod: one descriptor for the edges of all pins, and no thread.

The kernel stamps each edge, numbers it, and keeps it until the watcher's selector finds the
descriptor readable. So nothing polls. A lost edge leaves a gap in the numbers, so the levels need
no regular check. Needs the package gpiod 2.x, which is imported only when the pins are opened.

One thread at a time: the one that starts the watcher, then the watcher's own.
"""

import contextlib
import os
import time
from collections.abc import Mapping
from typing import Any

from gpiobridge.config import Gpio, Pull
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.errors import PinError
from gpiobridge.pins.boards import chip_number, require
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.remedies import explain, no_such_line, only_its_wire, title
from gpiobridge.pins.source import SETTLE_S, OnEdge, PinSource, refuse_made_time

# The most edges that the kernel keeps (GPIO_V2_LINES_MAX * 16 in its gpiolib-cdev.c); when it has
# no room, it drops the oldest.
_MAX_WAITING = 1024

_SEQNOS = 2**32  # after these the kernel's numbers start again


class GpiodPins(PinSource):
    """The configured pins on one GPIO chip, through libgpiod.

    Args:
        settings: the section with the chip.
        pins: pin name to its settings; `gpio` has one source for each chip.
        clock: the real clock, by which the kernel stamps edges, too.

    Raises:
        PinError: the clock isn't real.

    Attributes:
        simulated: False: these pins are real.
        loses_edges: False: a lost edge is noticed, by its number.
    """

    simulated = False
    loses_edges = False

    def __init__(self, settings: Gpio, pins: Mapping[str, WiredPin], clock: Clock) -> None:
        refuse_made_time(clock, "gpiod")
        self._settings = settings
        self._pins = pins
        self._lines = {name: pin.pin for name, pin in pins.items()}
        self._names = {line: name for name, line in self._lines.items()}
        self._on_edge: OnEdge = lambda edge: None
        self._request: Any = None
        self._last_seqno = 0  # the first edge is number 1

    def open(self, on_edge: OnEdge) -> None:
        """Claim every pin, let the pulls settle, then arm the edges.

        Args:
            on_edge: called by `read_edges`.

        Raises:
            PinError: the package is missing, or the chip or a pin can't be opened. The message
                says what to do.
        """
        require("gpiod")
        self._on_edge = on_edge
        path = f"/dev/gpiochip{chip_number(self._settings.chip)}"
        try:
            self._request = self._claim(path)
            time.sleep(SETTLE_S)
            # Only now: an edge while the pulls settle is not one of a button.
            self._request.reconfigure_lines(self._line_settings(armed=True))
            os.set_blocking(self._request.fd, False)
        except OSError as error:
            self.close()
            raise PinError(explain(error, path, "gpiod")) from error
        except BaseException:
            self.close()
            raise

    def descriptors(self) -> list[int]:
        """List the one descriptor, which is for all edges."""
        return [self._request.fd]

    def read_edges(self) -> bool:
        """Hand all waiting edges to `on_edge`.

        Returns:
            Whether edges were lost. Then the levels of all pins must be checked now: what the
            kernel drops because of a noisy pin can be the only edge of a quiet one.

        Raises:
            PinError: the chip is gone.
        """
        try:
            events = self._request.read_edge_events(_MAX_WAITING)
        except BlockingIOError:
            return False  # none waits
        except OSError as error:
            raise PinError(
                f"the GPIO chip reports no more edges ({error}); restart the bridge"
            ) from error
        lost = False
        for event in events:
            lost |= self._follows_a_gap(event.global_seqno)
            rising = event.event_type is event.Type.RISING_EDGE
            level = Level.HIGH if rising else Level.LOW
            # The kernel's clock of edges is that of time.monotonic().
            self._on_edge(RawEdge(self._names[event.line_offset], level, event.timestamp_ns / 1e9))
        return lost

    def read(self, pin: str) -> Level:
        """Read a pin's level now.

        Raises:
            PinError: the chip no longer answers.
        """
        try:
            return Level.HIGH if self._request.get_value(self._lines[pin]) else Level.LOW
        except Exception as error:
            raise PinError(f"pin {pin!r} can't be read: {error}; restart the bridge") from error

    def drive(self, pin: str, level: Level, for_s: float | None = None) -> None:
        """Refuse to set a level.

        Raises:
            PinError: always; the pins are real.
        """
        raise PinError(only_its_wire(pin))

    def check(self) -> None:
        """Nothing to do: there is no thread that could die.

        From Linux 6.6 on, a chip that disappears makes the descriptor readable. A Pi's own chip
        can't disappear.
        """

    def close(self) -> None:
        """Release every pin; may be called twice."""
        if self._request is not None:
            with contextlib.suppress(Exception):  # releasing is best effort: the process ends
                self._request.release()
            self._request = None

    def _claim(self, path: str) -> Any:
        """Claim the lines with their pulls, but without edges yet."""
        import gpiod

        with gpiod.Chip(path) as chip:
            count = chip.get_info().num_lines
            for name, line in self._lines.items():
                if line >= count:
                    raise PinError(no_such_line(self._pins[name], path, count, "gpiod"))
            try:
                return chip.request_lines(
                    self._line_settings(armed=False),
                    consumer="gpiobridge",
                    event_buffer_size=_MAX_WAITING,
                )
            except OSError as error:
                # It doesn't say which pin is taken.
                for name, line in self._lines.items():
                    info = chip.get_line_info(line)
                    if info.used:
                        busy = OSError(f"GPIO busy, held by {info.consumer!r}")
                        raise PinError(explain(busy, title(self._pins[name]), "gpiod")) from error
                raise

    def _line_settings(self, *, armed: bool) -> dict[Any, Any]:
        """Say what the kernel must do with each line."""
        from gpiod import LineSettings
        from gpiod.line import Bias, Clock, Direction, Edge

        biases = {Pull.UP: Bias.PULL_UP, Pull.DOWN: Bias.PULL_DOWN, Pull.NONE: Bias.DISABLED}
        return {
            line: LineSettings(
                direction=Direction.INPUT,
                edge_detection=Edge.BOTH if armed else Edge.NONE,
                bias=biases[self._pins[name].pull],
                event_clock=Clock.MONOTONIC,
            )
            for name, line in self._lines.items()
        }

    def _follows_a_gap(self, seqno: int) -> bool:
        """Whether the kernel has numbered edges before this one that never arrived.

        It dropped them because nobody read them in time, or merged them because it was late itself.
        """
        ahead = (seqno - self._last_seqno) % _SEQNOS
        if ahead >= _SEQNOS // 2:
            return False  # an edge of another pin has overtaken this one
        self._last_seqno = seqno
        return ahead > 1
