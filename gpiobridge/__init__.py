"""A Raspberry Pi pin goes LOW, and the browser moves to its next page."""

from importlib.metadata import version

from gpiobridge.errors import ConfigError, GpioBridgeError, PinError, RemoteError, ServerError
from gpiobridge.web import GpioBridge

__version__ = version("gpiobridge")

__all__ = [
    "ConfigError",
    "GpioBridge",
    "GpioBridgeError",
    "PinError",
    "RemoteError",
    "ServerError",
    "__version__",
]
