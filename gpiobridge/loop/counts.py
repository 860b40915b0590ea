"""What has happened since the start, as plain numbers.

Only the watcher's thread counts; any thread may read.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from gpiobridge.core.events import PinEvent
from gpiobridge.displays.audience import Display, Push, SentMessage
from gpiobridge.displays.observer import Gone, MovedBy
from gpiobridge.loop.observer import Observer

# The first bounds lie around 20 ms, the debounce of nearly every pin.
LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.025, 0.03, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency's histogram, in seconds."""


class Histogram:
    """How many durations fell into each range.

    Args:
        bounds_s: upper bounds of the buckets in seconds, rising; one more bucket takes anything
            longer.
    """

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        self.sum_s = 0.0

    def take(self, duration_s: float) -> None:
        """Count a duration in seconds."""
        self.counts[bisect_left(self.bounds_s, duration_s)] += 1
        self.sum_s += duration_s


@dataclass
class Counts(Observer):
    """All the numbers.

    Args:
        raw_edges: pin -> edges as the back end reported them. The watcher counts them itself: a pin
            that oscillates has too many to report to observers.
        events: (pin, event) -> how often it happened.
        navigations: (page, next page) -> displays that were moved on.
        connected: sockets that were taken over.
        gone: reason -> how many sockets ended for it.
        messages_sent: messages of the application, once for each display.
        messages_received: messages of pages.
        latency: from an edge at the pin, its debounce included, to its frame on every socket.
        last_event_s: monotonic seconds of the newest event; None before the first.
    """

    raw_edges: Counter[str] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    navigations: Counter[tuple[str, str]] = field(default_factory=Counter)
    connected: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    messages_sent: int = 0
    messages_received: int = 0
    latency: Histogram = field(default_factory=lambda: Histogram(LATENCY_BUCKETS_S))
    last_event_s: float | None = None

    def pin_event(self, event: PinEvent) -> None:
        """Count an event."""
        self.events[event.pin, event.event] += 1
        self.last_event_s = event.at_s

    def frame_sent(self, after_s: float) -> None:
        """Count how long a frame took."""
        self.latency.take(after_s)

    def display_came(self, display: Display) -> None:
        """Count a socket."""
        self.connected += 1

    def display_gone(self, display: Display, why: Gone) -> None:
        """Count the end of a socket, with its reason."""
        self.gone[why] += 1

    def rule_broken(self, display: Display, rule: str) -> None:
        """Count a page that broke a rule; the end of its socket is counted separately."""
        self.gone[Gone.BROKE_A_RULE] += 1

    def message_came(self, message: SentMessage) -> None:
        """Count a message of a page."""
        self.messages_received += 1

    def message_sent(self, push: Push, displays: int) -> None:
        """Count a message of the application, once for each display."""
        self.messages_sent += displays

    def displays_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        """Count displays that were moved on."""
        self.navigations[page, to] += displays
