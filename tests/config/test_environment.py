"""Variables and options that lie over the file."""

from collections.abc import Mapping

import pytest

from gpiobridge.config import example_file, load
from gpiobridge.config.check import SECTIONS
from gpiobridge.config.environment import lay_over, passed_over

FILE: Mapping[str, object] = {
    "server": {"port": 8000},
    "pins": {"button": 17, "Front-Door": {"pin": 27}},
    "pages": {"main-hall": {"on_low": {"button": "open"}}},
}


@pytest.mark.parametrize(
    ("variable", "text", "keys", "value"),
    [
        ("SERVER__PORT", "9000", ("server", "port"), 9000),
        ("SERVER__OPEN", "true", ("server", "open"), True),
        ("SERVER__START", '"open"', ("server", "start"), "open"),
        ("SERVER__START", "open", ("server", "start"), "open"),
        ("SERVER__BEAT", "5ms", ("server", "beat"), "5ms"),
        ("SERVER__ALLOWED_HOSTS", '["a", "b"]', ("server", "allowed_hosts"), ["a", "b"]),
        ("SERVER__START", "1\nport = 2", ("server", "start"), "1\nport = 2"),
        ("SERVER__START", "2024-01-01", ("server", "start"), "2024-01-01"),
        ("SERVER__START", "", ("server", "start"), ""),
        ("GPIO__CHIP", "gpiochip0", ("gpio", "chip"), "gpiochip0"),
        ("PINS__FRONT_DOOR__PULL", "down", ("pins", "Front-Door", "pull"), "down"),
        ("PINS__NEW__PIN", "4", ("pins", "new", "pin"), 4),
        ("PAGES__MAIN_HALL__CLIENT", "false", ("pages", "main-hall", "client"), False),
        ("PAGES__NEW_PAGE__CLIENT", "false", ("pages", "new-page", "client"), False),
        ("PAGES__MAIN_HALL__ON_LOW__FRONT_DOOR", "open",
         ("pages", "main-hall", "on_low", "Front-Door"), "open"),
        ("PAGES__MAIN_HALL__ON_TAP__FRONT_DOOR", "open",
         ("pages", "main-hall", "on_tap", "Front-Door"), "open"),
    ],
)  # fmt: skip
def test_a_variable_sets_its_key(
    variable: str, text: str, keys: tuple[str, ...], value: object
) -> None:
    """A variable sets one key, spelled as the file spells it, and is noted as its origin."""
    merged, origins = lay_over(FILE, {f"GPIOBRIDGE_{variable}": text}, {})
    found: object = merged
    for key in keys:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value
    assert type(found) is type(value)
    assert origins[".".join(keys)] == f"GPIOBRIDGE_{variable}"


def test_a_pin_in_short_form_is_expanded() -> None:
    """A key of a pin that the file gives as a number only joins that number."""
    merged, _ = lay_over(FILE, {"GPIOBRIDGE_PINS__BUTTON__DEBOUNCE": "5ms"}, {})
    assert isinstance(merged["pins"], dict)
    assert merged["pins"]["button"] == {"pin": 17, "debounce": "5ms"}
    merged, _ = lay_over(FILE, {"GPIOBRIDGE_PINS__BUTTON__COUNTS": "first"}, {})
    assert isinstance(merged["pins"], dict)
    assert merged["pins"]["button"] == {"pin": 17, "counts": "first"}


@pytest.mark.parametrize("variable", ["GPIOBRIDGE_CONFIG", "SERVER__PORT", "GPIOBRIDGE__", "PATH"])
def test_other_variables_are_not_ours(variable: str) -> None:
    """Without the prefix, or without two underscores between two names, nothing happens."""
    assert lay_over(FILE, {variable: "1"}, {}) == (FILE, {})


def test_an_option_overrides_a_variable() -> None:
    """The command line has the last word, and is named by its option."""
    merged, origins = lay_over(
        FILE, {"GPIOBRIDGE_SERVER__PORT": "1"}, {"server.port": 2, "server.max_displays": 3}
    )
    assert merged["server"] == {"port": 2, "max_displays": 3}
    assert origins["server.port"] == "--port"
    assert origins["server.max_displays"] == "--max-displays"


def test_an_option_that_is_not_given_changes_nothing() -> None:
    """None is what the command line has for an option that was left out."""
    assert lay_over(FILE, {}, {"server.port": None}) == (FILE, {})


def test_the_file_itself_is_not_changed() -> None:
    """The tables handed in stay as they are."""
    before = repr(FILE)
    lay_over(FILE, {"GPIOBRIDGE_PAGES__MAIN_HALL__ON_LOW__BUTTON": "x"}, {"server.port": 2})
    assert repr(FILE) == before


def test_a_table_that_only_a_variable_makes_is_named_after_it() -> None:
    """A section or page that isn't in the file is the variable's, whatever is wrong with it."""
    _, origins = lay_over(FILE, {"GPIOBRIDGE_SERVR__PORT": "1"}, {})
    assert origins["servr"] == "GPIOBRIDGE_SERVR__PORT"


def test_a_variable_with_one_underscore_is_warned_of() -> None:
    """A token that guards nothing must not go unnoticed."""
    environ = dict.fromkeys(
        ["GPIOBRIDGE_SERVER_TOKEN", "GPIOBRIDGE_EVERY_PAGE_IDLE", "GPIOBRIDGE_KIOSK_FLAGS",
         "GPIOBRIDGE_SERVER__PORT", "GPIOBRIDGE_SERVER_", "GPIOBRIDGE_CONFIG", "SERVER_TOKEN"],
        "secret",
    )  # fmt: skip
    assert passed_over(environ, SECTIONS) == [
        "GPIOBRIDGE_EVERY_PAGE_IDLE sets nothing; a key has two underscores: "
        "GPIOBRIDGE_EVERY_PAGE__IDLE",
        "GPIOBRIDGE_SERVER_TOKEN sets nothing; a key has two underscores: GPIOBRIDGE_SERVER__TOKEN",
    ]
    settings = load(example_file(), environ | {"GPIOBRIDGE_SERVER__PORT": "1"})
    assert [warning.split()[0] for warning in settings.warnings] == [
        "GPIOBRIDGE_EVERY_PAGE_IDLE", "GPIOBRIDGE_SERVER_TOKEN",
    ]  # fmt: skip
