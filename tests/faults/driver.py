"""Drive the pins, and speak for the application: kept-alive connections, answers with two times."""

import asyncio
import contextlib
import json
import socket
import time
from dataclasses import dataclass

from faults.oracle.facts import Drive
from faults.websocket import FAILURES, HOST, read_head

_IDLE_S = 2.0  # the server closes an idle connection after 5 s: don't meet it there
_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """When a request was sent, and when it was accepted; None if it wasn't."""

    sent_s: float
    acked_s: float | None


class Caller:
    """One kept-alive connection to a running server.

    Args:
        port: of the server.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._used_s = 0.0

    async def post(self, path: str, body: dict[str, object]) -> Answer:
        """Send a request; the answer says when it was dealt with, at the earliest and latest."""
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
                text = json.dumps(body)
                sent_s = time.monotonic()
                self._writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n"
                    f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
                )
                assert self._reader is not None
                status, headers = await read_head(self._reader)
                await self._reader.readexactly(int(headers.get("content-length", 0)))
                if status in (200, 204):
                    acked_s = self._used_s = time.monotonic()
                else:
                    raise AssertionError(f"{path} {text} was answered with {status}")
        if acked_s is None:
            self.close()
        return Answer(sent_s, acked_s)

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Contact(Caller):
    """One pin of a running server.

    Args:
        port: of the server.
        pin: the pin's name.
        wired: whether it is a simulated pin; else it has no wire, and is set by the API.
    """

    def __init__(self, port: int, pin: str, wired: bool) -> None:
        super().__init__(port)
        self._path = f"/simulator/pins/{pin}" if wired else f"/api/pins/{pin}"

    async def drive(self, level: str) -> Drive:
        """Set the level."""
        answer = await self.post(self._path, {"level": level})
        return Drive(level, answer.sent_s, answer.acked_s)

    async def press(self, level: str, rest: str, for_s: float) -> list[Drive]:
        """Set the level for a while: both are known with the answer."""
        body: dict[str, object] = {"level": level, "for": f"{for_s * 1000:g}ms"}
        answer = await self.post(self._path, body)
        sent_s, acked_s = answer.sent_s, answer.acked_s
        until_s = None if acked_s is None else acked_s + for_s
        return [
            Drive(level, sent_s, acked_s),
            Drive(rest, sent_s + for_s, until_s, None if acked_s is None else for_s),
        ]
