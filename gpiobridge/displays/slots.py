"""How many displays may be open, and whose. Each takes a slot before its handshake is answered.

When a socket ends, its slot is kept for its page for a while. Otherwise a client that asks for
slots all the time would get the slot of a display that goes from one page to the next. With its
seat a page proves that it is the same display. Open and kept slots count alike, in total and for
their client. There is one exception: if very many slots are kept for one client, whose sockets come
and go without seats, the youngest of them goes to that client's next socket.

HTTP threads take slots, and the watcher's thread gives them back.
"""

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from gpiobridge.displays.journey import Journey, Shown
from gpiobridge.displays.screen import Screen

KEPT_S = 10.0
"""How long a slot is kept for the page whose socket has ended, in seconds."""

OF_THE_MACHINE = 2
"""How many slots are kept for displays of this machine itself: its kiosk, and one more to look."""

_MANY_KEPT = 50  # at least: this many displays may go from page to page at once
_SEAT_BYTES = 9


class NoSlotError(Exception):
    """There is no slot; the text is a sentence that names the bound that was met."""


def _new_seat() -> str:
    return secrets.token_urlsafe(_SEAT_BYTES)


@dataclass(eq=False, slots=True)
class Slot:
    """One socket's right to be open.

    Args:
        client: its owner, as `net.addresses` tells clients apart; None: this machine itself.
        seat: a random word that only its page knows, for one use: it brings the next socket here.
        began_s: when the first socket of its page took a slot, in monotonic seconds; each socket
            hands the slot on by its seat.
        instead_of: the slot whose seat it came with, until its handshake is done.
        until_s: when it ends, in monotonic seconds, once its socket has ended.
        closed_s: when its socket was closed, in monotonic seconds. The watcher's thread writes it.
        shown: what its page has said of being shown; None before. The watcher's thread writes it.
        journey: the way on which a press has sent it, until a page is shown; likewise.
        screen: its display, which its page's next socket has, too; likewise.
        on_page_s: since when its display is on its page, in monotonic seconds; likewise.
        taking_since_s: since when its page takes presses, as the bridge has heard it, in monotonic
            seconds: always (``-inf``), or not now (None); likewise.
    """

    client: str | None = None
    seat: str = field(default_factory=_new_seat)
    began_s: float = 0.0
    instead_of: "Slot | None" = None
    until_s: float = inf
    closed_s: float = inf
    shown: Shown | None = None
    journey: Journey | None = None
    screen: Screen | None = None
    on_page_s: float = 0.0
    taking_since_s: float | None = -inf

    @property
    def deaf_s(self) -> float:
        """Since when its display receives nothing, in monotonic seconds; ``inf`` while it does."""
        return min(self.closed_s, self.until_s - KEPT_S)


class Slots:
    """All slots.

    Args:
        limit: the most that may be taken at once.
        per_client: the most that one client may take; this machine itself has no such bound.
        of_the_machine: how many are kept for this machine itself. If the limit is not higher, none
            are kept: others would have none.
        now: gives monotonic seconds.
    """

    def __init__(
        self,
        limit: int,
        per_client: int | None = None,
        of_the_machine: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._per_client = limit if per_client is None else per_client
        self._of_the_machine = of_the_machine if limit > of_the_machine else 0
        self._now = now
        self._taken: set[Slot] = set()  # open ones and kept ones
        self._of_client: Counter[str | None] = Counter()
        self._by_seat: dict[str, Slot] = {}
        self._kept: deque[Slot] = deque()  # in the order of their ends
        self._lock = threading.Lock()

    def take(self, client: str | None = None, seat: str = "") -> Slot:
        """Take a slot.

        Args:
            client: the socket's owner.
            seat: the seat that the page's socket before was given, or nothing. It brings that
                socket's slot even if everything is full, and the slot still counts for the same
                client.

        Raises:
            NoSlotError: there is none for this client.
        """
        with self._lock:
            self._expire_locked()
            before = self._by_seat.pop(seat, None)
            if before is not None:
                self._remove_locked(before)
                again = Slot(before.client, began_s=before.began_s, instead_of=before)
                return self._add_locked(again)
            if (refusal := self._refusal_locked(client)) and not self._make_room_locked(client):
                raise NoSlotError(refusal)
            return self._add_locked(Slot(client, began_s=self._now()))

    def give_back(self, slot: Slot, *, keep: bool = True) -> None:
        """Keep the slot of a socket that has ended, for a while, for its page's next socket.

        Args:
            slot: its slot.
            keep: False if its page has broken a rule: then the slot is free at once.
        """
        with self._lock:
            slot.until_s = self._now() + (KEPT_S if keep else 0.0)
            if slot not in self._taken:  # its page's next socket has the slot
                return
            if keep:
                self._kept.append(slot)
            else:
                self._remove_locked(slot)

    def forget(self, slot: Slot) -> None:
        """Give back the slot of a failed handshake; the seat it came with is valid again."""
        with self._lock:
            before = slot.instead_of
            if slot in self._taken:
                self._remove_locked(slot)
            if before is not None and before.until_s > self._now():
                self._add_locked(before)
                if before.until_s < inf and before not in self._kept:
                    self._kept.append(before)

    @property
    def taken(self) -> int:
        """How many are taken now, kept ones included."""
        with self._lock:
            self._expire_locked()
            return len(self._taken)

    def _refusal_locked(self, client: str | None) -> str:
        """Say why there is no slot for a client; empty if there is one."""
        limit, own = self._limit, self._of_the_machine
        if len(self._taken) >= limit:
            return f"All {limit} displays are taken."
        if client is None:
            return ""
        if len(self._taken) - self._of_client[None] >= limit - own:
            return (
                f"All {limit} displays are taken, except {own} that are kept for this machine "
                "itself."
            )
        if self._of_client[client] >= self._per_client:
            return (
                f"All {self._per_client} displays of {client} are taken: "
                "limits.displays_per_address says how many one address may have."
            )
        return ""

    def _make_room_locked(self, client: str | None) -> bool:
        """Give up one slot if very many are kept for a client; return whether it did.

        This machine itself may have any slot kept for it: all its displays are the owner's.
        """
        kept = [slot for slot in self._kept if slot.client == client and slot in self._taken]
        bound = self._limit if client is None else min(self._limit, self._per_client)
        is_machine = client is None and self._of_the_machine > 0
        if len(kept) <= (0 if is_machine else max(_MANY_KEPT, bound // 2)):
            return False
        # The youngest: a client that comes and goes all the time loses only its own slots.
        self._remove_locked(max(kept, key=lambda slot: slot.began_s))
        return True

    def _add_locked(self, slot: Slot) -> Slot:
        self._taken.add(slot)
        self._of_client[slot.client] += 1
        self._by_seat[slot.seat] = slot
        return slot

    def _remove_locked(self, slot: Slot) -> None:
        self._taken.remove(slot)
        self._by_seat.pop(slot.seat, None)
        self._of_client[slot.client] -= 1
        if not self._of_client[slot.client]:
            del self._of_client[slot.client]

    def _expire_locked(self) -> None:
        now_s = self._now()
        while self._kept and self._kept[0].until_s <= now_s:
            slot = self._kept.popleft()
            if slot in self._taken:
                self._remove_locked(slot)
