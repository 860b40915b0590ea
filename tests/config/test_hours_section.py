"""`[hours]`, and `[displays.<name>.hours]`: what they become, and what is said of them."""

from datetime import date
from pathlib import Path

import pytest
from config_text import PINS, check, problems

from gpiobridge.cli.checked import tables
from gpiobridge.config import ScreenCommands
from gpiobridge.config.opening_times import (
    OpeningTimes,
    ToHours,
    closed_days,
    opening_times,
)
from gpiobridge.core.events import Gesture

PAGES = '[pages.welcome]\non_low.button = "open"\n[pages.open]\n[pages.closed]\n'
HOURS = '[hours]\nopen = ["Mon-Fri 09:30-17:00"]\npage = "closed"\n'


@pytest.fixture
def folder(folder: Path) -> Path:
    """An exhibit's folder that has the page, too."""
    (folder / "templates" / "closed.html").write_text("<body></body>")
    return folder


@pytest.mark.parametrize(
    ("text", "days", "from_min", "to_min"),
    [
        ("Mon-Fri 09:30-17:00", {0, 1, 2, 3, 4}, 570, 1020),
        ("Fri 20:00-02:00", {4}, 1200, 1560),
        ("Sat,Sun 10:00-24:00", {5, 6}, 600, 1440),
        ("Sat-Mon 9:00 - 12:00", {5, 6, 0}, 540, 720),
        ("Mon, wed,Friday 08:00-08:01", {0, 2, 4}, 480, 481),
        ("00:00-24:00", {0, 1, 2, 3, 4, 5, 6}, 0, 1440),
        ("Sun 22:00-00:00", {6}, 1320, 1440),
    ],
)
def test_opening_times(text: str, days: set[int], from_min: int, to_min: int) -> None:
    """Names of days, ranges and lists; a range may pass midnight."""
    found = opening_times(text)
    assert (found.days, found.from_min, found.to_min) == (days, from_min, to_min)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("2026-12-25", ["2026-12-25"], ["2026-12-24", "2026-12-26", "2025-12-25"]),
        ("12-25", ["2026-12-25", "2031-12-25"], ["2026-12-24", "2026-11-25"]),
        ("02-29", ["2028-02-29"], ["2028-02-28", "2027-03-01"]),
        ("2026-12-24..2027-01-06", ["2026-12-24", "2027-01-01", "2027-01-06"],
         ["2026-12-23", "2027-01-07", "2027-12-24"]),
        ("12-24..01-06", ["2026-12-24", "2026-12-31", "2027-01-06", "2030-01-01"],
         ["2026-12-23", "2027-01-07", "2027-06-01"]),
        ("07-01 .. 08-15", ["2026-07-01", "2027-08-15"], ["2026-06-30", "2026-08-16"]),
    ],
)  # fmt: skip
def test_closed_days(text: str, inside: list[str], outside: list[str]) -> None:
    """One day, or a range; of one year, or of each, also over its end."""
    closed = closed_days(text)
    assert all(closed.has(date.fromisoformat(day)) for day in inside)
    assert not any(closed.has(date.fromisoformat(day)) for day in outside)


def test_hours(folder: Path) -> None:
    """A display's own say what is different; without them it has those of all."""
    text = (
        f'{PINS}{PAGES}{HOURS}closed = ["2026-12-25", "12-24..01-06"]\n'
        'timezone = "Europe/Berlin"\ntrust_clock = true\n'
        '[displays.left.hours]\nopen = []\n[displays.right.hours]\npage = "open"\nclosed = []\n'
        "[displays.desk]\n"
    )
    settings = check(text, folder)
    hours = settings.hours
    assert hours is not None
    assert hours.open == (OpeningTimes(frozenset(range(5)), 570, 1020, "Mon-Fri 09:30-17:00"),)
    assert [each.text for each in hours.closed] == ["2026-12-25", "12-24..01-06"]
    assert (hours.timezone, hours.page, hours.trust_clock) == ("Europe/Berlin", "closed", True)
    left, right = settings.displays["left"].hours, settings.displays["right"].hours
    assert left is not None
    assert right is not None
    assert (left.open, left.page, left.closed) == ((), "closed", hours.closed)
    assert (right.open, right.page, right.closed) == (hours.open, "open", ())
    assert settings.displays["desk"].hours is None


