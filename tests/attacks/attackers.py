"""What strangers do. Run in a process of its own, so that it takes no time from who measures.

``python -m attacks.attackers NAME PORT SECONDS``, in ``tests/``. It prints ``going`` once every
stranger has begun, and at its end a line of JSON: what happened to them, and how often.
"""

import asyncio
import contextlib
import json
import re
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from attacks.catalogue import ATTACKS, KNOWS, Strangers
from attacks.conformance import TEXT, frame
from attacks.handshakes import request

BAD_HEADERS = (
    b"Authorization: Basic \xff",
    b"Authorization: Basic AAAA\xff\xfe",
    b"Authorization: Bearer \xff\xff",
    b"Authorization: \xe2\x82",
    b"Authorization: Digest username=\xff, nonce",
    b"Cookie: gpiobridge=\xff; =\xfe; ;;;",
    b"Range: bytes=\xb2-\xb3",
    b"Content-Length: \xb2",
    b"Content-Length: -1",
    b"If-Modified-Since: \xff",
    b"If-None-Match: \xff\"W/",
    b"Accept: \xff;q=\xb2",
    b"Content-Type: multipart/form-data; boundary=\xff",
    b"Transfer-Encoding: \xff",
    b"Origin: http://[\xff",
    b"Host: [\xff",
    b"X-Forwarded-For: \xff",
    b"\xff: \xff",
    b"No colon",
    b": no name",
)  # fmt: skip


