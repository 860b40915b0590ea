"""The problems of a configuration, gathered: place, value, remedy.

Owns the place of a problem, and the default that a wrong key can fall back on. Imports nothing of
the project except `durations`, `tables`, `values` and `words`; any thread.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from gpiobridge.config.durations import format_duration
from gpiobridge.config.tables import Table
from gpiobridge.config.values import PartsError, WrongPart
from gpiobridge.config.words import Key, dotted, is_secret, names_secret, show, unknown

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
        chosen = key[0] in ("pins", "outputs", "pages", "every_page", "sounds", "displays")
        secret = names_secret(key[-1]) if chosen else is_secret(key[-1])
        secret |= key[0] == "alarms" and "://" in str(value)  # also at a wrong key
        hidden = value is _NOT_GIVEN or _has_table(value) or secret
        shown = "" if hidden else f" = {_without_password(show(value))}"
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
        values: dict[str, Any] = {}
        known = {each.name: attribute for attribute, each in table.keys.items()}
        for name, attribute in known.items():
            if name not in raw:
                continue
            try:
                values[attribute] = table.keys[attribute].read(raw[name])
            except PartsError as error:
                # Only the wrong parts go: one bad rule must not hide the problems of others.
                if error.right is not None:
                    values[attribute] = error.right
                wrong = error.parts
            except ValueError as error:
                wrong = [WrongPart((), raw[name], str(error))]
            else:
                continue
            for part in wrong:
                sentence = _sentence(part.reason, attribute, settings)
                self.add((*key, name, *part.key), sentence, part.value)
        for name in raw:
            if name not in known:
                self.add((*key, name), unknown(key[0], name, table.known_keys()), raw[name])
        return table(values)


def _without_password(shown: str) -> str:
    """Take the user name and the password out of an address: a problem ends in a log."""
    return re.sub(r"(?<=://)[^/?#]*@", "...@", shown)


def _has_table(value: object) -> bool:
    """Whether a value is a table, or a list with one, as `[[server]]` makes it."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(each, Mapping) for each in items)


def _sentence(reason: str, attribute: str, settings: type) -> str:
    """Add a remedy to the reason why a value is wrong: the default, if there is no other."""
    default = next((f.default for f in dataclasses.fields(settings) if f.name == attribute), "")
    if ";" in reason or default in ("", (), None, dataclasses.MISSING):
        return reason  # it has its own remedy, or there is no default to fall back on
    # Durations are the floats: see `durations`.
    shown = format_duration(default) if isinstance(default, float) else show(default)
    return f"{reason}; leave it out for the default of {shown}"
