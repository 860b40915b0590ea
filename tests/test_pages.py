"""What the bridge adds to a page."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from flask import Response

from gpiobridge.pages import insert_script, script_tag, set_owners_headers, speculation_rules

TAG = '<script src="/client.js"></script>'


def inserted(html: str) -> str:
    """Serve ``html`` as a page; return it with what was inserted."""
    response = Response(html, mimetype="text/html")
    insert_script(response, TAG)
    return response.get_data(as_text=True)


@pytest.mark.parametrize(
    "html",
    [
        "<!doctype html><html><head>|<title>x</title></head><body></body></html>",
        '<!DOCTYPE html>\n<HTML>\n<HEAD profile="x">|\n<TITLE>x</TITLE>',
        '<head\n  data-a="b">|<title>x</title>',
        "<!-- <head> --><head>|<title>x</title></head>",
        "<!--\n<head>\n--><html><!-- <head> --><head>|",
        "<!doctype html><html lang=en>|<header>x</header>",
        "<!doctype html>|<title>x</title><header>x</header>",
        "<!doctype html>\n<html>|<body>x</body></html>",
        "<!doctype html>|<title>x</title><p>x",
        "|<title>x</title>",
        "|",
        "|" + "<!-- x -->" * 50 + "<p>x",
    ],
)
def test_the_script_comes_first_in_the_head(html: str) -> None:
    """Also where the head is written with attributes, left out, or named in a comment."""
    assert inserted(html.replace("|", "")) == html.replace("|", TAG)


@pytest.mark.parametrize(
    "html",
    [
        "\ufeff<!doctype html>|<title>x</title>",
        "<!-- saved from a site -->\n<!doctype html>|<title>x</title>",
        "<!doctype html><!-- made by hand -->\n<html lang=en>|<p>x",
    ],
    ids=["byte order mark", "comment before", "comment after"],
)
def test_the_doctype_stays_in_front_of_the_script(html: str) -> None:
    """A script in front of it would put the page into quirks mode."""
    assert inserted(html.replace("|", "")) == html.replace("|", TAG)


def test_the_length_is_that_of_the_longer_page() -> None:
    """A browser reads the whole page."""
    response = Response("<head></head>", mimetype="text/html")
    insert_script(response, TAG)
    assert response.content_length == len(f"<head>{TAG}</head>")


def streamed() -> Iterator[bytes]:
    """Stream a page."""
    yield b"<head></head>"


@pytest.mark.parametrize(
    "response",
    [
        Response("<head></head>", mimetype="text/plain"),
        Response('{"a": "<head>"}', mimetype="application/json"),
        Response("<head></head>", 404, mimetype="text/html"),
        Response("<head></head>", 302, mimetype="text/html"),
        Response(b"<head></head>", mimetype="text/html", headers={"Content-Encoding": "gzip"}),
        Response(streamed(), mimetype="text/html"),
        Response(streamed(), mimetype="text/html", direct_passthrough=True),
    ],
    ids=["text", "JSON", "not found", "redirect", "compressed", "streamed", "file"],
)
def test_what_is_no_whole_html_page_is_left_alone(response: Response) -> None:
    """Only a page that was really made is changed; a stream isn't read for it."""
    insert_script(response, TAG)
    assert TAG.encode() not in b"".join(response.response)


def test_data_reaches_the_page_as_it_is() -> None:
    """Whatever a value holds, it can't leave its attribute."""
    data = {"page": 'a"b', "socket": "/ws/<x>&amp;'", "cursor": "</script><script>"}
    tags = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attributes)))

    Parser().feed(script_tag('/x/client.js?v=1&b="', data))
    expected = {f"data-{key}": value for key, value in data.items()}
    assert tags == [("script", {"src": '/x/client.js?v=1&b="', **expected})]


@pytest.mark.parametrize(
    ("prefetch", "prerender", "rules"),
    [
        ([], [], {}),
        (["/a", "/b"], [], {"prefetch": [{"urls": ["/a", "/b"], "eagerness": "immediate"}]}),
        (
            ["/a"],
            ["/c"],
            {
                "prefetch": [{"urls": ["/a"], "eagerness": "immediate"}],
                "prerender": [{"urls": ["/c"], "eagerness": "immediate"}],
            },
        ),
    ],
)
def test_the_next_pages_are_named_to_the_browser(
    prefetch: list[str], prerender: list[str], rules: dict[str, object]
) -> None:
    """Each kind is named only if there are pages of it."""
    assert speculation_rules(prefetch, prerender) == rules


@pytest.mark.parametrize(
    ("csp", "inline"), [("local", True), ("strict", False), ("off", None)]
)  # fmt: skip
def test_the_owners_page_gets_the_policy_of_the_configuration(
    csp: str, inline: bool | None
) -> None:
    """Local allows inline code, strict does not, and off sends no policy."""
    response = Response("x")
    set_owners_headers(response, csp)
    policy = response.headers.get("Content-Security-Policy")
    assert (policy and bool(re.search("default-src 'self' 'unsafe-inline'", policy))) is inline


def test_the_owners_own_headers_win() -> None:
    """A view that sets its policy or its caching keeps them."""
    own = {"Content-Security-Policy": "img-src *", "Cache-Control": "no-store"}
    response = Response("x", headers=own)
    set_owners_headers(response, "strict")
    assert {key: response.headers[key] for key in own} == own
