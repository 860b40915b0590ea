"""What happens in the loop, as facts for whoever wants to hear of them.

The counts, the log of events and the application's handlers are observers; the loop knows no more
of them than this. All of it is told on the watcher's thread, in the order in which it happens.
"""

from gpiobridge.core.events import PinEvent
from gpiobridge.displays.observer import DisplayObserver


class Observer(DisplayObserver):
    """Hears of pins, pages and messages. Each method does nothing unless it is overridden.

    No method may block or raise: all pins and displays wait for it, and what it raises ends the
    service, as any other failure of the watcher does. Whoever has more to do hands it to a thread
    of its own. `gpiobridge.loop.watcher.Watcher.order` may be called from here.
    """

    def pin_event(self, event: PinEvent) -> None:
        """Something happened at a pin: no display was told yet."""

    def pin_noisy(self, pin: str) -> None:
        """A pin oscillates; told once a minute while it does."""

    def frame_sent(self, after_s: float) -> None:
        """An event's frame is on every socket, so many seconds after it happened."""

    def carried_out(self) -> None:
        """All that follows from the newest events is on the sockets."""
