"""What the runner tells its children, the displays and the network alike, over a pipe."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe


@dataclass(frozen=True, slots=True)
class Order:
    """Do something with a display, or with its connections.

    Args:
        display: its number.
        kind: for a display "open" at a page, "close", "reload", or "stall" for a while; for a
            stage "look", too, which notes what is on the screen; for its
            connections "cut", "cut-at", "cut-close", "delay", "hold", "half-open", "refuse", or
            "heal", which ends delay, hold and refuse. "answer" asks the network to send the order
            back: those before it have then been carried out.
        page: to open.
        way: "up" (to the server), "down" or "both".
        amount: seconds of delay or stall, bytes until the cut; for "cut", whether to reset.
    """

    display: int
    kind: str
    page: str = ""
    way: str = "both"
    amount: float = 0.0


async def take_orders(pipe: Pipe, carry_out: Callable[[Order], None]) -> None:
    """Carry out each order as it comes, until the pipe ends."""
    ended = asyncio.Event()

    def take() -> None:
        try:
            while pipe.poll():
                carry_out(pipe.recv())
        except (EOFError, OSError):
            ended.set()

    asyncio.get_running_loop().add_reader(pipe.fileno(), take)
    await ended.wait()
