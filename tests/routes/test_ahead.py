"""Pages that browsers have before the press, and templates that can't be shown."""

import html
import json
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from harness.exhibit import write_exhibit

from gpiobridge import GpioBridge, config
from gpiobridge.routes.files_version import files_version
from gpiobridge.serve.standalone import create_app


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is undone at the end of a test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def exhibit(tmp_path: Path, stack: ExitStack) -> Any:
    """A client of the service's application, and the folder of its templates beside it."""
    app = create_app(config.load(write_exhibit(tmp_path), environ={}))
    stack.callback(app.extensions["gpiobridge"].stop)
    return app.test_client()


def ahead(client: Any, page: str) -> dict[str, list[str]]:
    """What a page has the browser load ahead: prefetch or prerender, and the paths."""
    rules = client.get(f"/gpiobridge/next/{page}").get_json(force=True)
    return {kind: rule["urls"] for kind, (rule,) in rules.items()}


# ------------------------------------------------------------------- what is fetched ahead


def test_an_applications_views_run_when_they_are_shown(stack: ExitStack) -> None:
    """They are fetched ahead only if they say that it does no harm (row 30)."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins={"button": 17})
    stack.callback(bridge.stop)
    rules: dict[str, dict[str, Any]] = {
        "welcome": {
            "on_low": {"button": "photo"},
            "on_tap": {"button": "news"},
            "on_hold": {"button": "film"},
        },
        "photo": {},
        "news": {"prefetch": True},
        "film": {"prerender": True},
        "last": {"on_low": {"button": "photo"}},
    }
    for name, rule in rules.items():
        app.add_url_rule(f"/{name}", name, bridge.page(name, **rule)(lambda: "<h1>x</h1>"))
    client = app.test_client()
    assert ahead(client, "welcome") == {"prefetch": ["/news"], "prerender": ["/film"]}
    assert "Speculation-Rules" in client.get("/welcome").headers
    assert "Speculation-Rules" not in client.get("/last").headers
    versions = {name: "Gpiobridge-Version" in client.head(f"/{name}").headers for name in rules}
    assert versions == {
        "welcome": False, "photo": False, "news": True, "film": True, "last": False,
    }  # fmt: skip


def test_a_template_can_ask_not_to_be_fetched_ahead(tmp_path: Path, stack: ExitStack) -> None:
    """By default each is; `prefetch = false` opts out (row 30)."""
    path = write_exhibit(tmp_path)
    text = path.read_text().replace("[pages.open]", "[pages.open]\nprefetch = false")
    path.write_text(text)
    app = create_app(config.load(path, environ={}))
    stack.callback(app.extensions["gpiobridge"].stop)
    client = app.test_client()
    assert ahead(client, "welcome") == {}
    assert ahead(client, "open") == {"prefetch": ["/welcome"]}


def given(client: Any, page: str) -> tuple[bool, bool]:
    """Whether a page's header, and its script tag, say what to load ahead."""
    answer = client.get(f"/{page}")
    return "Speculation-Rules" in answer.headers, "data-next=" in answer.text


def test_a_template_loads_the_next_pages_after_its_own_first_frame(exhibit: Any) -> None:
    """Our script has the rules: with a header, the next pages would come in between."""
    assert given(exhibit, "welcome") == (False, True)
    (_, text) = exhibit.get("/welcome").text.split('data-next="', 1)
    rules = json.loads(html.unescape(text.partition('"')[0]))
    assert rules == exhibit.get("/gpiobridge/next/welcome").get_json(force=True)


@pytest.mark.parametrize(
    ("server", "page"),
    [('csp = "strict"', ""), ("", "client = false")],
    ids=["its policy allows no inline script", "it has no script of ours"],
)
def test_a_header_names_the_next_pages_where_our_script_cannot(
    tmp_path: Path, stack: ExitStack, server: str, page: str
) -> None:
    """They are loaded ahead all the same."""
    path = write_exhibit(tmp_path, server)
    path.write_text(path.read_text().replace("[pages.welcome]", f"[pages.welcome]\n{page}"))
    app = create_app(config.load(path, environ={}))
    stack.callback(app.extensions["gpiobridge"].stop)
    assert given(app.test_client(), "welcome") == (True, False)


def test_a_page_says_its_version(exhibit: Any, tmp_path: Path) -> None:
    """It is what the page before knows, until a template is edited (row 31)."""
    known = exhibit.get("/welcome").text
    version = exhibit.head("/open").headers["Gpiobridge-Version"]
    assert f'data-version="{version}"' in known
    (tmp_path / "static" / "a.txt").write_text("a prefetched page has loaded no static file")
    assert exhibit.head("/open").headers["Gpiobridge-Version"] == version
    (tmp_path / "templates" / "base.html").write_text("<h1>{% block x %}{% endblock %}</h1>")
    assert exhibit.head("/open").headers["Gpiobridge-Version"] != version


