"""Bounds of every value, whatever its key: how deep it may be nested, and how large a number.

A file can hold more than Python can walk through or write: tables a thousand levels deep, and a
number of 5,000 digits in hexadecimal. They are refused before anything else looks at them. Pure;
imports `words`; any thread.
"""

from collections.abc import Iterable, Mapping

from gpiobridge.config.words import Key, dotted

DEEPEST = 50
"""How many tables and lists may lie in one another; the deepest key of ours needs four."""

_LARGEST = 2**63 - 1  # TOML promises no larger whole number (TOML 1.0, Integer)
_KEYS_SHOWN = 3


def out_of_bounds(value: object, key: Key = ()) -> str:
    """Say what is too deep or too large in a value; empty if nothing is.

    Args:
        value: tables as `tomllib` gives them, or as an application does: these may hold themselves.
        key: the value's own place.

    Returns:
        The place, what is wrong there, and the remedy.
    """
    level = [(key, value)]
    for _ in range(DEEPEST + 2):
        for place, each in level:
            if isinstance(each, int) and abs(each) > _LARGEST:
                return _said(place, f"is a number beyond {_LARGEST}; write a smaller one")
        # By identity: a list that holds itself twice must not double with each level.
        level = list(
            {id(each): (at, each) for part in level for at, each in _inner(*part)}.values()
        )
        if not level:
            return ""
    place = level[0][0]
    return _said(place, f"is more than {DEEPEST} levels deep; write what the key takes")


def _inner(key: Key, value: object) -> Iterable[tuple[Key, object]]:
    if isinstance(value, Mapping):
        return [((*key, str(name)), each) for name, each in value.items()]
    if isinstance(value, list | tuple):
        return [(key, each) for each in value]
    return ()


def _said(key: Key, sentence: str) -> str:
    shown = dotted(key[:_KEYS_SHOWN])
    return f"{shown}: {sentence}" if shown else sentence
