"""An application's functions: their arguments, their names, and which of them are the same.

It calls none of them. Any thread.
"""

import inspect
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def takes_one(function: Function) -> bool:
    """Whether a function takes the argument of the call; a function without arguments is fine, too.

    As in gpiozero, an argument with a default belongs to the function: ``lamp=lamp`` in a loop.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # a built-in function without a signature
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(
        p.kind is inspect.Parameter.VAR_POSITIONAL
        or (p.kind in positional and p.default is inspect.Parameter.empty)
        for p in parameters
    )


def uncallable(function: Function, *, given: bool) -> str:
    """Say why the bridge can't call a function; empty if it can."""
    try:
        argument = given and takes_one(function)
        inspect.signature(function).bind(*(None,) * argument)
    except TypeError as error:
        takes = "one argument or none" if given else "no argument"
        return f"{name_of(function)} can't be called ({error}): it must take {takes}"
    except ValueError:  # a built-in function without a signature
        pass
    return ""


def name_of(function: object) -> str:
    """Return what a function, or whatever was given in its place, is called in a sentence."""
    return getattr(function, "__name__", None) or repr(function)


def code_of(function: Callable[..., Any]) -> object:
    """Return what two functions share if the same ``def`` made them, run twice."""
    # Unwrap first: all functions below one decorator share that decorator's code.
    return getattr(inspect.unwrap(function), "__code__", function)
