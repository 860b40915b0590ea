"""Which of the open pages receive a frame, which leave, and their beats.

A display is in the hub from its handshake to its end. `sockets` has what goes out, `inbox` what
comes in. ``TCP_USER_TIMEOUT`` and unanswered beats reveal a dead peer; WebSocket pings prove
nothing about a page.

Between an edge that moves a display and its close, nothing else is sent: a frame after an edge
tells the page that the edge led nowhere. If something other than an edge moves the display, a beat
comes before the close.

The hub doesn't know what a pin's event means. Only the watcher's thread uses it, so there is no
lock.
"""

import selectors
from collections.abc import Callable, Collection, Iterable, Sequence

from gpiobridge.core import wire
from gpiobridge.core.events import CloseClients, Route, RouteClients
from gpiobridge.core.wire import Close
from gpiobridge.displays.audience import EVERYONE, SIMULATOR, Audience
from gpiobridge.displays.connection import Connection, text_frame
from gpiobridge.displays.frames import Frames, OnOutput, OnShown
from gpiobridge.displays.inbox import Inbox
from gpiobridge.displays.observer import DisplayObserver, Gone
from gpiobridge.displays.quotas import Quotas
from gpiobridge.displays.slots import Slots
from gpiobridge.displays.sockets import Sockets


