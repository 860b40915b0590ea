"""What this run has learned of its pages on a stage: which are not held ready, or not shown.

A stage shows the pages in frames. It holds no page ready behind another one on a machine where that
page's scripts held the browser for too long. It can't show a page that forbids frames. The log says
each of these once for a page. Any thread.
"""

import logging
import threading
from collections.abc import Iterable

log = logging.getLogger(__name__)

_NOT_HELD = "page %s is not held ready behind other pages any more in this run: "
_FORBIDDEN = "page %s can't be shown on the stage, which opens it by itself instead: "
_ALLOW = "send X-Frame-Options: SAMEORIGIN, or frame-ancestors 'self' in its policy"

REPORTS = {
    "slow": _NOT_HELD + "its scripts held the browser of a display for over 0.5 s; shorten what "
    "they do first, or leave out prerender",
    "hung": _NOT_HELD + "a display's browser hung or crashed while it was made ready; correct its "
    "scripts, or leave out prerender",
    "frames": _FORBIDDEN + f"a proxy before the bridge forbids frames; there {_ALLOW}",
}
"""What a stage may report of a page -> the line in the log."""

_MOST_CLIENTS = 256


class Stages:
    """What is known in this run; a display's report counts for its own machine only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = False
        self._blocked = ""  # why no stage works here
        self._forbidding: dict[str, str] = {}  # page -> the header that forbids frames
        # Client -> page -> a key of `REPORTS`; the oldest client first.
        self._reports: dict[str | None, dict[str, str]] = {}
        self._said: set[tuple[str, str]] = set()  # page, and which kind of line was written

    def use(self) -> None:
        """Note that a stage is used. From now on the log names the pages that it can't show."""
        with self._lock:
            self._used = True
            forbidding = dict(self._forbidding)
        for page, header in forbidding.items():
            self._tell_forbidding(page, header)

    def block(self, obstacle: str) -> None:
        """Note, and log once, that no stage can work in this application.

        Args:
            obstacle: why, and the remedy, as a sentence goes on.
        """
        with self._lock:
            self._blocked = obstacle
        text = "there is no stage, so each page is opened by itself: %s"
        self._tell("", "blocked", text, obstacle)

    def note_frames(self, page: str, forbidding: str) -> None:
        """Note whether the newest answer of a page lets the bridge's own stage show it.

        Args:
            page: the page's name.
            forbidding: the header that forbids it; empty if none does.
        """
        with self._lock:
            if not forbidding:
                self._forbidding.pop(page, None)
                return
            self._forbidding[page] = forbidding
            used = self._used
        if used:
            self._tell_forbidding(page, forbidding)

    def report(self, client: str | None, page: str, what: str) -> None:
        """Note what a stage has found out about a page; log it once for the page.

        Args:
            client: the machine of the display, as `net.addresses.client_of` names it.
            page: the page's name.
            what: a key of `REPORTS`.
        """
        with self._lock:
            earlier = self._reports.pop(client, {})
            self._reports[client] = earlier | {page: what}
            while len(self._reports) > _MOST_CLIENTS:
                del self._reports[next(iter(self._reports))]
        kind = "frames" if what == "frames" else "held"
        self._tell(page, kind, REPORTS[what], page)

    def alone(self, client: str | None, pages: Iterable[str]) -> list[str]:
        """Return those of the pages that a client's stage can't show, as far as it is known."""
        with self._lock:
            reports = self._reports.get(client, {})
            return [
                page
                for page in pages
                if self._blocked or page in self._forbidding or reports.get(page) == "frames"
            ]

    def held_back(self, client: str | None) -> list[str]:
        """Return the pages that a client must not hold ready, in the order of the alphabet."""
        with self._lock:
            reports = self._reports.get(client, {})
            return sorted(page for page, what in reports.items() if what != "frames")

    def _tell_forbidding(self, page: str, header: str) -> None:
        self._tell(page, "frames", _FORBIDDEN + f"%s forbids frames; {_ALLOW}", page, header)

    def _tell(self, page: str, kind: str, text: str, *args: str) -> None:
        with self._lock:
            if (page, kind) in self._said:
                return
            self._said.add((page, kind))
        log.warning(text, *args)
