"""``[gpio]`` and ``[pins]``: what pins become, and what is said of wrong ones."""

from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems

from gpiobridge.config import Pull
from gpiobridge.core.events import Level
from gpiobridge.pins.gpio import wired_pins
from gpiobridge.pins.http import HttpPin


def test_a_virtual_pin_has_no_number(folder: Path) -> None:
    """It has all else that a wired one has, and takes no number from another."""
    text = '[pins.bell]\nsource = "http"\n[pins.gate]\nsource = "http"\npull = "none"\n'
    text += 'active = "high"\nhold = "1s"\ndebounce = "0ms"\n'
    settings = check(f"{PINS}{text}{PAGES}", folder)
    assert settings.pins["bell"] == HttpPin(name="bell", pull=Pull.UP, active=Level.LOW)
    assert settings.pins["gate"] == HttpPin(
        name="gate", pull=Pull.NONE, active=Level.HIGH, hold_s=1.0, debounce_s=0.0
    )
    assert list(wired_pins(settings.pins)) == ["button"]


@pytest.mark.parametrize("kind", ["pin = 27", 'source = "http"'])
def test_a_pin_of_any_kind_may_count_its_first_edge(folder: Path, kind: str) -> None:
    """Unless it says so, a level counts once it has settled."""
    settings = check(f'{PINS}[pins.bell]\n{kind}\ncounts = "first"\n{PAGES}', folder)
    assert (settings.pins["bell"].counts, settings.pins["button"].counts) == ("first", "settled")
    assert settings.warnings == ()


def test_a_first_edge_without_a_debounce_is_warned_of(folder: Path) -> None:
    """Every edge counts anyway."""
    settings = check(f'{PINS}debounce = "0ms"\ncounts = "first"\n{PAGES}', folder)
    assert settings.warnings == (
        "config.toml: pins.button.counts: changes nothing, because pins.button.debounce = 0s "
        "counts every edge; leave one of them out",
    )


def test_a_pin_may_have_a_number_beyond_the_header(folder: Path) -> None:
    """A Compute Module has 28 to 45, other chips still more: the chip says what it has (row 12)."""
    text = '[pins.a]\npin = 45\n[pins.b]\npin = "GPIO28"\n[pins.c]\npin = 130\nchip = "gpiochip3"\n'
    pins = check(f"{text}[pages.welcome]\n", folder).pins
    assert {name: (pin.pin, pin.chip) for name, pin in pins.items()} == {
        "a": (45, None),
        "b": (28, None),
        "c": (130, "gpiochip3"),
    }
    other_board = '[gpio]\nchip = "gpiochip0"\n[pins]\na = 130\n[pages.welcome]\n'
    assert check(other_board, folder).pins["a"].pin == 130


def test_pins_of_two_chips_may_have_the_same_number(folder: Path) -> None:
    """An I2C expander counts its lines from 0, too, and has no fixed pull-ups (row 12)."""
    text = """
        [pins]
        button = 17
        left = { pin = 2, chip = "gpiochip2", pull = "down" }
        right = { pin = 2, chip = "gpiochip3" }
        third = 2
        [pages.welcome]
        """
    pins = check(text, folder).pins
    assert [pin.where for pin in pins.values()] == [
        "GPIO 17", "line 2 of gpiochip2", "line 2 of gpiochip3", "GPIO 2",
    ]  # fmt: skip


def test_the_board_s_own_chip_is_not_named(folder: Path) -> None:
    """A pin may ask for it by "auto", too; it has no line of a chip of that name (row 12)."""
    pins = check('[pins.a]\npin = 17\nchip = "auto"\n[pages.welcome]\n', folder).pins
    assert pins["a"].where == "GPIO 17"


@pytest.mark.parametrize("gpio", ["", '[gpio]\nchip = "gpiochip2"\n'], ids=["auto", "of gpio"])
def test_two_pins_on_one_line_of_a_chip_are_refused(folder: Path, gpio: str) -> None:
    """Whether the chip is named for the pin or for all (row 12)."""
    other = "" if gpio else 'chip = "gpiochip2"'
    text = f'{gpio}[pins.a]\npin = 3\nchip = "gpiochip2"\n[pins.b]\npin = 3\n{other}\n'
    assert problems(f"{text}[pages.welcome]\n", folder) == [
        "config.toml: pins.b.pin = 3: is the pin of pins.a, too: two names on one pin (line 3 of "
        "gpiochip2); leave one of them out"
    ]


def test_a_chip_that_no_back_end_looks_at_is_refused(folder: Path) -> None:
    """As in [gpio] (row 12)."""
    text = '[gpio]\npin_factory = "rpigpio"\n[pins.a]\npin = 3\nchip = "gpiochip2"\n'
    assert problems(f"{text}[pages.welcome]\n", folder) == [
        'config.toml: pins.a.chip = "gpiochip2": has no meaning with pin_factory = "rpigpio"; '
        "leave it out"
    ]


