"""What the bridge adds to a page."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, Response, send_file
from hypothesis import given, settings
from hypothesis import strategies as st

from gpiobridge.routes.html import (
    MAX_FILE_BYTES,
    head_start,
    insert_script,
    script_tag,
    set_owners_headers,
    shows_nothing,
    speculation_rules,
)

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
        "<head data-x='>' data-y=a\"b data-z = >|<title>x</title>",
        "<html/><head/>|<title>x</title>",
        "<html lang=en\n>\f<!----><!--><!---><!--x--!>\t<head>|<p>",
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
        '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">\n<html>|<p>x',
        "<!a comment, too><!doctype html>|<p>x",
    ],
    ids=["byte order mark", "comment before", "comment after", "XHTML", "bogus comment"],
)
def test_the_doctype_stays_in_front_of_the_script(html: str) -> None:
    """A script in front of it would put the page into quirks mode."""
    assert inserted(html.replace("|", "")) == html.replace("|", TAG)


@pytest.mark.parametrize(
    "html",
    [
        '<!doctype html>|<title>x</title><script>s = "<html><head>"</script>',
        "<!doctype html>|<title><head></title>",
        "<html>|<style>/* <head> */</style>",
        "|<p title='<head>'>x</p><head>",
        "<!doctype html>|<!-- <html><head>",
        "<!doctype html>|<html lang='<head>",
        "<!doctype html>|<htmlx><head>",
        "|text <!doctype html><html><head>",
        "<head>|<head>",
        "<head>|<html><head>",
        "<html>|<!doctype html><head>",
    ],
)
def test_a_head_that_is_none_is_passed_by(html: str) -> None:
    """In a string, an attribute, a comment, or behind the first thing of the page (row 23)."""
    assert inserted(html.replace("|", "")) == html.replace("|", TAG)


PIECES = st.lists(
    st.sampled_from(
        ["<!doctype html>", "<html>", "<head>", "<HTML lang='>' a=\"'\">", "<head a=b/>", "<!--",
         "-->", "<!-- <head> -->", "<!-->", "--!>", "<!x>", "<?xml?>", " ", "\n", "<title>",
         "</title>", "<script>'<head>'</script>", "<style>", "</style>", "</head>", "<p>",
         "<body>", "text",
         "<", ">", "=", '"', "'", "/", "<textarea>", "<!doctype", "<html ", "<head "]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(PIECES)
def test_nothing_of_a_page_is_lost(html: str) -> None:
    """Whatever the page is, without the tag it is what it was (row 23)."""
    assert inserted(html).count(TAG) == 1
    assert inserted(html).replace(TAG, "", 1) == html


def test_chromium_finds_the_script_in_the_head(page: Any) -> None:
    """In pages of whatever pieces: first in the head, in the same rendering mode (row 23)."""
    pages: list[str] = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(PIECES)
    def collect(html: str) -> None:
        pages.append(html)

    collect()
    page.goto("about:blank")
    wrong = page.evaluate(
        """pairs => pairs.filter(([before, after]) => {
          const [was, is] = [before, after].map(
            (html) => new DOMParser().parseFromString(html, "text/html"));
          return !(is.head?.firstElementChild?.matches("script[src='/client.js']")
            && is.compatMode === was.compatMode);
        }).map(([before]) => before)""",
        [(html, inserted(html)) for html in set(pages)],
    )
    assert wrong == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece",
    ["<!--", "<!-- x -->", "<!-- ", "<!-", "-", "<!", "<?", " ", "<html", "<html ", "<html a",
     "<html>", "<head ", "<!doctype ", "<", "a ", "= ", "a='", 'a="', "/"],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "<!--", "<!-- x -->", "<html ", "<html a"])
def test_a_page_of_a_megabyte_is_read_once(start: str, piece: str) -> None:
    """No page takes a time that grows faster than its length: else it were hours (row 23)."""
    html = (start + piece * (1_000_000 // len(piece))).encode()
    assert head_start(html) <= len(html)


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
        Response(b"<head></head>", mimetype="text/html", headers={"Content-Encoding": "gzip"}),
        Response("<head></head>".encode("utf-16"), mimetype="text/html"),
        Response("<head></head>".encode("utf-16-le"), content_type="text/html; charset=UTF-16LE"),
        Response("<head>", 206, mimetype="text/html"),
        Response(streamed(), mimetype="text/html"),
        Response(streamed(), mimetype="text/html", direct_passthrough=True),
    ],
    ids=["text", "JSON", "compressed", "UTF-16 by its mark", "UTF-16 by its header", "a part",
         "streamed", "of unknown length"],
)  # fmt: skip
def test_what_is_no_whole_html_page_is_left_alone(response: Response) -> None:
    """Only a page that was really made is changed; a stream isn't read for it (row 22)."""
    assert insert_script(response, TAG).startswith("is ")
    assert TAG.encode() not in b"".join(response.response)


