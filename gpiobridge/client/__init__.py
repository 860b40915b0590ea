"""Other programs: follow a page of a running bridge, or ask the bridge something.

`connect` follows a page as a browser without a screen would. `frames` is the program's side of it.
`follower` is the connection's side, on its own thread, and `waiting_frames` lies between the two. A
`page` is loaded, and its `cursors` are kept from socket to socket. The commands ask by HTTP:
`asking` asks, with an `audience`, and `answers` reads an error's text. `target` finds the bridge's
address and tokens. Nothing here knows the server's code; both ends share only the frames of
`core.wire`.
"""

from typing import TYPE_CHECKING, Any

from gpiobridge.errors import PushError, RemoteError

if TYPE_CHECKING:
    from gpiobridge.client.frames import MAX_SEND_WAIT_S, Frames, connect
    from gpiobridge.client.waiting_frames import MAX_WAITING

__all__ = ["MAX_SEND_WAIT_S", "MAX_WAITING", "Frames", "PushError", "RemoteError", "connect"]

if not TYPE_CHECKING:  # type checkers know every name

    def __getattr__(name: str) -> Any:
        """Import the follower's names only when they are asked for: commands need no websockets."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gpiobridge.client import frames, waiting_frames

        return getattr(waiting_frames if name == "MAX_WAITING" else frames, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})  # `help` shows these, too
