"""`[displays]`: what it becomes, and what is said of it."""

from pathlib import Path

import pytest
from config_text import PINS, check, problems

from gpiobridge.cli.checked import tables
from gpiobridge.config import NamedDisplay

PAGES = '[pages.welcome]\non_low.button = "open"\n[pages.open]\n'


def test_a_display(folder: Path) -> None:
    """It needs nothing, and begins where all others do."""
    text = (
        f'{PINS}{PAGES}[displays.left]\nstart = "open"\npins = ["button"]\ngroup = "wall"\n'
        '[displays.right]\ngroup = "wall"\n[displays.desk-2]\npins = []\n'
    )
    settings = check(text, folder)
    assert dict(settings.displays) == {
        "left": NamedDisplay(name="left", start="open", pins=("button",), group="wall"),
        "right": NamedDisplay(name="right", group="wall"),
        "desk-2": NamedDisplay(name="desk-2", pins=()),
    }
    begins = {name: settings.start_of(name) for name in ("left", "right", "phone", "")}
    assert begins == {"left": "open", "right": "welcome", "phone": "welcome", "": "welcome"}
    assert settings.groups == ("wall",)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('left = "open"', 'displays.left = "open": must be a section; write [displays.left] and '
         'below it start = "<page>"'),
        ("[displays.Left]", "displays.Left: a configured display's name has 1 to 32 of a-z, 0-9 "
         'and "-"; write [displays.left]'),
        ('[displays."linke Wand"]', "displays.\"linke Wand\": a configured display's name has 1 to "
         '32 of a-z, 0-9 and "-"; write [displays.linke-wand]'),
        ('[displays.left]\nstart = "opne"', 'displays.left.start = "opne": there is no page named '
         '"opne"; did you mean "open"?'),
        ('[displays.left]\npins = ["buton"]', 'displays.left.pins = "buton": there is no pin named '
         '"buton"; did you mean "button"?'),
        ('[displays.left]\npins = "button"', 'displays.left.pins = "button": must be a list, such '
         'as ["<pin>"]'),
        ('[displays.left]\ngroup = "The Wall"', 'displays.left.group = "The Wall": must have 1 to '
         '32 of a-z, 0-9 and "-"; write it like "wall"'),
        ('[displays.left]\npage = "open"', "displays.left.page = \"open\": unknown key; write "
         'start = "<page>"'),
        ('[screens.left]\nstart = "open"', "screens: unknown section; write [displays.<name>]"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_display(folder: Path, body: str, problem: str) -> None:
    """Place, value and remedy, once."""
    header = "[displays]\n" if not body.startswith("[") else ""
    assert problems(f"{PINS}{PAGES}{header}{body}\n", folder) == [f"config.toml: {problem}"]


def test_check_shows_displays(folder: Path) -> None:
    """Only where there are some; what a display doesn't say is that of all."""
    assert "display" not in tables(check(f"{PINS}{PAGES}", folder)).split()
    text = (
        f'{PINS}{PAGES}[displays.left]\nstart = "open"\npins = []\n[displays.right]\ngroup = "w"\n'
    )
    shown = [line.split() for line in tables(check(text, folder)).splitlines()]
    assert ["display", "begins", "at", "obeys", "group"] in shown
    assert ["left", "open", "no", "pin"] in shown
    assert ["right", "welcome", "all", "pins", "w"] in shown
