"""A Raspberry Pi pin goes LOW, and the browser moves to its next page."""

from importlib.metadata import version

from gpiobridge.core.events import Gesture, Level, PinEvent
from gpiobridge.displays.audience import Display, Message
from gpiobridge.errors import (
    ConfigError,
    DriveError,
    GpioBridgeError,
    PinError,
    PushError,
    RemoteError,
    ServerError,
)
from gpiobridge.extension.gpio_bridge import GpioBridge

__version__ = version("gpiobridge")

__all__ = [
    "ConfigError",
    "Display",
    "DriveError",
    "Gesture",
    "GpioBridge",
    "GpioBridgeError",
    "Level",
    "Message",
    "PinError",
    "PinEvent",
    "PushError",
    "RemoteError",
    "ServerError",
    "__version__",
]
