"""Who must notice nothing of an attack: a good display, a visitor, and two kiosks.

All are on one event loop, and measure what a person would: how long after a press its edge is
there, and how long a page, a socket, a film takes.
"""

import asyncio
import contextlib
import itertools
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field

from fuzz import BEAT, TEXT, ServerFrames, client_frame, handshake

from attacks.catalogue import KNOWS

PRESS_EVERY_S = 0.1
"""So often that the 95th percentile of some seconds is not just the slowest one."""

PAGE_EVERY_S = 0.2

SOCKET_EVERY = 5
"""Every fifth page load opens the page's socket, too."""

LIMIT_S = 5.0
"""What takes longer is given up, and counts as so long."""

MACHINE = "127.0.0.1"
FILM_BYTES = 256 * 1024  # what a visitor takes of a film


@dataclass(slots=True)
class Figures:
    """What the witnesses have measured, in seconds."""

    edges_s: list[float] = field(default_factory=list)
    pages_s: list[float] = field(default_factory=list)
    sockets_s: list[float] = field(default_factory=list)
    films_s: list[float] = field(default_factory=list)
    moves_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def quantile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies (nearest rank); not a number without any."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class Socket:
    """A WebSocket by hand, from an address of one's choice."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stream = ServerFrames()
        self._reader = reader
        self._writer = writer
        self._texts: list[bytes] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, port: int, path: str, address: str = MACHINE) -> AsyncIterator["Socket"]:
        """Open a page's socket; ``path`` is the page, and a query if you like."""
        async with _connection(port, address) as (reader, writer):
            writer.write(handshake(port, path, KNOWS))
            opened = cls(reader, writer)
            try:
                yield opened
            finally:
                with contextlib.suppress(OSError):
                    writer.write(client_frame(8, b"\x03\xe8"))

    async def frame(self) -> dict[str, object]:
        """The next frame; beats are answered and passed over.

        Raises:
            EOFError: the server has closed; `stream` says how.
        """
        while True:
            while self._texts:
                text = self._texts.pop(0)
                if text != BEAT:
                    message: dict[str, object] = json.loads(text)
                    return message
                self._writer.write(client_frame(TEXT, BEAT))
            if self.stream.close is not None:
                raise EOFError(f"closed {self.stream.close}")
            data = await self._reader.read(65536)
            frames = self.stream.feed(data)
            self._texts += [payload for opcode, payload in frames if opcode == TEXT]
            if not data or self.stream.status not in (None, 101):
                raise EOFError(f"answered {self.stream.status}, closed {self.stream.close}")


