"""What happens in the loop, as facts for observers.

The counts, the log of events and the application's handlers are observers. The loop knows no more
of them than this interface. It calls them on the watcher's thread, in the order in which things
happen.
"""

from gpiobridge.config import OutputState
from gpiobridge.core.events import PinEvent
from gpiobridge.displays.audience import Display
from gpiobridge.displays.observer import DisplayObserver


class Observer(DisplayObserver):
    """Hears of pins, outputs, pages and messages. Each method does nothing unless it is overridden.

    No method may block or raise: all pins and displays wait for it, and an exception ends the
    service, like any other failure of the watcher. An observer with more to do hands it to its own
    thread. A method may call `gpiobridge.loop.watcher.Watcher.order`.
    """

    def pin_event(self, event: PinEvent) -> None:
        """Something happened at a pin; no display has been told yet."""

    def pin_noisy(self, pin: str) -> None:
        """A pin oscillates; told once a minute while it does."""

    def output_changed(self, output: str, state: OutputState, why: str) -> None:
        """An output does something else now; ``why`` says who or what has decided so."""

    def name_refused(self, display: Display, name: str) -> None:
        """A display has come without the token of the name that it uses; it has no name now."""

    def output_refused(self, display: Display, output: str) -> None:
        """A page has tried to set an output, which it may not."""

    def frame_sent(self, after_s: float) -> None:
        """An event's frame is on every socket, ``after_s`` seconds after the event."""

    def carried_out(self) -> None:
        """Everything that follows from the newest events is on the sockets."""
