"""Drive the simulated pins: one kept-alive connection a pin, each level with its two times."""

import asyncio
import contextlib
import json
import socket
import time

from faults.oracle.facts import Drive
from faults.websocket import FAILURES, HOST, read_head

_IDLE_S = 2.0  # the server closes an idle connection after 5 s: don't meet it there
_ANSWER_S = 5.0


class Contact:
    """One pin of a running server.

    Args:
        port: of the server.
        pin: the pin's name.
    """

    def __init__(self, port: int, pin: str) -> None:
        self._port = port
        self._pin = pin
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._used_s = 0.0

    async def drive(self, level: str) -> Drive:
        """Set the level; the answer says when that was, at the earliest and at the latest."""
        if time.monotonic() - self._used_s > _IDLE_S:
            self.close()
        sent_s = time.monotonic()
        acked_s = None
        with contextlib.suppress(TimeoutError, *FAILURES):
            async with asyncio.timeout(_ANSWER_S):
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(HOST, self._port)
                    sock = self._writer.get_extra_info("socket")
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                body = json.dumps({"level": level})
                sent_s = time.monotonic()
                self._writer.write(
                    f"POST /simulator/pins/{self._pin} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
                )
                assert self._reader is not None
                status, _ = await read_head(self._reader)
                if status == 204:
                    acked_s = self._used_s = time.monotonic()
        if acked_s is None:
            self.close()
        return Drive(level, sent_s, acked_s)

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
