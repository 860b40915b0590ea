"""Decide whether a kiosk's browser shows a live page, and when to restart the browser.

A page counts as shown if it is live and visible: a page behind another tab still answers. The time
and the bridge's answers come in as arguments. Reasons for a restart are returned. Pure; `launcher`
calls it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from gpiobridge.core import wire

LOST_S = 10.0
"""A page that has not been shown for this long has crashed, hangs, is covered or was left.

After a lost connection a page is back within a few seconds, and so is the next page after a press.
If a visitor opens something in its place, that is gone within 20 s, including the browser's start.
"""

UNSEEN_S = 60.0
"""A browser that has not shown a live page after this time is restarted, at first.

On a Pi Zero 2 W a first start from a slow card can take more than half a minute. A still slower
start would be stopped each time just before it is ready. So each further try gets twice as long.
"""

MAX_UNSEEN_S = 300.0

MAX_HIDDEN_S = 3600.0
"""The longest such time for a page that is live, but hidden.

A restart removes what covers a page. If the page is hidden again after that, perhaps nobody can see
it at all, as on a screen that is switched off at night. Further restarts would then not help.
"""

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 10.0

# The page gives up a silent connection after this many beats, and then has time for a new one.
_BEATS = wire.SILENT_BEATS + 1.5
_MAX_DOUBLINGS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The bridge's answer about its displays.

    Args:
        displays: the names of the displays that are live and visible.
        beat_s: seconds between two beats.
        hidden: the names of the displays that are live, but hidden.
    """

    displays: frozenset[str]
    beat_s: float
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, displays: Iterable[Mapping[str, Any]], beat_s: float) -> Self:
        """Read the answer of ``/healthz``; an older bridge doesn't report `visible`."""
        by_visible: dict[bool, set[str]] = {True: set(), False: set()}
        for display in displays:
            by_visible[display.get("visible", True)].add(display["name"])
        return cls(frozenset(by_visible[True]), beat_s, frozenset(by_visible[False]))

    def of_dark_screen(self) -> Self:
        """Judge it for a screen that is off on purpose: a page must be live, and may be hidden."""
        return replace(self, displays=self.displays | self.hidden, hidden=frozenset())


class Liveness:
    """Watches one start of the browser.

    Args:
        name: the name of its display.
        failures: how many earlier starts in a row have shown no live page.
    """

    def __init__(self, name: str, failures: int = 0) -> None:
        self.name = name
        self.seen = False  # ever, in this start
        self.shown = False  # now
        self._unseen_s = UNSEEN_S * _doubled(failures)
        self._missing_since_s: float | None = None

    def problem(self, now_s: float, answer: Answer | None) -> str | None:
        """Judge an answer of the bridge.

        Args:
            now_s: monotonic seconds.
            answer: the bridge's answer; None if it gives none. That is not the browser's fault:
                pages come back by themselves when the bridge does.

        Returns:
            Why the browser must be restarted, or None while there is no reason.
        """
        self.shown = answer is not None and self.name in answer.displays
        if self.shown:
            self.seen = True
        if answer is None or self.shown:
            self._missing_since_s = None
            return None
        if self._missing_since_s is None:
            self._missing_since_s = now_s
        hidden = self.name in answer.hidden
        if self.seen:
            limit_s = max(LOST_S, _BEATS * answer.beat_s)
            what = "been visible" if hidden else "been alive"
            reason = f"its page has not {what} for {limit_s:.0f} s"
        else:
            limit_s = min(self._unseen_s, MAX_HIDDEN_S if hidden else MAX_UNSEEN_S)
            what = "only a hidden page" if hidden else "no live page"
            reason = f"it has shown {what} within {limit_s:.0f} s"
        return reason if now_s - self._missing_since_s >= limit_s else None


def pause_s(failures: int) -> float:
    """Return how long to wait before the browser is restarted, in seconds.

    Args:
        failures: how many starts in a row have shown no live page; 0 after one that has.
    """
    return min(FIRST_PAUSE_S * _doubled(failures), MAX_PAUSE_S)


def _doubled(times: int) -> int:
    return 1 << min(times, _MAX_DOUBLINGS)