def test_screens_that_go_dark(folder: Path) -> None:
    """By the kiosk, or by commands of the owner's; a display's own say what is different."""
    text = (
        f'{PINS}{PAGES}{HOURS}screen = "off"\nwake = "0s"\n[displays.left]\n'
        '[displays.right.hours]\nwake = "1min"\n'
        'screen = { off = ["/usr/bin/cec-ctl", "--standby"], on = ["/bin/on"] }\n'
        '[displays.front.hours]\nscreen = "on"\n'
    )
    settings = check(text, folder)
    found = {name: settings.hours_of(name) for name in ("left", "right", "front")}
    assert {name: (each.screen, each.wake_s) for name, each in found.items() if each} == {
        "left": ("off", 0.0),
        "right": (ScreenCommands(("/usr/bin/cec-ctl", "--standby"), ("/bin/on",)), 60.0),
        "front": ("on", 0.0),
    }
    hours = check(PINS + PAGES + HOURS, folder).hours
    assert hours is not None
    assert (hours.screen, hours.wake_s) == ("on", 300.0)


@pytest.mark.parametrize(
    ("hours", "screens"),
    [
        ('screen = "off"', ["kiosk"]),
        ("", []),
        ('screen = { off = ["/bin/off"], on = ["/bin/on"] }', []),
        ('screen = "off"\n[displays.left]\nconnector = "HDMI-A-1"', ["left"]),
        ('screen = "off"\n[displays.kiosk.hours]\nscreen = "on"', []),
    ],
)
def test_a_screen_that_goes_dark_has_sway(folder: Path, hours: str, screens: list[str]) -> None:
    """The cage of bookworm can't switch one off; commands of the owner's need no compositor."""
    assert [*check(f"{PINS}{PAGES}{HOURS}{hours}\n", folder).screens] == screens


def test_no_hours(folder: Path) -> None:
    """Who has no hours is always open; one display may have some."""
    assert check(PINS + PAGES, folder).hours is None
    text = f'{PINS}{PAGES}[displays.left.hours]\nopen = ["10:00-12:00"]\npage = "closed"\n'
    settings = check(text, folder)
    assert settings.displays["left"].hours is not None
    assert settings.hours is None


