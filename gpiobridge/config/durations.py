"""Durations as people and systemd write them: text with units in, seconds out, and back.

Pure; imports nothing of the project; any thread. The units are those of systemd.time(7) up to the
day, where nobody can mistake them. Unlike there, a number without a unit is refused: in one
setting it would mean seconds and in the reader's head milliseconds.
"""

import math
import re
import unicodedata

_UNITS_S = {
    **dict.fromkeys(("us", "usec"), 0.000_001),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
}

# What people write for a unit, too -> the unit.
_MEANT = {
    **dict.fromkeys(("microsecond", "microseconds", "usecs"), "us"),
    **dict.fromkeys(("millisecond", "milliseconds", "millis", "msecs"), "ms"),
    **dict.fromkeys(("secs", "sek", "sekunde", "sekunden", "seconde", "secondes"), "s"),
    **dict.fromkeys(("mins", "minuten"), "min"),
    **dict.fromkeys(("hrs", "std", "stunde", "stunden"), "h"),
    **dict.fromkeys(("tag", "tage"), "d"),
}

_WEEKS = ("w", "week", "weeks")

_BELOW = {
    "d": "h",
    "h": "min",
    "m": "s",
    "s": "ms",
}  # a unit's first letter -> the next smaller one

_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_SHORT = "us, ms, s, min, h, d"
_LIKE = 'write it like "20ms", "2s" or "1min 30s"'
_MOST_DIGITS = 12
_LONGEST = 60  # of a text that is worth a repair


def parse_duration(text: str, least_s: float = 0.0, most_s: float = math.inf) -> float:
    """Read a duration such as ``"20ms"``, ``"1.5s"`` or ``"1min 30s"``.

    Args:
        text: numbers with units (systemd.time(7), "Parsing Time Spans"), which add up.
        least_s: the shortest that the caller takes: a remedy names none that it would refuse. This
            function refuses none for it.
        most_s: the longest.

    Returns:
        Seconds, not negative.

    Raises:
        ValueError: with a short reason, which names what to write instead where it can.
    """
    try:
        return _parse(text, least_s, most_s)
    except ValueError as error:
        if (repaired := _repaired(text)) is None:
            raise
        what, right = repaired
        raise ValueError(f"{what}; write {right}") from error


def format_duration(duration_s: float) -> str:
    """Write seconds the way `parse_duration` reads them, in the largest unit that fits.

    Args:
        duration_s: not negative, in seconds.
    """
    for unit, size_s in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001)):
        # Only whole minutes and more: "2.55min" is nothing a person would write.
        if duration_s >= size_s and (size_s < 60.0 or duration_s % size_s == 0):
            return f"{_number(duration_s / size_s)}{unit}"
    return f"{_number(duration_s * 1e6)}us" if duration_s else "0s"


def _number(value: float) -> str:
    """Write a number without an exponent, which no duration has: 1200000, not 1.2e+06."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _parse(text: str, least_s: float = 0.0, most_s: float = math.inf) -> float:
    rest = text.strip().replace("\u00b5", "u").replace("\u03bc", "u")  # both signs for micro
    if not rest:
        raise ValueError(f"is empty; {_LIKE}")
    if rest[0] in "-\u2212\u2013" and _PART.match(rest[1:].replace(",", ".")):
        raise ValueError("must not be negative")
    total_s = 0.0
    last = ""
    while part := _PART.match(rest):
        number, unit = part.groups()
        rest = rest[part.end() :]
        if not unit and not rest.strip():
            if last:
                right = f"{text.strip()}{_BELOW.get(last[0], 'us')}"
                raise ValueError(f'needs a unit after its last number; write "{right}"')
            if len(number) > _MOST_DIGITS:
                raise ValueError(f"needs a unit; {_LIKE}")
            sizes_s = {f"{number}{unit}": float(number) * _UNITS_S[unit] for unit in ("ms", "s")}
            taken = [each for each, size_s in sizes_s.items() if least_s <= size_s <= most_s]
            raise ValueError(f"needs a unit; write {_choice(taken or list(sizes_s))}")
        if not unit:
            break
        if unit in ("e", "E") and re.match(r"[+-]?[0-9]", rest):
            raise ValueError("has an exponent; write the number out")
        if unit not in _UNITS_S:
            raise ValueError(f'"{unit}" is not a unit; write one of {_SHORT}')
        total_s += float(number) * _UNITS_S[unit]
        last = unit if unit not in ("ms", "msec", "us", "usec") else "u"
    if rest.strip():
        raise ValueError(f"is not a duration; {_LIKE}")
    return total_s


def _repaired(text: str) -> tuple[str, str] | None:
    """Find what is wrong in a text, and what was meant; None if that is not clear.

    Returns:
        What is wrong, as a sentence goes on, and what to write.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if re.fullmatch(r"[0-9]{1,3},[0-9]{3}\s*[a-zA-Z]+", text):  # "1,500ms": who knows
        right = [text.replace(",", sign) for sign in (".", "")]
        return ("has a comma", _choice(right)) if all(map(_is_right, right)) else None
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        number = text.replace(",", ".")
        return "has a comma, and needs a unit", _choice([f"{number}ms", f"{number}s"])
    first = ""
    for what, repair in (
        ("has quotes in it", lambda each: each.strip("\"' ")),
        ("has a comma", _without_comma),
        ("has a fraction", _without_fractions),
        ("has digits of another script", _with_our_digits),
        ("has a number in hexadecimal", _without_hexadecimal),
        ("has an exponent", _without_exponent),
        ('has a "_" in a number', lambda each: re.sub(r"(?<=[0-9])_(?=[0-9])", "", each)),
        ("has a sign", lambda each: each.removeprefix("+").strip()),
        ("has a colon", _without_colons),
        ("has a point without a digit on each side", _with_digits_around_points),
        (_wrong_unit(text), _with_our_units),
        ("has a unit in capitals", _with_small_units),
        ("has no number", _with_a_number),
        ("ends with a punctuation mark", lambda each: each.rstrip(".!,;")),
    ):
        repaired = repair(text)
        if repaired != text:
            first, text = first or what, repaired
    return (first, _choice([text])) if first and _is_right(text) else None


