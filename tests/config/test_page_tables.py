"""``[pages]``: names, templates, views, and what is said of wrong lines."""

from pathlib import Path

import pytest
from config_text import PAGES, PINS, check, problems

from gpiobridge.config import Idle, Page
from gpiobridge.config.page_tables import RESERVED
from gpiobridge.core.events import Level


def test_pages_keep_the_order_of_the_file_and_the_first_is_the_start(folder: Path) -> None:
    """Without ``start``, the page at ``/`` is the first one listed."""
    settings = check(f"{PINS}[pages.open]\n[pages.welcome]", folder)
    assert list(settings.pages) == ["open", "welcome"]
    assert settings.server.start == "open"


def test_a_page_of_a_flask_view_needs_no_template(folder: Path) -> None:
    """Views are pages: with rules in the file or without, and rules may lead to them."""
    text = f'{PINS}[pages.welcome]\non_low.button = "shop"\n[pages.hall]\non_low.button = "welcome"'
    settings = check(text, folder, views=["hall", "shop"])
    assert settings.pages["hall"].template is None
    assert settings.pages["hall"].rules == {("button", Level.LOW): "welcome"}
    assert settings.pages["shop"] == Page(name="shop", template=None)
    assert settings.server.start == "welcome"


def test_views_alone_are_pages_enough(folder: Path) -> None:
    """An application that serves every page itself needs no [pages]."""
    assert check(PINS, folder, views=["hall"]).server.start == "hall"


def test_a_view_with_a_template_is_a_contradiction(folder: Path) -> None:
    """A page can't be both a template's and a view's."""
    text = f'{PINS}[pages.welcome]\ntemplate = "open.html"'
    assert problems(text, folder, views=["welcome"]) == [
        'config.toml: pages.welcome.template = "open.html": a Flask view serves this page; '
        "leave it out"
    ]


def test_a_view_needs_a_good_name_too(folder: Path) -> None:
    """The name of a view's page is its path, like any other."""
    assert problems(f"{PINS}[pages.welcome]", folder, views=["api"]) == [
        "config.toml: pages.api: this path is the bridge's own; rename the page"
    ]


def test_idle_has_pins_and_a_warning(folder: Path) -> None:
    """What holds a page beside its rules' pins, and when it says that it leaves (rows 35, 41)."""
    idle = 'idle = { after = "60s", to = "open", pins = ["button"], warn = "10s" }'
    page = check(f"{PINS}[pages.welcome]\n{idle}\n[pages.open]", folder).pages["welcome"]
    assert page.idle == Idle(after_s=60.0, to="open", pins=("button",), warn_s=10.0)


