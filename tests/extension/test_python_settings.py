"""Settings as only Python can say them: None, enumerations, durations, read-only mappings."""

import enum
import re
from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask

from gpiobridge import ConfigError, GpioBridge, Level, OutputState
from gpiobridge.config import PageOutput, Settings


def settings_of(
    page: dict[str, Any] | None = None, **options: Any
) -> tuple[Settings | None, list[str]]:
    """Start an application with these settings; they themselves, or what is wrong with them."""
    app = Flask("exhibit")
    bridge = GpioBridge(app, **({"pins": {"button": 17}} | options))
    app.get("/")(bridge.page("welcome", **(page or {}))(lambda: "<p>welcome"))
    try:
        bridge.start()
    except ConfigError as error:
        return None, list(error.problems)
    finally:
        bridge.stop()
    return bridge.running.settings, []


def test_no_pull_as_gpiozero_writes_it() -> None:
    """None is no pull, which needs an active level; never silently a pull-up (row 27)."""
    pin: dict[str, Any] = {"pin": 17, "pull": None}
    _, problems = settings_of(pins={"button": pin})
    assert problems == [
        'GpioBridge of exhibit: pins.button.active: is needed with pull = "none"; '
        'write active = "low" (or "high")'
    ]
    settings, _ = settings_of(pins={"button": pin | {"active": "high"}})
    assert settings is not None
    assert (settings.pins["button"].pull, settings.pins["button"].active) == ("none", "high")


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("pins.button", {"pins": {"button": None}}),
        ("pins.button.pin", {"pins": {"button": {"pin": None}}}),
        ("pins.button.active", {"pins": {"button": {"pin": 17, "active": None}}}),
        ("pins.button.debounce", {"pins": {"button": {"pin": 17, "debounce": None}}}),
        ("pins.button.source", {"pins": {"button": {"pin": 17, "source": None}}}),
        ("server", {"config": {"server": None}}),
        ("server.token", {"config": {"server": {"token": None}}}),
        ("server.api_token", {"config": {"server": {"api_token": None}}}),
        ("server.open", {"config": {"server": {"open": None}}}),
        ("server.allowed_hosts", {"config": {"server": {"allowed_hosts": [None]}}}),
        ("gpio.pin_factory", {"config": {"gpio": {"pin_factory": None}}}),
        ("outputs.lamp", {"config": {"outputs": {"lamp": None}}}),
        ("outputs.lamp.max_on", {"config": {"outputs": {"lamp": {"pin": 22, "max_on": None}}}}),
        ("pages", {"config": {"pages": None}}),
        ("pages.other", {"config": {"pages": {"other": None}}}),
        ("every_page", {"config": {"every_page": None}}),
        ("every_page.lockout", {"config": {"every_page": {"lockout": None}}}),
        ("every_page.on_low", {"config": {"every_page": {"on_low": None}}}),
        ("pages.welcome.on_low.button", {"page": {"on_low": {"button": None}}}),
        ("pages.welcome.lockout", {"page": {"lockout": None}}),
        ("pages.welcome.client", {"page": {"client": None}}),
        ("pages.welcome.idle", {"page": {"idle": None}}),
        ("pages.welcome.idle", {"page": {"idle": {"after": None, "to": "welcome"}}}),
    ],
)
def test_none_is_no_value(place: str, options: dict[str, Any]) -> None:
    """A variable of the environment that isn't set is no token: one sentence each (row 27)."""
    settings, problems = settings_of(**options)
    assert settings is None
    (problem,) = problems
    assert problem.startswith((f"GpioBridge of exhibit: {place} = None: ",
                               f"GpioBridge of exhibit: {place}: "))  # fmt: skip
    assert re.search(r"; (write|leave)|must be", problem)


class Pull(enum.Enum):
    """An application's own."""

    DOWN = "down"