def test_no_page_leaves_while_closed(folder: Path) -> None:
    """The `idle` of every page isn't that of the page that is shown while it is closed."""
    every = '[every_page]\nidle = { after = "60s", to = "welcome" }\n'
    pages = check(f"{PINS}{PAGES}{HOURS}{every}", folder).pages
    assert [name for name, page in pages.items() if page.idle] == ["open"]
    assert check(PINS + PAGES + every, folder).pages["closed"].idle is not None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('[hours]\npage = "closed"',
         'hours: has no open; write open = ["Mon-Fri 09:30-17:00"] below it'),
        ("[hours]", 'hours: has no open and no page; write open = ["Mon-Fri 09:30-17:00"] and page '
         '= "closed" below it'),
        ("[hours]\nopen = []",
         'hours: has no page; write page = "closed" below it'),
        ('[hours]\nopen = []\ntimezone = "UTC"\ntrust_clock = true',
         'hours: has no page; write page = "closed" below it'),
        ('[hours]\nopen = 9\npage = "closed"\ntimezone = "UTC"', 'hours.open = 9: must be a list, '
         'such as ["Mon-Fri 09:30-17:00"]'),
        ('hours = "9-17"', 'hours = "9-17": must be a section; write [hours]'),
        (HOURS.replace("closed", "close"),
         'hours.page = "close": there is no page named "close"; did you mean "closed"?'),
        (HOURS.replace("Fri", "Firday"), 'hours.open = "Mon-Firday 09:30-17:00": there is no day '
         'named "Firday"; did you mean Fri?'),
        (HOURS.replace("Mon", "Lundi"),
         'hours.open = "Lundi-Fri 09:30-17:00": there is no day named "Lundi"; write one of Mon, '
         "Tue, Wed, Thu, Fri, Sat, Sun"),
        (HOURS.replace("09:30-17:00", "9-17"), 'hours.open = "Mon-Fri 9-17": must be days and '
         'times; write it like "Mon-Fri 09:30-17:00"'),
        (HOURS.replace("17:00", "17:60"), 'hours.open = "Mon-Fri 09:30-17:60": 17:60 is no time '
         'of day; write one from "00:00" to "24:00"'),
        (HOURS.replace("09:30", "17:00"), 'hours.open = "Mon-Fri 17:00-17:00": begins and ends '
         'at one time; write "00:00-24:00" for the whole day'),
        (HOURS.replace("09:30", "24:00"), 'hours.open = "Mon-Fri 24:00-17:00": 24:00 can only be '
         'an end; write "00:00" for the beginning of a day'),
        (HOURS.replace("[\"Mon-Fri 09:30-17:00\"]", '"Mon 09:30-17:00"'),
         'hours.open = "Mon 09:30-17:00": must be a list, such as ["Mon-Fri 09:30-17:00"]'),
        (f'{HOURS}closed = ["25.12.2026"]', 'hours.closed = "25.12.2026": must be a date; write '
         'it like "2026-12-25", or "12-25" for every year'),
        (f'{HOURS}closed = ["2026-02-29"]', 'hours.closed = "2026-02-29": there is no such day; '
         'write a date like "2026-12-25", or "12-25" for every year'),
        (f'{HOURS}closed = ["2026-12-24..01-06"]', 'hours.closed = "2026-12-24..01-06": has one '
         'year; write "2026-12-24..2027-01-06", or "12-24..01-06"'),
        (f'{HOURS}closed = ["2026-12-24..2026-01-06"]', 'hours.closed = "2026-12-24..2026-01-06": '
         "ends before it begins; write the earlier day first"),
        (f"{HOURS}closed = [2026-12-25]", "hours.closed = 2026-12-25: must be text in quotes"),
        (f'{HOURS}timezone = "Berlin"', 'hours.timezone = "Berlin": there is no such time zone; '
         "did you mean Europe/Berlin?"),
        (f'{HOURS}timezone = "../etc"', 'hours.timezone = "../etc": there is no such time zone; '
         'write it like "Europe/Berlin"'),
        (f'{HOURS}tz = "UTC"', 'hours.tz = "UTC": unknown key; write timezone = "Europe/Berlin"'),
        ('[displays.left]\nhours = "9-17"', 'displays.left.hours = "9-17": must be a section; '
         "write [displays.<name>.hours]"),
        ("[displays.left.hours]\nopen = []", "displays.left.hours: has no page; write "
         'page = "closed" below it'),
        (f'{HOURS}[displays.left.hours]\npage = "x"', 'displays.left.hours.page = "x": there is '
         'no page named "x"; add it, or write "welcome", "open" or "closed"'),
        (f'{HOURS}screen = "dark"', 'hours.screen = "dark": must be "on" or "off"; leave '
         'it out for the default of "on"'),
        (f"{HOURS}screen = {{ of = [] }}", "hours.screen: of is not one of its keys; write off "
         "and on"),
        (f'{HOURS}screen = {{ off = ["/bin/off"] }}', 'hours.screen: has no on; write '
         'on = ["/usr/bin/cec-ctl", "--image-view-on"] in it'),
        (f'{HOURS}screen = {{ off = ["off"], on = ["/bin/on"] }}', 'hours.screen.off = ["off"]: '
         'must begin with the whole path of the program; write it like "/usr/bin/mail"'),
        (f'{HOURS}screen = {{ off = ["/bin/off", 6], on = ["/bin/on"] }}', "hours.screen.off = "
         '["/bin/off", 6]: must be text in quotes; write each word in quotes'),
        (f'{HOURS}wake = "2d"', 'hours.wake = "2d": must be at most 1d; leave it out for the '
         "default of 5min"),
        ('[outputs.lamp]\npin = 22\nclosed = "off"', 'outputs.lamp.closed = "off": has no meaning '
         "without [hours]; write that section, or leave closed out"),
        (f'{HOURS}[outputs.lamp]\npin = 22\nclosed = "blink"',
         'outputs.lamp.closed = "blink": must be "on" or "off"'),
        (f'{HOURS}[outputs.lamp]\npin = 22\nclosed = "on"\nmax_on = "2s"', "outputs.lamp.closed "
         '= "on": would be on for longer than outputs.lamp.max_on = "2s"; leave one of them out'),
        (f'{HOURS}[outputs.lamp]\npin = 22\nclosed = "off"\nfollows = "button"',
         'outputs.lamp.closed = "off": has no meaning with outputs.lamp.follows = "button"; leave '
         "one of them out"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_hours(folder: Path, body: str, problem: str) -> None:
    """Place, value and remedy, once."""
    text = f"{PINS}{PAGES}{body}\n" if body.startswith("[") else f"{body}\n{PINS}{PAGES}"
    assert problems(text, folder) == [f"config.toml: {problem}"]


def test_a_rule_of_the_staff(folder: Path) -> None:
    """It stands in `[every_page]`, and leads nowhere."""
    every = (
        '[every_page]\non_hold.button = { hours = "open", for = "4h" }\n'
        'on_tap.button = { hours = "close" }\n'
    )
    settings = check(f"{PINS}{PAGES}{HOURS}{every}", folder)
    assert dict(settings.hours_rules) == {
        ("button", Gesture.HOLD): ToHours("open", 4 * 3600.0),
        ("button", Gesture.TAP): ToHours("close"),
    }
    assert ("button", Gesture.HOLD) not in settings.pages["welcome"].rules
    shown = tables(settings)
    assert ["button", "is", "held", "open", "4h"] in [each.split() for each in shown.splitlines()]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ('{ hours = "opn" }', '.hours = "opn": must be "open", "close" or "auto"; did you mean '
         '"open"?'),
        ('{ hours = 3 }', '.hours = 3: must be "open", "close" or "auto"'),
        ('{ hours = "open", for = "8d" }', '.for = "8d": must be at most 7d'),
        ('{ hours = "open", for = "4" }', '.for = "4": needs a unit; write "4s"'),
        ('{ hours = "auto", for = "4h" }', '.for = "4h": "auto" is for good; leave it out'),
        ('{ hours = "open", to = "open" }', '.to = "open": has no meaning beside hours; write '
         '{ hours = "open", for = "4h" }'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_of_the_staff(folder: Path, rule: str, problem: str) -> None:
    """Place, value and remedy, once."""
    text = f"{PINS}{PAGES}{HOURS}[every_page]\non_hold.button = {rule}\n"
    (said,) = problems(text, folder)
    assert said.startswith(f"config.toml: every_page.on_hold.button{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'[every_page]\non_hold.button = {{ hours = "open" }}\n{PINS}{PAGES}',
         "every_page.on_hold.button: has nothing to overrule; write [hours], or leave it out"),
        (f'[every_page]\nwhile_low.button = {{ hours = "open" }}\n{PINS}{PAGES}{HOURS}',
         "every_page.while_low.button: orders something at the moment of an event, and a level "
         "lasts; write it below on_low"),
        (f'[every_page]\non_hold.staff = {{ hours = "open" }}\n{PINS}{PAGES}{HOURS}',
         'every_page.on_hold.staff: there is no pin named "staff"; add it, or write "button"'),
        (f'{PINS}{PAGES}on_hold.button = {{ hours = "open" }}\n{HOURS}',
         "pages.closed.on_hold.button: overrules the opening hours whatever page is shown; move it "
         "below [every_page]"),
    ],
)  # fmt: skip
def test_where_a_rule_of_the_staff_stands(folder: Path, text: str, problem: str) -> None:
    """Once for all pages, at an event, and only where there is something to overrule."""
    assert problems(text, folder) == [f"config.toml: {problem}"]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("client = false", "pages.closed.client = false: can't be left at the opening, because of "
         'hours.page = "closed"; leave client out'),
        ('idle = { after = "60s", to = "welcome" }', "pages.closed.idle: would lead away while it "
         'is closed (hours.page = "closed"); leave idle out'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_page(folder: Path, page: str, problem: str) -> None:
    """Nothing leads away from it but the opening, which must be able to."""
    text = f"{PINS}{PAGES}{page}\n{HOURS}"
    assert problems(text, folder) == [f"config.toml: {problem}"]


def test_no_time_zones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small system may have none: the sentence says what to install."""
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    text = f'{PINS}{PAGES}{HOURS}timezone = "Nowhere/Town"\n'
    (problem,) = problems(text, folder)
    assert "sudo apt install tzdata" in problem
