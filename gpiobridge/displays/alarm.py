"""The alarm about a named display on which nobody sees a live page: what, since when, what to do.

`loop.dead_screens` raises alarms and ends them. Pure facts; any thread.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Dead(StrEnum):
    """Why nobody sees a live page on a display, in the words of the log and the metrics."""

    MISSING = "missing"  # no page of it is connected
    NOT_SHOWN = "not shown"  # its page is open, and has never been on the screen
    HIDDEN = "hidden"  # its page is open, and can't be seen
    SILENT = "silent"  # its page is open, and answers no beat


_REMEDIES = {
    Dead.MISSING: (
        "no page of it is connected, or it hangs. See whether its machine is on, has the network, "
        "and shows /?display={} in its browser, the first time with its token if it has one"
    ),
    Dead.NOT_SHOWN: (
        "its page is loaded, but has not been on the screen. See whether the screen is on, and "
        "what its browser says"
    ),
    Dead.HIDDEN: (
        "its page is open, but can't be seen. See whether the screen is on, and whether another "
        "window or tab covers the page"
    ),
    Dead.SILENT: "its page is open, but hangs. Load it again, or restart its browser",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A named display on which nobody has seen a live page for a while.

    Args:
        display: its name.
        dead: why; while the alarm lasts, the newest reason.
        since_s: when it was last well, or the start of the bridge, in monotonic seconds.
        since_unix_s: the same, in seconds since the Unix epoch.
        after_s: how long it had not been well when the alarm was raised, in seconds.
        is_back: whether it is well again, but not for long enough.
    """

    display: str
    dead: Dead
    since_s: float
    since_unix_s: float
    after_s: float
    is_back: bool = False

    @property
    def since(self) -> str:
        """Since when, as ISO 8601 with the offset of UTC, in whole seconds."""
        return datetime.fromtimestamp(self.since_unix_s, UTC).isoformat(timespec="seconds")

    @property
    def raised_text(self) -> str:
        """What is wrong, since when, and what to do: a sentence or two for a person."""
        if self.is_back:
            was = f"it was {self.dead} since {self._local}"
            return f'display "{self.display}" is back; {was}. This is over once it stays well'
        what = f'display "{self.display}" is {self.dead} since {self._local}'
        return f"{what}: {_REMEDIES[self.dead].format(self.display)}"

    @property
    def over_text(self) -> str:
        """What was wrong, and since when."""
        return f'display "{self.display}" is well again; it was {self.dead} since {self._local}'

    @property
    def _local(self) -> str:
        """Since when, by the clock on the wall of this machine."""
        return datetime.fromtimestamp(self.since_unix_s).astimezone().isoformat(" ", "seconds")