@pytest.mark.parametrize(
    ("line", "template", "view"),
    [("", True, False), ("prefetch = false", False, False), ("prefetch = true", True, True),
     ("prerender = true", True, True)],
)  # fmt: skip
def test_what_is_fetched_ahead(folder: Path, line: str, template: bool, view: bool) -> None:
    """A template unless it says not to, a view only if it says so (row 30)."""
    text = f"{PINS}[pages.welcome]\n{line}\n"
    for views, ahead in (((), template), (("welcome",), view)):
        settings = check(text, folder, views)
        assert settings.pages["welcome"].fetched_ahead is ahead


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('on_low.buton = "open"', 'on_low.buton = "open": there is no pin named "buton"; '
         'did you mean "button"?'),
        ('on_low.x = "open"', 'on_low.x = "open": there is no pin named "x"; '
         'add it, or write "button"'),
        ('on_low.button = "film"', 'on_low.button = "film": there is no page named "film"; '
         'add it, or write "welcome" or "open"'),
        ('on_low.button = "f.html"', 'on_low.button = "f.html": there is no page named "f.html"; '
         'write "welcome" or "open"'),
        ('on_low.button = "opn"', 'on_low.button = "opn": there is no page named "opn"; '
         'did you mean "open"?'),
        ('on_low.button = "OPEN"', 'on_low.button = "OPEN": there is no page named "OPEN"; '
         'did you mean "open"?'),
        ('on_low.button = "/open"', 'on_low.button = "/open": there is no page named "/open"; '
         'did you mean "open"?'),
        ("on_low.button = true", "on_low.button = true: must be the name of a page; "
         'write it in quotes, such as "welcome"'),
        ('on_low = "open"', 'on_low = "open": must name the pin, too; '
         'write on_low.<pin> = "<next page>"'),
        ('on_low.button = "open"\non_press.button = "open"', 'on_press.button = "open": is the '
         "same edge as on_low.button; leave one of them out"),
        ('on_high.button = "open"\non_release.button = "welcome"', 'on_release.button = "welcome":'
         " is the same edge as on_high.button; leave one of them out"),
        ('prerender = "yes"', 'prerender = "yes": must be true or false, without quotes; '
         "write true"),
        ("template = 1", "template = 1: must be text in quotes"),
        ('template = "../x.html"', 'template = "../x.html": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "/etc/passwd"', 'template = "/etc/passwd": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "C:/x.html"', 'template = "C:/x.html": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = ""', 'template = "": must be a file in templates/; '
         'write it like "welcome.html"'),
        ('template = "a\\\\b.html"', 'template = "a\\\\b.html": must have slashes between folders;'
         ' write "a/b.html"'),
        ('template = "welcom.html"', 'template = "welcom.html": there is no templates/welcom.html;'
         ' create it, or write template = "welcome.html"'),
        ('template = "zzz"', 'template = "zzz": there is no templates/zzz; '
         "create it, or name another file with template"),
        ('template = "broken.html"', 'template = "broken.html": templates/broken.html, line 2: '
         "Encountered unknown tag 'fi'; correct it there"),
        ('template = "latin.html"', 'template = "latin.html": templates/latin.html is not UTF-8 '
         "text; save it as UTF-8"),
        ('when_pressed.button = "open"', "when_pressed: unknown key; "
         'write on_press.<pin> = "<next page>"'),
        ('on_lo.button = "open"', "on_lo: unknown key; did you mean on_low?"),
        ('dwell = "400ms"', 'dwell = "400ms": unknown key; move it to [pins.<name>]'),
        ("loop = true", "loop = true: unknown key; move it to [sounds.<name>]"),
        ('template = "pages\\new.html"', 'template = "pages\\new.html": has a control character, '
         'which a backslash in double quotes makes; write "/" between folders'),
        ("lockout = 1", 'lockout = 1: needs a unit; write "1ms" or "1s"'),
        ('idle = "60s"', 'idle = "60s": must be { after = "60s", to = "<page>" }, or false'),
        ('idle = { after = "60s" }', 'idle: has no to; write to = "<page>" in it, too'),
        ('idle = { after = 60, to = "open" }', "idle: after = 60: needs a unit; "
         'write "60s"'),
        ('idle = { after = "1,5s", to = "open" }', 'idle: after = "1,5s": has a comma; '
         'write "1.5s"'),
        ('idle = { after = "9s", to = 1 }', 'idle: to must be the name of a page; '
         'write to = "<page>"'),
        ('idle = { after = "9ms", to = "open" }', 'idle: after must be from 1s to 1d; '
         '"9ms" is not'),
        ('idle = { after = "9s", to = "opn" }', 'idle: there is no page named "opn"; '
         'did you mean "open"?'),
        ('idle = { after = "9s", to = "open", warm = "2s" }', "idle: warm is not one of its keys; "
         "did you mean warn?"),
        ('idle = { after = "9s", to = "open", pins = "button" }', "idle: pins must be a list of "
         'names; write pins = ["<pin>"]'),
        ('idle = { after = "9s", to = "open", pins = ["buton"] }', "idle: there is no pin named "
         '"buton"; did you mean "button"?'),
        ('idle = { after = "9s", to = "open", warn = "9s" }', "idle: warn must be from 1s to less "
         'than after; "9s" is not'),
        ('idle = { after = "9s", to = "open", warn = 3 }', "idle: warn = 3: needs a unit; "
         'write "3s"'),
        ("prerender = true\nprefetch = false", "prefetch = false: prerender = true fetches the "
         "page ahead, too; leave one of them out"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_a_page(folder: Path, line: str, problem: str) -> None:
    """Each wrong line of a page is told with place, value and remedy."""
    (folder / "templates" / "broken.html").write_text("<p>\n{% fi %}", encoding="utf-8")
    (folder / "templates" / "latin.html").write_bytes(b"caf\xe9")
    text = f"{PINS}[pages.welcome]\n{line}\n[pages.open]"
    assert problems(text, folder) == [f"config.toml: pages.welcome.{problem}"]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("[pages.welcom]", 'pages.welcom: there is no templates/welcom.html; '
         'create it, or write template = "welcome.html"'),
        ("[pages.zzz]", "pages.zzz: there is no templates/zzz.html; "
         "create it, or name another file with template"),
        ('[pages."Main Hall"]', "pages.\"Main Hall\": a page's name has 1 to 32 of a-z, 0-9 and "
         '"-"; write [pages.main-hall]'),
        ('[pages."é"]', "pages.\"é\": a page's name has 1 to 32 of a-z, 0-9 and \"-\"; "
         "write [pages.e]"),
        ("[[pages.hall]]", "pages.hall: must be a section; write [pages.hall]"),
        ('[pages]\nhall = "x"', 'pages.hall = "x": must be a section; write [pages.hall]'),
        ('[pages]\ntemplate = "x"', 'pages.template = "x": is a key of a single page; '
         "write it below [pages.<name>]"),
        ('[pages]\non_low.button = "open"', "pages.on_low: is a key of a single page; "
         "write it below [pages.<name>]"),
        ('[pages]\nidle = { after = "9s", to = "open" }', "pages.idle: is a key of a single page; "
         "write it below [pages.<name>]"),
        *((f"[pages.{name}]", f"pages.{name}: this path is the bridge's own; rename the page")
          for name in sorted(RESERVED)),
    ],
)  # fmt: skip
def test_a_wrong_page(folder: Path, header: str, problem: str) -> None:
    """A page with a wrong name, body or template is told with its place and a remedy."""
    text = f"{PINS}{PAGES}{header}"
    assert problems(text, folder) == [f"config.toml: {problem}"]


def test_a_page_may_have_the_name_of_a_key(folder: Path) -> None:
    """`idle`, `template` and `client` are names like others."""
    (folder / "templates" / "idle.html").write_text("x", encoding="utf-8")
    text = f'{PINS}[pages.welcome]\non_low.button = "idle"\n[pages.idle]\n'
    assert list(check(text, folder).pages) == ["welcome", "idle"]


def test_a_name_that_is_to_be_corrected_is_not_proposed(folder: Path) -> None:
    """What one problem tells to write, no other calls wrong."""
    text = f'{PINS}[pages.Welcome]\n[pages.open]\non_low.button = "welcome"\n'
    assert problems(text, folder) == [
        'config.toml: pages.Welcome: a page\'s name has 1 to 32 of a-z, 0-9 and "-"; '
        "write [pages.welcome]",
        'config.toml: pages.open.on_low.button = "welcome": there is no page named "welcome"; '
        'rename the page "Welcome"',
    ]
