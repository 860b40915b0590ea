"""A Raspberry Pi pin goes LOW, and the browser moves to its next page.

Names are imported when they are first used: `GpioBridge` needs Flask, but a command that
only talks to a running bridge must work without it. And `outputs.make_safe` has no time for any.
"""

TYPE_CHECKING = False  # that of typing, whose import takes as long as a whole interpreter's start
if TYPE_CHECKING:
    from gpiobridge.config.settings import OutputState
    from gpiobridge.core.events import Gesture, Level, PinEvent
    from gpiobridge.displays.audience import Display, Message
    from gpiobridge.errors import (
        ConfigError,
        DriveError,
        GpioBridgeError,
        OutputError,
        PinError,
        PushError,
        RemoteError,
        ServerError,
    )
    from gpiobridge.extension.gpio_bridge import GpioBridge

    __version__: str

__all__ = [
    "ConfigError",
    "Display",
    "DriveError",
    "Gesture",
    "GpioBridge",
    "GpioBridgeError",
    "Level",
    "Message",
    "OutputError",
    "OutputState",
    "PinError",
    "PinEvent",
    "PushError",
    "RemoteError",
    "ServerError",
    "__version__",
]


_HOMES = {
    **dict.fromkeys(("Gesture", "Level", "PinEvent"), "gpiobridge.core.events"),
    **dict.fromkeys(("Display", "Message"), "gpiobridge.displays.audience"),
    "OutputState": "gpiobridge.config.settings",
    **dict.fromkeys((name for name in __all__ if name.endswith("Error")), "gpiobridge.errors"),
    "GpioBridge": "gpiobridge.extension.gpio_bridge",
}

if not TYPE_CHECKING:  # type checkers know every name

    def __getattr__(name: str) -> object:
        """Import a name when it is first used, and keep it."""
        from importlib import import_module

        if name == "__version__":
            from importlib.metadata import version

            found = version(__name__)
        elif name in _HOMES:
            found = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
