"""Pins without a wire: whoever may use the API sets their levels (see `api`).

They keep what the watcher relies on (`debounce` says why): a reading is never older than the moment
before it, and an edge that was stamped before a moment is in the watcher's hands once it has looked
for edges after that moment. So a level and the stamp of its edge are made in one step, under the
lock, and `read` and `read_edges` come before that step or after it, never in its middle.

Threads: `drive` on any, the rest as `source` says. ``on_edge`` is called with the lock held, so
that edges come in the order of their stamps; it doesn't block.
"""

import threading
import time
from collections.abc import Mapping

from gpiobridge.config import Pin
from gpiobridge.errors import PinError
from gpiobridge.events import Level, RawEdge
from gpiobridge.gpio.source import OnEdge, PinSource


class VirtualPins(PinSource):
    """Pins that start inactive, and keep the level that they were last given.

    Args:
        pins: pin name to its settings.

    Attributes:
        simulated: False: they are what was configured, and stand for nothing else.
        loses_edges: False: every edge is handed on.
    """

    simulated = False
    loses_edges = False

    def __init__(self, pins: Mapping[str, Pin]) -> None:
        self._lock = threading.Lock()
        self._levels = {name: pin.active.other for name, pin in pins.items()}
        self._on_edge: OnEdge | None = None  # None while they are closed

    def __contains__(self, pin: str) -> bool:
        return pin in self._levels

    def open(self, on_edge: OnEdge) -> None:
        """From now on every edge goes to ``on_edge``, on the thread that drives."""
        with self._lock:
            self._on_edge = on_edge

    def drive(self, pin: str, level: Level) -> None:
        """Set a pin's level; the level that it has already is no edge.

        Raises:
            PinError: the pins are not open.
        """
        with self._lock:
            if self._on_edge is None:
                raise PinError(f"pin {pin!r} is closed: the bridge is not running")
            if self._levels[pin] is not level:
                self._levels[pin] = level
                self._on_edge(RawEdge(pin, level, time.monotonic()))

    def read_edges(self) -> bool:
        """Wait for a drive that has stamped its edge and not yet handed it on.

        Returns:
            False: no edge is ever lost.
        """
        with self._lock:
            return False

    def read(self, pin: str) -> Level:
        """Read a pin's level now."""
        with self._lock:
            return self._levels[pin]

    def check(self) -> None:
        """Nothing to do: there is nothing that could die."""

    def close(self) -> None:
        """Let no edge come any more; may be called twice."""
        with self._lock:
            self._on_edge = None
