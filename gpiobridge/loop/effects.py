"""What the core and the application order, carried out at the displays. The watcher's thread.

The observers hear of each thing as a fact, right after it is done.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

from gpiobridge.core import wire
from gpiobridge.core.clock import Clock
from gpiobridge.core.core import Core
from gpiobridge.core.events import (
    Broadcast,
    CloseClients,
    Effect,
    Notice,
    Now,
    PinEvent,
    PinNoisy,
    RouteClients,
    Welcome,
)
from gpiobridge.displays.audience import SIMULATOR, Audience, Move, PlaySound, Push
from gpiobridge.displays.connection import LINES, Connection
from gpiobridge.displays.hub import Hub
from gpiobridge.displays.observer import MovedBy
from gpiobridge.displays.recent_sounds import RecentSounds
from gpiobridge.displays.retained_messages import RetainedMessages
from gpiobridge.hours.orders import SetHours
from gpiobridge.hours.timekeeper import Timekeeper
from gpiobridge.loop.journeys import Journeys
from gpiobridge.loop.observer import Observer
from gpiobridge.loop.order_queue import Order
from gpiobridge.loop.screens import Screens
from gpiobridge.outputs.keeper import Keeper
from gpiobridge.outputs.orders import SetOutput, checked, read_for
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)


class Effects:
    """The hand of the core.

    Args:
        core: says what a display that joins receives.
        hub: the displays.
        paths: page name to its path, as closes name it.
        retained: messages for displays that join later.
        observers: hear what is done.
        clock: gives the time.
        journeys: follows the displays that an event moves.
        screens: follows what each display shows.
        outputs: takes orders for outputs, and answers presses with lamps.
        hours: says what is open.
    """

    def __init__(
        self,
        core: Core,
        hub: Hub,
        paths: Mapping[str, str],
        retained: RetainedMessages,
        observers: Sequence[Observer],
        clock: Clock,
        journeys: Journeys,
        screens: Screens,
        outputs: Keeper,
        hours: Timekeeper,
    ) -> None:
        self._core = core
        self._hub = hub
        self._paths = paths
        self._retained = retained
        self._observers = observers
        self._clock = clock
        self._journeys = journeys
        self._screens = screens
        self._outputs = outputs
        self._hours = hours
        self._hours_seq = 0  # the newest event when something last opened or closed
        self._sounds = RecentSounds()
        self._lines = LogRate(log, LINES)

    def carry_out(self, effects: Iterable[Effect], now_s: float) -> None:
        """Do what the core ordered at ``now_s``, in monotonic seconds."""
        turn_s = now_s
        event, sent_s = None, None
        for effect in effects:
            match effect:
                case PinEvent():
                    event, sent_s = effect, None
                    for observer in self._observers:
                        observer.pin_event(effect)
                case PinNoisy(pin):
                    for observer in self._observers:
                        observer.pin_noisy(pin)
                case Broadcast(text, at_s):
                    self._hub.broadcast(text, now_s)
                    now_s = sent_s = self._clock.now().mono_s
                    for observer in self._observers:
                        observer.frame_sent(now_s - at_s)
                case Notice(text):
                    self._hub.broadcast(text, now_s)
                case CloseClients(page, to):
                    left = self._hub.navigate(self._paths[to], effect, now_s)
                    self._follow(left, event, to, turn_s, sent_s)
                    self._tell_moved(page, to, len(left), MovedBy.PIN)
                case RouteClients():
                    self._route(effect, turn_s, sent_s, now_s)
        self._outputs.tick(self._clock.now().mono_s)  # before the log: a lamp answers a press
        for observer in self._observers:
            observer.carried_out()

    def obey(self, order: Order) -> None:
        """Do what the application ordered."""
        match order:
            case Push():
                self._retained.keep(order)
                sent = self._hub.push(order.frame, order.audience)
                for observer in self._observers:
                    observer.message_sent(order, sent)
            case Move(to, audience):
                self._move(to, audience)
            case SetOutput():
                self._outputs.set(order)
            case SetHours():
                self._hours.set(order)
            case PlaySound(sound, play):
                self._sounds.keep(order, self._clock.now().mono_s)
                # The simulator is no display of the exhibit.
                pages = map(Audience, self._paths)
                sent = sum(self._hub.push(order.frame, on_page) for on_page in pages)
                displays = f"{sent} display{'' if sent == 1 else 's'}"
                does = "is played" if play else "ends"
                self._lines.info("sound %s %s on %s", sound, does, displays)

    def join(self, connection: Connection) -> None:
        """Send a display that has joined what it must know, or to the page where it belongs."""
        display, now = connection.display, self._clock.now()
        if connection.refused:
            for observer in self._observers:
                observer.name_refused(display, connection.refused)
        # The state frame includes these levels, so the other displays must have them first.
        self.carry_out(self._core.tell_newest(now), now.mono_s)
        connection.slot.taking_since_s = taking_since_s = _taking_since_s(connection)
        connection.slot.on_page_s = _on_page_s(connection, now.mono_s)
        connection.heard_s = now.mono_s
        welcome = self._core.join(
            display.page,
            connection.cursors,
            now,
            connection.since,
            taking_since_s,
            connection.declined,
            connection.slot.seat,
            connection.pins,
            display.name,
            shut=display.page != SIMULATOR and self._hours.page_for(display.name) is not None,
        )
        connection.standing = welcome.standing
        self._journeys.joined(connection, now.mono_s)
        self._screens.joined(connection)
        messages: Iterable[bytes] = ()
        before = connection.slot.instead_of
        by_hours = self._by_hours(connection, now.mono_s)
        if welcome.to is None and by_hours is None:
            sounds = self._sounds.missed(before, now.mono_s)
            messages = (*self._retained.of(display), *sounds)
        texts = welcome.texts
        if welcome.to is None and by_hours is None and connection.taking_since_s != -inf:
            # The answer to this beat shows that what the page says of presses arrives. A page that
            # stops answering is dropped; otherwise the display would wait on a page that is locked
            # for ever.
            texts = (*texts, wire.BEAT)
        if display.page == SIMULATOR:
            states = self._outputs.states.items()
            texts = (*texts, *(wire.output_frame(name, each.state) for name, each in states))
        self._hub.adopt(connection, texts, now.mono_s, messages)
        if by_hours is not None:
            self._send(connection, by_hours, now.mono_s)
        else:
            self._lead(connection, welcome, now)
        self._catch_up(welcome.routes, now.mono_s)
        if before is not None and not (welcome.to is None and by_hours is None):
            # The next page is to hear of the sounds.
            connection.slot.closed_s = before.deaf_s

    def see_hours(self) -> None:
        """Do what follows from a change of what is open: displays and outputs change."""
        now = self._clock.now()
        self._hours_seq = self._core.seq
        self._outputs.see_hours(closed=self._hours.is_closed)
        # The newest levels go out first: a close by something else comes after them.
        self.carry_out(self._core.tell_newest(now), now.mono_s)
        for connection in list(self._hub.connections):
            display = connection.display
            if connection.closing or display.page not in self._paths:
                continue
            closed, was_shut = self._hours.page_for(display.name), connection.standing.shut
            if closed is not None:
                connection.standing = replace(connection.standing, shut=True)
                to = closed if closed != display.page else None
            else:
                if was_shut:  # what was pressed while it was closed has come to nothing
                    seq = self._core.seq
                    connection.standing = replace(
                        connection.standing, shut=False, after_seq=seq, since_seq=seq
                    )
                was_led = was_shut or self._hours.was_led(display.name, display.page)
                to = self._hours.start_of(display.name) if was_led else None
            if to is not None:
                self._send(connection, to, now.mono_s)
            elif was_shut is not connection.standing.shut:
                self._screens.said(connection)

    def _by_hours(self, connection: Connection, now_s: float) -> str | None:
        """Say where a display that comes must go because of the opening hours."""
        display = connection.display
        if display.page not in self._paths:
            return None
        began_seq = wire.resume_after((connection.since,), self._core.epoch)
        # A page to which an event has led since then is an ordinary one: somebody looks at it.
        comes_again = bool(connection.since) and (began_seq or 0) <= self._hours_seq
        return self._hours.leads(display.name, display.page, comes_again=comes_again, now_s=now_s)

    def _send(self, connection: Connection, to: str, now_s: float) -> None:
        """Make a display leave because of the opening hours."""
        page = connection.display.page
        if self._hub.send_away(connection, self._paths[to], now_s):
            self._tell_moved(page, to, 1, MovedBy.HOURS)
            self._lines.info("%s is sent to %s, because of the opening hours", connection, to)

    def look_again(self, connection: Connection) -> None:
        """Move a display for which a press or a level counts now that its page takes presses."""
        self._screens.said(connection)
        now = self._clock.now()
        welcome = self._core.look_again(connection.standing, now)
        self._catch_up(welcome.routes, now.mono_s)
        if welcome.to is None:  # else every "taking" of a page would send frames to all displays
            return
        # The newest levels go out first: a close by a level comes after them.
        self.carry_out(self._core.tell_newest(now), now.mono_s)
        self._hub.tell(connection, welcome.texts)
        self._lead(connection, welcome, now, by_level=not welcome.texts)

    def shown(self, connection: Connection, cursor: str, ms: float | None, now_s: float) -> None:
        """Take a page's word that it is on the screen; see `Journeys.shown`."""
        self._journeys.shown(connection, cursor, ms, now_s)
        self._screens.shown(connection)

    def set_output(self, connection: Connection, fields: Mapping[str, Any]) -> None:
        """Set an output for a page, if it may; a mistake of the page is a line in the log."""
        name = fields.get("output")
        settings = self._outputs.settings
        output = settings.get(name) if isinstance(name, str) else None
        if output is not None and not (output.from_pages and connection.is_allowed("outputs")):
            for observer in self._observers:
                observer.output_refused(connection.display, output.name)
            return
        try:
            for_s = read_for(fields["for"]) if "for" in fields else None
            state, by = fields.get("state"), str(connection)
            self._outputs.set(checked(settings, name, state, for_s, by=by))
        except ValueError as error:
            line = "%s wants to set an output: %s"
            self._lines.write(logging.WARNING, line, line, connection, error)

    def _lead(
        self, connection: Connection, welcome: Welcome, now: Now, *, by_level: bool = False
    ) -> None:
        """Make a display leave at once, if there is a page for it."""
        if (to := welcome.to) is None:
            return
        leave = self._hub.send_away if by_level else self._hub.leave
        if leave(connection, self._paths[to], now.mono_s):
            self._follow([connection], welcome.missed, to, now.mono_s, None)
            self._tell_moved(connection.display.page, to, 1, MovedBy.CATCHING_UP)
            self._lines.info("%s is sent to %s at once, for a press or a level", connection, to)

    def _route(
        self, order: RouteClients, turn_s: float, sent_s: float | None, now_s: float
    ) -> None:
        """Make the displays leave that the rules of other displays' pages name.

        Args:
            order: says who leaves.
            turn_s: when the event was taken up, in monotonic seconds.
            sent_s: when its frame had been sent; None: just now.
            now_s: the time.
        """
        for page, route in self._hub.routes(order):
            self._core.routed(page, order.event, route)
            left = self._hub.follow(order, route, self._paths[route.to], now_s)
            self._follow(left, order.event, route.to, turn_s, sent_s)
            self._tell_led(left, route.to, MovedBy.PIN)

    def _catch_up(self, routes: Iterable[RouteClients], now_s: float) -> None:
        """Lead other displays for the presses that a page has missed, as `_route` does in time."""
        for order in routes:
            for page, route in order.routes:
                self._core.routed(page, order.event, route)
                left = self._hub.follow(order, route, self._paths[route.to], now_s, late=True)
                self._tell_led(left, route.to, MovedBy.CATCHING_UP)

    def _follow(
        self,
        left: Iterable[Connection],
        event: PinEvent | None,
        to: str,
        turn_s: float,
        sent_s: float | None,
    ) -> None:
        """Follow the displays that an event has sent away, if it was one.

        Args:
            left: the displays.
            event: what moved them; None: a level, when they joined.
            to: the page that they were sent to.
            turn_s: when the event was taken up, in monotonic seconds.
            sent_s: when its frame had been sent; None: just now.
        """
        if event is None:
            return
        if sent_s is None:
            sent_s = self._clock.now().mono_s
        for connection in left:
            self._journeys.left(connection, event, to, turn_s, sent_s)
            self._screens.sent(connection, event)

    def _move(self, to: str, audience: Audience) -> None:
        """Move the displays of an audience to a page, except those already on it."""
        # The simulator's page does not belong to the exhibit: nothing moves it.
        pages = [page for page in self._paths if page != to and audience.page in (None, page)]
        for page in pages:
            those = replace(audience, page=page)
            sent = self._hub.move(self._paths[to], those, self._clock.now().mono_s)
            self._tell_moved(page, to, sent, MovedBy.APPLICATION)

    def _tell_led(self, left: Iterable[Connection], to: str, by: MovedBy) -> None:
        for page, displays in Counter(each.display.page for each in left).items():
            self._tell_moved(page, to, displays, by)

    def _tell_moved(self, page: str, to: str, displays: int, by: MovedBy) -> None:
        for observer in self._observers:
            observer.displays_moved(page, to, displays, by)


def _taking_since_s(connection: Connection) -> float | None:
    """Since when the page of a display that joins takes presses; None: not now.

    The later this page's word has come, the later the moment that it names. If the word before came
    late, some presses have come to nothing, and must not count now.
    """
    since_s, before = connection.taking_since_s, connection.slot.instead_of
    if since_s is None or not connection.since or before is None or before.taking_since_s is None:
        return since_s
    return max(since_s, before.taking_since_s)


def _on_page_s(connection: Connection, now_s: float) -> float:
    """Since when a display that joins is on its page: its page may have had a socket before."""
    before = connection.slot.instead_of
    return now_s if before is None or not connection.since else before.on_page_s
