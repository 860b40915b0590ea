"""Other programs: follow a page of a running bridge, or ask it something.

`connect` follows a page as a browser without a screen would: `frames` is the program's side,
`follower` the connection's, on a thread of its own, and `waiting_frames` lies between them. A
`page` is loaded, and its `cursors` are kept from socket to socket. The commands ask by HTTP
(`asking`, with an `audience`; `answers` reads what comes instead), at the address and with the
tokens that `target` finds. Nothing here knows the server's code: of frames, both ends share
`core.wire` alone.
"""

from typing import TYPE_CHECKING, Any

from gpiobridge.errors import PushError, RemoteError

if TYPE_CHECKING:
    from gpiobridge.client.frames import MAX_SEND_WAIT_S, Frames, connect
    from gpiobridge.client.waiting_frames import MAX_WAITING

__all__ = ["MAX_SEND_WAIT_S", "MAX_WAITING", "Frames", "PushError", "RemoteError", "connect"]

if not TYPE_CHECKING:  # who checks types knows every name

    def __getattr__(name: str) -> Any:
        """Import what follows a page for who asks for it: the commands do without websockets."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gpiobridge.client import frames, waiting_frames

        return getattr(waiting_frames if name == "MAX_WAITING" else frames, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})  # also what `help` shows
