"""When a kiosk's browser is started anew each day: after its time, as soon as nobody uses it.

Times and what the bridge tells in, a decision out. Pure; imports nothing of the project; `launcher`
asks. Only a new browser gives back all that a page, or the browser itself, has gathered.
"""

QUIET_S = 60.0
"""Nobody uses an exhibit whose page and pins have been the same for so long, in seconds."""

LATEST_S = 3600.0
"""So long it waits for a quiet minute, in seconds: a slide show has none, all night."""

_DAY_S = 86_400
_JUMP_S = 600.0  # a clock that is set by the network has not passed the time between


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
        """Say whether it is time; once for each day.

        Args:
            now_s: monotonic seconds.
            day_s: seconds since midnight, local time.
            scene: what the exhibit shows now, to be compared; None if nobody can tell.
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
