"""What a single value of `config.toml` must be, and the words for one that is something else.

A reader takes a value as `tomllib` gives it, and returns it as `settings` has it. It raises a
`ValueError` with a short reason; a remedy of its own follows a semicolon. A value is never
converted in silence: `"8000"` is no number. Pure; imports `durations`,
`opening_times` and `words`; any thread.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from gpiobridge.config.durations import format_duration, parse_duration
from gpiobridge.config.opening_times import HOURS_VERBS, MAX_HOURS_S, ToHours
from gpiobridge.config.words import nearest, one_of

T = TypeVar("T")


class WrongPart(NamedTuple):
    """A part of a value that is wrong.

    Args:
        key: its key in the value's table; empty for an item of a list, whose value says enough.
        value: the part.
        reason: what is wrong.
    """

    key: tuple[str, ...]
    value: object
    reason: str


class PartsError(ValueError):
    """Parts of a value are wrong.

    Args:
        parts: the wrong parts.
        right: the value without them; None if it can't be used without them.
    """

    def __init__(self, parts: list[WrongPart], right: object = None) -> None:
        super().__init__(", ".join(part.reason for part in parts))
        self.parts = parts
        self.right = right


class Text:
    """The reader of text.

    Args:
        then: reads the text further.
    """

    def __init__(self, then: Callable[[str], str] = str) -> None:
        self._then = then

    def __call__(self, value: object) -> str:
        """Read a value."""
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")
        return self._then(value)


class Flag:
    """The reader of true and false."""

    def __call__(self, value: object) -> bool:
        """Read a value."""
        if not isinstance(value, bool):
            raise ValueError("must be true or false, without quotes" + _meant_flag(value))
        return value


class Whole:
    """The reader of a whole number.

    Args:
        least: the smallest.
        most: the largest; None if there is none.
    """

    def __init__(self, least: int, most: int | None = None) -> None:
        self.least = least
        self.most = most

    def __call__(self, value: object) -> int:
        """Read a value."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a whole number, without quotes" + _meant_number(value))
        if value < self.least:
            raise ValueError(f"must be at least {self.least}")
        if self.most is not None and value > self.most:
            raise ValueError(f"must be at most {self.most}")
        return value