def test_a_view_may_say_that_nothing_is_compressed() -> None:
    """It keeps extensions that compress from a page (RFC 9110, 12.5.3; row 22)."""
    page = Response("<p>x", mimetype="text/html", headers={"Content-Encoding": "identity"})
    assert insert_script(page, TAG) == ""
    assert page.get_data(as_text=True) == f"{TAG}<p>x"


@pytest.mark.parametrize("status", [200, 201, 203, 300, 400, 401, 404, 418, 422, 429, 500, 503])
def test_html_of_any_status_has_the_script(status: int) -> None:
    """A browser shows it as any other page (row 22)."""
    response = Response("<head></head>", status, mimetype="text/html")
    assert not shows_nothing(response)
    assert insert_script(response, TAG) == ""
    assert response.get_data(as_text=True) == f"<head>{TAG}</head>"


@pytest.mark.parametrize(
    "response",
    [Response(status=204), Response(status=205), Response(status=304)]
    + [Response("<p>", s, {"Location": "/x"}, "text/html") for s in (301, 302, 303, 307, 308)],
    ids=lambda response: str(response.status_code),
)
def test_what_a_browser_does_not_show_is_no_page(response: Response) -> None:
    """It stays where it is, or goes elsewhere (row 22)."""
    assert shows_nothing(response)


def test_a_file_has_the_script_and_no_validators(tmp_path: Any) -> None:
    """An HTML file that a view sends is a page; an older copy of it would have an old cursor."""
    (tmp_path / "page.html").write_text("<head></head>")
    with Flask(__name__).test_request_context():
        response = send_file(tmp_path / "page.html")
        assert insert_script(response, TAG) == ""
    assert response.get_data(as_text=True) == f"<head>{TAG}</head>"
    assert response.content_length == len(f"<head>{TAG}</head>")
    assert not {"ETag", "Last-Modified", "Accept-Ranges"} & set(response.headers.keys())
    response.close()


def test_a_large_file_is_left_alone(tmp_path: Any) -> None:
    """It is not read into memory (row 22)."""
    with (tmp_path / "page.html").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with Flask(__name__).test_request_context():
        response = send_file(tmp_path / "page.html")
        assert "is a file of more than 4 MiB" in insert_script(response, TAG)
    response.close()


def test_the_tag_is_ascii() -> None:
    """The page may have another encoding than UTF-8."""
    response = Response(b"<head>\xe4", content_type="text/html; charset=latin-1")
    insert_script(response, script_tag("/\u00e4/client.js", {}))
    assert response.get_data() == b'<head><script src="/&#228;/client.js"></script>\xe4'


def test_the_tag_has_the_nonce() -> None:
    """A policy of nonces lets only what has it run (row 21)."""
    assert script_tag("/client.js", {}, 'a"b') == (
        '<script src="/client.js" nonce="a&quot;b"></script>'
    )


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
