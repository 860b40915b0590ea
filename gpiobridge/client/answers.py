"""What an answer of an HTTP server says, in a sentence for a person at a terminal.

A bridge answers in text. What stands in front of it, an application's extensions or a proxy,
answers with web pages or JSON; a person needs only the one sentence in it. Pure; any thread.
"""

import json
from html.parser import HTMLParser

from werkzeug.exceptions import default_exceptions

MAX_LENGTH = 300
"""The most characters of a text; a longer one is cut: it is no sentence any more."""

_SAID_UNDER = ("error", "message", "detail", "description", "reason", "msg")
_TOLD_IN = ("p", "h1", "h2", "title")  # the best first


def own_sentence(status: int, body: bytes) -> str:
    """Find what an answer says of itself; empty if that is no more than its status.

    Args:
        status: its HTTP status.
        body: text, JSON or a web page, perhaps cut off anywhere.
    """
    text = body.decode(errors="replace").strip()
    if text.startswith("<"):
        page = _Page()
        page.feed(text)
        page.close()
        text = page.sentence
    elif text.startswith(("{", "[", '"')):
        text = _from_json(text)
    return "" if text in _generic(status) else _short(text)


def _from_json(text: str) -> str:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for key in _SAID_UNDER:
        if isinstance(said, dict) and key in said:
            said = said[key]
    return said if isinstance(said, str) else text


def _short(text: str) -> str:
    """Turn a text into one line, without characters that control a terminal."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH].rstrip()}..."


def _generic(status: int) -> tuple[str, ...]:
    """Return texts that say no more than the status: its name, and Werkzeug's words for it."""
    error = default_exceptions.get(status)
    if error is None:
        return ("",)
    name = error().name
    return ("", name, f"{status} {name}", " ".join((error.description or "").split()))


class _Page(HTMLParser):
    """Reads a web page for its first paragraph, else its first heading, else its title."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[str, list[str]] = {}  # of the first element of each kind that has text
        self._within = ""  # the element that is being read now

    @property
    def sentence(self) -> str:
        """What the page says, as far as it has been read."""
        for tag in _TOLD_IN:
            if text := " ".join("".join(self._texts.get(tag, ())).split()):
                return text
        return ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to read an element, unless one of its kind has already been read."""
        if tag in _TOLD_IN:
            self._within = "" if any(map(str.strip, self._texts.get(tag, ()))) else tag
        elif tag in ("script", "style"):
            self._within = ""

    def handle_endtag(self, tag: str) -> None:
        """Stop reading at the element's end."""
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        """Keep the text of the element that is being read."""
        if self._within:
            self._texts.setdefault(self._within, []).append(data)