@contextlib.asynccontextmanager
async def _connection(
    port: int, address: str = MACHINE
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(MACHINE, port, local_addr=(address, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def fetch(
    port: int, request: str, body: str = "", address: str = MACHINE, enough: int | None = None
) -> int:
    """Send a request and read its answer to the end, or until ``enough``; return the status."""
    async with _connection(port, address) as (reader, writer):
        writer.write(
            f"{request} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{KNOWS}Connection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        line = await reader.readline()
        if not line:
            raise EOFError("no answer")
        got = 0
        while data := await reader.read(65536):
            got += len(data)
            if enough is not None and got >= enough:
                break
        return int(line.split()[1])


class Witnesses:
    """All of them, at one bridge.

    Args:
        port: the bridge's.
        film: whether the visitor loads a film, too.
        kiosks: whether two kiosks are pressed from page to page.
    """

    def __init__(self, port: int, *, film: bool = False, kiosks: bool = False) -> None:
        self.figures = Figures()
        self._port = port
        self._film = film
        self._kiosks = kiosks
        self._edges: asyncio.Queue[str] = asyncio.Queue()
        self._arrived = 0
        self._seat = ""
        self._kiosk_moves: dict[str, int] = {}
        self._moved = asyncio.Event()

    @contextlib.asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """The display is there, and the kiosks if there are any; inside, `watch` measures."""
        async with contextlib.AsyncExitStack() as stack:
            shown = await stack.enter_async_context(Socket.open(self._port, "still"))
            await asyncio.wait_for(shown.frame(), LIMIT_S)
            jobs = [asyncio.create_task(self._show(shown))]
            if self._kiosks:
                for address in (MACHINE, "127.0.0.99"):
                    self._kiosk_moves[address] = 0
                    here = asyncio.Event()
                    jobs.append(asyncio.create_task(self._be_a_kiosk(address, here)))
                    await asyncio.wait_for(here.wait(), LIMIT_S)
            try:
                yield
            finally:
                for job in jobs:
                    job.cancel()
                await asyncio.gather(*jobs, return_exceptions=True)

    async def watch(self, seconds: float) -> Figures:
        """Press and load pages for some seconds; return what was measured."""
        self.figures = Figures()
        until_s = time.monotonic() + seconds
        jobs = [self._press(until_s), self._arrive(until_s)]
        if self._film:
            jobs.append(self._see_films(until_s))
        if self._kiosks:
            jobs.append(self._press_the_kiosks(until_s))
        await asyncio.gather(*jobs)
        return self.figures

    async def _show(self, shown: Socket) -> None:
        """Note each edge of the door that the display gets."""
        try:
            while True:
                frame = await shown.frame()
                if frame["type"] == "edge" and frame["pin"] == "door":
                    self._edges.put_nowait(str(frame["level"]))
        except (EOFError, OSError, ValueError) as error:
            self.figures.wrong.append(f"the good display: {error!r}")

    async def _drive(self, pin: str, level: str) -> None:
        body = json.dumps({"level": level})
        async with asyncio.timeout(LIMIT_S):
            status = await fetch(self._port, f"POST /simulator/pins/{pin}", body)
        if status != 204:
            self.figures.wrong.append(f"a press is answered {status}")

    async def _press(self, until_s: float) -> None:
        """Press the door's pin, each time when its last edge is there."""
        levels = itertools.cycle(("high", "low"))
        async for began_s in _every(PRESS_EVERY_S, until_s):
            level = next(levels)
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._drive("door", level)
                    while await self._edges.get() != level:
                        pass
            except (TimeoutError, OSError, EOFError) as error:
                self.figures.wrong.append(f"a press: {error!r}")
            self.figures.edges_s.append(time.monotonic() - began_s)
        if next(levels) == "low":  # as it was before
            with contextlib.suppress(TimeoutError, OSError, EOFError):
                await self._drive("door", "low")

    async def _arrive(self, until_s: float) -> None:
        """Load a page every 0.2 s, whether or not the one before has come; and some sockets."""
        loads = []
        async for _ in _every(PAGE_EVERY_S, until_s):
            self._arrived += 1
            loads.append(asyncio.create_task(self._load(self._arrived % SOCKET_EVERY == 0)))
        await asyncio.gather(*loads)

    async def _load(self, with_socket: bool) -> None:
        page = fetch(self._port, "GET /still")
        await self._timed("a page", page, self.figures.pages_s)
        if with_socket and not self._kiosks:  # those have the two slots that are kept
            await self._timed("a new socket", self._open_and_leave(), self.figures.sockets_s)

    async def _open_and_leave(self) -> int:
        # As a tab does that goes from page to page: each socket has the seat of the one before.
        seat, self._seat = self._seat, ""
        async with Socket.open(self._port, f"still?seat={seat}") as opened:
            self._seat = str((await opened.frame()).get("seat", ""))
        return 200

    async def _see_films(self, until_s: float) -> None:
        async for _ in _every(5 * PAGE_EVERY_S, until_s):
            film = fetch(self._port, "GET /static/film.mp4", enough=FILM_BYTES)
            await self._timed("a film", film, self.figures.films_s)

    async def _timed(self, what: str, does: Awaitable[int], into: list[float]) -> None:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(LIMIT_S):
                status = await does
            if status not in (200, 206):
                self.figures.wrong.append(f"{what} is answered {status}")
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            self.figures.wrong.append(f"{what}: {error!r}")
        into.append(time.monotonic() - began_s)

    async def _press_the_kiosks(self, until_s: float) -> None:
        """Move both kiosks to their next page, again when both are there."""
        async for _ in _every(PAGE_EVERY_S, until_s):
            seen = dict(self._kiosk_moves)
            try:
                await self._drive("button", "low")
                async with asyncio.timeout(LIMIT_S):
                    while any(self._kiosk_moves[kiosk] == seen[kiosk] for kiosk in seen):
                        self._moved.clear()
                        await self._moved.wait()
            except (TimeoutError, OSError, EOFError) as error:
                self.figures.wrong.append(f"a kiosk's press: {error!r}")
            with contextlib.suppress(TimeoutError, OSError, EOFError):
                await self._drive("button", "high")

    async def _be_a_kiosk(self, address: str, here: asyncio.Event) -> None:
        """Follow presses from page to page as the shipped client does, with cursor and seat."""
        page, query = "welcome", ""
        left_s: float | None = None
        while True:
            try:
                async with Socket.open(self._port, page + query, address) as socket:
                    state = await socket.frame()
                    if left_s is not None:
                        self.figures.moves_s.append(time.monotonic() - left_s)
                        self._kiosk_moves[address] += 1
                        self._moved.set()
                    left_s = None
                    here.set()
                    seq = state["seq"]
                    with contextlib.suppress(EOFError):
                        while True:
                            frame = await socket.frame()
                            seq = frame.get("seq", seq)
                    code, reason = socket.stream.close or (1006, "")
                left_s = time.monotonic()
                query = f"?cursor={state['epoch']}:{seq}"
                if "seat" in state:
                    query += f"&seat={state['seat']}"
                if code == 4000:
                    page = reason.removeprefix("/")
                    await fetch(self._port, f"GET /{page}", address=address)
                else:
                    self.figures.wrong.append(f"the kiosk at {address}: closed {code}")
            except (OSError, EOFError, ValueError) as error:
                self.figures.wrong.append(f"the kiosk at {address}: {error!r}")
                await asyncio.sleep(PAGE_EVERY_S)


async def _every(pause_s: float, until_s: float) -> AsyncIterator[float]:
    """Give the time every so many seconds; what takes longer delays the next."""
    while (now_s := time.monotonic()) < until_s:
        yield now_s
        await asyncio.sleep(max(0.0, now_s + pause_s - time.monotonic()))
