"""Orders of the application: whom each sent away, and who should have been."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from faults.graph import Graph
from faults.oracle.facts import Move
from faults.oracle.life import Landing, Socket, Stretch
from faults.oracle.pauses import Fate


@dataclass(frozen=True, slots=True)
class Sent:
    """A display was told to leave, by no press, and an order may have been the reason.

    Args:
        order: the order.
        place: how many moves it had made.
        seq: the event that it had been told last.
        at_s: when.
        declined: whether the page took it for a level, and declined.
    """

    order: Move
    place: int
    seq: int
    at_s: float
    declined: bool
    kind: ClassVar[str] = "order"

    def leads(self, graph: Graph, page: str, place: int, since: int) -> str | None:
        """Where it leads, if the display has made ``place`` moves."""
        return self.order.to if place == self.place else None

    def fate(self, graph: Graph, page: str, place: int) -> Fate:
        """Levels may be the reason as well."""
        return Fate.OPEN

    def moved(self, stretch: Stretch, place: int) -> bool:
        """Whether it can be what made a display's move from there, whose page is right."""
        return not self.declined and not stretch.pressed[place]

    def stayed(self, place: int) -> str | None:
        """Who declined stayed; that is then said of the levels."""
        return None

    def explains(self, landing: Landing) -> bool:
        """Whether it may be the reason for what followed a look at the levels."""
        return landing.place == self.place and landing.sent_to == self.order.to

    def told(self, stretch: Stretch, until_s: float) -> bool:
        """Whether the display had surely met it."""
        return True

    def __str__(self) -> str:
        return f"the order {self.order.number}"


def sent_by(stretch: Stretch, name: str, orders: Sequence[Move]) -> list[Sent]:
    """The orders that may have sent a display away, each at most once, in order.

    Args:
        stretch: what the display did.
        name: what it is called.
        orders: of that life of the server, in order.
    """
    found: list[Sent] = []
    left = list(orders)
    for socket in stretch.sockets:
        if socket.sent_to is None:
            continue
        order = next((order for order in left if _can(order, socket, name)), None)
        if order is not None:
            left = left[left.index(order) + 1 :]
            found.append(Sent(order, socket.place, socket.cause, socket.closed_s, socket.stayed))
    return found


def _can(order: Move, socket: Socket, name: str) -> bool:
    """Whether an order can be what closed a socket."""
    if not order.is_for(name, socket.on) or order.to != socket.sent_to:
        return False
    behind = any(number > order.number for number, _ in socket.got)
    return order.sent_s <= socket.closed_s and socket.sent_s <= order.done_s and not behind


def swallowed(stretch: Stretch, name: str, orders: Sequence[Move]) -> Iterator[Move]:
    """The orders that must have sent a display away, and did not.

    What the application sends goes out in the order in which it was sent: who gets a message that
    is behind an order, on a socket that was there before it, has not been sent away by that.
    """
    for order in orders:
        for socket in stretch.sockets:
            was_there = socket.got_s <= order.sent_s and order.is_for(name, socket.on)
            behind = any(number > order.number for number, _ in socket.got)
            if order.acked and was_there and behind:
                yield order
                break
