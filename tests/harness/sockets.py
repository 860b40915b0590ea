"""What comes to a page's socket: its frames, and how it is closed."""

import contextlib
import json
import time
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from harness.deadline import DEADLINE_S


def frame(connection: ClientConnection, kind: str | None = None) -> dict[str, Any]:
    """The next frame (of a kind, passing over beats)."""
    until_s = time.monotonic() + DEADLINE_S
    while True:
        message = json.loads(connection.recv(timeout=until_s - time.monotonic()))
        if message["type"] != "beat" or kind == "beat":
            assert kind is None or message["type"] == kind, message
            return message


def close_of(connection: ClientConnection) -> tuple[int | None, str | None]:
    """Read to the end: code and reason of the close."""
    until_s = time.monotonic() + DEADLINE_S
    with contextlib.suppress(ConnectionClosed):
        while True:
            connection.recv(timeout=until_s - time.monotonic())
    return connection.protocol.close_code, connection.protocol.close_reason
