"""Whose the open connections are, and how many each client holds. Any thread: it has a lock.

It imports nothing of the project.
"""

import threading
from collections import Counter
from typing import Generic, TypeVar

ConnectionT = TypeVar("ConnectionT")


class Clients(Generic[ConnectionT]):
    """The clients that hold connections, as `net.addresses` names them; None is this machine."""

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
        """Say whose a connection is; None, too, for one that is closed."""
        return self._clients.get(connection)

    def remove(self, connection: ConnectionT) -> None:
        """Forget a connection, unless that is done."""
        with self._lock:
            if connection not in self._clients:
                return
            client = self._clients.pop(connection)
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
