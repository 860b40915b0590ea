"""What this run has learned of its pages on a stage: which are not held ready, or not shown.

A stage shows the pages in frames. It holds a page ready no more whose scripts held the browser for
too long. It can't show a page that forbids frames. The log says each of these once for a page. Any
thread.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class _Known:
    """What is known of one client.

    Args:
        blocked: whether no stage works there.
        forbidding: the pages whose answers forbid frames.
        reports: page -> a key of `REPORTS`.
    """

    blocked: bool = False
    forbidding: set[str] = field(default_factory=set)
    reports: dict[str, str] = field(default_factory=dict)


class Stages:
    """What is known in this run of the stages of each client, as `net.addresses` tells them apart.

    What one client finds out counts for no other: a slow tablet doesn't slow a kiosk down, and
    nobody can take a kiosk's stage away.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = False
        self._known: dict[str | None, _Known] = {}  # the client that asked last comes last
        self._forbidding: dict[str, str] = {}  # page -> the header that forbids frames, for the log
        self._said: set[tuple[str, str]] = set()  # page, and which kind of line was written

    def use(self) -> None:
        """Note that a stage is used. From now on the log names the pages that it can't show."""
        with self._lock:
            self._used = True
            forbidding = dict(self._forbidding)
        for page, header in forbidding.items():
            self._tell_forbidding(page, header)

    def block(self, client: str | None, obstacle: str) -> None:
        """Note that no stage can work for a client; log it once.

        Args:
            client: the client.
            obstacle: why, and the remedy, as a sentence goes on.
        """
        with self._lock:
            self._of_locked(client).blocked = True
        text = "there is no stage, so each page is opened by itself: %s"
        self._tell("", "blocked", text, obstacle)

    def note_frames(self, client: str | None, page: str, forbidding: str) -> None:
        """Note whether the newest answer of a page lets the bridge's own stage show it.

        Args:
            client: who has got the answer.
            page: the page's name.
            forbidding: the header that forbids it; empty if none does.
        """
        with self._lock:
            if not forbidding:
                if client in self._known:
                    self._known[client].forbidding.discard(page)
                return
            self._of_locked(client).forbidding.add(page)
            self._forbidding.setdefault(page, forbidding)
            used = self._used
        if used:
            self._tell_forbidding(page, forbidding)

    def report(self, client: str | None, page: str, what: str) -> None:
        """Note what a stage has found out about a page; log it once for the page.

        Args:
            client: the client of the stage.
            page: the page's name.
            what: a key of `REPORTS`.
        """
        with self._lock:
            self._of_locked(client).reports[page] = what
        kind = "frames" if what == "frames" else "held"
        self._tell(page, kind, REPORTS[what], page)

    def alone(self, client: str | None, pages: Iterable[str]) -> list[str]:
        """Return those of the pages that a client's stage can't show, as far as it is known."""
        with self._lock:
            if client not in self._known:
                return []
            known = self._of_locked(client)
            return [
                page
                for page in pages
                if known.blocked or page in known.forbidding or known.reports.get(page) == "frames"
            ]

    def held_back(self, client: str | None) -> list[str]:
        """Return the pages that a client must not hold ready, in the order of the alphabet."""
        with self._lock:
            if client not in self._known:
                return []
            reports = self._of_locked(client).reports
            return sorted(page for page, what in reports.items() if what != "frames")

    def _of_locked(self, client: str | None) -> _Known:
        """Return what is known of a client; the one that has asked for nothing longest goes."""
        known = self._known.pop(client, None) or _Known()
        self._known[client] = known
        while len(self._known) > _MOST_CLIENTS:
            del self._known[next(iter(self._known))]
        return known

    def _tell_forbidding(self, page: str, header: str) -> None:
        self._tell(page, "frames", _FORBIDDEN + f"%s forbids frames; {_ALLOW}", page, header)

    def _tell(self, page: str, kind: str, text: str, *args: str) -> None:
        with self._lock:
            if (page, kind) in self._said:
                return
            self._said.add((page, kind))
        log.warning(text, *args)
