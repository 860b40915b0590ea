"""A gate between the browser and the bridge: what passes it waits, or is cut off, on command."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from harness.deadline import DEADLINE_S

HEAD_END = b"\r\n\r\n"
CHUNK_BYTES = 65536
UPGRADE = b"\r\nupgrade: websocket"


class Gate:
    """Carries HTTP and sockets to a server, one request a connection; runs in a thread of its own.

    Args:
        server_port: where the server listens, on this machine.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-gate")
        self._thread.start()
        # From here on, all state belongs to that thread.
        self._requests: set[asyncio.StreamWriter] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self._held_part = ""
        self._held = threading.Event()
        self._released = asyncio.Event()
        self._is_shut = False
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def hold(self, part: str) -> None:
        """Let requests wait whose address has ``part`` in it, until `release`."""

        def begin() -> None:
            self._held_part = part
            self._held.clear()
            self._released.clear()

        self._call(begin)

    def wait_for_held(self) -> None:
        """Wait until a request waits here."""
        assert self._held.wait(DEADLINE_S), f"nothing asked for {self._held_part!r}"

    def release(self) -> None:
        """Let pass what waits, and all that comes."""

        def let_pass() -> None:
            self._held_part = ""
            self._released.set()

        self._call(let_pass)

    def shut(self) -> None:
        """Refuse whatever is new, as a server does that is down; sockets that are open stay."""

        def refuse() -> None:
            self._is_shut = True
            for writer in self._requests:
                writer.transport.abort()

        self._call(refuse)

    def cut(self) -> None:
        """End the sockets that are open, without a close frame."""

        def end() -> None:
            for writer in self._sockets:
                writer.transport.abort()

        self._call(end)

    def open(self) -> None:
        """Let everything pass again."""

        def allow() -> None:
            self._is_shut = False

        self._call(allow)

    def end(self) -> None:
        """End the gate, and all that passes it."""
        self._do(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    async def _end_all(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S)

    def _call(self, function: Callable[[], None]) -> None:
        async def call() -> None:
            function()

        self._do(call())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection of the browser's."""
        self._requests.add(writer)
        ends = [writer]
        try:
            # The browser, the server, or the test may end it at any time.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                if self._is_shut:
                    return
                head = await reader.readuntil(HEAD_END)
                await self._hold_if_asked(head.split(b" ", 2)[1].decode())
                from_server, to_server = await asyncio.open_connection(
                    "127.0.0.1", self._server_port
                )
                ends.append(to_server)
                if UPGRADE in head.lower():
                    self._requests.discard(writer)
                    self._sockets.add(writer)
                else:
                    head = _without_keep_alive(head)
                to_server.write(head)
                await asyncio.gather(_carry(reader, to_server), _carry(from_server, writer))
        finally:
            self._requests.discard(writer)
            self._sockets.discard(writer)
            for end in ends:
                end.transport.abort() if end.transport.is_closing() else end.close()

    async def _hold_if_asked(self, address: str) -> None:
        if self._held_part and self._held_part in address:
            self._held.set()
            await self._released.wait()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Hand on what comes, and its end."""
    while data := await source.read(CHUNK_BYTES):
        sink.write(data)
        await sink.drain()
    if not sink.is_closing():
        sink.write_eof()


def _without_keep_alive(head: bytes) -> bytes:
    """A request's head that asks for the connection's end behind the answer."""
    lines = head.removesuffix(HEAD_END).split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"keep-alive:"))]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])
