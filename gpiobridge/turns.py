"""Whose request is answered next: every client in turn, so that none keeps the others waiting.

Of the HTTP threads one client gets half at most, and so do all requests together whose bodies are
still to come. What this machine itself asks for has no bound: a proxy on it speaks for everybody.

Any thread; it imports nothing of the project.
"""

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """A request that is to be answered.

    Args:
        item: what stands for it.
        client: who asks, as `addresses` tells clients apart; None for this machine itself.
        slow: whether its body is still to come.
    """

    item: T
    client: str | None
    slow: bool


class Turns(Generic[T]):
    """Requests that wait for a thread.

    Args:
        threads: how many there are.
        most_slow: so many requests of one client may wait whose bodies are still to come.
    """

    def __init__(self, threads: int, most_slow: int) -> None:
        self._threads = threads
        self._half = max(1, threads // 2)
        self._most_slow = most_slow
        self._waiting: dict[str | None, deque[Turn[T]]] = {}  # the next client first
        self._answered: Counter[str | None] = Counter()
        self._slow = 0
        self._lock = threading.Lock()

    def put(self, turn: Turn[T]) -> T | None:
        """Let a request wait.

        Returns:
            What stands for the request that is given up for it: the oldest slow one of a client
            that has too many of them.
        """
        with self._lock:
            mine = self._waiting.setdefault(turn.client, deque())
            mine.append(turn)
            slow = [other for other in mine if other.slow]
            if turn.client is None or len(slow) <= self._most_slow:
                return None
            mine.remove(slow[0])
            return slow[0].item

    def next(self) -> Turn[T] | None:
        """Take the request that is to be answered now; None while none may be."""
        with self._lock:
            if self._answered.total() >= self._threads:
                return None
            for client, turns in self._waiting.items():
                turn = next((turn for turn in turns if self._may_locked(turn)), None)
                if turn is None:
                    continue
                turns.remove(turn)
                del self._waiting[client]
                if turns:
                    self._waiting[client] = turns  # behind all others
                self._answered[client] += 1
                self._slow += turn.slow
                return turn
            return None

    def done(self, turn: Turn[T]) -> None:
        """Note that a request which `next` gave has been answered."""
        with self._lock:
            self._answered[turn.client] -= 1
            if not self._answered[turn.client]:
                del self._answered[turn.client]
            self._slow -= turn.slow

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def _may_locked(self, turn: Turn[T]) -> bool:
        """Whether a request may be answered now."""
        mine = turn.client is None or self._answered[turn.client] < self._half
        return mine and not (turn.slow and self._slow >= self._half)
