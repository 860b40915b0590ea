"""Add the bridge's script and headers to a page.

Pure text work on finished responses; any HTTP thread. It decides nothing about navigation.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from flask import Response

MAX_FILE_BYTES = 4 * 1024 * 1024
"""A larger file is sent as it is, and not read to insert the script."""

STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
STAGE_CSP = STRICT_CSP.replace(
    # A visitor's click may lead a page to another site, as it may lead a page that is no frame.
    "connect-src 'self'; ",
    # It is in an <object> then, which tells an error from a page.
    "connect-src 'self'; frame-src 'self' http: https: blob:; object-src http: https:; ",
)
_OWNERS_CSP = {
    "local": (
        # Nothing from other sites; the owner's own files may do anything.
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
        "base-uri 'self'; frame-ancestors 'self'"
    ),
    "strict": ("default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"),
}

# What may come before the script (HTML, 13.2.6.4 "The rules for parsing tokens", up to "before
# head"). Each piece is matched where the previous one ended, and none backtracks. So the time
# depends only on the length of the page, not on its content.
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
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Notepad on Windows may write it first


def script_tag(src: str, data: Mapping[str, str], nonce: str = "") -> str:
    """Make the tag that loads the client into a page.

    Args:
        src: the URL of the client.
        data: the values that the client needs; they become ``data-*`` attributes.
        nonce: the nonce of the page's Content-Security-Policy, if it has one.
    """
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    if nonce:
        attributes = f' nonce="{escape(nonce)}"{attributes}'
    return f'<script src="{escape(src)}"{attributes}></script>'


def shows_nothing(response: Response) -> bool:
    """Tell whether a response shows no page: the browser stays on its page, or goes elsewhere."""
    status = response.status_code
    return status in (204, 205, 304) or (300 <= status < 400 and "Location" in response.headers)


def insert_script(response: Response, tag: str) -> str:
    """Put ``tag`` first in the head of an HTML page; leave anything else alone.

    If a view sends a file, the file is read for this. Every page that gets the script loses its
    validators: the tag says what has happened so far, and a cached copy would be out of date.

    Args:
        response: a finished response, of any status.
        tag: the tag, from `script_tag`.

    Returns:
        Why the page can't have the script, such as "is streamed"; "" if it has it.
    """
    if obstacle := _obstacle(response):
        return obstacle
    response.direct_passthrough = False
    html = response.get_data()
    if html[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return "is not UTF-8 text"
    if b"data-ignore-presses" in html:
        # The script runs before the film is there, but must know about it from the start.
        tag = tag.replace("<script", "<script data-films", 1)
    at = head_start(html)
    # Pure ASCII: the page may have any encoding.
    response.set_data(html[:at] + tag.encode("ascii", "xmlcharrefreplace") + html[at:])
    for header in ("ETag", "Last-Modified", "Accept-Ranges"):
        response.headers.pop(header, None)
    return ""


def _obstacle(response: Response) -> str:
    if response.mimetype != "text/html":
        status = "" if response.status_code == 200 else f", with status {response.status_code}"
        return f"is not plain HTML ({response.mimetype or 'without a type'}{status})"
    if (response.content_encoding or "identity").lower() != "identity":
        return f"is compressed by its view ({response.content_encoding})"
    charset = response.mimetype_params.get("charset", "").lower()
    if charset.startswith(("utf-16", "utf-32", "utf-7")):
        return f"is not UTF-8 text ({charset})"
    if response.status_code == 206:
        return "is only part of a page"
    # If the length is known, as with files and Flask's error pages, there is nothing to wait for.
    if response.direct_passthrough or response.is_streamed:
        if response.content_length is None:
            return "is streamed"
        if response.content_length > MAX_FILE_BYTES:
            return f"is a file of more than {MAX_FILE_BYTES // 1024**2} MiB"
    return ""


def head_start(html: bytes) -> int:
    """Find where the head of a page begins: an element put there is the first for a browser.

    White space, comments, the doctype, and the start tags of html and head are skipped; each may be
    missing. The result is never before the doctype: that would put the page into quirks mode.

    Args:
        html: a page in UTF-8, or in another encoding that contains ASCII.
    """
    at = here = len(_BYTE_ORDER_MARK) if html.startswith(_BYTE_ORDER_MARK) else 0
    for part in (_DOCTYPE, _HTML, _HEAD):
        here = _after_comments(html, here)
        if found := part.match(html, here):
            at = here = found.end()
    return at


def _after_comments(html: bytes, at: int) -> int:
    """Skip white space and complete comments."""
    while True:
        space = _SPACE.match(html, at)
        assert space is not None  # it may be empty
        comment = _COMMENT.match(html, space.end())
        if comment is None:
            return space.end()
        at = comment.end()


def set_owners_headers(response: Response, csp: str, frames: Sequence[str] = ()) -> None:
    """Set the headers of the owner's page: its policies, and that a browser asks each time.

    Args:
        response: a finished response.
        csp: the configuration's `csp`.
        frames: the other sites that the page may show in frames.
    """
    if csp in _OWNERS_CSP:
        policy = _OWNERS_CSP[csp]
        if frames:
            # Beside what `default-src` allows: without a `frame-src` it is that for frames, too.
            own = policy.removeprefix("default-src ").partition(";")[0]
            kept = [source for source in own.split() if not source.startswith("'unsafe-")]
            policy += f"; frame-src {' '.join((*kept, *frames))}"
        response.headers.setdefault("Content-Security-Policy", policy)
    set_pages_headers(response)


def set_pages_headers(response: Response) -> None:
    """Set what holds for each page and for the stage: a policy, and that a browser asks each time.

    A frame may do no more than the page around it, so the stage must not forbid anything else.
    """
    # A film's controls offer picture-in-picture: a window that covers a kiosk's page and all later
    # pages. It is no tab, so the launcher can't close it, and no policy of Chromium stops it.
    response.headers.setdefault("Permissions-Policy", "picture-in-picture=()")
    # Not no-store: that would keep the page out of the browser's back/forward cache.
    response.headers.setdefault("Cache-Control", "no-cache")


def is_ours(response: Response) -> bool:
    """Tell whether an answer of our route is ours, not an error page of the application."""
    if response.status_code < 400 or response.mimetype != "text/html":
        return True
    return not response.is_streamed and response.get_data().startswith(_WERKZEUGS_ERROR)


def secure_headers(response: Response, csp: str = "ours") -> None:
    """Set the security headers of one of our answers, except those that it already has.

    Args:
        response: a response of any status.
        csp: the policy for HTML: the configuration's ``csp`` for the owner's files, or "ours", the
            strictest, for our own pages and errors.
    """
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        policy = STRICT_CSP if csp == "ours" else _OWNERS_CSP.get(csp)
        if policy is not None:
            response.headers.setdefault("Content-Security-Policy", policy)


def speculation_rules(prefetch: Iterable[str], prerender: Iterable[str]) -> dict[str, object]:
    """Make the rules for what the browser loads before the press (Speculation Rules).

    Args:
        prefetch: the paths of pages to fetch.
        prerender: the paths of pages to load in the background; their scripts run.
    """
    rules = {"prefetch": list(prefetch), "prerender": list(prerender)}
    return {
        kind: [{"urls": urls, "eagerness": "immediate"}] for kind, urls in rules.items() if urls
    }