class Stranger:
    """One client: where it connects to, from where, and what has happened."""

    def __init__(self, port: int, address: str, pause_s: float, noted: Counter[str]) -> None:
        self.port = port
        self.address = address
        self.pause_s = pause_s
        self.noted = noted
        self.begun = asyncio.Event()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect from its own address."""
        streams = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(self.address, 0)
        )
        self.noted["connections"] += 1
        return streams

    async def for_ever(
        self, after_s: float, does: Callable[..., Awaitable[None]], **options: object
    ) -> None:
        """Do it again and again, whatever the server does; begin after so many seconds."""
        await asyncio.sleep(after_s)
        while True:
            try:
                await does(self, **options)
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                self.noted[type(error).__name__] += 1
            self.begun.set()
            await asyncio.sleep(self.pause_s)


async def drip(stranger: Stranger, *, opening: str, piece: str = "a", every_s: float = 3.0) -> None:
    """Begin a request, and go on with it slowly until the server hangs up."""
    reader, writer = await stranger.connect()
    try:
        writer.write(opening.encode())
        stranger.begun.set()
        ended = asyncio.ensure_future(_read_to_the_end(reader, stranger.noted))
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=every_s)
                writer.write(piece.encode())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await writer.drain()
        finally:
            ended.cancel()
    finally:
        writer.transport.abort()


async def _read_to_the_end(reader: asyncio.StreamReader, noted: Counter[str]) -> None:
    with contextlib.suppress(OSError):
        data = await reader.read(65536)
        if data.startswith(b"HTTP/1.1 "):
            noted[data[9:12].decode()] += 1
        while data:
            data = await reader.read(65536)
    noted["ended by the server"] += 1


async def ask_without_token(stranger: Stranger, *, every_s: float) -> None:
    """Ask for a page without the token, again and again on one connection."""
    reader, writer = await stranger.connect()
    try:
        while True:
            began_s = time.monotonic()
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            stranger.begun.set()
            head = await reader.readuntil(b"\r\n\r\n")
            stranger.noted[head[9:12].decode()] += 1
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            await asyncio.sleep(max(0.0, began_s + every_s - time.monotonic()))
    except asyncio.IncompleteReadError:
        stranger.noted["ended by the server"] += 1
        await asyncio.sleep(max(0.0, began_s + every_s - time.monotonic()))
    finally:
        writer.transport.abort()


def _handshake(port: int) -> bytes:
    return request(more=(KNOWS.rstrip(),)).replace(b"{port}", b"%d" % port)


async def take_displays(stranger: Stranger) -> None:
    """Open a display and keep it; if there is no room, ask again every 10 ms."""
    while True:
        reader, writer = await stranger.connect()
        try:
            writer.write(_handshake(stranger.port))
            head = await reader.readuntil(b"\r\n\r\n")
            stranger.begun.set()
            stranger.noted[head[9:12].decode()] += 1
            if head.startswith(b"HTTP/1.1 101"):
                while await reader.read(65536):
                    pass
        finally:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def flood(stranger: Stranger, *, sockets: int, frames: int) -> None:
    """Once a second send so many frames over each of so many sockets, all at the same time.

    They are right, only many: what a turn may take is the worst when all of them wait at once.
    """
    many = frame(TEXT, b'{"type":"x"}') * frames
    live: set[asyncio.StreamWriter] = set()
    keepers = [asyncio.create_task(_keep_open(stranger, live)) for _ in range(sockets)]
    next_s = time.monotonic()
    try:
        while True:
            for writer in live:
                if writer.transport.get_write_buffer_size() == 0:  # else it is held back
                    writer.write(many)
                    stranger.noted["frames"] += frames
            if len(live) == sockets:
                stranger.begun.set()
            next_s += 1.0
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
    finally:
        for keeper in keepers:
            keeper.cancel()


async def _keep_open(stranger: Stranger, live: set[asyncio.StreamWriter]) -> None:
    """Open a socket, read what comes, and open the next one when the server has ended it."""
    while True:
        with contextlib.suppress(OSError, EOFError):
            reader, writer = await stranger.connect()
            try:
                writer.write(_handshake(stranger.port))
                head = await reader.readuntil(b"\r\n\r\n")
                stranger.noted[head[9:12].decode()] += 1
                if head.startswith(b"HTTP/1.1 101"):
                    live.add(writer)
                    while await reader.read(65536):
                        pass
                    stranger.noted["ended by the server"] += 1
            finally:
                live.discard(writer)
                writer.transport.abort()
        await asyncio.sleep(stranger.pause_s)


async def send_large_messages(stranger: Stranger, *, every_s: float) -> None:
    """Send messages that are small on the wire and large in memory to the application."""
    data = b",".join([b"{}"] * 5400)
    message = frame(TEXT, b'{"type":"message","data":[' + data + b"]}")
    reader, writer = await stranger.connect()
    discard = None
    try:
        writer.write(_handshake(stranger.port))
        head = await reader.readuntil(b"\r\n\r\n")
        stranger.begun.set()
        stranger.noted[head[9:12].decode()] += 1
        discard = asyncio.ensure_future(_read_to_the_end(reader, stranger.noted))
        while not discard.done():
            writer.write(message)
            stranger.noted["messages"] += 1
            await writer.drain()
            await asyncio.sleep(every_s)
    finally:
        if discard is not None:
            discard.cancel()
        writer.transport.abort()


async def sip(stranger: Stranger, *, every_s: float) -> None:
    """Ask for a film, and take a byte of it now and then."""
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setblocking(False)
        sock.bind((stranger.address, 0))
        await loop.sock_connect(sock, ("127.0.0.1", stranger.port))
        stranger.noted["connections"] += 1
        ask = f"GET /static/film.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n{KNOWS}\r\n"
        await loop.sock_sendall(sock, ask.encode())
        stranger.begun.set()
        line = await loop.sock_recv(sock, 12)
        stranger.noted[line[9:12].decode()] += 1
        while line:
            await asyncio.sleep(every_s)
            line = await loop.sock_recv(sock, 1)
        stranger.noted["ended by the server"] += 1


async def send_bad_headers(stranger: Stranger, *, every_s: float) -> None:
    """Send requests with every bad header, each by a connection of its own."""
    for header in BAD_HEADERS:
        for path in (b"/", b"/api/messages", b"/ws/still", b"/static/a.txt"):
            reader, writer = await stranger.connect()
            try:
                host = b"" if header.startswith(b"Host") else b"Host: 127.0.0.1\r\n"
                writer.write(b"GET " + path + b" HTTP/1.1\r\n" + host + header + b"\r\n\r\n")
                stranger.begun.set()
                async with asyncio.timeout(5):
                    answer = await reader.readuntil(b"\r\n")
                stranger.noted[answer[9:12].decode()] += 1
                if answer[9:10] == b"5":
                    stranger.noted[f"5xx: {header!r} to {path.decode()}"] += 1
            except (OSError, EOFError) as error:
                stranger.noted[type(error).__name__] += 1
            finally:
                writer.transport.abort()
            await asyncio.sleep(every_s)


DOES = {
    does.__name__: does
    for does in (
        drip,
        ask_without_token,
        take_displays,
        flood,
        sip,
        send_bad_headers,
        send_large_messages,
    )
}


async def attack(port: int, groups: tuple[Strangers, ...], seconds: float) -> Counter[str]:
    """Let all strangers loose for some seconds; return what happened to them."""
    noted: Counter[str] = Counter()
    people = []
    last = 2  # 127.0.0.2 is the first
    for group in groups:
        for number in range(group.count):
            address = f"127.0.0.{last + number % group.addresses}"
            stranger = Stranger(port, address, group.pause_s, noted)
            people.append((stranger, group, group.within_s * number / group.count))
        last += group.addresses
    tasks = [
        asyncio.create_task(stranger.for_ever(after_s, DOES[group.does], **group.options))
        for stranger, group, after_s in people
    ]
    begin = asyncio.gather(*(stranger.begun.wait() for stranger, _, _ in people))
    with contextlib.suppress(TimeoutError):
        # A server that lets them wait is under attack, too.
        await asyncio.wait_for(begin, 4.0)
    print("going", flush=True)
    failed, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in failed:
        task.result()  # raises: none of them ends by itself
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=5.0)
    return noted


def main() -> None:
    """Run one attack."""
    name, port, seconds = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    (chosen,) = (attack for attack in ATTACKS if attack.name == name)
    noted = asyncio.run(attack(int(port), chosen.strangers, float(seconds)))
    print(json.dumps(noted), flush=True)


if __name__ == "__main__":
    main()
