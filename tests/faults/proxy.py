"""The network between the displays and the server: it cuts, delays, holds and swallows.

A process of its own, so that it can be stopped as a whole. Each display has a port here. Orders
come over a pipe as `Order`; the first thing that goes back is the list of ports.
"""

import asyncio
import contextlib
import signal
import socket
import struct
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe

from faults.orders import Order, take_orders
from faults.websocket import HOST

CHUNK_BYTES = 65536
STATE = b'"type":"state"'
CLOSE = b"\x88"  # how a close frame begins (RFC 6455, 5.2)


@dataclass(eq=False, slots=True)
class Wire:
    """One connection, carried: the display's end and the server's."""

    display: asyncio.StreamWriter
    server: asyncio.StreamWriter
    upgraded: bool = False  # a socket, at least asked for
    joined: bool = False  # its first frame has passed
    swallowed: set[str] = field(default_factory=set)
    bytes_left: int | None = None  # to the display, until the cut
    until_close: bool = False  # cut before the next close: what leads to it has come

    def cut(self, reset: bool) -> None:
        """End it on both sides."""
        for writer in (self.display, self.server):
            if reset:
                with contextlib.suppress(OSError):
                    # Linger 0: closing sends a reset.
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                writer.transport.abort()
            else:
                writer.close()


class Link:
    """One display's way to the server.

    Args:
        server_port: where the server listens.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._wires: set[Wire] = set()
        self._delay_s = {"up": 0.0, "down": 0.0}
        self._open = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._refusing = False
        for way in self._open.values():
            way.set()

    def take(self, order: Order) -> None:
        """Carry out an order."""
        ways = ("up", "down") if order.way == "both" else (order.way,)
        match order.kind:
            case "cut":
                self._cut_all(reset=bool(order.amount))
            case "cut-at":
                for wire in self._wires:
                    if wire.upgraded and not wire.swallowed:
                        wire.bytes_left = int(order.amount)
            case "cut-close":
                for wire in self._wires:
                    wire.until_close = wire.upgraded and not wire.swallowed
            case "delay":
                self._delay_s.update(dict.fromkeys(ways, order.amount))
            case "hold":
                for way in ways:
                    self._open[way].clear()
            case "half-open":
                # Not during a handshake: there the client's own limit is 6 s, whatever the beat.
                for wire in self._wires:
                    if wire.joined:
                        wire.swallowed.update(ways)
            case "refuse":
                self._refusing = True
                self._cut_all(reset=False)
            case "heal":
                self._refusing = False
                self._delay_s = {"up": 0.0, "down": 0.0}
                for gate in self._open.values():
                    gate.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until both sides have ended it."""
        if self._refusing:
            writer.close()
            return
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._server_port)
        except OSError:  # no server: as if we weren't there
            writer.transport.abort()
            return
        for end in (writer, to_server):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(writer, to_server)
        self._wires.add(wire)
        try:
            await asyncio.gather(
                self._carry(wire, "up", reader, to_server),
                self._carry(wire, "down", from_server, writer),
            )
        except OSError:
            wire.cut(reset=False)
        finally:
            self._wires.discard(wire)
            writer.close()
            to_server.close()

    async def _carry(
        self, wire: Wire, way: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        while data := await source.read(CHUNK_BYTES):
            if self._delay_s[way]:
                await asyncio.sleep(self._delay_s[way])
            await self._open[way].wait()
            if way == "up" and data.startswith(b"GET /ws/"):
                wire.upgraded = True
            if way in wire.swallowed:
                continue
            if way == "down" and wire.upgraded:
                wire.joined = wire.joined or STATE in data
            if way == "down" and wire.until_close and wire.bytes_left is None:
                wire.bytes_left = _until_close(data)
            if way == "down" and wire.bytes_left is not None:
                data = data[: wire.bytes_left]
                wire.bytes_left -= len(data)
            sink.write(data)
            await sink.drain()
            if wire.bytes_left == 0:
                wire.cut(reset=False)
                return
        if wire.swallowed:
            # Nobody is told. When the other side has given up, too, both are done.
            return
        if sink.can_write_eof() and not sink.is_closing():
            sink.write_eof()

    def _cut_all(self, reset: bool) -> None:
        for wire in self._wires:
            wire.cut(reset)


def _until_close(data: bytes) -> int | None:
    """How many bytes of ``data`` come before a close frame; None if there is none."""
    if data.startswith(CLOSE):
        return 0
    text_end = data.find(b"}" + CLOSE)  # only behind a whole text: a length may look the same
    return None if text_end < 0 else text_end + 1


def run(pipe: Pipe, links: int, server_port: int) -> None:
    """Be the network; ends when the pipe does. The main function of its process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(pipe, links, server_port))


async def _run(pipe: Pipe, count: int, server_port: int) -> None:
    links = [Link(server_port) for _ in range(count)]
    servers = [await asyncio.start_server(link.serve, HOST, 0, backlog=256) for link in links]
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])

    def carry_out(order: Order) -> None:
        if order.kind == "answer":
            pipe.send(order)
        else:
            links[order.display].take(order)

    await take_orders(pipe, carry_out)
    for task in asyncio.all_tasks():
        task.cancel()
