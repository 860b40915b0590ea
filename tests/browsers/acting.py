"""What visitors and pins do in a test."""

from running import RunningBridge, frame

from browsers.gate import Gate
from browsers.tab import Tab


def drive(bridge: RunningBridge, pin: str, *levels: str) -> None:
    """Drive a pin to each level in turn, and wait each time until the bridge has told of it."""
    with bridge.socket("still") as watching:
        frame(watching, "state")
        for level in levels:
            bridge.set_level(pin, level)
            while frame(watching, "edge")["event"] != level:
                pass  # of another pin, or a tap or a hold


def press(bridge: RunningBridge, times: int = 1) -> None:
    """Press the button and let it go."""
    drive(bridge, "button", *["low", "high"] * times)


def open_page(tab: Tab, bridge: RunningBridge | Gate, name: str = "welcome") -> None:
    """Open a page, and wait until it is connected."""
    tab.goto(f"{bridge.url}/{name}")
    tab.wait_for_page(name)


def assert_stays(tab: Tab, bridge: RunningBridge, name: str) -> None:
    """Check that a page stays: something that happens after all that could move it is seen on it.

    The frame of the door's edge comes behind everything that the bridge had to tell the page.
    """
    tab.wait_for_page(name)
    level = "low" if bridge.health()["pins"]["door"]["level"] == "high" else "high"
    drive(bridge, "door", level)
    tab.wait_for_level("door", level)
    tab.wait_for_page(name)
