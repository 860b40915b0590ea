"""A display's way from one page to the next after a press, and what is known of the page shown.

`loop.journeys` follows the ways. Only the watcher's thread changes them; any thread may read what a
slot says of its page.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gpiobridge.core.events import PinEvent
from gpiobridge.displays.audience import Display

if TYPE_CHECKING:  # a slot knows its journey
    from gpiobridge.displays.slots import Slot


class Stages(NamedTuple):
    """Where the time from a press to the next page went, in seconds.

    Args:
        debounce: from the edge's stamp until its level had settled.
        dwell: how much later it counted, because the pin has a `dwell` or a `cooldown`.
        wake_up: until the watcher took it up; if the page was still loading, until that page came.
        send: until its frame was on every socket.
        navigation: until the next page had its socket, or was painted, whichever came first.
        paint: until the next page was painted.
    """

    debounce: float
    dwell: float
    wake_up: float
    send: float
    navigation: float
    paint: float

    @property
    def total(self) -> float:
        """The whole time, in seconds."""
        return sum(self)


class Shown(NamedTuple):
    """A page is on the screen, as it has said itself.

    Args:
        event: what led the display to it; None if no press did, or if the page didn't say how long
            it took.
        stages: where the time went; None without an event.
    """

    event: PinEvent | None = None
    stages: Stages | None = None


@dataclass(eq=False, slots=True)
class Journey:
    """One display's way to the page that a press leads to. Times are monotonic seconds.

    Args:
        event: what moved it.
        display: the display, on the page that it left.
        to: the name of the page that it should show.
        slot: its newest socket's; the journey goes with the seat.
        turn_s: when the watcher took the event up.
        sent_s: when the event's frame had been sent.
        watched: whether it counts as not shown unless the next page says so in time.
        arrived_s: when the next page had its socket; None before.
        over: whether the display has shown a page since.
    """

    event: PinEvent
    display: Display
    to: str
    slot: "Slot"
    turn_s: float
    sent_s: float
    watched: bool
    arrived_s: float | None = None
    over: bool = False

    @property
    def key(self) -> tuple[int, str, str | None, str]:
        """What a page can show of it that has no seat: event, page, client, and name."""
        return self.event.seq, self.to, self.slot.client, self.display.name

    def stages(self, settle_s: float, ms: float) -> Stages:
        """Return where the time went.

        Args:
            settle_s: how long the pin must be still before a level settles, in seconds.
            ms: the page's own figure: from the frame's arrival to the paint, in milliseconds.
        """
        before_s = max(0.0, self.turn_s - self.event.at_s)
        settled_s = min(settle_s, before_s)
        dwelt_s = min(self.event.certain_s - self.event.at_s, before_s - settled_s)
        # Two clocks: the page's figure begins when the frame arrives, which is when it was sent.
        after_s = ms / 1000
        arrived_s = self.sent_s if self.arrived_s is None else self.arrived_s
        moved_s = min(max(0.0, arrived_s - self.sent_s), after_s)
        return Stages(
            debounce=settled_s,
            dwell=dwelt_s,
            wake_up=before_s - settled_s - dwelt_s,
            send=max(0.0, self.sent_s - self.turn_s),
            navigation=moved_s,
            paint=after_s - moved_s,
        )
