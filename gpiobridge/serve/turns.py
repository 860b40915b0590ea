"""Decide whose request is answered next: clients take turns, so none keeps the others waiting.

One client gets at most half of the HTTP threads for clients. All requests whose bodies are still
to come get at most half together. This machine's own requests come first and have no bound: a kiosk
must not wait for visitors, and a proxy speaks for everybody.

A client that is refused, or opens a socket, rests before its next turn. Either takes as long as
serving a page. Hundreds of clients that come again and again, without the token or to flood, would
keep Python busy with it.

Any thread. It imports nothing of the project.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

REST_S = 0.02
"""How long a client rests after it was refused or opened a socket, in seconds."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """A request that waits for an answer.

    Args:
        item: the caller's object for the request.
        client: the client, as `net.addresses` names it; None for this machine itself.
        slow: whether its body is still to come.
    """

    item: T
    client: str | None
    slow: bool


class Turns(Generic[T]):
    """Requests that wait for a thread.

    Args:
        threads: how many threads there are.
        most_slow: how many slow requests (bodies still to come) of one client may wait.
        most_slow_in_all: how many slow requests may wait in total, including this machine's.
        for_clients: how many threads all clients get together, not counting this machine; by
            default all threads.
        clock: returns monotonic seconds.
    """

    def __init__(
        self,
        threads: int,
        most_slow: int,
        most_slow_in_all: int,
        for_clients: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = threads
        self._half = max(1, threads // 2)
        self._for_clients = threads if for_clients is None else for_clients
        self._half_for_clients = max(1, self._for_clients // 2)
        self._most_slow = most_slow
        self._most_slow_in_all = most_slow_in_all
        self._waiting: dict[str | None, deque[Turn[T]]] = {}  # the next client first
        self._running: list[Turn[T]] = []
        self._slow_waiting: dict[Turn[T], None] = {}  # the oldest first
        # By client, the first to end first. A dict would walk past all that have ended.
        self._rest_until_s: OrderedDict[str, float] = OrderedDict()
        self._clock = clock
        self._lock = threading.Lock()

    def put(self, turn: Turn[T]) -> T | None:
        """Let a request wait.

        Returns:
            The item of the request that has to go instead, if any: the client's oldest slow
            request if that client has too many, or the oldest of all if there are too many.
        """
        with self._lock:
            self._waiting.setdefault(turn.client, deque()).append(turn)
            if not turn.slow:
                return None
            self._slow_waiting[turn] = None
            mine = sum(other.client == turn.client for other in self._slow_waiting)
            if turn.client is not None and mine > self._most_slow:
                return self._give_up_locked(turn.client)
            if len(self._slow_waiting) > self._most_slow_in_all:
                return self._give_up_locked(None)
            return None

    def give_up(self, client: str | None) -> T | None:
        """Take out the slow request that has waited longest; return None if none waits.

        Args:
            client: take a request of this client only; None for any client.
        """
        with self._lock:
            return self._give_up_locked(client)

    def next(self) -> Turn[T] | None:
        """Take the request to answer now; return None while none may be answered."""
        with self._lock:
            if len(self._running) >= self._threads:
                return None
            self._end_rests_locked()
            # A thousand displays may wait at once: look at them only if one of them may be next.
            of_clients = sum(running.client is not None for running in self._running)
            clients = self._waiting if of_clients < self._for_clients else ()
            for client in chain((None,), clients):  # this machine first
                if client in self._rest_until_s:
                    continue
                turns = self._waiting.get(client, deque())
                turn = next((turn for turn in turns if self._may_locked(turn)), None)
                if turn is None:
                    continue
                turns.remove(turn)
                self._slow_waiting.pop(turn, None)
                del self._waiting[client]
                if turns:
                    self._waiting[client] = turns  # now the last in the queue
                self._running.append(turn)
                return turn
            return None

    def done(self, turn: Turn[T]) -> None:
        """Note that a request from `next` has been answered."""
        with self._lock:
            self._running.remove(turn)

    def let_rest(self, client: str | None) -> None:
        """Let a client rest that was refused or opens a socket; this machine itself never rests."""
        if client is None:
            return
        with self._lock:
            self._rest_until_s.pop(client, None)
            self._rest_until_s[client] = self._clock() + REST_S  # the last of all to end

    def rest_s(self) -> float | None:
        """Return how long until the next waiting client has rested.

        Returns:
            Seconds; None while no waiting client rests, or while all threads are busy.
        """
        with self._lock:
            ends_s = [s for client, s in self._rest_until_s.items() if client in self._waiting]
            if not ends_s or len(self._running) >= self._threads:
                return None
            return max(0.0, min(ends_s) - self._clock())

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def _give_up_locked(self, client: str | None) -> T | None:
        turn = next((t for t in self._slow_waiting if client in (None, t.client)), None)
        if turn is None:
            return None
        del self._slow_waiting[turn]
        mine = self._waiting[turn.client]
        mine.remove(turn)
        if not mine:
            del self._waiting[turn.client]
        return turn.item

    def _end_rests_locked(self) -> None:
        now_s = self._clock()
        while self._rest_until_s:
            client, until_s = next(iter(self._rest_until_s.items()))
            if until_s > now_s:
                return
            del self._rest_until_s[client]

    def _may_locked(self, turn: Turn[T]) -> bool:
        """Tell whether a request may be answered now."""
        slow = [running for running in self._running if running.slow]
        if turn.slow and len(slow) >= self._half:
            return False
        if turn.client is None:
            return True
        of_clients = [running for running in self._running if running.client is not None]
        own = [running for running in of_clients if running.client == turn.client]
        return (
            len(of_clients) < self._for_clients
            and len(own) < self._half_for_clients
            and not (turn.slow and sum(r.slow for r in of_clients) >= self._half_for_clients)
        )
