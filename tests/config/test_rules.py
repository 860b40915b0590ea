"""The rules of pages: how those of every page are laid under them, and what is warned of."""

import tomllib
from pathlib import Path

import pytest

from gpiobridge.config import Settings
from gpiobridge.config.check import check as check_tables
from gpiobridge.config.environment import lay_over
from gpiobridge.core.events import Gesture, Level
from gpiobridge.errors import ConfigError

VIEWS = ("welcome", "open", "help", "quiz")
PIN = "[pins.a]\npin = 17\n"


def check(text: str, environ: dict[str, str] | None = None) -> Settings:
    """Check a configuration whose pages are views, with variables laid over it."""
    raw, origins = lay_over(tomllib.loads(text), environ or {}, {})
    return check_tables(
        raw, source="config.toml", folder=Path("/nowhere"), views=VIEWS, origins=origins
    )


def warnings(text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    """What is warned of."""
    return check(text, environ).warnings


def problems(text: str) -> list[str]:
    """What is refused."""
    with pytest.raises(ConfigError) as caught:
        check(text)
    return list(caught.value.problems)


# --------------------------------------------------------------------- false takes a rule out

KINDS = (
    "on_low", "on_high", "on_press", "on_release", "while_low", "while_high", "on_tap", "on_hold",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_false_takes_a_rule_of_every_page_out(kind: str) -> None:
    """On this page there is none, on the others there is, in every table of rules (row 10)."""
    pages = check(f'{PIN}[every_page]\n{kind}.a = "help"\n[pages.quiz]\n{kind}.a = false\n').pages
    assert dict(pages["quiz"].rules) == {}
    assert dict(pages["quiz"].while_rules) == {}
    assert list(pages["open"].rules.values()) == ["help"]


@pytest.mark.parametrize("kind", KINDS)
def test_false_comes_from_a_variable_too(kind: str) -> None:
    """``GPIOBRIDGE_PAGES__QUIZ__ON_HOLD__A=false`` does the same (row 10)."""
    text = f'{PIN}[every_page]\n{kind}.a = "help"\n[pages.quiz]\n'
    pages = check(text, {f"GPIOBRIDGE_PAGES__QUIZ__{kind.upper()}__A": "false"}).pages
    assert dict(pages["quiz"].rules) == {}


def test_false_takes_out_what_is_the_same_edge() -> None:
    """A press of a pulled-up pin is its ``low``: either name does (row 10)."""
    text = f'{PIN}[every_page]\non_low.a = "help"\n[pages.quiz]\non_press.a = false\n'
    assert dict(check(text).pages["quiz"].rules) == {}


def test_false_leaves_the_other_rules() -> None:
    """It is for one pin and one event; nothing else of every page goes (row 10)."""
    text = f"""{PIN}
        [pins.b]
        pin = 4
        [every_page]
        on_hold.a = "help"
        on_hold.b = "help"
        on_press.b = "open"
        [pages.quiz]
        on_hold.a = false
        """
    assert dict(check(text).pages["quiz"].rules) == {
        ("b", Level.LOW): "open",
        ("b", Gesture.HOLD): "help",
    }


def test_false_in_every_page_is_refused() -> None:
    """There it could take nothing out (row 10)."""
    assert problems(f"{PIN}[every_page]\non_hold.a = false\n[pages.quiz]\n") == [
        "config.toml: every_page.on_hold.a = false: takes a rule of [every_page] out, "
        "which only a page can do; move it below [pages.<name>]"
    ]


def test_false_without_a_rule_is_warned_of() -> None:
    """What takes nothing out was meant for something else (row 10)."""
    assert warnings(f"{PIN}[pages.quiz]\non_low.a = false\n") == (
        "config.toml: pages.quiz.on_low.a: takes nothing out, because [every_page] has no "
        "such rule; "
        "leave it out",
    )


def test_false_for_a_pin_that_is_not_there_is_refused() -> None:
    """Its name may be misspelled, like any rule's (row 10)."""
    assert problems(f"{PIN}[pages.quiz]\non_low.aa = false\n") == [
        'config.toml: pages.quiz.on_low.aa = false: there is no pin named "aa"; did you mean "a"?'
    ]


@pytest.mark.parametrize("value", ["true", "0", "1.5", "[]"])
def test_another_value_is_no_page(value: str) -> None:
    """Only a page's name or ``false`` can stand there (row 10)."""
    said = problems(f"{PIN}[pages.quiz]\non_low.a = {value}\n")
    assert len(said) == 1
    assert said[0].endswith(': must be the name of a page; write it in quotes, such as "welcome"')


def test_a_variable_reaches_a_rule_of_every_page_by_the_pins_own_name() -> None:
    """Variables have no capitals and hyphens; the pin's name may (row 10)."""
    variable = "GPIOBRIDGE_EVERY_PAGE__ON_LOW__FRONT_DOOR"
    pages = check("[pins]\nFront-Door = 17\n[pages.quiz]\n", {variable: "help"}).pages
    assert dict(pages["quiz"].rules) == {("Front-Door", Level.LOW): "help"}


# --------------------------------------------------------------------- the culprit's true place


@pytest.mark.parametrize(
    ("every", "page", "warning"),
    [
        (
            'on_low.a = "help"', 'on_tap.a = "open"',
            "pages.quiz.on_tap.a: never happens, because the press itself leads away from the "
            "page by "
            "every_page.on_low.a; write on_low.a = false below [pages.quiz], or leave this rule "
            "out",
        ),
        (
            'on_press.a = "help"', 'on_hold.a = "open"',
            "pages.quiz.on_hold.a: never happens, because the press itself leads away from "
            "the page by "
            "every_page.on_press.a; write on_press.a = false below [pages.quiz], or leave this "
            "rule out",
        ),
        (
            'while_high.a = "help"', 'on_tap.a = "open"\non_hold.a = "open"',
            "pages.quiz.on_tap.a: never happens, because the release itself leads away from "
            "the page "
            "by every_page.while_high.a; write while_high.a = false below [pages.quiz], or leave "
            "this rule out",
        ),
        (
            'on_hold.a = "help"', 'on_low.a = "open"',
            "every_page.on_hold.a: never happens on the page quiz, because the press itself "
            "leads away "
            "from it by pages.quiz.on_low.a; if that is meant, write on_hold.a = false below "
            "[pages.quiz]",
        ),
    ],
)  # fmt: skip
def test_a_warning_names_the_rule_that_is_first(every: str, page: str, warning: str) -> None:
    """Both rules are named where they stand, on the page or in [every_page] (row 11)."""
    text = f"{PIN}[every_page]\n{every}\n[pages.quiz]\n{page}\n"
    assert warnings(text) == (f"config.toml: {warning}",)


def test_two_rules_of_every_page_are_warned_of_once() -> None:
    """Not once a page (row 11)."""
    text = f'{PIN}[every_page]\non_low.a = "help"\non_hold.a = "help"\n'
    assert warnings(text) == (
        "config.toml: every_page.on_hold.a: never happens, because the press itself leads "
        "away from "
        "the page by every_page.on_low.a; leave one of them out",
    )


def test_a_rule_of_every_page_that_happens_on_one_is_meant() -> None:
    """A press leads to help from anywhere, a tap leads back from there (row 11)."""
    text = f'{PIN}[every_page]\non_low.a = "help"\non_tap.a = "welcome"\non_hold.a = "welcome"\n'
    assert warnings(text) == ()


def test_a_warning_of_a_rule_from_a_variable_names_the_variable() -> None:
    """That is the place where it can be changed (row 11)."""
    variable = "GPIOBRIDGE_EVERY_PAGE__ON_LOW__A"
    said = warnings(f'{PIN}[pages.quiz]\non_hold.a = "open"\n', {variable: "help"})
    assert len(said) == 1
    assert f"leads away from the page by {variable}; write on_low.a = false" in said[0]


# --------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("debounce", "hold", "warned"),
    [("1s", "500ms", True), ("500ms", "500ms", True), ("499ms", "500ms", False)],
)
def test_a_tap_that_can_be_none_is_warned_of(debounce: str, hold: str, warned: bool) -> None:
    """A press counts after the debounce; it is no tap if that is a hold already (row 8)."""
    text = (
        f'{PIN}hold = "{hold}"\ndebounce = "{debounce}"\n'
        '[pages.quiz]\non_tap.a = "open"\non_hold.a = "help"\n'
    )
    said = (
        "config.toml: pages.quiz.on_tap.a: never happens, because pins.a.debounce = "
        f"{debounce} is not "
        f"shorter than pins.a.hold = {hold}: each press that lasts long enough to count is a "
        "hold; write a longer hold, or a shorter debounce"
    )
    assert warnings(text) == ((said,) if warned else ())


def test_a_tap_of_a_pin_whose_first_edge_counts_is_not_warned_of() -> None:
    """A press counts at once, so it can also end before the hold time."""
    text = (
        f'{PIN}hold = "500ms"\ndebounce = "1s"\ncounts = "first"\n'
        '[pages.quiz]\non_tap.a = "open"\non_hold.a = "help"\n'
    )
    assert warnings(text) == ()


def test_a_tap_of_every_page_that_can_be_none_is_warned_of_once() -> None:
    """With the place where it stands (row 8)."""
    text = f'{PIN}hold = "500ms"\ndebounce = "1s"\n[every_page]\non_tap.a = "open"\n'
    (said,) = warnings(text)
    assert said.startswith(
        "config.toml: every_page.on_tap.a: never happens, because pins.a.debounce"
    )


@pytest.mark.parametrize("kind", ["on_press", "on_release", "on_low", "on_high", "on_hold"])
def test_a_press_that_idle_is_always_before_is_warned_of(kind: str) -> None:
    """In the lockout no press counts; then the page has left by itself (row 8)."""
    text = (
        f'{PIN}[pages.quiz]\nlockout = "10s"\nidle = {{ after = "10s", to = "open" }}\n'
        f'{kind}.a = "open"\n'
    )
    assert warnings(text) == (
        f"config.toml: pages.quiz.{kind}.a: hardly ever happens, because idle leads away after "
        "10s, and "
        "no press counts before lockout = 10s and pins.a.debounce = 20ms are over; write a longer "
        "after, or shorter ones of these",
    )


def test_a_debounce_that_idle_is_always_before_is_warned_of() -> None:
    """The page can't know of a press that has not held for its debounce (row 8)."""
    text = (
        f'{PIN}debounce = "3s"\n[pages.quiz]\nidle = {{ after = "2s", to = "open" }}\n'
        'on_press.a = "open"\n'
    )
    (said,) = warnings(text)
    assert "no press counts before pins.a.debounce = 3s" in said


def test_a_first_edge_is_never_too_late_for_idle() -> None:
    """It counts at once: only the lockout keeps it from counting."""
    text = (
        f'{PIN}debounce = "3s"\ncounts = "first"\n'
        '[pages.quiz]\nidle = { after = "2s", to = "open" }\non_press.a = "open"\n'
    )
    assert warnings(text) == ()
    text = text.replace("[pages.quiz]\n", '[pages.quiz]\nlockout = "2s"\n')
    (said,) = warnings(text)
    assert "no press counts before lockout = 2s are over" in said


@pytest.mark.parametrize(
    "page",
    [
        'lockout = "9s"\non_press.a = "open"',
        'lockout = "10s"\nwhile_low.a = "open"',
        'lockout = "10s"',
    ],
    ids=["shorter", "level", "rule of every page"],
)
def test_a_page_that_idle_leaves_in_time_is_not_warned_of(page: str) -> None:
    """A level counts at load, and a farewell page has no rule of its own (row 8)."""
    text = (
        f'{PIN}[every_page]\non_press.a = "help"\n'
        f'[pages.quiz]\nidle = {{ after = "10s", to = "open" }}\n{page}\n'
    )
    assert warnings(text) == ()


# --------------------------------------------------------------------- somebody slow


def test_a_tap_without_a_hold_is_warned_of() -> None:
    """Who presses for longer than ``hold`` gets nowhere, however often (row 40)."""
    assert warnings(f'{PIN}hold = "1s"\n[pages.quiz]\non_tap.a = "open"\n') == (
        "config.toml: pages.quiz.on_tap.a: a press that lasts for 1s (hold) or longer leads "
        'nowhere; add on_hold.a = "open", or write on_press (or on_release) instead of on_tap; if '
        "that is meant, write on_hold.a = false",
    )


def test_a_tap_of_every_page_without_a_hold_is_warned_of_once() -> None:
    """With the place where it stands (row 40)."""
    (said,) = warnings(f'{PIN}[every_page]\non_tap.a = "open"\n')
    assert said.startswith("config.toml: every_page.on_tap.a: a press that lasts")


@pytest.mark.parametrize(
    ("every", "page"),
    [
        ("", 'on_tap.a = "open"\non_hold.a = "help"'),
        ("", 'on_tap.a = "open"\non_hold.a = "open"'),
        ("", 'on_tap.a = "open"\non_hold.a = false'),
        ('on_hold.a = "quiz"', 'on_tap.a = "open"'),
        ('on_hold.a = "help"', 'on_tap.a = "open"'),
        ('on_tap.a = "open"', 'on_hold.a = "help"\n[every_page.on_hold]\na = "welcome"'),
        ("", 'on_hold.a = "open"'),
        ("", 'on_press.a = "open"'),
    ],
    ids=[
        "hold", "the same page", "meant", "a hold that stays", "every page's", "both of every page",
        "hold alone", "press",
    ],
)  # fmt: skip
def test_a_tap_with_a_hold_is_fine(every: str, page: str) -> None:
    """And so is a hold alone: a short press is then no slip (row 40)."""
    assert warnings(f"{PIN}[every_page]\n{every}\n[pages.quiz]\n{page}\n") == ()
