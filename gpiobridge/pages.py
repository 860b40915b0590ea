"""What the bridge adds to a page: its script in the head, and the headers.

Pure text work on finished responses; any HTTP thread. It decides nothing about navigation.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape

from flask import Response

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

# The head's start tag, passing over comments; where it is left out (HTML allows that), the end
# of the html start tag or of the doctype.
_HEAD = re.compile(
    rb"""<!--.*?-->|(?P<at><head(?:\s(?:[^>"']|"[^"]*"|'[^']*')*)?>)""", re.IGNORECASE | re.DOTALL
)
_BEFORE_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?"  # Windows' Notepad may put a byte order mark first
    rb"(?:(?>\s|<!--.*?-->)*+<!doctype[^>]*>)?(?:(?>\s|<!--.*?-->)*+<html(?:\s[^>]*)?>)?",
    re.IGNORECASE | re.DOTALL,
)


def script_tag(src: str, data: Mapping[str, str]) -> str:
    """The tag that brings the client into a page.

    Args:
        src: URL of the client.
        data: what the client needs to know, as ``data-*`` attributes.
    """
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    return f'<script src="{escape(src)}"{attributes}></script>'


def insert_script(response: Response, tag: str) -> bool:
    """Put ``tag`` first in the head of an HTML page; leave anything else alone.

    Args:
        response: a finished response.
        tag: from `script_tag`.

    Returns:
        Whether the page has it now.
    """
    if (
        response.status_code != 200
        or response.mimetype != "text/html"
        or response.direct_passthrough
        or response.is_streamed
        or response.content_encoding
    ):
        return False
    html = response.get_data()
    if b"data-ignore-presses" in html:
        # The script runs before the film is there, and must know from the start.
        tag = tag.replace("<script", "<script data-films", 1)
    head = next((m for m in _HEAD.finditer(html) if m["at"]), None) or _BEFORE_HEAD.match(html)
    at = head.end() if head else 0
    response.set_data(html[:at] + tag.encode() + html[at:])
    return True


def set_owners_headers(response: Response, csp: str) -> None:
    """Set the headers of the owner's page: its policy, and that it is asked for each time."""
    if csp in _OWNERS_CSP:
        response.headers.setdefault("Content-Security-Policy", _OWNERS_CSP[csp])
    # Not no-store: that would keep the page out of the browser's back/forward cache.
    response.headers.setdefault("Cache-Control", "no-cache")


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
