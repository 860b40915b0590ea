"""What an oscillating pin costs another pin's press: part of `rows_other`.

In one process with the watcher, as no simulated pin can be driven over HTTP as fast as a loose wire
oscillates. The displays are sockets that a thread reads.
"""

import logging
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wsproto import connection as protocol

from gpiobridge.config.check import check
from gpiobridge.core.events import Level, RawEdge
from gpiobridge.displays.audience import Display
from gpiobridge.displays.connection import Connection
from gpiobridge.loop.watcher import Watcher
from gpiobridge.pins.source import OnEdge, PinSource

DISPLAYS = 50
EDGES_A_SECOND = 5000
PRESSES = 20
DEADLINE_S = 10.0

SETTINGS = {
    "pins": {
        "button": {"pin": 17, "debounce": "0ms"},
        "loose": {"pin": 27, "debounce": "0ms"},
    },
    "pages": {"still": {}},
}


class DrivenPins(PinSource):
    """Pins that change as they are told to."""

    simulated = False
    loses_edges = True

    def __init__(self) -> None:
        self.levels = dict.fromkeys(SETTINGS["pins"], Level.HIGH)
        self.tell: OnEdge = lambda edge: None

    def open(self, on_edge: OnEdge) -> None:
        """Arm the pins."""
        self.tell = on_edge

    def read(self, pin: str) -> Level:
        """Read a pin."""
        return self.levels[pin]

    def change(self, pin: str) -> None:
        """Change a pin's level."""
        self.levels[pin] = self.levels[pin].other
        self.tell(RawEdge(pin, self.levels[pin], time.monotonic()))


def press_seconds(*, noisy: bool) -> float:
    """The median time from a press to its frame on a display, in seconds."""
    # The noisy pin is said to oscillate, which is no news here.
    logging.getLogger("gpiobridge").addHandler(logging.NullHandler())
    settings = check(SETTINGS, source="bench", folder=Path(), views=("still",))
    pins = DrivenPins()
    watcher = Watcher(settings, pins, {"still": "/still"})
    watcher.start()
    told, stop = threading.Event(), threading.Event()
    took_s = []
    try:
        with reading_displays(watcher, told, stop):
            if noisy:
                threading.Thread(target=oscillate, args=(pins, stop)).start()
                stop.wait(1.0)  # until it is known for what it is
            for _ in range(PRESSES):
                stop.wait(0.1)
                told.clear()
                started_s = time.monotonic()
                pins.change("button")
                told.wait(DEADLINE_S)
                took_s.append(time.monotonic() - started_s)
    finally:
        stop.set()
        watcher.stop()
    return statistics.median(took_s)


def oscillate(pins: DrivenPins, stop: threading.Event) -> None:
    """Change the loose pin all the time, ten edges a burst."""
    due_s = time.monotonic()
    while not stop.is_set():
        for _ in range(10):
            pins.change("loose")
        due_s += 10 / EDGES_A_SECOND
        time.sleep(max(0.0, due_s - time.monotonic()))


@contextmanager
def reading_displays(
    watcher: Watcher, told: threading.Event, stop: threading.Event
) -> Iterator[None]:
    """Open displays, and read them all; the first one's frames of the button are told."""
    selector = selectors.DefaultSelector()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ends = []
        for _ in range(DISPLAYS):
            ends.append(socket.create_connection(listener.getsockname()))
            ours = listener.accept()[0]
            ours.setblocking(False)
            selector.register(ends[-1], selectors.EVENT_READ)
            watcher.adopt(
                Connection(
                    ours,
                    protocol.Connection(protocol.ConnectionType.SERVER),
                    Display("still"),
                    slot=watcher.slots.take(),
                )
            )

    def read() -> None:
        while not stop.is_set():
            for key, _ in selector.select(0.1):
                if b'"pin":"button"' in key.fileobj.recv(65536) and key.fileobj is ends[0]:
                    told.set()

    reader = threading.Thread(target=read)
    reader.start()
    yield
    stop.set()
    reader.join()
    for end in ends:
        end.close()
    selector.close()
