"""Whether a kiosk's browser shows a live page, and when it is to be started again.

A page is shown that is live and visible: behind another tab it still answers. Time and the bridge's
answers in, reasons out. Pure; `launcher` asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from gpiobridge.core import wire

LOST_S = 10.0
"""A page that was shown and isn't for so long has crashed, hangs, or is covered or left.

A page that merely lost its connection is back within a few seconds, and so is the next one of a
press. What a visitor has opened in its place is gone within 20 s, the browser's start included.
"""

UNSEEN_S = 60.0
"""A browser that has not shown a live page after so long is started again, at first.

On a Pi Zero 2 W a first start from a slow card can take over half a minute. One that is slower
still would be stopped for ever just before it is ready, so each further try gets twice as long.
"""

MAX_UNSEEN_S = 300.0

MAX_HIDDEN_S = 3600.0
"""The same for a page that is live, but hidden.

A start ends what covers a page. Where the page is hidden again from then on, there may be nothing
to see at all, as on a screen that is switched off by night, and further starts only cost.
"""

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 10.0

# Until the page gives a silent connection up, and time to make a new one.
_BEATS = wire.SILENT_BEATS + 1.5
_MAX_DOUBLINGS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bridge says of its displays.

    Args:
        displays: the names of those that are live and visible.
        beat_s: seconds between two signs of life.
        hidden: the names of those that are live, but hidden.
    """

    displays: frozenset[str]
    beat_s: float
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, displays: Iterable[Mapping[str, Any]], beat_s: float) -> Self:
        """Read what ``/healthz`` says; an older bridge doesn't say what is visible."""
        by_visible: dict[bool, set[str]] = {True: set(), False: set()}
        for display in displays:
            by_visible[display.get("visible", True)].add(display["name"])
        return cls(frozenset(by_visible[True]), beat_s, frozenset(by_visible[False]))


class Liveness:
    """Watches one start of the browser.

    Args:
        name: what its display is called.
        failures: how many starts before this one have shown nothing alive.
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
            answer: what the bridge says now; None if it says nothing, which is no fault of the
                browser's: pages come back by themselves when the bridge does.

        Returns:
            Why the browser is to be started again, or None while there is no reason.
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
    """How long to wait before the browser is started again, in seconds.

    Args:
        failures: how many starts in a row have shown nothing alive; 0 after one that has.
    """
    return min(FIRST_PAUSE_S * _doubled(failures), MAX_PAUSE_S)


def _doubled(times: int) -> int:
    return 1 << min(times, _MAX_DOUBLINGS)
