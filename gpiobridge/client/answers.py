"""What an answer of an HTTP server says, in a sentence for a person at a terminal.

A bridge answers in text. What stands before it, an application's extensions or a proxy, answers
with web pages and with JSON, of which a person needs the one sentence. Pure; any thread.
"""

import json
from html.parser import HTMLParser

from werkzeug.exceptions import default_exceptions

MAX_LENGTH = 300
"""A longer text is cut, in characters: it is no sentence any more."""

_SAID_UNDER = ("error", "message", "detail", "description", "reason", "msg")
_TOLD_IN = ("p", "h1", "h2", "title")  # the best first


def own_sentence(status: int, body: bytes) -> str:
    """Find what an answer says of itself: nothing, if that is no more than its status.

    Args:
        status: its HTTP status.
        body: text, JSON or a web page, cut off anywhere.
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
    """Bring a text into one line of a terminal, which it can't control."""
    line = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH].rstrip()}..."


def _generic(status: int) -> tuple[str, ...]:
    """What says no more than the status: its name, and Werkzeug's words for it."""
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
        self._within = ""  # the element that is being read

    @property
    def sentence(self) -> str:
        """What the page says, as far as it was read."""
        for tag in _TOLD_IN:
            if text := " ".join("".join(self._texts.get(tag, ())).split()):
                return text
        return ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to read, unless there is one of its kind."""
        if tag in _TOLD_IN:
            self._within = "" if any(map(str.strip, self._texts.get(tag, ()))) else tag
        elif tag in ("script", "style"):
            self._within = ""

    def handle_endtag(self, tag: str) -> None:
        """Have read it."""
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self._within:
            self._texts.setdefault(self._within, []).append(data)
