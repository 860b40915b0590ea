"""The configuration: ``config.toml`` in, checked and frozen settings out.

The way of a key: `file` reads the text, `environment` lays variables and options over it, `tables`
says what each value may be, `check` goes from section to section and compares values with each
other (`pin_tables` and `page_tables` have a section each; `rules`, `rule_warnings`, `circles` and
`templates` do their part), and `settings` is what comes out. All problems are told at once, each
with place, value and remedy (`problems` gathers them, `words` has the words). None of these may
import gpiozero, Flask or a module of ours that runs something. Any thread; used at start.

What stands here needs no pydantic until `load` checks a file: tables that are no file are checked
by `gpiobridge.config.check.check`.
"""

from gpiobridge.config.durations import format_duration, parse_duration
from gpiobridge.config.example import example_file, why_example
from gpiobridge.config.file import load, read
from gpiobridge.config.settings import (
    CHIP_BACK_ENDS,
    Gpio,
    Idle,
    Kiosk,
    Limits,
    Page,
    Pin,
    Pull,
    Server,
    Settings,
    base_url,
)
from gpiobridge.config.words import nearest

__all__ = [
    "CHIP_BACK_ENDS",
    "DEFAULT_URL",
    "Gpio",
    "Idle",
    "Kiosk",
    "Limits",
    "Page",
    "Pin",
    "Pull",
    "Server",
    "Settings",
    "base_url",
    "example_file",
    "format_duration",
    "load",
    "nearest",
    "parse_duration",
    "read",
    "why_example",
]

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where a bridge is by the defaults of ``[server]``."""
