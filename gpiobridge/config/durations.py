"""Durations as people and systemd write them: text with units in, seconds out, and back.

Pure; imports nothing of the project; any thread. The units are those of systemd.time(7) up to the
day, where nobody can mistake them. Unlike there, a number without a unit is refused: in one
setting it would mean seconds and in the reader's head milliseconds.
"""

import re

_UNITS_S = {
    **dict.fromkeys(("us", "usec"), 0.000_001),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
}

_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_SHORT = "us, ms, s, min, h, d"


def parse_duration(text: str) -> float:
    """Read a duration such as ``"20ms"``, ``"1.5s"`` or ``"1min 30s"``.

    Args:
        text: numbers with units (systemd.time(7), "Parsing Time Spans"), which add up.

    Returns:
        Seconds, not negative.

    Raises:
        ValueError: with a short reason, which names what to write instead where it can.
    """
    rest = text.strip().replace("\u00b5", "u").replace("\u03bc", "u")  # both signs for micro
    if rest.startswith("-") and _PART.match(rest[1:]):
        raise ValueError("must not be negative")
    total_s = 0.0
    while part := _PART.match(rest):
        number, unit = part.groups()
        if not unit:
            raise ValueError(f'needs a unit; write "{number}ms" or "{number}s"')
        if unit not in _UNITS_S:
            raise ValueError(f'"{unit}" is no unit; write one of {_SHORT}')
        total_s += float(number) * _UNITS_S[unit]
        rest = rest[part.end() :]
    if rest.strip() or not text.strip():
        raise ValueError('is no duration; write it like "20ms", "2s" or "1min 30s"')
    return total_s


def format_duration(duration_s: float) -> str:
    """Write seconds the way `parse_duration` reads them, in the largest unit that fits.

    Args:
        duration_s: not negative, in seconds.
    """
    for unit, size_s in (("min", 60.0), ("s", 1.0), ("ms", 0.001)):
        # Only whole minutes: "2.55min" is nothing a person would write.
        if duration_s >= size_s and (unit != "min" or duration_s % size_s == 0):
            return f"{round(duration_s / size_s, 3):g}{unit}"
    return f"{round(duration_s * 1e6, 3):g}us" if duration_s else "0s"
