"""Tables from Python code, turned into what a file could hold.

`config` checks what TOML can say, but Python can say more. A value with one clear meaning is taken,
such as a `timedelta` for a duration. Anything else is reported with its place and a remedy. The
most important case is None, which would otherwise look as if nothing had been written. Pure; used
at the start.
"""

import enum
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

Key = tuple[str, ...]

_GONE = object()
_MICROSECOND = timedelta(microseconds=1)


def plain_tables(raw: Mapping[Any, Any], source: str) -> tuple[dict[str, Any], list[str]]:
    """Turn an application's tables into plain ones.

    Args:
        raw: tables of the shape of ``config.toml``; they are not changed.
        source: the place that problems name.

    Returns:
        The tables without what is wrong, and the problems, a sentence each.
    """
    problems: list[str] = []
    return _table(raw, (), source, problems), problems


def _table(raw: Mapping[Any, Any], key: Key, source: str, problems: list[str]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in raw.items():
        if not isinstance(name, str):
            place = f"{source}: {'.'.join(key)}" if key else source
            problems.append(f"{place}: {_name_problem(key, name, value)}")
        elif (plain := _plain(value, (*key, name), source, problems)) is not _GONE:
            table[str(name)] = plain
    return table


def _plain(value: Any, key: Key, source: str, problems: list[str]) -> Any:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, Mapping):
        return _table(value, key, source, problems)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        plain = [_plain(item, key, source, problems) for item in items]
        return [item for item in plain if item is not _GONE]
    if isinstance(value, timedelta):
        microseconds = value // _MICROSECOND
        whole = microseconds % 1000 == 0
        return f"{microseconds // 1000}ms" if whole else f"{microseconds}us"
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is not None or _is_told_by_config(key):
        return value
    if key[0] == "pins" and key[2:] == ("pull",):
        return "none"  # as gpiozero has it: pull_up=None
    is_table = len(key) == 1 or (key[0] == "pages" and len(key) == 2)
    remedy = (
        "must be a mapping; write {}, or leave it out"
        if is_table
        else "None is not a value; leave it out for the default, or give it one"
    )
    problems.append(f"{source}: {'.'.join(key)} = None: {remedy}")
    return _GONE


def _is_told_by_config(key: Key) -> bool:
    """Whether `config` reports None here: it would also report a missing value."""
    return "idle" in key or (key[0] == "pins" and (len(key) == 2 or key[2:] == ("pin",)))


def _name_problem(key: Key, name: object, value: object) -> str:
    """Say what is wrong with a name that is no text, which a file can't have."""
    if key == ("pins",):
        return f'{{{name!r}: {value!r}}}: the name comes first, as text; write {{"button": 17}}'
    if key and key[-1].startswith(("on_", "while_")):
        return (
            f"{{{name!r}: {value!r}}}: the name of a pin comes first, as text; "
            'write {"button": "open"}'
        )
    return f"{name!r}: a name is text; put it in quotes"
