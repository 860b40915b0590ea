"""From a press to the next page on the screen: how long each display takes, and which never shows.

A display is the same from page to page by its slot, which the next page gets by its seat. A page
without a seat is matched by the event that its cursor names, if such a display is on its way there.
The watcher's thread.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from gpiobridge.core import wire
from gpiobridge.core.events import PinEvent
from gpiobridge.displays.connection import Connection
from gpiobridge.displays.journey import Journey, Shown
from gpiobridge.loop.observer import Observer

NOT_SHOWN_S = 10.0
"""How long the next page has to be shown, in seconds; then the press counts as not shown."""

_CLOCKS_S = 10.0  # by how much a page's figure may exceed our own: its clock may have been set


class Journeys:
    """All displays that a press has moved, and that have shown no page since.

    Args:
        epoch: the name of this run.
        settle_s: pin name to how long a level must last to settle, in seconds.
        observers: hear of pages that are shown, and of presses that are not.
    """

    def __init__(
        self, epoch: str, settle_s: Mapping[str, float], observers: Sequence[Observer]
    ) -> None:
        self._epoch = epoch
        self._settle_s = settle_s
        self._observers = observers
        # When each is given up; the earliest first. A dict would walk past all that were taken out
        # before its first one.
        self._due: OrderedDict[Journey, float] = OrderedDict()
        self._of_key: dict[tuple[int, str, str | None, str], dict[Journey, None]] = {}

    def left(
        self, connection: Connection, event: PinEvent, to: str, turn_s: float, sent_s: float
    ) -> None:
        """Follow a display that was just sent away.

        Args:
            connection: its socket.
            event: what moved it.
            to: the page that it was sent to.
            turn_s: when the watcher took the event up, in monotonic seconds.
            sent_s: when the event's frame had been sent.
        """
        slot, display = connection.slot, connection.display
        # A program never says what it shows. A hidden page shows nothing.
        watched = slot.shown is not None and display.visible
        journey = Journey(event, display, to, slot, turn_s, sent_s, watched)
        slot.journey = journey
        self._due[journey] = sent_s + NOT_SHOWN_S
        self._of_key.setdefault(journey.key, {})[journey] = None

    def joined(self, connection: Connection, now_s: float) -> None:
        """Take note of a display that has come, before its slot is its own for good."""
        slot, before = connection.slot, connection.slot.instead_of
        if before is None:
            return
        if connection.since:  # the same page as before: that it is shown counts once
            slot.shown = before.shown
        slot.journey, before.journey = before.journey, None
        journey = slot.journey
        if journey is None:
            return
        self._forget_key(journey)
        journey.slot = slot
        page = connection.display.page
        # Then it has noticed the press: it has declined to leave, or plays its farewell.
        has_stayed = page == journey.display.page and page != journey.to
        if has_stayed or not connection.display.visible:
            journey.watched = False
        elif journey.arrived_s is None:
            journey.arrived_s = now_s

    def shown(self, connection: Connection, cursor: str, ms: float | None, now_s: float) -> None:
        """Take a page's word that it is on the screen; it counts once for each page.

        Args:
            connection: its socket.
            cursor: the event that led to it, as the page says.
            ms: how long it took from that event's frame, as the page says, in milliseconds; None:
                no event led to it.
            now_s: when its word was read, in monotonic seconds.
        """
        slot = connection.slot
        if slot.shown is not None:
            return
        journey, slot.journey = slot.journey, None
        if journey is None and ms is not None:
            journey = self._without_seat(connection, cursor)
        shown = Shown()
        if journey is not None and not journey.over:
            ours = cursor == wire.cursor(self._epoch, journey.event.seq)
            # No page can have been longer on its way than since then: one such figure would make
            # every sum and mean of them useless.
            if ms is not None and ours and ms / 1000 <= now_s - journey.sent_s + _CLOCKS_S:
                settle_s = self._settle_s.get(journey.event.pin, 0.0)
                shown = Shown(journey.event, journey.stages(settle_s, ms))
            journey.over = True
            self._forget(journey)
        slot.shown = shown
        for observer in self._observers:
            observer.page_shown(connection.display, shown)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` has work, in monotonic seconds; None while no display is on its way."""
        return next(iter(self._due.values()), None)

    def tick(self, now_s: float) -> None:
        """Give up the displays that have shown nothing for too long."""
        while self._due:
            journey, due_s = next(iter(self._due.items()))
            if due_s > now_s:
                return
            self._forget(journey)  # its slot still has it: a page that is late has its figure
            if journey.watched and journey.slot.journey is journey:
                for observer in self._observers:
                    observer.press_not_shown(journey.event, journey.display, journey.to)

    def _without_seat(self, connection: Connection, cursor: str) -> Journey | None:
        """Find a display that is on its way to this page, by the event that the page names."""
        seq = wire.resume_after((cursor,), self._epoch)
        if seq is None:
            return None
        display, slot = connection.display, connection.slot
        journeys = self._of_key.get((seq, display.page, slot.client, display.name))
        if not journeys:
            return None
        journey = next(iter(journeys))
        journey.arrived_s = slot.began_s
        return journey

    def _forget(self, journey: Journey) -> None:
        self._due.pop(journey, None)
        self._forget_key(journey)

    def _forget_key(self, journey: Journey) -> None:
        same = self._of_key.get(journey.key)
        if same is not None:
            same.pop(journey, None)
            if not same:
                del self._of_key[journey.key]
