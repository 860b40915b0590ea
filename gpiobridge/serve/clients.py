"""Track which client each open connection belongs to, and how many each client holds.

Any thread: it has a lock. It imports nothing of the project.
"""

import threading
from collections import Counter
from typing import Generic, TypeVar

ConnectionT = TypeVar("ConnectionT")


class Clients(Generic[ConnectionT]):
    """The clients that hold connections, named as in `net.addresses`; None is this machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[ConnectionT, str | None] = {}
        self._held: Counter[str | None] = Counter()

    def add(self, connection: ConnectionT, client: str | None) -> int:
        """Note a new connection; return how many its client holds now."""
        with self._lock:
            self._clients[connection] = client
            self._held[client] += 1
            return self._held[client]

    def of(self, connection: ConnectionT) -> str | None:
        """Return the client of a connection; None also if it is closed."""
        return self._clients.get(connection)

    def remove(self, connection: ConnectionT) -> None:
        """Forget a connection, unless it is already forgotten."""
        with self._lock:
            if connection not in self._clients:
                return
            client = self._clients.pop(connection)
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