class Choice(Generic[T]):
    """The reader of a word out of several.

    Args:
        words: the words.
        make: what the chosen word becomes.
        refused: words that people write -> what is wrong with them.
    """

    def __init__(
        self,
        words: Collection[str],
        make: Callable[[str], T],
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.words = words
        self._make = make
        self._refused = refused or {}

    def __call__(self, value: object) -> T:
        """Read a value."""
        if isinstance(value, str) and value in self.words:
            return self._make(value)
        if isinstance(value, str) and value in self._refused:
            raise ValueError(self._refused[value])
        raise ValueError(one_of(value, self.words))


class Texts:
    """The reader of a list of text.

    Args:
        each: reads an item further.
        example: an item, for the remedy.
    """

    def __init__(self, each: Callable[[str], str], example: str) -> None:
        self._read = Text(each)
        self._example = example

    def __call__(self, value: object) -> tuple[str, ...]:
        """Read a value."""
        if not isinstance(value, list | tuple):
            raise ValueError(f'must be a list, such as ["{self._example}"]')
        right: list[str] = []
        wrong: list[WrongPart] = []
        for item in value:
            try:
                right.append(self._read(item))
            except ValueError as error:
                wrong.append(WrongPart((), item, str(error)))
        if wrong:
            raise PartsError(wrong)
        return tuple(right)


class Share:
    """The reader of a number from 0 to 1.

    Args:
        example: such a number with its key, for the remedy.
    """

    def __init__(self, example: str) -> None:
        self._example = example

    def __call__(self, value: object) -> float:
        """Read a value."""
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        raise ValueError(f"must be a number from 0 to 1, without quotes; write {self._example}")


class Seconds:
    """The reader of a duration.

    Args:
        least_s: the shortest, in seconds.
        most_s: the longest, in seconds.
    """

    def __init__(self, least_s: float, most_s: float) -> None:
        self.least_s = least_s
        self.most_s = most_s

    def __call__(self, value: object) -> float:
        """Read a value."""
        duration_s = read_seconds(value, self.least_s, self.most_s)
        if duration_s > self.most_s:
            raise ValueError(f"must be at most {format_duration(self.most_s)}")
        if duration_s < self.least_s:
            raise ValueError(f"must be at least {format_duration(self.least_s)}")
        return duration_s


class Target(NamedTuple):
    """Where a rule leads, and what else it does.

    Args:
        to: the name of the page.
        sound: the name of the sound that it plays; None for none.
        in_table: whether it is written as a table: the page then stands at its key `to`.
        displays: the names of the displays that it leads, in place of the one that shows the page;
            None if it names none.
        group: the name of their group, instead; None for none.
    """

    to: str
    sound: str | None = None
    in_table: bool = False
    displays: tuple[str, ...] | None = None
    group: str | None = None


class Targets:
    """The reader of a table of rules: each pin, and where it leads.

    Args:
        table: its key, for the remedy.
    """

    def __init__(self, table: str) -> None:
        self._table = table

    def __call__(self, value: object) -> dict[str, Target | ToHours | Literal[False]]:
        """Read a value; false takes out a rule of [every_page]."""
        if not isinstance(value, Mapping):
            raise ValueError(f'must name the pin, too; write {self._table}.<pin> = "<next page>"')
        right: dict[str, Target | ToHours | Literal[False]] = {}
        wrong: list[WrongPart] = []
        for pin, written in value.items():
            if written is False:
                right[pin] = False
            elif isinstance(written, str):
                right[pin] = Target(written)
            elif isinstance(written, Mapping) and "hours" in written:
                order = _to_hours(pin, written, wrong)
                if order is not None:
                    right[pin] = order
            elif isinstance(written, Mapping):
                target = _target(pin, written, wrong)
                if target is not None:
                    right[pin] = target
            else:
                reason = 'must be the name of a page; write it in quotes, such as "welcome"'
                wrong.append(WrongPart((pin,), written, reason))
        if wrong:
            raise PartsError(wrong, right)
        return right


_OF_A_RULE = {
    "to": ("the name of a page", '"<next page>"'),
    "sound": ("the name of a sound", '"<sound>"'),
    "displays": ("a list of names of displays", '["<display>"]'),
    "group": ("the name of a group of displays", '"<group>"'),
}
"""The keys of a rule that is written as a table -> what its value must be, and an example."""


def _target(pin: str, table: Mapping[str, object], wrong: list[WrongPart]) -> Target | None:
    """Read a rule that is written as a table; None if it leads nowhere."""
    right: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _OF_A_RULE:
            close = nearest(key, _OF_A_RULE)
            remedy = f"did you mean {close}?" if close else "write to, sound, displays or group"
            wrong.append(WrongPart((pin, key), value, f"is no key of a rule; {remedy}"))
        elif not (_is_names(value) if key == "displays" else isinstance(value, str)):
            must, example = _OF_A_RULE[key]
            wrong.append(WrongPart((pin, key), value, f"must be {must}; write {key} = {example}"))
        else:
            right[key] = value
    if "to" not in table:
        reason = f"has no page to lead to; write to = {_OF_A_RULE['to'][1]} in it, too"
        wrong.append(WrongPart((pin,), table, reason))
    if "to" not in right:
        return None
    if "displays" in right:
        right["displays"] = tuple(right["displays"])
    return Target(**right, in_table=True)


def _to_hours(pin: str, table: Mapping[str, object], wrong: list[WrongPart]) -> ToHours | None:
    """Read a rule that overrules the opening hours; None if something of it is wrong."""
    before = len(wrong)
    verb, for_s = table["hours"], None
    for key, value in table.items():
        if key not in ("hours", "for"):
            reason = 'has no meaning beside hours; write { hours = "open", for = "4h" }'
            wrong.append(WrongPart((pin, key), value, reason))
    if not isinstance(verb, str) or verb not in HOURS_VERBS:
        wrong.append(WrongPart((pin, "hours"), verb, one_of(verb, HOURS_VERBS)))
    if "for" in table:
        try:
            for_s = Seconds(1, MAX_HOURS_S)(table["for"])
        except ValueError as error:
            wrong.append(WrongPart((pin, "for"), table["for"], str(error)))
        if verb == "auto":
            wrong.append(WrongPart((pin, "for"), table["for"], '"auto" is for good; leave it out'))
    return ToHours(str(verb), for_s) if len(wrong) == before else None


def _is_names(value: object) -> bool:
    """Whether a value is a list of texts, and not empty."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(name, str) for name in value)


class Flags:
    """The reader of a table of names, each true or false.

    Args:
        example: a name with its value, for the remedy.
    """

    def __init__(self, example: str) -> None:
        self._example = example
        self._read = Flag()

    def __call__(self, value: object) -> dict[str, bool]:
        """Read a value."""
        if not isinstance(value, Mapping):
            named = self._example
            if isinstance(value, str) and re.fullmatch(r"[\w-]+", value):
                named = f"{self._example.split('.')[0]}.{value} = true"
            raise ValueError(f"must name each one; write {named}")
        right: dict[str, bool] = {}
        wrong: list[WrongPart] = []
        for name, flag in value.items():
            try:
                right[name] = self._read(flag)
            except ValueError as error:
                wrong.append(WrongPart((name,), flag, str(error)))
        if wrong:
            raise PartsError(wrong, right)
        return right


def read_seconds(value: object, least_s: float = 0.0, most_s: float = math.inf) -> float:
    """Read a duration as the file has it.

    Args:
        value: the duration.
        least_s: the shortest that the caller takes, for the remedy of a missing unit.
        most_s: the longest.

    Raises:
        ValueError: it is no duration. The message has the reason and a remedy.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        # The same reasons as for text: a missing unit, a sign. 20.0 reads as 20.
        value = str(int(value) if isinstance(value, float) and value.is_integer() else value)
    if not isinstance(value, str):
        raise ValueError('must be a duration in quotes, such as "20ms"')
    return parse_duration(value, least_s, most_s)


def _meant_flag(value: object) -> str:
    """Say which of the two was meant, if that is clear."""
    word = str(value).strip().lower()
    for right, words in (
        ("true", ("true", "yes", "on", "1")),
        ("false", ("false", "no", "off", "0")),
    ):
        if word in words:
            return f"; write {right}"
    return ""


def _meant_number(value: object) -> str:
    """Say which number was meant, if that is clear."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**9:
        return f"; write {int(value)}"
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return f"; write {int(value)}"
    return ""
