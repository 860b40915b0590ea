"""Decide when to restart a kiosk's browser although it is well: once nobody uses it.

There are two reasons. Each day, after its time: only a restart gives back all the memory that a
page, or the browser itself, has collected. And when the browser shows the pages in another way than
the bridge now wants: with the stage, or without it. The times and the bridge's answers come in as
arguments, and the decision is returned. Pure; it imports nothing of the project; `launcher` calls
it.
"""

QUIET_S = 60.0
"""If page and pins have not changed for this long, nobody uses the exhibit, in seconds."""

LATEST_S = 3600.0
"""The longest wait for a quiet minute, in seconds: a slide show has none, all night."""

_DAY_S = 86_400
_JUMP_S = 600.0  # a longer step is a clock that the network has set, not time that has passed


class Renewal:
    """Watches the clock and the exhibit.

    Args:
        at_min: the time of day, in minutes after midnight; None for never.
    """

    def __init__(self, at_min: int | None) -> None:
        self._at_s = None if at_min is None else at_min * 60
        self._before_s: float | None = None
        self._pending_since_s: float | None = None  # the day's time has come, and no quiet minute
        self._other_since_s: float | None = None
        self._scene: object = None
        self._since_s = 0.0

    def due(self, now_s: float, day_s: float, scene: object, *, other: bool = False) -> bool:
        """Return whether it is time to restart: once each day, and after a change.

        Args:
            now_s: monotonic seconds.
            day_s: seconds since midnight, local time.
            scene: what the exhibit shows now, for comparison; None if it is unknown.
            other: whether the bridge wants the pages shown in another way; a restart ends that.
        """
        if scene is None or scene != self._scene:
            self._scene, self._since_s = scene, now_s
        if self._time_has_come(day_s):
            self._pending_since_s = now_s
        if not other:
            self._other_since_s = None
        elif self._other_since_s is None:
            self._other_since_s = now_s
        waits = [s for s in (self._pending_since_s, self._other_since_s) if s is not None]
        if not waits or scene is None:
            return False
        if now_s - self._since_s < QUIET_S and now_s - min(waits) < LATEST_S:
            return False
        self._pending_since_s = self._other_since_s = None
        return True

    def _time_has_come(self, day_s: float) -> bool:
        """Whether the day's time has come since the last call."""
        before_s, self._before_s = self._before_s, day_s
        if self._at_s is None or before_s is None:
            return False
        passed_s = (day_s - before_s) % _DAY_S
        return passed_s <= _JUMP_S and (day_s - self._at_s) % _DAY_S < passed_s
