"""As much of HTTP and WebSocket as a display needs, on asyncio streams, and no more.

Written out instead of taken from a library so that a display can do what a browser does to its
socket: forget it, stop reading it, be cut in the middle of a frame.
"""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA

FAILURES = (OSError, EOFError, asyncio.LimitOverrunError, ValueError)
"""What a broken connection raises here (an incomplete read is an EOFError)."""


class RefusedError(OSError):
    """The handshake was answered with something other than 101."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A close frame."""

    code: int
    reason: str


async def request(method: str, port: int, path: str) -> tuple[int, str]:
    """One HTTP request on a connection of its own; return its status and body.

    Raises:
        OSError, EOFError: the connection failed.
    """
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        status, headers = await read_head(reader)
        body = b""
        if method != "HEAD":
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        return status, body.decode()
    finally:
        writer.close()


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Read a response's status and headers, whose names are in lower case."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split(" ")[1]), headers


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping of ours: whatever was sent before it has been dealt with."""

    number: int


class WebSocket:
    """A client's socket after its handshake; `open_websocket` makes one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.last_frame_s = time.monotonic()

    async def frame(self) -> dict[str, Any] | Closed | Pong:
        """The next message, the answer to a ping, or the close.

        Raises:
            OSError, EOFError: the connection failed.
        """
        while True:
            head = await self._reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                length = struct.unpack("!H", await self._reader.readexactly(2))[0]
            body = await self._reader.readexactly(length)
            self.last_frame_s = time.monotonic()
            match head[0] & 0x0F:
                case 0x1:
                    message: dict[str, Any] = json.loads(body)
                    return message
                case 0x8:
                    code = struct.unpack("!H", body[:2])[0] if body else 1005
                    return Closed(code, body[2:].decode())
                case 0x9:
                    self._send(_PONG, body)
                case 0xA:
                    return Pong(int(body))

    async def end(self) -> None:
        """Answer a close, and wait for the server to end the connection, as browsers do."""
        self._send(_CLOSE, b"")
        with contextlib.suppress(TimeoutError, *FAILURES):
            async with asyncio.timeout(2.0):
                await self._reader.read()
        self._writer.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._send(_TEXT, json.dumps(message).encode())

    def ping(self, number: int) -> None:
        """Ask for an answer with this number."""
        self._send(_PING, str(number).encode())

    def forget(self) -> None:
        """Say goodbye, and don't wait for an answer."""
        self._send(_CLOSE, b"")
        self._writer.close()

    def pause(self, paused: bool) -> None:
        """Stop reading, or go on."""
        transport = self._writer.transport
        with contextlib.suppress(RuntimeError):
            assert isinstance(transport, asyncio.Transport)  # both directions
            if paused:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _send(self, opcode: int, body: bytes) -> None:
        if self._writer.is_closing():
            return
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))
        self._writer.write(bytes([0x80 | opcode, 0x80 | len(body)]) + mask + masked)


async def open_websocket(port: int, path: str) -> WebSocket:
    """Open a WebSocket.

    Raises:
        RefusedError: the server said no.
        OSError, EOFError: the connection failed.
    """
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nOrigin: http://{HOST}:{port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        status, _ = await read_head(reader)
        if status != 101:
            raise RefusedError(f"{path} was answered with {status}")
    except BaseException:
        writer.close()
        raise
    return WebSocket(reader, writer)
