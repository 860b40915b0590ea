"""``[stage]``, and how a page replaces the one before."""

from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems, write

from gpiobridge.config import Stage, load


def test_without_a_section_the_kiosk_has_its_stage(folder: Path) -> None:
    """Two pages wait behind the present one, for five minutes."""
    assert check(PINS + PAGES, folder).stage == Stage(kiosk=True, ahead=2, fresh_s=300.0)


def test_what_the_section_says(folder: Path) -> None:
    """Each key of it; variables override them."""
    text = f'{PINS}{PAGES}[stage]\nkiosk = false\nahead = 0\nfresh = "90s"\n'
    assert check(text, folder).stage == Stage(kiosk=False, ahead=0, fresh_s=90.0)
    variables = {"GPIOBRIDGE_STAGE__AHEAD": "1", "GPIOBRIDGE_STAGE__FRESH": "2min"}
    stage = load(write(folder, text), environ=variables).stage
    assert stage == Stage(kiosk=False, ahead=1, fresh_s=120.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ahead = 11", "stage.ahead = 11: must be at most 10; leave it out for the default of 2"),
        ("ahead = -1", "stage.ahead = -1: must be at least 0; leave it out for the default of 2"),
        ('ahead = "2"', 'stage.ahead = "2": must be a whole number, without quotes; write 2'),
        ('fresh = "0s"', 'stage.fresh = "0s": must be at least 1s; leave it out for the default of '
         "5min"),
        ("fresh = 300", "stage.fresh = 300: needs a unit"),
        ("fade = true", 'stage.fade = true: unknown key; write transition = "fade" below '
         "[pages.<name>] or [every_page]"),
        ("enabled = true", "stage.enabled = true: unknown key; write kiosk = true"),
        ("prerender = true", "stage.prerender = true: unknown key; write it below [pages.<name>]"),
    ],
    ids=lambda text: text.partition(" ")[0],
)  # fmt: skip
def test_what_the_section_may_not_say(folder: Path, line: str, said: str) -> None:
    """With the remedy."""
    (problem,) = problems(f"{PINS}{PAGES}[stage]\n{line}\n", folder)
    assert problem.startswith(f"config.toml: {said}")


def test_a_key_of_the_stage_outside_its_section(folder: Path) -> None:
    """At the top, and where the kiosk's own keys are."""
    assert problems(f"ahead = 2\n{PINS}{PAGES}", folder) == [
        "config.toml: ahead = 2: is a key of [stage]; move it there"
    ]
    assert problems(f"{PINS}{PAGES}[kiosk]\nstage = true", folder) == [
        "config.toml: kiosk.stage = true: unknown key; write kiosk = true below [stage]"
    ]


def test_a_page_is_cut_in_unless_it_says_otherwise(folder: Path) -> None:
    """Its own word comes before that of every page."""
    own = PAGES.replace("[pages.open]", '[pages.open]\ntransition = "fade"')
    assert _transitions(f"{PINS}{PAGES}", folder) == ["cut", "cut"]
    assert _transitions(f"{PINS}{own}", folder) == ["cut", "fade"]
    every = '[every_page]\ntransition = "fade"\n'
    assert _transitions(f"{PINS}{PAGES}{every}", folder) == ["fade", "fade"]
    cut = own.replace('"fade"', '"cut"')
    assert _transitions(f"{PINS}{cut}{every}", folder) == ["fade", "cut"]


def _transitions(text: str, folder: Path) -> list[str]:
    return [page.transition for page in check(text, folder).pages.values()]


def test_a_transition_is_one_of_two(folder: Path) -> None:
    """A word of the web's animations is no other one."""
    text = PAGES.replace("[pages.open]", '[pages.open]\ntransition = "slide"')
    assert problems(f"{PINS}{text}", folder) == [
        'config.toml: pages.open.transition = "slide": must be "cut" or "fade"; leave it out '
        'for the default of "cut"'
    ]


def test_the_pages_that_follow_a_page(folder: Path) -> None:
    """Each once, those of rules before that of idle, and not the page itself."""
    text = """
    [pages.welcome]
    on_low.button = "open"
    on_high.button = "welcome"
    idle = { after = "9s", to = "open" }
    [pages.open]
    idle = { after = "9s", to = "welcome" }
    """
    pages = check(PINS + text, folder).pages
    assert [page.leads_to for page in pages.values()] == [["open"], ["welcome"]]
