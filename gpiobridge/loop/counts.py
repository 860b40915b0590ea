"""What has happened since the start, as plain numbers.

Only the watcher's thread counts; any thread may read.
"""

from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field

from gpiobridge.config import OutputState
from gpiobridge.core.events import PinEvent
from gpiobridge.displays.alarm import Alarm
from gpiobridge.displays.audience import Display, Push, SentMessage
from gpiobridge.displays.journey import Shown, Stages
from gpiobridge.displays.observer import Gone, MovedBy
from gpiobridge.loop.observer import Observer

# The first bounds lie around 20 ms, the debounce of nearly every pin.
LATENCY_BUCKETS_S = (0.005, 0.01, 0.02, 0.025, 0.03, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency's histogram, in seconds."""


SHOWN_BUCKETS_S = (0.01, 0.03, 0.05, 0.07, 0.085, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds from a press to the page on the screen, in seconds; docs/latency.md has 30 and 85 ms
from research."""

STAGE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of a stage on the way, in seconds."""

RECENT = 1000
"""Of how many of the newest displays that a press has moved the stages are kept."""


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
        to_shown: from an edge at the pin to the next page on the screen, for each display.
        stages: the same for each stage on the way, by its name.
        recent: the displays' names and stages that `to_shown` counted last.
        not_shown: displays that a press has moved, and that have shown nothing in time.
        output_changes: output -> how many new states it has had.
        outputs_refused: frames of pages that may not set an output.
        names_refused: displays that have come without the token of their name.
        alarms: display -> how many alarms were raised about it.
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
    to_shown: Histogram = field(default_factory=lambda: Histogram(SHOWN_BUCKETS_S))
    stages: dict[str, Histogram] = field(
        default_factory=lambda: {stage: Histogram(STAGE_BUCKETS_S) for stage in Stages._fields}
    )
    recent: deque[tuple[str, Stages]] = field(default_factory=lambda: deque(maxlen=RECENT))
    not_shown: int = 0
    output_changes: Counter[str] = field(default_factory=Counter)
    outputs_refused: int = 0
    names_refused: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    last_event_s: float | None = None

    def pin_event(self, event: PinEvent) -> None:
        """Count an event."""
        self.events[event.pin, event.event] += 1
        self.last_event_s = event.at_s

    def output_changed(self, output: str, state: OutputState, why: str) -> None:
        """Count a new state."""
        self.output_changes[output] += 1

    def name_refused(self, display: Display, name: str) -> None:
        """Count a display without the token of its name."""
        self.names_refused += 1

    def output_refused(self, display: Display, output: str) -> None:
        """Count a page that may not set an output."""
        self.outputs_refused += 1

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

    def page_shown(self, display: Display, shown: Shown) -> None:
        """Count how long a press took to its page."""
        if shown.stages is None:
            return
        self.to_shown.take(shown.stages.total)
        for stage, duration_s in shown.stages._asdict().items():
            self.stages[stage].take(duration_s)
        self.recent.append((display.name, shown.stages))

    def press_not_shown(self, event: PinEvent, display: Display, to: str) -> None:
        """Count a display that has shown nothing."""
        self.not_shown += 1

    def alarm_raised(self, alarm: Alarm) -> None:
        """Count an alarm."""
        self.alarms[alarm.display] += 1
