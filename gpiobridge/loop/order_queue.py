"""Orders of the application on their way to the watcher.

Any thread puts them in, and the watcher's takes them out. When the queue is full, the caller waits.
The watcher itself waits for no display, so there is room within milliseconds.
"""

import threading
from collections import deque
from collections.abc import Iterator

from gpiobridge.displays.audience import Move, PlaySound, Push
from gpiobridge.hours.orders import SetHours
from gpiobridge.outputs.orders import SetOutput

Order = Push | Move | SetOutput | PlaySound | SetHours
"""What the application may order."""

MAX_ORDERS = 1000
"""The most orders that may wait for the watcher."""


class OrderQueue:
    """First in, first out; `put` waits while it is full."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, order: Order, *, wait: bool = True) -> None:
        """Add an order when there is room; after `close` it is dropped.

        Args:
            order: the order.
            wait: whether to wait for room; the thread that takes orders out must not wait.
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
        """Drop waiting orders, and release every thread that waits for room."""
        with self._changed:
            self._closed = True
            self._orders.clear()
            self._changed.notify_all()
