"""How a property is tried: with the same random examples in every run."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import settings

T = TypeVar("T", bound=Callable[..., None])


def examples(number: int) -> Callable[[T], T]:
    """Try so many signals, the same ones in every run."""
    return settings(max_examples=number, derandomize=True, deadline=None, database=None)
