"""Whether a kiosk's browser shows a live page, and when it is to be started again.

Time and the bridge's answers in, reasons out. Pure; imports nothing of the project; `kiosk` asks.
"""

from dataclasses import dataclass

LOST_S = 15.0
"""A display that was live and is missing for so long has crashed or hangs.

A page that merely lost its connection is back within a few seconds, and the bridge itself needs
three beats to notice a page that hangs.
"""

UNSEEN_S = 60.0
"""A browser that has not shown a live page after so long is started again, at first.

On a Pi Zero 2 W a first start from a slow card can take over half a minute. One that is slower
still would be stopped for ever just before it is ready, so each further try gets twice as long.
"""

MAX_UNSEEN_S = 300.0
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 10.0

_BEATS = 4  # 2.5 until the page gives a silent connection up, and time to make a new one
_MAX_DOUBLINGS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bridge says of its displays.

    Args:
        displays: the names of those that are live.
        beat_s: seconds between two signs of life.
    """

    displays: frozenset[str]
    beat_s: float


class Liveness:
    """Watches one start of the browser.

    Args:
        name: what its display is called.
        failures: how many starts before this one have shown nothing alive.
    """

    def __init__(self, name: str, failures: int = 0) -> None:
        self.name = name
        self.seen = False
        self._unseen_s = min(UNSEEN_S * _doubled(failures), MAX_UNSEEN_S)
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
        if answer is None:
            self._missing_since_s = None
            return None
        if self.name in answer.displays:
            self.seen = True
            self._missing_since_s = None
            return None
        if self._missing_since_s is None:
            self._missing_since_s = now_s
        limit_s = max(LOST_S, _BEATS * answer.beat_s) if self.seen else self._unseen_s
        if now_s - self._missing_since_s < limit_s:
            return None
        if self.seen:
            return f"its page has not been alive for {limit_s:.0f} s"
        return f"it has shown no live page within {limit_s:.0f} s"


def pause_s(failures: int) -> float:
    """How long to wait before the browser is started again, in seconds.

    Args:
        failures: how many starts in a row have shown nothing alive; 0 after one that has.
    """
    return min(FIRST_PAUSE_S * _doubled(failures), MAX_PAUSE_S)


def _doubled(times: int) -> int:
    return 1 << min(times, _MAX_DOUBLINGS)