def _choice(texts: list[str]) -> str:
    return " or ".join(f'"{text}"' for text in texts)


def _is_right(text: str) -> bool:
    try:
        _parse(text)
    except ValueError:
        return False
    return True


def _without_comma(text: str) -> str:
    return re.sub(r"(?<=[A-Za-z]),\s*(?=[0-9])", " ", re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text))


def _without_fractions(text: str) -> str:
    def number(found: re.Match[str]) -> str:
        return _number(int(found[1] or "0") + unicodedata.numeric(found[2]))

    return re.sub("([0-9]*)([\u00bc-\u00be\u2150-\u215e])", number, text)


def _with_our_digits(text: str) -> str:
    # The letters of such a script are as wide: "20ms" all in full width.
    if not any(each.isdecimal() and not each.isascii() for each in text):
        return text
    return unicodedata.normalize(
        "NFKC", "".join(str(unicodedata.decimal(each, each)) for each in text)
    )


def _without_hexadecimal(text: str) -> str:
    return re.sub(r"\b0[xX]([0-9a-fA-F]{1,8}?)(?=[^0-9a-fA-F]|d?$)", _decimal, text)


def _decimal(found: re.Match[str]) -> str:
    return str(int(found[1], 16))


def _without_exponent(text: str) -> str:
    def number(found: re.Match[str]) -> str:
        return f"{float(found[0]):.9f}".rstrip("0").rstrip(".")

    return re.sub(r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9](?![0-9])", number, text)


def _without_colons(text: str) -> str:
    """Take 1:30 for minutes and seconds, and 1:30:00 for hours, minutes and seconds."""
    if not re.fullmatch(r"[0-9]{1,4}(:[0-9]{2}){1,2}", text):
        return text
    numbers = text.split(":")
    parts = zip(numbers, ("h", "min", "s")[-len(numbers) :], strict=True)
    return " ".join(f"{int(number)}{unit}" for number, unit in parts if int(number)) or "0s"


def _with_digits_around_points(text: str) -> str:
    return re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", re.sub(r"(?<=[0-9])\.(?![0-9])", "", text))


def _with_a_number(text: str) -> str:
    return f"20{text}" if not re.search("[0-9]", text) and _is_right(f"20{text}") else text


def _with_small_units(text: str) -> str:
    # "M" is a month in systemd, and a million elsewhere: nobody knows what is meant.
    def small(found: re.Match[str]) -> str:
        unit = found[0].lower()
        return unit if found[0] != "M" and unit in _UNITS_S else found[0]

    return re.sub(r"[A-Za-z]+", small, text)


def _wrong_unit(text: str) -> str:
    """Name the first unit that is none."""
    words = re.findall(r"[A-Za-z]+", text)
    wrong = next((word for word in words if word.lower() in (*_MEANT, *_WEEKS)), "")
    return f'"{wrong}" is not a unit'


def _with_our_units(text: str) -> str:
    if found := re.fullmatch(r"([0-9]{1,3})\s*([A-Za-z]+)", text):
        number, unit = found.groups()
        if unit.lower() in _WEEKS:
            return f"{int(number) * 7}d"
    return re.sub(r"[A-Za-z]+", lambda found: _MEANT.get(found[0].lower(), found[0]), text)
