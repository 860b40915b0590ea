"""A Raspberry Pi pin goes LOW, and the browser moves to its next page."""

from importlib.metadata import version

from gpiobridge.errors import (
    ConfigError,
    DriveError,
    GpioBridgeError,
    PinError,
    PushError,
    RemoteError,
    ServerError,
)
from gpiobridge.events import Display, Gesture, Level, Message, PinEvent
from gpiobridge.web import GpioBridge

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
