"""Plays the cases of `conformance` and `handshakes` against a running server, a few at a time."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from http.client import parse_headers
from io import BytesIO
from typing import TypeVar

from fuzz import ServerFrames

from attacks import conformance
from attacks.conformance import CLOSE, PING, PONG, PROBE, TEXT, Case, frame
from attacks.handshakes import Handshake, request

AT_ONCE = 8
LIMIT_S = 10.0
"""How long one case may take, in seconds; a right answer takes milliseconds."""

_APART_S = 0.0005  # so that most chunks arrive by themselves; what is right doesn't depend on it
_APART_AT_MOST = 150  # chunks; those of a longer case only in writes of their own

Something = TypeVar("Something", Case, Handshake)


def play(port: int, items: Iterable[Case]) -> list[str]:
    """Play cases; return what is wrong, each with the case's name."""
    return asyncio.run(_all(items, lambda case: _play_one(port, case)))


def greet(port: int, items: Iterable[Handshake]) -> list[str]:
    """Play handshakes; return what is wrong, each with the case's name."""
    return asyncio.run(_all(items, lambda item: _greet_one(port, item)))


async def _all(
    items: Iterable[Something], play_one: Callable[[Something], Awaitable[str]]
) -> list[str]:
    room = asyncio.Semaphore(AT_ONCE)

    async def bounded(item: Something) -> str:
        async with room:
            try:
                wrong = await asyncio.wait_for(play_one(item), LIMIT_S)
            except TimeoutError:
                wrong = f"nothing more within {LIMIT_S:.0f} s"
            except (OSError, EOFError, ValueError) as error:
                wrong = repr(error)
            return f"{item.name}: {wrong}" if wrong else ""

    found = await asyncio.gather(*(bounded(item) for item in items))
    return [wrong for wrong in found if wrong]


async def _play_one(port: int, case: Case) -> str:
    """Say what is wrong with the server's answer, if something is."""
    opening = request().replace(b"{port}", b"%d" % port)
    chunks: Sequence[bytes] = case.chunks
    if case.early:
        opening, chunks = opening + chunks[0], chunks[1:]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = _Answer(reader, writer)
        writer.write(opening)
        if not await answer.state():
            return f"the handshake is answered {answer.stream.status}, not with a state"
        await _send(writer, chunks)
        if case.close is None:
            writer.write(frame(PING, PROBE))
            await answer.until_pong(PROBE)
            want: tuple[int | None, tuple[bytes, ...]] = (None, (*case.pongs, PROBE))
        else:
            await answer.until_the_end()
            want = (case.close, case.pongs)
        got = (answer.stream.close[0] if answer.stream.close else None, tuple(answer.pongs))
        return "" if got == want else f"right is {_said(want)}; got {_said(got)}"
    finally:
        writer.close()


async def _send(writer: asyncio.StreamWriter, chunks: Sequence[bytes]) -> None:
    apart_s = _APART_S if len(chunks) <= _APART_AT_MOST else 0
    for chunk in chunks:
        if writer.is_closing():
            return
        writer.write(chunk)
        await asyncio.sleep(apart_s)


class _Answer:
    """What the server says in one case."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stream = ServerFrames()
        self.pongs: list[bytes] = []
        self._texts = 0
        self._reader = reader
        self._writer = writer

    async def state(self) -> bool:
        """Read up to the first message; False if there is none."""
        while self._texts == 0 and self.stream.status in (None, 101) and await self._more():
            pass
        return self._texts > 0

    async def until_pong(self, payload: bytes) -> None:
        """Read up to a pong, or to the end."""
        while payload not in self.pongs and self.stream.close is None and await self._more():
            pass

    async def until_the_end(self) -> None:
        """Read until the server hangs up, as it must (RFC 6455, 7.1.1)."""
        answered = False
        while await self._more():
            if self.stream.close is not None and not answered:
                answered = True
                code = self.stream.close[0]
                payload = b"" if code == conformance.NO_CODE else code.to_bytes(2, "big")
                self._writer.write(frame(CLOSE, payload))

    async def _more(self) -> bool:
        try:
            data = await self._reader.read(65536)
        except ConnectionResetError:  # it has not read all that came behind its close frame
            return False
        for opcode, payload in self.stream.feed(data):
            self._texts += opcode == TEXT
            if opcode == PONG:
                self.pongs.append(payload)
        return bool(data)


def _said(what: tuple[int | None, tuple[bytes, ...]]) -> str:
    close, pongs = what
    told = ", ".join("the probe's" if pong == PROBE else repr(pong[:20]) for pong in pongs[:5])
    if len(pongs) > 5:
        told += f", ... ({len(pongs)})"
    return f"pongs [{told}] and {'no close' if close is None else f'close {close}'}"


async def _greet_one(port: int, item: Handshake) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(item.request.replace(b"{port}", b"%d" % port))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            return f"right is {item.statuses}; got the end after {error.partial[:80]!r}"
        line, _, rest = head.partition(b"\r\n")
        status = int(line.split()[1])
        if status not in item.statuses:
            return f"right is {item.statuses}; got {status}"
        headers = parse_headers(BytesIO(rest))
        for name, right in item.answers.items():
            if headers[name] != right:
                return f"{name} is {headers[name]!r}; right is {right!r}"
        return ""
    finally:
        writer.close()
