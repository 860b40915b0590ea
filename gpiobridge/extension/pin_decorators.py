"""The decorators of functions that hear of a pin: ``@bridge.on_low("button")``, one for a trigger.

Made from the table of triggers; while an application is made, on its thread.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from gpiobridge.core.triggers import HEARD, Trigger

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
BridgeT = TypeVar("BridgeT")

_DOC = """Call the decorated function {when}.

It may take one argument, the `PinEvent`. Each function has a thread of its own, with the
application's context: it may take as long as it likes, and if it fails, that is logged. Its
events come in order, one at a time; of more than 1000 that wait, the newest are dropped,
and the log says so.

Args:
    pin: the pin's name. That there is none of this name is told at the start.

Raises:
    ConfigError: there is no name, or the function takes more than one argument.
    GpioBridgeError: the bridge runs already.
"""


class PinDecorator(Protocol):
    """What ``bridge.on_low`` is to a type checker."""

    def __call__(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Make the decorator of functions that hear of this pin."""


def with_pin_decorators(bridge: type[BridgeT]) -> type[BridgeT]:
    """Give a class a decorator for each trigger; its ``_on(pin, name)`` declares the function."""
    for trigger in HEARD.values():
        setattr(bridge, trigger.table, _pin_decorator(trigger, bridge.__qualname__))
    return bridge


def _pin_decorator(trigger: Trigger, owner: str) -> Callable[..., Any]:
    def decorator(self: Any, pin: str) -> Callable[[FunctionT], FunctionT]:
        made: Callable[[FunctionT], FunctionT] = self._on(pin, trigger.name)
        return made

    decorator.__doc__ = _DOC.format(when=trigger.when)
    decorator.__name__ = trigger.table
    decorator.__qualname__ = f"{owner}.{trigger.table}"
    return decorator
