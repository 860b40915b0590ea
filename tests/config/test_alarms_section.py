"""`[alarms]`: what it becomes, what is said of it, and what nobody is shown."""

from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems

from gpiobridge.cli.checked import tables
from gpiobridge.config import Alarms

SECRET = "https://me:pass-of-a-test@example.org/hook/T0KEN-of-a-test?key=x"


def test_what_it_becomes(folder: Path) -> None:
    """Nothing must be given; a minute is the default."""
    assert check(PINS + PAGES, folder).alarms == Alarms(after_s=60.0, run=(), post="")
    text = (
        f'{PINS}{PAGES}[displays.left]\n[alarms]\nafter = "90s"\nrun = ["/usr/bin/mail", "me"]\n'
        f'post = "{SECRET}"\n'
    )
    settings = check(text, folder)
    assert settings.alarms == Alarms(after_s=90.0, run=("/usr/bin/mail", "me"), post=SECRET)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('run = "mail me"', 'run = "mail me": must be a list, the program and each argument in '
         'quotes of its own; write ["/usr/bin/mail", "-s", "alarm", "me@example.org"]'),
        ('run = ["mail", "me"]', 'run = ["mail", "me"]: must begin with the whole path of the '
         'program; write it like "/usr/bin/mail"'),
        ('run = ["/usr/bin/mail", 1]', "run = 1: must be text in quotes"),
        ('post = "example.org/x"', "post: must begin with https:// or http://; write it like "
         '"https://example.org/alarm"'),
        ('post = "http:///x"', "post: must have a host, and after it a right port or none; write "
         '"https://example.org/alarm"'),
        ('post = "https://example.org:0x/"', "post: must have a host, and after it a right port or "
         'none; write "https://example.org/alarm"'),
        ('post = "https://example.org/a b"', "post: must be plain ASCII without spaces; write each "
         "other character as % and two digits"),
        ('after = "5s"', 'after = "5s": must be at least 10s; leave it out for the default of '
         "1min"),
        ('url = "https://example.org/x"', "url: unknown key; write "
         'post = "https://example.org/alarm"'),
        ('command = "/usr/bin/mail"', 'command = "/usr/bin/mail": unknown key; write '
         'run = ["/usr/bin/mail", "-s", "alarm", "me@example.org"]'),
    ],
)  # fmt: skip
def test_what_is_wrong(folder: Path, line: str, problem: str) -> None:
    """Place, value and remedy, once; no address is shown."""
    text = f"{PINS}{PAGES}[displays.left]\n[alarms]\n{line}\n"
    assert problems(text, folder) == [f"config.toml: alarms.{problem}"]


def test_without_a_named_display_it_is_of_no_use(folder: Path) -> None:
    """A warning, since a bridge runs without it."""
    settings = check(f'{PINS}{PAGES}[alarms]\npost = "https://example.org"\n', folder)
    assert settings.warnings == (
        "config.toml: alarms: an alarm is about a named display, and there is none; write "
        "[displays.<name>]",
    )


def test_the_address_is_not_shown(folder: Path) -> None:
    """Neither in a table of `check`, nor in what a program prints of the settings."""
    settings = check(f'{PINS}{PAGES}[displays.left]\n[alarms]\npost = "{SECRET}"\n', folder)
    shown = tables(settings)
    assert ["alarms.post", "given"] in [line.split() for line in shown.splitlines()]
    assert "example.org" not in shown + repr(settings)


@pytest.mark.parametrize("key", ["post", "psot", "Post", "webhook", "url"])
def test_no_problem_shows_the_address(folder: Path, key: str) -> None:
    """Whatever is wrong with it."""
    for value in (SECRET.replace("https", "ftp"), SECRET.replace("/hook", " /hook")):
        text = f'{PINS}{PAGES}[displays.left]\n[alarms]\n{key} = "{value}"\n'
        (problem,) = problems(text, folder)
        assert "of-a-test" not in problem
