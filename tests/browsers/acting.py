"""What visitors and pins do in a test."""

import contextlib
from collections.abc import Iterator

from harness.bridge_process import BridgeProcess
from harness.sockets import frame
from websockets.sync.client import ClientConnection

from browsers.gate import Gate
from browsers.tab import Tab


class Pins:
    """The simulated pins of a bridge, by the eyes of a display.

    Args:
        bridge: whose they are.
        connection: of a page that no event moves.
    """

    def __init__(self, bridge: BridgeProcess, connection: ClientConnection) -> None:
        self._bridge = bridge
        self._connection = connection
        frame(connection, "state")

    def drive(self, pin: str, *levels: str) -> None:
        """Drive a pin to each level in turn, and wait each time until the bridge has told of it."""
        for level in levels:
            self._bridge.set_level(pin, level)
            self.wait_for(pin, level)

    def wait_for(self, pin: str, event: str) -> None:
        """Wait for an event of a pin, and pass over others."""
        while True:
            edge = frame(self._connection, "edge")
            if (edge["pin"], edge["event"]) == (pin, event):
                return


@contextlib.contextmanager
def watched_pins(bridge: BridgeProcess) -> Iterator[Pins]:
    """A bridge's pins; what happens to them is heard from now on."""
    with bridge.socket("still") as connection:
        yield Pins(bridge, connection)


def drive(bridge: BridgeProcess, pin: str, *levels: str) -> None:
    """Drive a pin to each level in turn, and wait each time until the bridge has told of it."""
    with watched_pins(bridge) as pins:
        pins.drive(pin, *levels)


def press(bridge: BridgeProcess, times: int = 1) -> None:
    """Press the button and let it go."""
    drive(bridge, "button", *["low", "high"] * times)


def open_page(tab: Tab, bridge: BridgeProcess | Gate, name: str = "welcome") -> None:
    """Open a page, and wait until it is connected."""
    tab.goto(f"{bridge.url}/{name}")
    tab.wait_for_page(name)


def assert_stays(tab: Tab, bridge: BridgeProcess, name: str) -> None:
    """Check that a page stays: something that happens after all that could move it is seen on it.

    The frame of the door's edge comes behind everything that the bridge had to tell the page.
    """
    tab.wait_for_page(name)
    level = "low" if bridge.health()["pins"]["door"]["level"] == "high" else "high"
    drive(bridge, "door", level)
    tab.wait_for_level("door", level)
    tab.wait_for_page(name)
