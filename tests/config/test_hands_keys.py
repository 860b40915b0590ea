"""`dwell` and `cooldown`: of a pin, of all pins, and where they can't be."""

from pathlib import Path

import pytest

from gpiobridge.cli.checked import tables
from gpiobridge.config import Settings, load
from gpiobridge.errors import ConfigError

PAGES = '[pages.welcome]\non_tap.button = "open"\non_hold.button = "open"\n[pages.open]\n'


def read(folder: Path, body: str) -> Settings:
    """Read a configuration with these pins."""
    (folder / "templates").mkdir(exist_ok=True)
    for page in ("welcome", "open"):
        (folder / "templates" / f"{page}.html").write_text("")
    (folder / "config.toml").write_text(f"{body}\n{PAGES}")
    return load(folder / "config.toml")


def test_all_pins_have_what_gpio_says_unless_they_say_otherwise(tmp_path: Path) -> None:
    """Of every kind, in the short form, too; a pin's own value wins, 0s as well."""
    settings = read(
        tmp_path,
        '[gpio]\ndwell = "400ms"\ncooldown = "500ms"\n[pins]\nbutton = 17\n'
        'bell = { source = "http" }\n[pins.door]\npin = 27\ndwell = "0s"\ncooldown = "1s"',
    )
    found = {name: (pin.dwell_s, pin.cooldown_s) for name, pin in settings.pins.items()}
    assert found == {"button": (0.4, 0.5), "bell": (0.4, 0.5), "door": (0.0, 1.0)}
    shown = tables(settings)
    assert "dwell  cooldown" in shown
    assert "400ms  500ms" in shown


def test_a_table_without_them_is_as_it_was(tmp_path: Path) -> None:
    """Nobody reads two columns of zeros."""
    pins = tables(read(tmp_path, "[pins]\nbutton = 17")).split("\n\n")[1]
    assert "dwell" not in pins


WHY = "a press can't count at its first edge and only after a time"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            '[pins.button]\npin = 17\ncounts = "first"\ndwell = "400ms"',
            'pins.button.dwell = "400ms": has no meaning with pins.button.counts = "first": '
            f"{WHY}; leave one of them out",
        ),
        (
            '[gpio]\ndwell = "400ms"\n[pins.button]\npin = 17\ncounts = "first"',
            'pins.button.counts = "first": has no meaning with gpio.dwell = "400ms": '
            f'{WHY}; leave counts out, or write pins.button.dwell = "0s"',
        ),
        (
            '[pins.button]\npin = 17\ncooldown = "6s"',
            'pins.button.cooldown = "6s": must be at most 5s; leave it out for the default of 0s',
        ),
        (
            "[pins.button]\npin = 17\ndwell_time = 2",
            'pins.button.dwell_time = 2: unknown key; write dwell = "400ms"',
        ),
    ],
)
def test_what_can_t_be_is_refused(tmp_path: Path, body: str, problem: str) -> None:
    """In one sentence, with place, value and remedy."""
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, body)
    assert str(refused.value).splitlines()[-1].endswith(problem)


@pytest.mark.parametrize("gpio", ["", '[gpio]\ndwell = "400ms"\n'])
def test_the_remedies_work(tmp_path: Path, gpio: str) -> None:
    """A pin that counts first, without a dwell; a cooldown may be beside it."""
    pin = '[pins.button]\npin = 17\ncounts = "first"\ncooldown = "500ms"\ndwell = "0s"'
    assert read(tmp_path, gpio + pin).warnings == ()


def test_a_tap_that_can_t_be_is_warned_of(tmp_path: Path) -> None:
    """Each press that counts is a hold then."""
    pin = '[pins.button]\npin = 17\nhold = "500ms"\ndwell = "500ms"'
    (warning,) = read(tmp_path, pin).warnings
    assert (
        "pages.welcome.on_tap.button: never happens, because pins.button.dwell = 500ms "
        "is not shorter than pins.button.hold = 500ms" in warning
    )
    assert warning.endswith("write a longer hold, or a shorter dwell")


def test_a_time_that_the_debounce_asks_for_anyway_changes_nothing(tmp_path: Path) -> None:
    """Each says so, but not what `[gpio]` says for all pins."""
    read_times = read(
        tmp_path,
        '[gpio]\ndwell = "400ms"\n'
        '[pins.button]\npin = 17\ndebounce = "500ms"\ncooldown = "500ms"\n',
    )
    assert [warning.split("config.toml: ")[-1] for warning in read_times.warnings] == [
        "pins.button.cooldown: changes nothing, because pins.button.debounce = 500ms is not "
        "shorter; write a longer cooldown, or leave it out"
    ]