def test_a_prerendered_page_has_the_version_of_its_pictures_too(
    tmp_path: Path, stack: ExitStack
) -> None:
    """The browser has loaded them with it (row 31)."""
    path = write_exhibit(tmp_path)
    path.write_text(path.read_text().replace("[pages.open]", "[pages.open]\nprerender = true"))
    app = create_app(config.load(path, environ={}))
    stack.callback(app.extensions["gpiobridge"].stop)
    client = app.test_client()
    version = client.head("/open").headers["Gpiobridge-Version"]
    (tmp_path / "static" / "style.css").write_text("p {}")
    assert client.head("/open").headers["Gpiobridge-Version"] != version


def test_another_run_has_another_version(tmp_path: Path, stack: ExitStack) -> None:
    """A page of the run before was made by other settings, or another view (row 31)."""
    versions = set()
    for _ in range(2):
        app = create_app(config.load(write_exhibit(tmp_path / "x"), environ={}))
        stack.callback(app.extensions["gpiobridge"].stop)
        versions.add(app.test_client().head("/open").headers["Gpiobridge-Version"])
    assert len(versions) == 2


def touch(path: Path) -> None:
    """Change nothing but the time."""
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    """Move a file of the same size and time over it, as `cp -p` and `rsync -t` can."""
    other = path.with_suffix(".new")
    other.write_text("B" * len(path.read_text()))
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("longer than it was"),
        touch,
        replace,
        lambda path: path.unlink(),
        lambda path: path.rename(path.with_name("c.html")),
        lambda path: (path.parent / "d.html").symlink_to(path),
    ],
    ids=["size", "time", "replaced", "deleted", "renamed", "link"],
)
def test_every_change_of_a_file_is_another_version(tmp_path: Path, change: Any) -> None:
    """In folders below, too (row 31)."""
    file = tmp_path / "a" / "b.html"
    file.parent.mkdir()
    file.write_text("text")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = files_version([tmp_path, tmp_path / "missing"])
    assert files_version([tmp_path, tmp_path / "missing"]) == before
    change(file)
    assert files_version([tmp_path]) != before


# ------------------------------------------------------------------- templates that fail


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<p>\n{{ visitor.name }}", "templates/open.html, line 2: 'visitor' is undefined"),
        ("<p>\n\n{{ 1 / 0 }}", "templates/open.html, line 3: ZeroDivisionError: division by zero"),
        ("{% if %}", "templates/open.html, line 1: Expected an expression, got 'end of statement "),
        ("{% extends 'base.html' %}", "templates/open.html, line 1: there is no templates/base.ht"),
        ("{% include 'part/a.html' %}", "templates/part/a.html, line 1: 'b' is undefined"),
        (None, "there is no templates/open.html"),
    ],
    ids=["undefined", "expression", "syntax", "extends", "include", "deleted"],
)
def test_a_template_that_fails_is_said_once(
    exhibit: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    template: str | None,
    said: str,
) -> None:
    """With its line, without a traceback; again if it fails otherwise, or anew (row 28)."""
    caplog.set_level(logging.INFO, "gpiobridge.serve.template_errors")
    path = tmp_path / "templates" / "open.html"
    whole = path.read_text()
    (tmp_path / "templates" / "part").mkdir()
    (tmp_path / "templates" / "part" / "a.html").write_text("{{ b.c }}")

    def change(text: str | None) -> None:
        path.unlink(missing_ok=True)  # a file of another number: Jinja looks at the time alone
        if text is not None:
            path.write_text(text)
            os.utime(path, (change.now, change.now))  # type: ignore[attr-defined]
        change.now += 1  # type: ignore[attr-defined]

    def lines() -> list[str]:
        return [
            r.getMessage() for r in caplog.records if r.name == "gpiobridge.serve.template_errors"
        ]

    change.now = 1_000_000_000  # type: ignore[attr-defined]
    change(template)
    for _ in range(3):
        assert exhibit.head("/open").status_code == 500
    answer = exhibit.get("/open")
    assert answer.mimetype == "text/html"
    assert said.replace("'", "&#x27;") in answer.text
    assert len(lines()) == 1
    assert lines()[0].startswith(f"page open can't be shown: {said}")
    assert lines()[0].endswith(("; correct it there", "; create it", "between its two signs"))
    change("{{ other.x }}")
    exhibit.get("/open")
    assert "'other' is undefined" in lines()[-1]
    change(whole)
    assert exhibit.get("/open").status_code == 200
    assert lines()[-1] == "page open can be shown again"
    change(template)
    exhibit.get("/open")
    assert len(lines()) == 4
    assert not any(record.exc_info for record in caplog.records)
