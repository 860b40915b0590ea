"""The configuration: ``config.toml`` in, checked and frozen settings out.

The way of a key: `file` reads the text, of a folder or of the packaged `example`. `toml_errors`
explains a text that is no TOML, with `toml_lines`, `toml_faults`, `toml_repeats` and `toml_values`.
`environment` lays variables and options over the file. `tables` says what each table may hold, and
`values` what each value must be; `bounds` are those of all values. `durations` reads times, and
`header` reads a pin's name. `check` goes from section to section and compares values with each
other. `pin_tables`, which asks the `kinds` of pins, `output_tables`, which asks the `output_kinds`,
`sound_tables`, `display_tables`, `hours_tables` and `page_tables` read a section each, and share
`written`; `opening_times` and `time_zones` read what hours are made of; `rules`, `rule_warnings`,
`circles` and `templates`, with their `template_parts`, check the rest. `settings` is the result.
All problems are reported at once, each with place, value and remedy: `problems` gathers them, and
`words` phrases them. `hidden` says which of an exhibit's files nobody sees. None of these may
import gpiozero, Flask or a module of ours that runs something. Any thread; used at start.

A program that talks to a running bridge needs only `address` and `file.read`, so this package
imports little. `Settings` is imported when it is asked for, and the check comes with `load`. Tables
that are no file are checked by `gpiobridge.config.check.check`.
"""

from typing import TYPE_CHECKING, Any

from gpiobridge.config.address import DEFAULT_URL, base_url
from gpiobridge.config.durations import format_duration, parse_duration
from gpiobridge.config.example import example_file, why_example
from gpiobridge.config.file import load, load_for_views, read
from gpiobridge.config.words import nearest

if TYPE_CHECKING:
    from gpiobridge.config.settings import (
        CHIP_BACK_ENDS,
        DEFAULT_KIOSK,
        Alarms,
        Gpio,
        Hours,
        Idle,
        Kiosk,
        Limits,
        NamedDisplay,
        Output,
        OutputState,
        Page,
        PageOutput,
        Pin,
        Pull,
        Screen,
        ScreenCommands,
        Server,
        Settings,
        Sound,
        Stage,
    )

__all__ = [
    "CHIP_BACK_ENDS",
    "DEFAULT_KIOSK",
    "DEFAULT_URL",
    "Alarms",
    "Gpio",
    "Hours",
    "Idle",
    "Kiosk",
    "Limits",
    "NamedDisplay",
    "Output",
    "OutputState",
    "Page",
    "PageOutput",
    "Pin",
    "Pull",
    "Screen",
    "ScreenCommands",
    "Server",
    "Settings",
    "Sound",
    "Stage",
    "base_url",
    "example_file",
    "format_duration",
    "load",
    "load_for_views",
    "nearest",
    "parse_duration",
    "read",
    "why_example",
]

if not TYPE_CHECKING:  # who checks types knows every name

    def __getattr__(name: str) -> Any:
        """Import `settings` when a name of it is asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gpiobridge.config import settings

        return getattr(settings, name)
