"""Durations as systemd writes them."""

import re

import pytest

from gpiobridge.config.durations import format_duration, parse_duration

LIKE = 'write it like "20ms", "2s" or "1min 30s"'


@pytest.mark.parametrize(
    ("text", "seconds_s"),
    [
        ("20ms", 0.02),
        ("500us", 0.0005),
        ("500\u00b5s", 0.0005),
        ("500\u03bcs", 0.0005),
        ("2s", 2),
        ("2 sec", 2),
        ("1.5s", 1.5),
        ("1second", 1),
        ("1min", 60),
        ("1m", 60),
        ("2 minutes", 120),
        ("1min 30s", 90),
        ("1min30s", 90),
        (" 1h ", 3600),
        ("2hours", 7200),
        ("1d", 86400),
        ("0s", 0),
    ],
)
def test_text_with_units_becomes_seconds(text: str, seconds_s: float) -> None:
    """Numbers with units add up to seconds."""
    assert parse_duration(text) == pytest.approx(seconds_s)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("20", 'needs a unit; write "20ms" or "20s"'),
        ("9" * 20, f"needs a unit; {LIKE}"),
        ("1min 30", 'needs a unit after its last number; write "1min 30s"'),
        ("1h30", 'needs a unit after its last number; write "1h30min"'),
        ("20ms 5", 'needs a unit after its last number; write "20ms 5us"'),
        ("-5ms", "must not be negative"),
        ("-5", "must not be negative"),
        ("-1,5s", "must not be negative"),
        ("\u22125ms", "must not be negative"),
        ("+5ms", 'has a sign; write "5ms"'),
        ("20x", '"x" is not a unit; write one of us, ms, s, min, h, d'),
        ("1M", '"M" is not a unit; write one of us, ms, s, min, h, d'),  # systemd: a month
        ("20MS", 'has a unit in capitals; write "20ms"'),
        ("20 mS", 'has a unit in capitals; write "20 ms"'),
        ("'5s'", 'has quotes in it; write "5s"'),
        ("3 mins", '"mins" is not a unit; write "3 min"'),
        ("20 milliseconds", '"milliseconds" is not a unit; write "20 ms"'),
        ("2 Sekunden", '"Sekunden" is not a unit; write "2 s"'),
        ("1w", '"w" is not a unit; write "7d"'),
        ("1,5s", 'has a comma; write "1.5s"'),
        ("1,5S", 'has a comma; write "1.5s"'),
        ("1,500ms", 'has a comma; write "1.500ms" or "1500ms"'),
        ("1,5", 'has a comma, and needs a unit; write "1.5ms" or "1.5s"'),
        ("1h, 30min", 'has a comma; write "1h 30min"'),
        ("1e3ms", 'has an exponent; write "1000ms"'),
        ("1.5e-2s", 'has an exponent; write "0.015s"'),
        ("1e99s", "has an exponent; write the number out"),
        ("\u00bds", 'has a fraction; write "0.5s"'),
        ("1\u00bd min", 'has a fraction; write "1.5 min"'),
        ("0x10ms", 'has a number in hexadecimal; write "16ms"'),
        ("1_000ms", 'has a "_" in a number; write "1000ms"'),
        ("\uff12\uff10ms", 'has digits of another script; write "20ms"'),
        (".5s", 'has a point without a digit on each side; write "0.5s"'),
        ("5.s", 'has a point without a digit on each side; write "5s"'),
        ("1:30", 'has a colon; write "1min 30s"'),
        ("ms", 'has no number; write "20ms"'),
        ("\u00b5s", 'has no number; write "20\u00b5s"'),
        ("5s!", 'ends with a punctuation mark; write "5s"'),
        ("", f"is empty; {LIKE}"),
        ("  ", f"is empty; {LIKE}"),
        ("soon", f"is not a duration; {LIKE}"),
        ("nan", f"is not a duration; {LIKE}"),
        ("inf", f"is not a duration; {LIKE}"),
        ("infinity", f"is not a duration; {LIKE}"),
    ],
)
def test_other_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    """What is no duration is refused, and the reason says what to write."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse_duration(text)
    for right in re.findall('(?:write|or) "([^"]*)"', reason):
        parse_duration(right)


@pytest.mark.parametrize(
    ("seconds_s", "text"),
    [
        (0, "0s"),
        (0.0005, "500us"),
        (0.02, "20ms"),
        (0.2, "200ms"),
        (2.0, "2s"),
        (15.5, "15.5s"),
        (60.0, "1min"),
        (153.0, "153s"),
        (600.0, "10min"),
        (1200.0, "20min"),
        (1234567.5, "1234567.5s"),
        (9999999.0, "9999999s"),
        (1234.567, "1234.567s"),
    ],
)
def test_seconds_are_written_as_a_person_would(seconds_s: float, text: str) -> None:
    """The largest unit that fits is used, and reads back as the same seconds."""
    assert format_duration(seconds_s) == text
    assert parse_duration(text) == pytest.approx(seconds_s)
