"""An application's functions: what they take, what they are called, and which are the same.

It calls none of them. Any thread.
"""

import inspect
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def takes_one(function: Function) -> bool:
    """Whether a function takes what it is called with; one that takes nothing is fine, too.

    As in gpiozero, an argument with a default is the function's own: ``lamp=lamp`` in a loop.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # a built-in one that says nothing
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(
        p.kind is inspect.Parameter.VAR_POSITIONAL
        or (p.kind in positional and p.default is inspect.Parameter.empty)
        for p in parameters
    )


def uncallable(function: Function, *, given: bool) -> str:
    """Say why a function can't be called as we would call it; nothing if it can."""
    try:
        argument = given and takes_one(function)
        inspect.signature(function).bind(*(None,) * argument)
    except TypeError as error:
        takes = "one argument or none" if given else "no argument"
        return f"{name_of(function)} can't be called ({error}): it must take {takes}"
    except ValueError:  # a built-in one that says nothing
        pass
    return ""


def name_of(function: object) -> str:
    """What a function, or what was given in its place, is called in a sentence."""
    return getattr(function, "__name__", None) or repr(function)


def code_of(function: Callable[..., Any]) -> object:
    """What two functions have in common that one ``def`` has made, run twice."""
    # Not that of a decorator, which all that it is put around share.
    return getattr(inspect.unwrap(function), "__code__", function)
