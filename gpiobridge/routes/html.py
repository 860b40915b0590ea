"""What the bridge adds to a page: its script in the head, and the headers.

Pure text work on finished responses; any HTTP thread. It decides nothing about navigation.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape

from flask import Response

MAX_FILE_BYTES = 4 * 1024 * 1024
"""A larger file is passed on as it is, not read for the script's sake."""

STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_OWNERS_CSP = {
    "local": (
        # Nothing from elsewhere; whatever the owner's own files do is the owner's business.
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
        "base-uri 'self'; frame-ancestors 'self'"
    ),
    "strict": ("default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"),
}

# What may stand in front of the script (HTML, 13.2.6.4 "The rules for parsing tokens", as far as
# "before head"). Each piece is matched where the one before has ended, and none gives back what it
# has taken: so the time grows with the length alone, whatever the page holds.
_SPACE = re.compile(rb"[\t\n\f\r ]*+")
_COMMENT = re.compile(rb"<!--(?:-?>|.*?--!?>)|<(?:!(?!--|doctype)|\?)[^>]*+>", re.I | re.S)
_DOCTYPE = re.compile(rb"<!doctype[^>]*+>", re.I)
_TAG = rb"""
    <%b(?=[\t\n\f\r />])
    (?: [\t\n\f\r /]++
    |   [^\t\n\f\r />][^\t\n\f\r />=]*+                 # an attribute's name
        (?: [\t\n\f\r ]*+=[\t\n\f\r ]*+                  # and its value
            (?: "[^"]*+" | '[^']*+' | (?!["'])[^\t\n\f\r >]*+ )
        |   (?![\t\n\f\r ]*+=) )
    )*+>
"""
_HTML = re.compile(_TAG % b"html", re.I | re.X)
_HEAD = re.compile(_TAG % b"head", re.I | re.X)
_WERKZEUGS_ERROR = b"<!doctype html>\n<html lang=en>\n<title>"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # which Windows' Notepad may put first


def script_tag(src: str, data: Mapping[str, str], nonce: str = "") -> str:
    """The tag that brings the client into a page.

    Args:
        src: URL of the client.
        data: what the client needs to know, as ``data-*`` attributes.
        nonce: the one that the page's Content-Security-Policy names, if it has one.
    """
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    if nonce:
        attributes = f' nonce="{escape(nonce)}"{attributes}'
    return f'<script src="{escape(src)}"{attributes}></script>'


def shows_nothing(response: Response) -> bool:
    """Whether a browser stays where it is, or goes elsewhere: then there is no page to move."""
    status = response.status_code
    return status in (204, 205, 304) or (300 <= status < 400 and "Location" in response.headers)


def insert_script(response: Response, tag: str) -> str:
    """Put ``tag`` first in the head of an HTML page; leave anything else alone.

    A file that a view sends is read for it. Its validators go, as those of any page that has the
    script: the tag tells what has happened so far, which an older copy doesn't know.

    Args:
        response: a finished response, of whatever status.
        tag: from `script_tag`.

    Returns:
        Why the page can't have it, such as "is streamed"; or nothing.
    """
    if obstacle := _obstacle(response):
        return obstacle
    response.direct_passthrough = False
    html = response.get_data()
    if html[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return "is no UTF-8 text"
    if b"data-ignore-presses" in html:
        # The script runs before the film is there, and must know from the start.
        tag = tag.replace("<script", "<script data-films", 1)
    at = head_start(html)
    # Pure ASCII: the page may have whatever encoding.
    response.set_data(html[:at] + tag.encode("ascii", "xmlcharrefreplace") + html[at:])
    for header in ("ETag", "Last-Modified", "Accept-Ranges"):
        response.headers.pop(header, None)
    return ""


def _obstacle(response: Response) -> str:
    if response.mimetype != "text/html":
        status = "" if response.status_code == 200 else f", with status {response.status_code}"
        return f"is no plain HTML ({response.mimetype or 'without a type'}{status})"
    if (response.content_encoding or "identity").lower() != "identity":
        return f"is compressed by its view ({response.content_encoding})"
    charset = response.mimetype_params.get("charset", "").lower()
    if charset.startswith(("utf-16", "utf-32", "utf-7")):
        return f"is no UTF-8 text ({charset})"
    if response.status_code == 206:
        return "is only a part of one"
    # Where the length is known, as with files and Flask's error pages, nothing waits for more.
    if response.direct_passthrough or response.is_streamed:
        if response.content_length is None:
            return "is streamed"
        if response.content_length > MAX_FILE_BYTES:
            return f"is a file of more than {MAX_FILE_BYTES // 1024**2} MiB"
    return ""


def head_start(html: bytes) -> int:
    """Find where the head of a page begins: what stands there is a browser's first element.

    White space, comments, the doctype, and the start tags of html and head are passed over, from
    the very start; each may be missing. Never in front of the doctype: that would put the page
    into quirks mode.

    Args:
        html: a page in UTF-8, or another encoding that holds ASCII.
    """
    at = here = len(_BYTE_ORDER_MARK) if html.startswith(_BYTE_ORDER_MARK) else 0
    for part in (_DOCTYPE, _HTML, _HEAD):
        here = _after_comments(html, here)
        if found := part.match(html, here):
            at = here = found.end()
    return at


def _after_comments(html: bytes, at: int) -> int:
    """Pass over white space and whole comments."""
    while True:
        space = _SPACE.match(html, at)
        assert space is not None  # it may be empty
        comment = _COMMENT.match(html, space.end())
        if comment is None:
            return space.end()
        at = comment.end()


def set_owners_headers(response: Response, csp: str) -> None:
    """Set the headers of the owner's page: its policies, and that it is asked for each time."""
    if csp in _OWNERS_CSP:
        response.headers.setdefault("Content-Security-Policy", _OWNERS_CSP[csp])
    # A film's controls offer a window of its own, which covers a kiosk's page and all that follow.
    # It is no tab that the launcher could close, and no policy of Chromium's stops it.
    response.headers.setdefault("Permissions-Policy", "picture-in-picture=()")
    # Not no-store: that would keep the page out of the browser's back/forward cache.
    response.headers.setdefault("Cache-Control", "no-cache")


def is_ours(response: Response) -> bool:
    """Whether an answer of one of our routes is ours, and no error page of the application's."""
    if response.status_code < 400 or response.mimetype != "text/html":
        return True
    return not response.is_streamed and response.get_data().startswith(_WERKZEUGS_ERROR)


def secure_headers(response: Response, csp: str = "ours") -> None:
    """Set what an answer of ours has, unless it says otherwise itself.

    Args:
        response: of any status.
        csp: which policy HTML has: the ``csp`` of the configuration for the owner's files; "ours",
            the strictest, for our own pages and errors.
    """
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        policy = STRICT_CSP if csp == "ours" else _OWNERS_CSP.get(csp)
        if policy is not None:
            response.headers.setdefault("Content-Security-Policy", policy)


def speculation_rules(prefetch: Iterable[str], prerender: Iterable[str]) -> dict[str, object]:
    """What the browser should load before the press (the Speculation Rules specification).

    Args:
        prefetch: paths of pages to fetch.
        prerender: paths of pages to load in the background, scripts and all.
    """
    rules = {"prefetch": list(prefetch), "prerender": list(prerender)}
    return {
        kind: [{"urls": urls, "eagerness": "immediate"}] for kind, urls in rules.items() if urls
    }
