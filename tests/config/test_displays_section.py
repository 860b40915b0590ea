"""`[displays]`: what it becomes, and what is said of it."""

import re
from pathlib import Path

import pytest
from config_text import PINS, TOKEN, check, problems

from gpiobridge.cli.checked import tables
from gpiobridge.config import Kiosk, NamedDisplay
from gpiobridge.core.events import Gesture, Level, Route

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
        ('[displays.left]\ntoken = "short"', "displays.left.token: must be 16 to 128 of A-Z, a-z, "
         '0-9, "-" and "_"; write one such as'),
        (f'[displays.left]\ntoken = "{TOKEN}"\n[displays.right]\ntoken = "{TOKEN}"',
         "displays.right.token: is that of displays.left.token; write one of its own"),
        (f'[displays.left]\ntoken = "{TOKEN}"\n[server]\napi_token = "{TOKEN}"',
         "displays.left.token: is that of server.api_token; write one of its own"),
        ('[displays.left]\nmay = ["output"]', 'displays.left.may = "output": must be "press" or '
         '"outputs"; did you mean "outputs"?'),
        ('[displays.left]\nmay = "outputs"', 'displays.left.may = "outputs": must be a list, such '
         'as ["outputs"]'),
        ('[displays.left]\npage = "open"', "displays.left.page = \"open\": unknown key; write "
         'start = "<page>"'),
        ('[displays.left]\nconnector = "HDMI1"', 'displays.left.connector = "HDMI1": must be as '
         'the kernel calls it; write it like "HDMI-A-1"'),
        ('[displays.left]\nconnector = "card1-DSI-1"', 'displays.left.connector = "card1-DSI-1": '
         'must be without the card; write "DSI-1"'),
        ('[displays.left]\nconnector = "left socket"', 'displays.left.connector = "left socket": '
         "must be an output of this machine, as `ls /sys/class/drm` lists it after the card; "
         'write it like "HDMI-A-1"'),
        ('[displays.left]\nconnector = "DP-1"\n[displays.right]\nconnector = "DP-1"',
         'displays.right.connector = "DP-1": is that of displays.left, too; write another one, or '
         "leave one of them out"),
        ('[displays.left]\nconnector = "DP-1"\n[kiosk]\nconnector = "DP-1"',
         'displays.left.connector = "DP-1": is that of kiosk, too; write another one, or leave one '
         "of them out"),
        ('[displays.kiosk]\nconnector = "DP-1"\n[kiosk]\nconnector = "DP-2"',
         'displays.kiosk.connector = "DP-1": the kiosk of this name has one in [kiosk]; leave one '
         "of them out"),
        ("[displays.left]\nrotate = 45", "displays.left.rotate = 45: must be 0, 90, 180 or 270: "
         "degrees clockwise; write 90"),
        ("[kiosk]\nscale = 150", "kiosk.scale = 150: must be a number from 0.5 to 4, without "
         "quotes; write scale = 1.5"),
        ('[kiosk]\npointer = "off"', 'kiosk.pointer = "off": must be "auto" or "hidden"; leave it '
         'out for the default of "auto"'),
        ('[kiosk]\ncontrast = true', 'kiosk.contrast = true: must be "no-preference" or "more"; '
         'leave it out for the default of "no-preference"'),
        ('[displays.left]\nrotation = 90', "displays.left.rotation = 90: unknown key; write rotate "
         "= 90"),
        ('[screens.left]\nstart = "open"', "screens: unknown section; write [displays.<name>]"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_display(folder: Path, body: str, problem: str) -> None:
    """Place, value and remedy, once."""
    header = "[displays]\n" if not body.startswith("[") else ""
    (said,) = problems(f"{PINS}{PAGES}{header}{body}\n", folder)
    assert re.sub(r'(write one such as) ".*"', r"\1", said) == f"config.toml: {problem}"


def test_check_shows_displays(folder: Path) -> None:
    """Only where there are some; what a display doesn't say is that of all."""
    assert "display" not in tables(check(f"{PINS}{PAGES}", folder)).split()
    text = (
        f'{PINS}{PAGES}[displays.left]\nstart = "open"\npins = []\n[displays.right]\ngroup = "w"\n'
    )
    shown = [line.split() for line in tables(check(text, folder)).splitlines()]
    assert ["display", "begins", "at", "obeys", "group", "token", "may"] in shown
    assert ["left", "open", "no", "pin"] in shown
    assert ["right", "welcome", "all", "pins", "w"] in shown
    text = f'{PINS}{PAGES}[displays.left]\ntoken = "{TOKEN}"\nmay = []\n[displays.right]\n'
    text += 'group = "wall"\nmay = ["press", "outputs"]\n'
    shown = [line.split() for line in tables(check(text, folder)).splitlines()]
    assert ["left", "welcome", "all", "pins", "given", "look"] in shown
    assert ["right", "welcome", "all", "pins", "wall", "press,", "outputs"] in shown


ROUTED = f"""{PINS}
[pins.door]
pin = 27
[displays.left]
group = "wall"
[displays.right]
group = "wall"
[displays.desk]
[pages.open]
[pages.welcome]
"""


def test_a_rule_leads_the_displays_that_it_names(folder: Path) -> None:
    """And not the display that shows its page."""
    text = (
        f'[every_page]\non_press.button = {{ to = "open", group = "wall" }}\n{ROUTED}'
        'on_low.door = { to = "open", displays = ["left", "desk"] }\n'
        'on_high.door = { to = "welcome", displays = ["desk"] }\non_hold.button = "open"\n'
    )
    settings = check(text, folder)
    wall = Route("open", frozenset({"left", "right"}))
    welcome, other = settings.pages["welcome"], settings.pages["open"]
    assert dict(welcome.rules) == {("button", Gesture.HOLD): "open"}
    assert dict(welcome.routes) == {
        ("button", Level.LOW): wall,
        ("door", Level.LOW): Route("open", frozenset({"left", "desk"})),
        ("door", Level.HIGH): Route("welcome", frozenset({"desk"})),
    }
    assert welcome.pins == {"button", "door"}
    # A rule of [every_page] holds on the page that it leads to: it leads others there.
    assert (dict(other.rules), dict(other.routes)) == ({}, {("button", Level.LOW): wall})
    assert settings.warnings == ()  # a press that leads others away doesn't keep a hold from here
    shown = [" ".join(line.split()) for line in tables(settings).splitlines()]
    assert "door is low open on desk, left" in " ".join(shown)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ('on_low.button = { to = "open", displays = ["lft"] }', 'on_low.button.displays = "lft": '
         'there is no display named "lft"; did you mean "left"?'),
        ('on_low.button = { to = "open", displays = "left" }', 'on_low.button.displays = "left": '
         'must be a list of names of displays; write displays = ["<display>"]'),
        ('on_low.button = { to = "open", displays = [] }', "on_low.button.displays = []: must be a "
         'list of names of displays; write displays = ["<display>"]'),
        ('on_low.button = { to = "open", group = "wal" }', 'on_low.button.group = "wal": there is '
         'no group named "wal"; did you mean "wall"?'),
        ('on_low.button = { to = "open", group = "wall", displays = ["left"] }',
         "on_low.button.group: says what displays says; leave one of them out"),
        ('while_low.button = { to = "open", displays = ["left"] }', "while_low.button.displays: "
         "leads displays at the moment of an event, and a level lasts; write it below on_low"),
        ('on_low.button = { to = "open", display = ["left"] }', 'on_low.button.display = ["left"]: '
         "is no key of a rule; did you mean displays?"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_that_leads_displays(
    folder: Path, rule: str, problem: str
) -> None:
    """Place, value and remedy, once."""
    assert problems(f"{ROUTED}{rule}\n", folder) == [f"config.toml: pages.welcome.{problem}"]


def test_a_rule_that_leads_displays_plays_no_sound(folder: Path) -> None:
    """The displays that it leads are on other pages."""
    (folder / "static").mkdir()
    (folder / "static" / "click.mp3").write_bytes(b"ID3")
    text = (
        f'[sounds.click]\nfile = "static/click.mp3"\n{ROUTED}'
        'on_low.button = { to = "open", displays = ["left"], sound = "click" }\n'
    )
    place = 'config.toml: pages.welcome.on_low.button.sound = "click"'
    sentence = "plays on a display that leaves this page; leave it out beside displays"
    assert problems(text, folder) == [f"{place}: {sentence}"]


def test_a_group_that_no_display_has(folder: Path) -> None:
    """The remedy is where groups are written."""
    text = (
        f'{PINS}[pages.open]\n[pages.welcome]\non_low.button = {{ to = "open", group = "wall" }}\n'
    )
    place = 'config.toml: pages.welcome.on_low.button.group = "wall"'
    remedy = 'no display has a group; write group = "wall" below [displays.<name>]'
    assert problems(text, folder) == [f"{place}: {remedy}"]


def test_screens_of_displays(folder: Path) -> None:
    """What a display doesn't say of its screen is said by [kiosk], but for the connector."""
    text = (
        f'{PINS}{PAGES}[kiosk]\nconnector = "DSI-1"\nrotate = 90\nreduced_motion = true\n'
        '[displays.left]\nconnector = "HDMI-A-1"\nscale = 2\nrotate = 0\n[displays.phone]\n'
    )
    settings = check(text, folder)
    kiosk = Kiosk(connector="DSI-1", rotate=90, reduced_motion=True)
    left = NamedDisplay(name="left", connector="HDMI-A-1", scale=2.0, reduced_motion=True)
    phone = NamedDisplay(name="phone", rotate=90, reduced_motion=True)
    assert settings.displays == {"left": left, "phone": phone}
    assert settings.screens == {"kiosk": kiosk, "left": left}
    of_names = {name: settings.screen_of(name) for name in ("kiosk", "left", "phone", "else")}
    assert of_names == {"kiosk": kiosk, "left": left, "phone": phone, "else": kiosk}


def test_one_screen(folder: Path) -> None:
    """One that is turned or scaled is given a place, too; any other is as it is."""
    for key, places in (("rotate = 90", ["kiosk"]), ("scale = 1.5", ["kiosk"]), ("scale = 1", [])):
        settings = check(f"{PINS}{PAGES}[kiosk]\n{key}\n[displays.left]\n", folder)
        assert list(settings.screens) == places


def test_what_needs_a_connector(folder: Path) -> None:
    """A screen that nobody has placed is neither turned nor scaled."""
    text = f'{PINS}{PAGES}[displays.left]\nrotate = 90\nscale = 2\npointer = "hidden"\n'
    sentence = 'counts only with a connector; write connector = "HDMI-A-1" beside it'
    assert [warning for warning in check(text, folder).warnings if "displays" in warning] == [
        f"config.toml: displays.left.rotate: {sentence}",
        f"config.toml: displays.left.scale: {sentence}",
    ]


def test_check_shows_screens(folder: Path) -> None:
    """Only where a display's is not as all are."""
    plain = f"{PINS}{PAGES}[displays.left]\n"
    assert "connector  turned" not in tables(check(plain, folder))
    text = f'{plain}connector = "HDMI-A-1"\nrotate = 90\nscale = 1.5\ncontrast = "more"\n'
    shown = [line.split() for line in tables(check(text, folder)).splitlines()]
    assert ["screen", "connector", "turned", "scale", "audio", "more"] in shown
    assert ["left", "HDMI-A-1", "90", "degrees", "1.5", "more", "contrast"] in shown
