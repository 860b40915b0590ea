"""What the file's named tables share, such as `[pins.<name>]` and `[outputs.<name>]`.

Their names, their kinds, and their values as they are written. Any thread; used at start.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

from gpiobridge.config.problems import Problems
from gpiobridge.config.tables import Table
from gpiobridge.config.words import (
    NAME_RULES,
    PLAIN_NAME,
    PLAIN_SECTIONS,
    Key,
    dotted,
    one_of,
    plain_name,
    show,
)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")

TableT = TypeVar("TableT", bound=Table)
MadeT = TypeVar("MadeT")


@dataclass(frozen=True, slots=True)
class Written(Generic[TableT]):
    """A pin or an output as the file has it.

    Args:
        key: its place.
        raw: its table, or the value of its short form.
        table: those of its values that are right.
    """

    key: Key
    raw: object
    table: TableT

    def place(self, name: str) -> Key:
        """Give the place of one of its keys; the short form has only one place."""
        return (*self.key, name) if isinstance(self.raw, Mapping) else self.key

    def value(self, name: str) -> object:
        """Give the value that is written for one of its keys."""
        return self.raw[name] if isinstance(self.raw, Mapping) else self.raw

    def has(self, name: str) -> bool:
        """Whether one of its keys is written, with a right value or a wrong one."""
        return isinstance(self.raw, Mapping) and name in self.raw


class Reader(Protocol):
    """A kind, as far as its tables are read.

    Attributes:
        table: what may stand in a table of this kind.
        needs: keys that must be there -> the sentence if one is missing.
    """

    table: type[Any]
    needs: Mapping[str, str]

    def read(self, key: Key, raw: object, problems: Problems) -> Written[Any]:
        """Read a table, each value by itself."""


ReaderT = TypeVar("ReaderT", bound=Reader)


def check_name(key: Key, problems: Problems, *, is_header: bool = False) -> None:
    """Refuse a name that a pin, an output, a sound, a display or a page can't have.

    Args:
        key: the section, and the name.
        problems: takes what is wrong.
        is_header: whether the name can only stand in a header, `[sounds.<name>]`.
    """
    section, name = key
    if (PLAIN_NAME if section in PLAIN_SECTIONS else _NAME).fullmatch(name):
        return
    plain = plain_name(section, name)
    right = dotted((section, plain))
    remedy = f"write {f'[{right}]' if is_header else right}" if plain else "rename it"
    problems.add(key, f"{NAME_RULES[section]}; {remedy}")


def read_of_kind(
    key: Key,
    raw: object,
    said_by: str,
    names: Collection[str],
    default_name: str,
    find: Callable[[str], ReaderT],
    problems: Problems,
) -> tuple[ReaderT, Written[Any]]:
    """Read a table as its kind does; if the kind is wrong, as the default kind does.

    Args:
        key: its place.
        raw: the table, or the value of its short form.
        said_by: the key that names its kind.
        names: the names of all kinds.
        default_name: the kind of a table that names none.
        find: finds a kind by its name.
        problems: takes what is wrong.
    """
    default = find(default_name)
    if isinstance(raw, list) and any(isinstance(each, Mapping) for each in raw):  # [[pins.x]]
        problems.add(key, f"must be a section; write [{dotted(key)}]")
        return default, Written(key, raw, default.table({}))
    if not isinstance(raw, Mapping):
        return default, default.read(key, raw, problems)
    name = raw.get(said_by, default_name)
    if not isinstance(name, str) or name not in names:
        wrong = one_of(name, names)
        remedy = "" if ";" in wrong else f"; leave it out for the default of {show(default_name)}"
        problems.add((*key, said_by), f"{wrong}{remedy}", name)
        right = {each: value for each, value in raw.items() if each != said_by}
        return default, default.read(key, right, problems)
    kind = find(name)
    for needed, sentence in kind.needs.items():
        if needed not in raw:
            problems.add(key, sentence)
    # The keys that only the default kind has, such as a number.
    others = set(default.table.known_keys()).difference(kind.table.known_keys())
    sentence = f"has no meaning with {said_by} = {show(name)}; leave one of them out"
    for each in raw:
        if each in others:
            problems.add((*key, each), sentence, raw[each])
    its = {each: value for each, value in raw.items() if each not in others}
    return kind, kind.read(key, its, problems)


def made(of: type[MadeT], given: Mapping[str, Any]) -> MadeT | None:
    """Make a pin or an output of its right values, if these are enough."""
    required = {field.name for field in fields(of) if field.default is MISSING}  # type: ignore[arg-type]
    return of(**given) if required <= given.keys() else None
