"""The pins, outputs and sounds of a running bridge by their names. Any thread."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T")


class Named(Mapping[str, T]):
    """All of one sort.

    Args:
        what: the word for one of them.
        configured: returns all that are configured, by name.
        make: makes one of its name.
    """

    def __init__(
        self, what: str, configured: Callable[[], Mapping[str, object]], make: Callable[[str], T]
    ) -> None:
        self._what = what
        self._configured = configured
        self._make = make

    def __getitem__(self, name: str) -> T:
        if name not in self._configured():
            known = ", ".join(self) or "none"
            raise KeyError(f"there is no {self._what} {name!r}; {self._what}s: {known}")
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._configured())

    def __len__(self) -> int:
        return len(self._configured())
