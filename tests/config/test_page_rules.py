"""Where pins lead from a page: rules become electrical levels and gestures."""

from pathlib import Path

import pytest
from config_text import PINS, check, problems

from gpiobridge.core.events import Gesture, Level


@pytest.mark.parametrize(
    ("pull", "kind", "level"),
    [
        ("up", "on_low", Level.LOW),
        ("up", "on_high", Level.HIGH),
        ("up", "on_press", Level.LOW),
        ("up", "on_release", Level.HIGH),
        ("down", "on_low", Level.LOW),
        ("down", "on_high", Level.HIGH),
        ("down", "on_press", Level.HIGH),
        ("down", "on_release", Level.LOW),
    ],
)
def test_rules_are_resolved_to_electrical_edges(
    folder: Path, pull: str, kind: str, level: Level
) -> None:
    """``on_press`` is the edge to the active level, ``on_release`` the other one."""
    text = (
        f'[pins.button]\npin = 17\npull = "{pull}"\n'
        f'[pages.welcome]\n{kind}.button = "open"\n[pages.open]'
    )
    assert check(text, folder).pages["welcome"].rules == {("button", level): "open"}


def test_one_pin_may_have_a_rule_for_each_edge(folder: Path) -> None:
    """Press and release of one pin lead to pages of their own."""
    text = (
        f'{PINS}[pages.welcome]\non_press.button = "open"\non_release.button = "welcome"\n'
        "[pages.open]"
    )
    assert check(text, folder).pages["welcome"].rules == {
        ("button", Level.LOW): "open",
        ("button", Level.HIGH): "welcome",
    }


def test_taps_and_holds_are_rules_beside_edges(folder: Path) -> None:
    """A short and a long press of one button lead to two pages, another's release to a third."""
    text = f"""{PINS}
        [pins.door]
        pin = 27
        pull = "down"
        [pages.welcome]
        on_tap.button = "open"
        on_hold.button = "welcome"
        on_release.door = "open"
        [pages.open]
        """
    settings = check(text, folder)
    assert settings.pages["welcome"].rules == {
        ("button", Gesture.TAP): "open",
        ("button", Gesture.HOLD): "welcome",
        ("door", Level.LOW): "open",
    }
    assert settings.warnings == ()


@pytest.mark.parametrize("kind", ["on_release", "on_high"])
def test_a_tap_beside_a_release_is_warned_of(folder: Path, kind: str) -> None:
    """The release that ends a tap leads away first."""
    text = f"""{PINS}
        [pages.welcome]
        {kind}.button = "open"
        on_tap.button = "open"
        on_hold.button = "welcome"
        [pages.open]
        """
    assert check(text, folder).warnings == (
        "config.toml: pages.welcome.on_tap.button: never happens, because the release itself leads "
        "away from the page; leave out on_release (or on_high), or on_tap",
    )


@pytest.mark.parametrize("kind", ["on_press", "on_low"])
def test_a_rule_that_can_never_lead_anywhere_is_warned_of(folder: Path, kind: str) -> None:
    """A press that leads away at once can become no hold on its page."""
    text = f"""{PINS}
        [pages.welcome]
        {kind}.button = "open"
        on_hold.button = "welcome"
        [pages.open]
        """
    assert check(text, folder).warnings == (
        "config.toml: pages.welcome.on_hold.button: never happens, because the press itself leads "
        "away from the page; write on_tap instead of on_press (or on_low)",
    )


def test_rules_of_every_page(folder: Path) -> None:
    """They hold on each page that says nothing else, but not where they would lead to itself."""
    text = f"""{PINS}
        [every_page]
        on_high.button = "welcome"
        on_low.button = "open"
        [pages.welcome]
        on_low.button = "help"
        [pages.open]
        [pages.help]
        """
    pages = check(text, folder, views=["help"]).pages
    assert {name: dict(page.rules) for name, page in pages.items()} == {
        "welcome": {("button", Level.LOW): "help"},
        "open": {("button", Level.HIGH): "welcome"},
        "help": {("button", Level.HIGH): "welcome", ("button", Level.LOW): "open"},
    }


def test_levels_are_edges_too(folder: Path) -> None:
    """``while_low`` leads away at load, and by the edge that makes the level."""
    text = f"""{PINS}
        [pages.welcome]
        while_low.button = "open"
        on_high.button = "help"
        [pages.open]
        [pages.help]
        """
    page = check(text, folder, views=["help"]).pages["welcome"]
    assert page.rules == {("button", Level.LOW): "open", ("button", Level.HIGH): "help"}
    assert page.while_rules == {("button", Level.LOW): "open"}


def test_levels_without_end_are_refused(folder: Path) -> None:
    """Levels that would lead round in a circle are told once; two levels of a pin can't."""
    circle = f"""{PINS}
        [pages.welcome]
        while_low.button = "open"
        [pages.open]
        while_low.button = "welcome"
        [pages.help]
        while_low.button = "help"
        """
    assert problems(circle, folder, views=["help"]) == [
        'config.toml: pages.open.while_low.button = "welcome": leads from welcome to open to '
        "welcome without end; leave one of these rules out",
        'config.toml: pages.help.while_low.button = "help": leads from help to help without end; '
        "leave one of these rules out",
    ]
    door = circle.replace("open]\n        while_low", "open]\n        while_high")
    assert len(problems(door, folder, views=["help"])) == 1
