"""The problems of a configuration, gathered: place, value, remedy.

Owns the place of a problem, and the translation of pydantic's errors, whose words must not reach a
person. Imports nothing of the project except `durations`, `tables` and `words`; any thread.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gpiobridge.config.durations import format_duration
from gpiobridge.config.tables import Table
from gpiobridge.config.words import Key, dotted, is_secret, names_secret, one_of, show, unknown

TableT = TypeVar("TableT", bound=Table)

_NOT_GIVEN = object()


class Problems:
    """All that is wrong with one configuration, a sentence each.

    Args:
        source: the place that problems name, such as `config.toml`.
        origins: for dotted keys that don't come from the source: their variable or option.

    Attributes:
        sentences: what is wrong.
        warnings: what is allowed but probably not meant; each once.
    """

    def __init__(self, source: str, origins: Mapping[str, str]) -> None:
        self.sentences: list[str] = []
        self.warnings: list[str] = []
        self._source = source
        self._origins = origins

    def add(self, key: Key, sentence: str, value: object = _NOT_GIVEN) -> None:
        """Report one problem.

        Args:
            key: the levels of its key.
            sentence: what is wrong, and the remedy.
            value: the present value; a table is too long to show.
        """
        chosen = key[0] in ("pins", "pages", "every_page")
        secret = names_secret(key[-1]) if chosen else is_secret(key[-1])
        hidden = value is _NOT_GIVEN or _has_table(value) or secret
        shown = "" if hidden else f" = {show(value)}"
        self.sentences.append(f"{self._place(key)}{shown}: {sentence}")

    def warn(self, key: Key, sentence: str) -> None:
        """Warn of what stands at `key`; the same warning is given only once."""
        warning = f"{self._place(key)}: {sentence}"
        if warning not in self.warnings:
            self.warnings.append(warning)

    def name(self, key: Key) -> str:
        """Name a key within a sentence: by its name in the file, or by the variable that set it."""
        return self._origin(key) or dotted(key)

    def _place(self, key: Key) -> str:
        """Name the place of a key: the file and the key, or the variable that set it."""
        return self._origin(key) or f"{self._source}: {dotted(key)}"

    def _origin(self, key: Key) -> str:
        for length in range(len(key), 0, -1):
            origin = self._origins.get(".".join(key[:length]))
            if origin is not None:
                return ": ".join(filter(None, (origin, dotted(key[length:]))))
        return ""

    def read(
        self, table: type[TableT], raw: Mapping[str, object], key: Key, settings: type
    ) -> TableT:
        """Read one table, report every problem in it, and return the values that are right.

        Args:
            table: what the table may hold; nothing in it is required.
            raw: the table as `tomllib` gives it.
            key: its place.
            settings: the dataclass that it becomes, which knows the defaults.
        """
        right = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in raw.items()
        }
        try:
            return table.model_validate(right)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                # Without the position in a list: TOML can't write it, and the value says enough.
                where = tuple(part for part in details["loc"] if isinstance(part, str))
                self.add((*key, *where), _sentence(details, key, table, settings), details["input"])
                # Only the wrong value goes: one bad rule must not hide the problems of others.
                inner = right.get(where[0])
                if isinstance(inner, dict) and len(where) > 1:
                    inner.pop(where[1], None)
                else:
                    right.pop(where[0], None)
            return table.model_validate(right)


def _has_table(value: object) -> bool:
    """Whether a value is a table, or a list with one, as `[[server]]` makes it."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(each, Mapping) for each in items)


def _sentence(error: ErrorDetails, key: Key, table: type[Table], settings: type) -> str:
    """Say one of pydantic's errors in our words, with a remedy."""
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return unknown(key[0], name, table.known_keys())
    fields = {field.alias or name: name for name, field in table.model_fields.items()}
    reason = _reason(error)
    default = next((f.default for f in dataclasses.fields(settings) if f.name == fields[name]), "")
    if ";" in reason or default in ("", (), None, dataclasses.MISSING):
        return reason  # it has its own remedy, or there is no default to fall back on
    # Durations are the floats: see `durations`.
    shown = format_duration(default) if isinstance(default, float) else show(default)
    return f"{reason}; leave it out for the default of {shown}"


def _reason(error: ErrorDetails) -> str:
    """Say what is wrong with a value; a special remedy, if there is one, follows a semicolon."""
    context = error.get("ctx", {})
    where = [str(part) for part in error["loc"]]
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "string_type":
            return "must be text in quotes"
        case "bool_type":
            return "must be true or false, without quotes" + _meant_bool(error["input"])
        case "int_type":
            return "must be a whole number, without quotes" + _meant_int(error["input"])
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "tuple_type":
            example = "https://example.org" if where[0] == "allow" else "kiosk.example.org"
            return f'must be a list, such as ["{example}"]'
        case "dict_type":
            return f'must name the pin, too; write {where[0]}.<pin> = "<next page>"'
        case "literal_error":
            options = re.findall(r"'([^']+)'", str(context["expected"]))
            return one_of(error["input"], options)
    return "is not a value that can stand here"


def _meant_bool(value: object) -> str:
    """Say which of the two was meant, if that is clear."""
    word = str(value).strip().lower()
    for right, words in (
        ("true", ("true", "yes", "on", "1")),
        ("false", ("false", "no", "off", "0")),
    ):
        if word in words:
            return f"; write {right}"
    return ""


def _meant_int(value: object) -> str:
    """Say which number was meant, if that is clear."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**9:
        return f"; write {int(value)}"
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return f"; write {int(value)}"
    return ""
