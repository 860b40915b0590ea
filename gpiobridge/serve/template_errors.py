"""Report a failing template once, in one sentence, and show a short page instead.

Any HTTP thread. A display asks for its next page again and again, and a traceback at each try would
flood the log.
"""

import logging
import threading
import traceback
from html import escape
from pathlib import Path

from flask import Response
from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

from gpiobridge.config.template_parts import with_remedy
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{page} can't be shown</title></head>
<body><h1>The page {page} can't be shown</h1><p>{said}</p></body>
</html>
"""


class TemplateErrors:
    """The current errors in the templates of an exhibit.

    Args:
        folder: the templates' folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said: dict[str, str] = {}
        self._lines = LogRate(log)
        self._lock = threading.Lock()

    def answer(self, page: str, error: Exception) -> Response:
        """Answer with 500 instead of a page, and log why unless the log already says so.

        Args:
            page: the page's name.
            error: the exception that its template raised.
        """
        said = describe(error, self._folder)
        with self._lock:
            new = self._said.get(page) != said
            self._said[page] = said
        if new:
            # An expression may raise something new each time, such as a visitor's words.
            self._lines.write(logging.ERROR, page, "page %s can't be shown: %s", page, said)
        return Response(_PAGE.format(page=page, said=escape(said)), 500, mimetype="text/html")

    def forget(self, page: str) -> None:
        """Note that a page could be shown."""
        if page not in self._said:  # nearly always: it needs no lock
            return
        with self._lock:
            was_said = self._said.pop(page, None)
        if was_said is not None:
            self._lines.info("page %s can be shown again", page)


def describe(error: Exception, folder: Path) -> str:
    """Describe a template's error, with its file and line if they are known, and the remedy.

    Args:
        error: the exception from rendering it.
        folder: the templates' folder.
    """
    if isinstance(error, TemplateNotFound):
        reason = f"there is no templates/{error.name}; create it"
    elif isinstance(error, TemplateSyntaxError):
        reason = with_remedy(error.message or "")
    elif isinstance(error, TemplateError):
        reason = f"{(error.message or '').rstrip('.')}; correct it there"
    else:
        reason = f"{type(error).__name__}: {error}; correct it there"
    if isinstance(error, TemplateSyntaxError):
        return f"templates/{error.name}, line {error.lineno}: {reason}"
    # In a traceback, Jinja gives a template's frames the template's file and line.
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder):
            place = f"templates/{path.relative_to(folder).as_posix()}"
            return f"{place}, line {frame.lineno}: {reason}"
    return reason
