"""The decorator of a trigger for which `GpioBridge` has none written down.

The class writes its decorators out, because type checkers and the API page need them. A new row in
the table of triggers works even before that. Used while an application is made, on its thread.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from gpiobridge.core.triggers import HEARD, Trigger

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
BridgeT = TypeVar("BridgeT")


def with_pin_decorators(bridge: type[BridgeT]) -> type[BridgeT]:
    """Give a class a decorator for each other trigger; its `_on(pin, name)` declares a function."""
    for trigger in HEARD.values():
        if trigger.table not in vars(bridge):
            setattr(bridge, trigger.table, _pin_decorator(trigger, bridge.__qualname__))
    return bridge


def _pin_decorator(trigger: Trigger, owner: str) -> Callable[..., Any]:
    def decorator(self: Any, pin: str) -> Callable[[FunctionT], FunctionT]:
        made: Callable[[FunctionT], FunctionT] = self._on(pin, trigger.name)
        return made

    decorator.__doc__ = f"Call the decorated function {trigger.when}; see `on_low`."
    decorator.__name__ = trigger.table
    decorator.__qualname__ = f"{owner}.{trigger.table}"
    return decorator
