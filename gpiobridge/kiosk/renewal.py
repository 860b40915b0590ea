"""Decide when to restart a kiosk's browser each day: after its time, once nobody uses it.

Only a restart gives back all the memory that a page, or the browser itself, has collected. The
times and the bridge's answers come in as arguments, and the decision is returned. Pure; it imports
nothing of the project; `launcher` calls it.
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
        self._pending_since_s: float | None = None
        self._scene: object = None
        self._since_s = 0.0

    def due(self, now_s: float, day_s: float, scene: object) -> bool:
        """Return whether it is time to restart, True once each day.

        Args:
            now_s: monotonic seconds.
            day_s: seconds since midnight, local time.
            scene: what the exhibit shows now, for comparison; None if it is unknown.
        """
        if self._at_s is None:
            return False
        if scene is None or scene != self._scene:
            self._scene, self._since_s = scene, now_s
        before_s, self._before_s = self._before_s, day_s
        if before_s is not None:
            passed_s = (day_s - before_s) % _DAY_S
            if passed_s <= _JUMP_S and (day_s - self._at_s) % _DAY_S < passed_s:
                self._pending_since_s = now_s
        if self._pending_since_s is None or scene is None:
            return False
        if now_s - self._since_s < QUIET_S and now_s - self._pending_since_s < LATEST_S:
            return False
        self._pending_since_s = None
        return True
