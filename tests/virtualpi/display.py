"""A display without a browser: one WebSocket to a page of the guest, and the frames it gets.

Frames and close codes are those of the wire's contract (README.md of the project).
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gpiobridge.core.events import Level

_CONNECT_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class EdgeSeen:
    """An edge frame.

    Args:
        seq: its number.
        pin: the pin's name.
        event: what happened; an edge's event is its new level.
        level: the level after it.
        received_s: monotonic seconds of its arrival.
    """

    seq: int
    pin: str
    event: str
    level: Level
    received_s: float


class Display:
    """An open WebSocket whose state frame was read; made by `display`.

    Args:
        connection: the socket, of which nothing was read so far.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.state = self._frame(_CONNECT_LIMIT_S)

    def edges(self, driven: threading.Event, limit_s: float) -> list[EdgeSeen]:
        """Collect edges until the server has nothing more to say.

        A beat comes only when nothing else was sent for a while. So the first beat after the last
        edge was driven proves that all its frames have arrived.

        Args:
            driven: set by another thread when it has driven its last edge.
            limit_s: an error, if it takes longer.
        """
        end_s = time.monotonic() + limit_s
        seen = []
        while True:
            frame = self._frame(end_s - time.monotonic())
            now_s = time.monotonic()
            if frame["type"] == "edge":
                level = Level(frame["level"])
                seen.append(EdgeSeen(frame["seq"], frame["pin"], frame["event"], level, now_s))
            elif frame["type"] == "beat" and driven.is_set():
                return seen

    def wait_for(self, pin: str, level: Level, limit_s: float) -> None:
        """Read on until ``pin`` is at ``level``, which it may have been from the start."""
        end_s = time.monotonic() + limit_s
        known = self.state["pins"][pin]
        while known != level:
            frame = self._frame(end_s - time.monotonic())
            if frame["type"] == "edge" and frame["pin"] == pin:
                known = frame["level"]

    def say_shown(self) -> None:
        """Say that the page is on the screen."""
        cursor = f"{self.state['epoch']}:{self.state['seq']}"
        self._connection.send(json.dumps({"type": "shown", "cursor": cursor}))

    def close_code(self, limit_s: float) -> int | None:
        """Read on until the server closes the socket, and return its code, if it gave one."""
        end_s = time.monotonic() + limit_s
        while True:
            try:
                self._frame(end_s - time.monotonic())
            except ConnectionClosed as error:
                return error.rcvd.code if error.rcvd else None

    def _frame(self, limit_s: float) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self._connection.recv(limit_s))
        return frame


@contextmanager
def display(port: int, page: str) -> Iterator[Display]:
    """Open a display on a page, as a browser would.

    Args:
        port: the guest's port on this host.
        page: the page's name, and a query if there is one.
    """
    address = f"ws://127.0.0.1:{port}/ws/{page}"
    # With a socket given, the client looks for no proxy.
    tcp = socket.create_connection(("127.0.0.1", port), _CONNECT_LIMIT_S)
    with connect(address, sock=tcp, compression=None, close_timeout=2) as connection:
        yield Display(connection)
