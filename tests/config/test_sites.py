"""Pages of other sites: `url` and `frames` of a page, and what is said of them."""

from pathlib import Path

import pytest
from config_text import PINS, check, problems, write

from gpiobridge.cli.checked import tables
from gpiobridge.config import load_for_views

BOARD = "https://example.org/board"
START = '[pages.welcome]\non_low.button = "weather"\n[pages.weather]\n'


@pytest.mark.parametrize(
    ("written", "url", "site"),
    [
        (BOARD, BOARD, "https://example.org"),
        ("HTTPS://Example.ORG:443", "https://example.org/", "https://example.org"),
        ("http://10.0.0.7:3000?theme=dark", "http://10.0.0.7:3000/?theme=dark", "http://10.0.0.7:3000"),
        ("http://board.local/a@b/#c", "http://board.local/a@b/#c", "http://board.local"),
    ],
)  # fmt: skip
def test_a_page_of_another_site(folder: Path, written: str, url: str, site: str) -> None:
    """It has no template, and one site, written as a browser compares it."""
    page = check(f'{PINS}{START}url = "{written}"\n', folder).pages["weather"]
    assert (page.template, page.url, page.site, page.sites) == (None, url, site, (site,))
    assert page.fetched_ahead


def test_sites_of_frames(folder: Path) -> None:
    """Each once; the kiosk may show those of all pages."""
    text = (
        f'{PINS}[kiosk]\nallow = ["https://a.example"]\n'
        '[pages.welcome]\nframes = ["https://b.example:443/", "http://10.0.0.7:3000"]\n'
        f'[pages.open]\nurl = "{BOARD}"\nframes = ["https://b.example", "https://example.org"]\n'
    )
    settings = check(text, folder)
    b, board = "https://b.example", "https://example.org"
    assert settings.pages["welcome"].sites == (b, "http://10.0.0.7:3000")
    assert settings.pages["open"].sites == (board, b)
    assert settings.sites == ("https://a.example", b, "http://10.0.0.7:3000", board)


WHOLE = (
    'must be a whole address, with http:// or https://; write it like "https://example.org/board"'
)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('url = "example.org/board"', f'url = "example.org/board": {WHOLE}'),
        ('url = "ftp://example.org/"', f'url = "ftp://example.org/": {WHOLE}'),
        ('url = "file:///home/pi/board.html"', f'url = "file:///home/pi/board.html": {WHOLE}'),
        ('url = "https:///board"', f'url = "https:///board": {WHOLE}'),
        ('url = ""', f'url = "": {WHOLE}'),
        ('url = "https://example.org:99999/"', f'url = "https://example.org:99999/": {WHOLE}'),
        ('url = "https://me:pass@example.org/"', 'url = "https://...@example.org/": has a user '
         "name or password, which browsers refuse; leave it out"),
        ('url = "https://example.org/a b"', 'url = "https://example.org/a b": must have no space '
         "and only ASCII letters; write it as a browser's address bar copies it"),
        ('url = "https://wetter.example/köln"', 'url = "https://wetter.example/köln": must have no '
         "space and only ASCII letters; write it as a browser's address bar copies it"),
        ('url = "http://[::1]:3000/"', "url = \"http://[::1]:3000/\": a page's policy can't name "
         "an IPv6 address; write a name in its place"),
        ("url = 1", "url = 1: must be text in quotes"),
        (f'url = "{BOARD}"\ntemplate = "weather.html"', 'template = "weather.html": a page with a '
         "url shows that address, and no template; leave one of them out"),
        (f'url = "{BOARD}"\nclient = false', "client = false: without the bridge's script no press "
         "leads away from a page with a url; leave it out"),
        (f'site = "{BOARD}"', f'site = "{BOARD}": unknown key; write url = "{BOARD}"'),
        (f'url = "{BOARD}"\nframe = "x"', 'frame = "x": unknown key; write frames = '
         '["https://example.org"]'),
        (f'url = "{BOARD}"\nframes = "https://example.org"', 'frames = "https://example.org": must '
         'be a list, such as ["https://example.org"]'),
        (f'url = "{BOARD}"\nframes = ["{BOARD}"]', f'frames = "{BOARD}": must be a scheme and a '
         'name, without a path; write it like "https://example.org"'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_site(folder: Path, body: str, problem: str) -> None:
    """Place, value and remedy, once; and no password in a log."""
    template = folder / "templates" / "weather.html"
    template.write_text("<p>weather")
    assert problems(f"{PINS}{START}{body}\n", folder) == [f"config.toml: pages.weather.{problem}"]


def test_a_site_inside_a_secure_page(folder: Path) -> None:
    """A browser shows no http:// frame in a page that came by HTTPS: a warning."""
    server = '[server]\nurl = "https://pi.example.org"\n'
    frames = '[pages.open]\nframes = ["http://a.example", "https://b.example"]\n'
    text = f'{server}{PINS}{START}url = "http://board.local/"\n{frames}'
    said = "a page of https://pi.example.org can't show {} in a frame; write its https:// address"
    assert list(check(text, folder).warnings) == [
        f"config.toml: pages.weather.url: {said.format('http://board.local')}",
        f"config.toml: pages.open.frames: {said.format('http://a.example')}",
    ]


def test_a_view_shows_no_other_site(folder: Path) -> None:
    """It shows what it returns."""
    text = f'{PINS}{START}url = "{BOARD}"\n'
    assert problems(text, folder, ["weather"]) == [
        f'config.toml: pages.weather.url = "{BOARD}": a Flask view serves this page; leave it out'
    ]


@pytest.mark.parametrize("start", ["[pages.welcome]\n", ""])
def test_a_kiosk_reads_it(folder: Path, start: str) -> None:
    """Whoever serves the other pages, and even if there is no other."""
    text = f'{PINS}{start}[pages.weather]\nurl = "{BOARD}"\n'
    settings = load_for_views(write(folder, text), {})
    assert settings.sites == ("https://example.org",)


def test_check_shows_sites(folder: Path) -> None:
    """The address in place of a template, without its query, and which sites may be in frames."""
    text = f'{PINS}{START}url = "{BOARD}?key=secret"\nframes = ["https://login.example.org"]\n'
    shown = tables(check(text, folder))
    assert "secret" not in shown
    assert f"weather          {BOARD}?..." in shown
    rows = shown.split("may show in a frame")[1].splitlines()
    assert [row.split() for row in rows[2:4]] == [
        ["weather", "https://example.org"], ["https://login.example.org"]
    ]  # fmt: skip
