"""Orders of the application on their way to the watcher.

Any thread puts them in, the watcher's takes them out. Beyond a limit the one that puts waits: the
watcher itself waits for no display, so room comes within milliseconds.
"""

import threading
from collections import deque
from collections.abc import Iterator

from gpiobridge.displays.audience import Order

MAX_ORDERS = 1000
"""So many may wait for the watcher."""


class OrderQueue:
    """First in, first out; the one that puts waits while it is full."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, order: Order, *, wait: bool = True) -> None:
        """Add an order, when there is room; after `close` it is dropped.

        Args:
            order: the order.
            wait: for room; the thread that takes them out must not.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._closed or len(self._orders) < MAX_ORDERS)
            if not self._closed:
                self._orders.append(order)

    @property
    def waiting(self) -> bool:
        """Whether there is an order to take."""
        return bool(self._orders)

    def take(self) -> Iterator[Order]:
        """Take the orders out one by one, the oldest first; the watcher's thread only."""
        while self._orders:
            with self._changed:
                order = self._orders.popleft()
                self._changed.notify()
            yield order

    def close(self) -> None:
        """Drop what waits, and let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._orders.clear()
            self._changed.notify_all()
