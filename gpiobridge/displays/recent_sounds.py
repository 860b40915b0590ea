"""The newest order for each sound, for displays that are between two pages when it is given.

A function that plays a sound at a press gives its order just when that press has closed sockets.
Their displays hear it with their next socket. The watcher's thread.
"""

from collections.abc import Iterator

from gpiobridge.displays.audience import PlaySound
from gpiobridge.displays.slots import Slot

LATE_S = 2.0
"""A sound that doesn't repeat is not begun later than this, in seconds."""


class RecentSounds:
    """What was ordered last of each sound."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[float, PlaySound]] = {}

    def keep(self, order: PlaySound, now_s: float) -> None:
        """Keep an order in place of the one before of this sound."""
        self._newest.pop(order.sound, None)  # to the end: they stay in their order
        self._newest[order.sound] = now_s, order

    def missed(self, before: Slot | None, now_s: float) -> Iterator[bytes]:
        """Return the frames that a display has missed since its last socket ended.

        Args:
            before: the slot of that socket; None if it had none.
            now_s: monotonic seconds.
        """
        if before is None:
            return
        for at_s, order in self._newest.values():
            if at_s >= before.deaf_s and (order.lasting or now_s - at_s <= LATE_S):
                yield order.frame
