"""Pins that do what a test says, and the settings of a watcher for them."""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from gpiobridge.config import Gpio, Page, Server, Settings
from gpiobridge.core.clock import Clock
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.pins.gpio import WiredPin
from gpiobridge.pins.source import PinSource
from gpiobridge.system.clock import RealClock

LOW, HIGH = Level.LOW, Level.HIGH
SETTINGS = Settings(
    server=Server(start="welcome"),
    gpio=Gpio(),
    pins={
        name: WiredPin(name=name, pin=number, active=LOW)
        for name, number in (("button", 17), ("door", 27))
    },
    pages={
        "welcome": Page(name="welcome", template=None, rules={("button", LOW): "open"}),
        "open": Page(name="open", template=None),
    },
    folder=Path("/"),
    source="test",
)


PATHS = {"welcome": "/welcome", "open": "/open"}


class ScriptedPins(PinSource):
    """Pins that do what a test says; their edges have the stamps of ``clock``."""

    simulated = True

    def __init__(self, loses_edges: bool = False, clock: Clock | None = None) -> None:
        self.loses_edges = loses_edges
        self.clock = clock or RealClock()
        self.levels = dict.fromkeys(SETTINGS.pins, HIGH)
        self.failure: Exception | None = None
        self.dead: Exception | None = None
        self.opened = False
        self.tell: Callable[[RawEdge], None] = lambda edge: None

    def open(self, on_edge: Callable[[RawEdge], None]) -> None:
        """Arm the pins."""
        self.opened = True
        self.tell = on_edge

    def read(self, pin: str) -> Level:
        """Read a pin, or fail."""
        if self.failure is not None:
            raise self.failure
        return self.levels[pin]

    def check(self) -> None:
        """Say that the back end is dead, if the test wants it."""
        if self.dead is not None:
            raise self.dead

    def close(self) -> None:
        """Release the pins."""
        self.opened = False

    def drive(self, pin: str, level: Level) -> None:
        """Change a pin's level, and tell of the edge."""
        self.levels[pin] = level
        self.tell(RawEdge(pin, level, self.clock.now().mono_s))


class KernelPins(ScriptedPins):
    """Pins whose edges wait at a descriptor until the watcher takes them."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.lost = False
        self.threads: set[str] = set()
        self._ear, self._bell = socket.socketpair()
        self._ear.setblocking(False)
        self._waiting: deque[RawEdge] = deque()

    def descriptors(self) -> list[int]:
        """The descriptor."""
        return [self._ear.fileno()]

    def read_edges(self) -> bool:
        """Tell of what waits; say that edges were lost, if the test wants it."""
        self.threads.add(threading.current_thread().name)
        if self.failure is not None:
            raise self.failure
        with contextlib.suppress(BlockingIOError):
            self._ear.recv(4096)
        while self._waiting:
            self.tell(self._waiting.popleft())
        lost, self.lost = self.lost, False
        return lost

    def close(self) -> None:
        """Release the pins."""
        super().close()
        self._ear.close()
        self._bell.close()

    def drive(self, pin: str, level: Level) -> None:
        """Change a pin's level, and let the edge wait."""
        self.levels[pin] = level
        self._waiting.append(RawEdge(pin, level, self.clock.now().mono_s))
        self.ring()

    def ring(self) -> None:
        """Make the descriptor readable."""
        self._bell.send(b"!")