@pytest.mark.parametrize(
    ("options", "read", "value"),
    [
        ({"pins": {"button": {"pin": 17, "debounce": timedelta(milliseconds=30)}}},
         lambda s: s.pins["button"].debounce_s, 0.03),
        ({"pins": {"button": {"pin": 17, "hold": timedelta(microseconds=1_500_001)}}},
         lambda s: s.pins["button"].hold_s, 1.500001),
        ({"pins": {"button": {"pin": 17, "pull": Pull.DOWN}}},
         lambda s: s.pins["button"].pull, "down"),
        ({"pins": {"button": {"pin": 17, "pull": None, "active": Level.HIGH}}},
         lambda s: s.pins["button"].active, "high"),
        ({"config": {"server": {"allowed_hosts": {"b.example", "a.example"}}}},
         lambda s: s.server.allowed_hosts, ("a.example", "b.example")),
        ({"config": MappingProxyType({"server": MappingProxyType({"beat": "1s"})})},
         lambda s: s.server.beat_s, 1.0),
        ({"page": {"idle": {"after": timedelta(minutes=1), "to": "welcome"}}},
         lambda s: s.pages["welcome"].idle.after_s, 60.0),
    ],
)  # fmt: skip
def test_what_has_one_meaning_is_taken(
    options: dict[str, Any], read: Callable[[Settings], Any], value: Any
) -> None:
    """A timedelta for a duration, a member of an enumeration, a set for a list (row 27)."""
    settings, problems = settings_of(**options)
    assert problems == []
    assert settings is not None
    assert read(settings) == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"page": {"on_low": {17: "open"}}},
         "pages.welcome.on_low: {17: 'open'}: the name of a pin comes first, as text; write "),
        ({"pins": {17: "button"}}, "pins: {17: 'button'}: the name comes first, as text; write "),
        ({"pins": {"button": {"pin": 17, 5: 1}}}, "pins.button: 5: a name is text; put it in "),
        ({"config": {"server": {None: 1}}}, "server: None: a name is text; put it in quotes"),
        ({"config": {1: {}}}, "GpioBridge of exhibit: 1: a name is text; put it in quotes"),
        ({"config": {"pages": {1: {}}}}, "pages: 1: a name is text; put it in quotes"),
        ({"pins": {"button": {"pin": 17, "debounce": timedelta(seconds=-1)}}},
         "pins.button.debounce = \"-1000ms\": must not be negative"),
        ({"pins": {"button": {"pin": 17, "debounce": 0.02}}},
         'pins.button.debounce = 0.02: needs a unit; write "0.02ms" or "0.02s"'),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_told(options: dict[str, Any], said: str) -> None:
    """With place, value and remedy, and no traceback (row 27)."""
    _, problems = settings_of(**options)
    (problem,) = problems
    assert said in problem


def test_problems_of_both_kinds_are_told_together() -> None:
    """What only Python can say, and what a file could (row 27)."""
    _, problems = settings_of(
        pins={"button": {"pin": 17, "active": None}, "door": {"pin": 99}},
        config={"server": {"beat": 2}},
    )
    assert len(problems) == 3


def test_outputs_as_python_says_them() -> None:
    """Enumerations, durations and read-only mappings, in the outputs and in those of a page."""
    lamp = {"pin": 22, "active": Level.LOW, "initial": OutputState.BLINK}
    lock = {"pin": 23, "max_on": timedelta(seconds=2), "pulse": timedelta(milliseconds=500)}
    settings, problems = settings_of(
        {
            "outputs": {
                "lamp": OutputState.ON,
                "lock": MappingProxyType({"state": "off", "keep": True}),
            }
        },
        config={"outputs": MappingProxyType({"lamp": lamp, "lock": lock, "bell": 24})},
    )
    assert problems == []
    assert settings is not None
    found = settings.outputs
    assert (found["lamp"].active, found["lamp"].initial) == (Level.LOW, OutputState.BLINK)
    assert (found["lock"].max_on_s, found["lock"].pulse_s, found["bell"].pin) == (2.0, 0.5, 24)
    assert settings.pages["welcome"].outputs == {
        "lamp": PageOutput(OutputState.ON),
        "lock": PageOutput(OutputState.OFF, keep=True),
    }