def test_a_pull_up_of_the_pi_is_only_warned_of_on_a_named_chip(folder: Path) -> None:
    """Another board has none at that line (row 12)."""
    text = '[gpio]\nchip = "gpiochip0"\n[pins.a]\npin = 2\npull = "down"\n[pages.welcome]\n'
    (said,) = check(text, folder).warnings
    assert said.startswith("config.toml: pins.a.pull: on a Raspberry Pi GPIO 2 has a fixed pull-up")


@pytest.mark.parametrize(
    ("keys", "active"),
    [
        ("", Level.LOW),
        ('pull = "up"', Level.LOW),
        ('pull = "down"', Level.HIGH),
        ('pull = "none"\nactive = "low"', Level.LOW),
        ('pull = "up"\nactive = "high"', Level.HIGH),
    ],
)
def test_the_active_level_follows_from_the_pull(folder: Path, keys: str, active: Level) -> None:
    """A pulled-up pin is active when LOW, a pulled-down one when HIGH, unless it says otherwise."""
    settings = check(f"[pins.button]\npin = 17\n{keys}\n{PAGES}", folder)
    assert settings.pins["button"].active is active


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('pin_factory = "native"', 'pin_factory = "native": gpiozero\'s native factory reports no '
         'edges; write "lgpio"'),
        ('pin_factory = "lgpoi"', 'pin_factory = "lgpoi": must be "auto", "gpiod", "lgpio", '
         '"rpigpio", "pigpio" or "mock"; did you mean "lgpio"?'),
        ("pin_factory = 1", 'pin_factory = 1: must be "auto", "gpiod", "lgpio", "rpigpio", '
         '"pigpio" or "mock"; leave it out for the default of "auto"'),
        ("chip = 0", 'chip = 0: must be a name in quotes; write "gpiochip0"'),
        ("chip = 0.5", 'chip = 0.5: must be text in quotes; '
         'leave it out for the default of "auto"'),
        ('chip = "/dev/gpiochip4"', 'chip = "/dev/gpiochip4": must be "auto" or the name of a '
         'chip; write it like "gpiochip4"'),
        ('chip = "pinctrl"', 'chip = "pinctrl": must be "auto" or the name of a chip; '
         'write it like "gpiochip0"'),
        ('chip = "gpiochip0"\npin_factory = "mock"', 'chip = "gpiochip0": has no meaning with '
         'pin_factory = "mock"; leave it out'),
        ('factory = "mock"', 'factory = "mock": unknown key; write pin_factory'),
        ('debounce = "50ms"', 'debounce = "50ms": unknown key; move it to [pins.<name>]'),
    ],
)  # fmt: skip
def test_a_wrong_line_in_gpio(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of [gpio] is told with place, value and remedy."""
    assert problems(f"[gpio]\n{line}\n{PINS}{PAGES}", folder) == [f"config.toml: gpio.{problem}"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('pin = 27\ndebounce = "-5ms"', '.debounce = "-5ms": must not be negative; '
         "leave it out for the default of 20ms"),
        ('pin = 27\ndebounce = "11s"', '.debounce = "11s": must be at most 10s; '
         "leave it out for the default of 20ms"),
        ("pin = 27\ndebounce = 20", '.debounce = 20: needs a unit; write "20ms"'),
        ("pin = 27\ndebounce = -20", ".debounce = -20: must not be negative; "
         "leave it out for the default of 20ms"),
        ('pin = 27\ndebounce = "20"', '.debounce = "20": needs a unit; write "20ms"'),
        ('pin = 27\ncounts = "first_edge"', '.counts = "first_edge": must be "settled" or "first"; '
         'did you mean "first"?'),
        ("pin = 27\ncounts = 1", '.counts = 1: must be "settled" or "first"; '
         'leave it out for the default of "settled"'),
        ("pin = 27\nfirst_edge = true", '.first_edge = true: unknown key; write counts = "first"'),
        ("pin = true", ".pin = true: is not a pin; write its BCM number, such as 17"),
        ("pin = -1", ".pin = -1: there is no such pin; write a BCM number from 0 to 27"),
        ("pin = 58", ".pin = 58: there is no such pin: a Raspberry Pi has 0 to 57 at most; write a "
         'BCM number, or name its chip, too, such as chip = "gpiochip1"'),
        ('pin = 1024\nchip = "gpiochip1"', ".pin = 1024: there is no such pin; write a BCM number "
         "from 0 to 27"),
        ('pin = 17\nchip = "auto"', ".pin = 17: is the pin of pins.button, too: two names on one "
         "pin (GPIO 17); leave one of them out"),
        ("pin = 27\nchip = 2", '.chip = 2: must be a name in quotes; write "gpiochip2"'),
        ('pin = 27\nchip = "i2c"', '.chip = "i2c": must be "auto" or the name of a chip; '
         'write it like "gpiochip0"'),
        ('source = "http"\nchip = "gpiochip2"', '.chip = "gpiochip2": has no meaning with '
         'source = "http"; leave one of them out'),
        ('pin = 2\npull = "down"\nchip = "auto"', '.pull = "down": GPIO 2 has a fixed pull-up on '
         'the board; write pull = "up", or take another pin'),
        ('pin = "gpio27"', '.pin = "gpio27": there is no pin of this name; write "GPIO27"'),
        ("", ": has no pin; write pin = 17 (its BCM number), or "
         'source = "http" for one that is set by HTTP requests'),
        ('source = "gpio"', ": has no pin; write pin = 17 (its BCM number), or "
         'source = "http" for one that is set by HTTP requests'),
        ('source = "http"\npin = 27', '.pin = 27: has no meaning with source = "http"; '
         "leave one of them out"),
        ('source = "http"\npin = 17', '.pin = 17: has no meaning with source = "http"; '
         "leave one of them out"),
        ('source = "web"', '.source = "web": must be "gpio" or "http"; '
         'leave it out for the default of "gpio"'),
        ('source = "http"\npull = "none"', '.active: is needed with pull = "none"; '
         'write active = "low" (or "high")'),
        ("pin = 17", ".pin = 17: is the pin of pins.button, too: two names on one pin (GPIO 17); "
         "leave one of them out"),
        ('pin = "BOARD11"', '.pin = "BOARD11": is the pin of pins.button, too: two names on one '
         "pin (GPIO 17); leave one of them out"),
        ('pin = 2\npull = "down"', '.pull = "down": GPIO 2 has a fixed pull-up on the board; '
         'write pull = "up", or take another pin'),
        ('pin = 3\npull = "none"\nactive = "low"', '.pull = "none": GPIO 3 has a fixed pull-up on '
         'the board; write pull = "up", or take another pin'),
        ('pin = 27\npull = "none"', '.active: is needed with pull = "none"; '
         'write active = "low" (or "high")'),
        ('pin = 27\npull = "none"\nactive = 0', '.active = 0: must be "low" or "high"'),
        ('pin = 27\nactive = "LOW"', '.active = "LOW": must be "low" or "high"; '
         'did you mean "low"?'),
        ("pin = 27\npull = true", '.pull = true: must be "up", "down" or "none"; '
         'leave it out for the default of "up"'),
        ("pin = 27\npull_up = true", '.pull_up = true: unknown key; '
         'write pull = "up" (or "down", "none")'),
        ("pin = 27\nbounce_time = 0.1", ".bounce_time = 0.1: unknown key; "
         'write debounce = "20ms"'),
        ("pin = 27\nactive_state = true", ".active_state = true: unknown key; "
         'write active = "low" (or "high")'),
        ("pin = 27\nhold_time = 2", '.hold_time = 2: unknown key; write hold = "2s"'),
        ('pin = 27\nhold = "9ms"', '.hold = "9ms": must be at least 100ms; '
         "leave it out for the default of 2s"),
        ('pin = 27\nname = "x"', '.name = "x": unknown key; '
         "leave it out, or write one of pin, chip, pull, source, active, debounce, counts, "
         "dwell, cooldown, hold"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_a_pin(folder: Path, body: str, problem: str) -> None:
    """Each wrong line of a pin is told with place, value and remedy."""
    text = f"{PINS}[pins.door]\n{body}\n{PAGES}"
    assert problems(text, folder) == [f"config.toml: pins.door{problem}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("door = true", "door = true: is not a pin; write its BCM number, such as 17"),
        ('door = "gpio4"', 'door = "gpio4": there is no pin of this name; write "GPIO4"'),
        ("door = 17", "door = 17: is the pin of pins.button, too: two names on one pin (GPIO 17); "
         "leave one of them out"),
        ("door = 1.5", 'door = 1.5: must be a BCM number such as 17, or a name such as "GPIO17"'),
        ('pull = "up"', 'pull = "up": is a key of a single pin; write it below [pins.<name>]'),
        ('"my pin" = 4', "\"my pin\": a pin's name has 1 to 32 of A-Z, a-z, 0-9, \"_\" and \"-\"; "
         "write pins.my_pin"),
        (f"{'x' * 33} = 4", f"{'x' * 33}: a pin's name has 1 to 32 of A-Z, a-z, 0-9, \"_\" and "
         f'"-"; write pins.{"x" * 32}'),
    ],
)  # fmt: skip
def test_a_wrong_pin_in_short_form(folder: Path, line: str, problem: str) -> None:
    """The short form is told with the key that stands in the file."""
    text = f"[pins]\nbutton = 17\n{line}\n{PAGES}"
    assert problems(text, folder) == [f"config.toml: pins.{problem}"]


@pytest.mark.parametrize(
    ("pin", "meant"),
    [(40, "; if header pin 40 is meant, write 21"), (30, ""), (45, "")],
)
def test_a_number_that_the_header_lacks_is_warned_of(folder: Path, pin: int, meant: str) -> None:
    """It is probably the place on the header; a Compute Module names its chip."""
    text = f"[pins.button]\npin = {pin}\n{PAGES}"
    assert check(text, folder).warnings == (
        f"config.toml: pins.button.pin: GPIO {pin} is not on the 40-pin header{meant}; "
        'on a Compute Module name the chip, too, such as chip = "gpiochip0"',
    )
    named = f'[pins.button]\npin = {pin}\nchip = "gpiochip0"\n{PAGES}'
    assert check(named, folder).warnings == ()