class Hub:
    """All displays.

    Args:
        selector: the watcher's; each socket is registered with its `Connection` as data.
        slots: given back when a display is gone.
        beat_s: after this many seconds without a frame every display receives a beat.
        observers: hear what displays do.
        on_taking: called when a page has said whether it takes presses.
        pages: the names of all pages.
        on_shown: called when a page has said that it is shown, with its cursor and its figure.
        on_visible: called when a page has said whether it can be seen.
        on_gone: called when a display's socket has ended.
        on_output: called when a page wants to set an output.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        slots: Slots,
        beat_s: float,
        observers: Sequence[DisplayObserver] = (),
        on_taking: Callable[[Connection], None] = lambda connection: None,
        pages: Collection[str] = (),
        on_shown: OnShown = lambda connection, cursor, ms, now_s: None,
        on_visible: Callable[[Connection], None] = lambda connection: None,
        on_gone: Callable[[Connection], None] = lambda connection: None,
        on_output: OnOutput = lambda connection, fields: None,
    ) -> None:
        quotas = Quotas()
        frames = Frames(observers, on_taking, pages, on_shown, on_visible, on_output)
        self._sockets = Sockets(selector, slots, quotas, observers, on_gone)
        self._inbox = Inbox(self._sockets, quotas, frames)
        self._beat_s = beat_s
        self._beat_frame = text_frame(wire.BEAT)
        self._last_sent_s = 0.0

    @property
    def connections(self) -> set[Connection]:
        """The connections that are open, or have yet to hang up."""
        return self._sockets.open

    def adopt(
        self,
        connection: Connection,
        texts: Iterable[str],
        now_s: float,
        messages: Iterable[bytes] = (),
    ) -> None:
        """Take a display over from its handshake; send it ``texts``, then ``messages``."""
        if not self.connections:
            self._last_sent_s = now_s
        self._sockets.add(connection)
        self.tell(connection, texts)
        for message in messages:
            self._sockets.send_message(connection, message)
        self._inbox.take_early(connection, now_s)

    def broadcast(self, text: str, now_s: float) -> None:
        """Send a text frame, encoded once, to every display."""
        self._broadcast(text_frame(text), now_s)

    def push(self, message: bytes, audience: Audience) -> int:
        """Send a message's frame to the displays it is for, behind the messages that already wait.

        Returns:
            How many displays it is for.
        """
        # It is no sign of life for other displays: beats go on as if it had not been sent.
        connections = self._of(audience)
        for connection in connections:
            self._sockets.send_message(connection, message)
        return len(connections)

    def move(self, path: str, audience: Audience, now_s: float) -> int:
        """Make the displays of an audience leave for ``path``; return how many were sent there.

        Those stay that are shut.
        """
        return sum(
            self.send_away(connection, path, now_s)
            for connection in self._of(audience)
            if not connection.standing.shut
        )

    def navigate(self, path: str, order: CloseClients, now_s: float) -> list[Connection]:
        """Make the displays leave that the core's order is for.

        Args:
            path: the path of the next page, without the display's URL prefix.
            order: says who leaves.
            now_s: monotonic seconds.

        Returns:
            The displays that were sent there.
        """
        after, began_s = order.after, order.began_s
        leaving = [
            connection
            for connection in self._sockets.live
            if connection.display.page == order.page
            and _takes(connection, after, began_s)
            and connection.standing.obeys(order.pin)
        ]
        return self._lead(leaving, path, order.first, now_s)

    def routes(self, order: RouteClients) -> list[tuple[str, Route]]:
        """Find the routes that count: those with a display on their page that takes the press."""
        event = order.event
        return [
            (page, route)
            for page, route in order.routes
            if any(
                connection.display.page == page
                and _takes(connection, event.began, event.began_s)
                and connection.standing.has_part_in(event.pin, route)
                for connection in self._sockets.live
            )
        ]

    def follow(
        self, order: RouteClients, route: Route, path: str, now_s: float, *, late: bool = False
    ) -> list[Connection]:
        """Make the displays leave that a route names, except those that are there already.

        Args:
            order: the press.
            route: the route.
            path: the path of its page, without the display's URL prefix.
            now_s: monotonic seconds.
            late: whether the press has been told before.

        Returns:
            The displays that were sent there.
        """
        leaving = [
            connection
            for connection in self._sockets.live
            if connection.display.name in route.displays
            and connection.display.page not in (route.to, SIMULATOR)
            and _takes(connection, order.event.began, order.event.began_s)
        ]
        if late:
            return [each for each in leaving if self.send_away(each, path, now_s)]
        return self._lead(leaving, path, order.first, now_s)

    def _lead(
        self, leaving: Sequence[Connection], path: str, first: str | None, now_s: float
    ) -> list[Connection]:
        """Close the sockets of displays that a press moves, behind the press's frame."""
        if first is not None and leaving:
            frame = text_frame(first)
            for connection in leaving:
                self._sockets.send(connection, frame)
        return [connection for connection in leaving if self.leave(connection, path, now_s)]

    def leave(self, connection: Connection, path: str, now_s: float) -> bool:
        """Close one display's socket with the path of its next page; False if it has gone."""
        if connection not in self._sockets.live:
            return False
        connection.slot.journey = None  # what it shows next is no longer due to the press before
        self.close(connection, Close.NAVIGATE, connection.root + path, now_s)
        return connection in self.connections

    def send_away(self, connection: Connection, path: str, now_s: float) -> bool:
        """Do as `leave` does, when the reason is not a press."""
        # A close right behind an edge belongs to that press, and a page may decline or ignore it.
        self._sockets.send(connection, self._beat_frame)
        return self.leave(connection, path, now_s)

    def tell(self, connection: Connection, texts: Iterable[str]) -> None:
        """Send text frames to one display."""
        for text in texts:
            self._sockets.send(connection, text_frame(text))

    def close(self, connection: Connection, code: int, reason: str, now_s: float) -> None:
        """Close one display's socket with ``code`` and ``reason``."""
        self._sockets.close(connection, code, reason, now_s)

    def close_all(self, now_s: float) -> None:
        """Tell every display that the server stops."""
        for connection in list(self.connections):
            self.close(connection, Close.GOING_AWAY, "the server stops", now_s)

    def handle(self, connection: Connection, events: int) -> None:
        """Write to a display whose socket takes more; remember a display that can be read."""
        if events & selectors.EVENT_WRITE:
            self._sockets.flush(connection)
            if connection not in self.connections:
                return
        if events & selectors.EVENT_READ:
            self._sockets.ready[connection] = None

    @property
    def has_unread(self) -> bool:
        """Whether `read` has work."""
        return bool(self._sockets.ready)

    def read(self, now_s: float, has_time: Callable[[], bool] = lambda: True) -> None:
        """Read a little from each display that has sent something; see `Inbox.read`."""
        self._inbox.read(now_s, has_time)

    @property
    def deadline_s(self) -> float | None:
        """When `tick` is due, in monotonic seconds; None while there is nothing to do."""
        if not self.connections:
            return None
        beat_s = self._last_sent_s + self._beat_s
        closing_s = self._sockets.deadline_s
        return beat_s if closing_s is None else min(beat_s, closing_s)

    def tick(self, now_s: float) -> None:
        """Do what is due: send beats, and end displays that don't hang up."""
        self._sockets.drop_overdue(now_s)
        if self.connections and now_s >= self._last_sent_s + self._beat_s:
            self._count_beats()
            self._broadcast(self._beat_frame, now_s)

    def _count_beats(self) -> None:
        """Drop the displays that have answered before and leave too many beats unanswered."""
        silent = []
        for connection in self.connections:
            connection.unanswered_beats += 1
            if connection.unanswered_beats > wire.MISSED_BEATS and connection.answers_beats:
                silent.append(connection)
        for connection in silent:
            self._sockets.drop(connection, Gone.NO_ANSWER)

    def _broadcast(self, frame: bytes, now_s: float) -> None:
        self._last_sent_s = now_s
        self._sockets.send_to_all(frame)

    def _of(self, audience: Audience) -> list[Connection]:
        live = self._sockets.live
        if audience == EVERYONE:
            return list(live)
        return [connection for connection in live if audience.has(connection.display)]


def _takes(connection: Connection, began: int, began_s: float | None) -> bool:
    """Whether the page of a display takes a press that began then; see `CloseClients`."""
    standing = connection.standing
    return standing.since_seq < began and standing.takes(began_s)
