"""`websockets.broadcast`, as its documentation recommends for this (its page "Broadcasting").

Usage: ``broadcast_websockets.py PORT TRIGGER_PORT``.
"""

import asyncio
import sys

from trigger import TEXT, listen
from websockets.asyncio.server import ServerConnection, broadcast, serve


async def main() -> None:
    """Serve. The trigger comes to the event loop itself: no thread hands it over."""
    port, trigger_port = map(int, sys.argv[1:])
    displays: set[ServerConnection] = set()

    async def stay(connection: ServerConnection) -> None:
        displays.add(connection)
        try:
            await connection.wait_closed()
        finally:
            displays.discard(connection)

    trigger = listen(trigger_port)
    trigger.setblocking(False)

    def tell() -> None:
        trigger.recv(100)
        broadcast(displays, TEXT)

    asyncio.get_running_loop().add_reader(trigger, tell)
    async with serve(
        stay, "127.0.0.1", port, compression=None, ping_interval=None, backlog=2048
    ) as server:
        await server.serve_forever()


asyncio.run(main())
