"""Durations as systemd writes them."""

import re

import pytest

from gpiobridge.config.durations import format_duration, parse_duration


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
        ("1min 30", 'needs a unit; write "30ms" or "30s"'),
        ("-5ms", "must not be negative"),
        ("-5", "must not be negative"),
        ("20x", '"x" is no unit; write one of us, ms, s, min, h, d'),
        ("1M", '"M" is no unit; write one of us, ms, s, min, h, d'),  # systemd: a month
        ("", 'is no duration; write it like "20ms", "2s" or "1min 30s"'),
        ("  ", 'is no duration; write it like "20ms", "2s" or "1min 30s"'),
        ("soon", 'is no duration; write it like "20ms", "2s" or "1min 30s"'),
        ("1,5s", 'needs a unit; write "1ms" or "1s"'),
        ("5s!", 'is no duration; write it like "20ms", "2s" or "1min 30s"'),
        ("infinity", 'is no duration; write it like "20ms", "2s" or "1min 30s"'),
    ],
)
def test_other_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    """What is no duration is refused, and the reason says what to write."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse_duration(text)


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
    ],
)
def test_seconds_are_written_as_a_person_would(seconds_s: float, text: str) -> None:
    """The largest unit that fits is used, and reads back as the same seconds."""
    assert format_duration(seconds_s) == text
    assert parse_duration(text) == pytest.approx(seconds_s)
