"""Follow a page of a running bridge from a program: a browser without a screen.

    from gpiobridge.client import connect

    with connect("http://pi.local:8000/welcome") as frames:
        for frame in frames:
            if frame["type"] == "edge":
                print(frame["pin"], frame["event"])

The connection has its own thread (`follower`). The thread answers beats, reconnects, and follows
from page to page, even while the program is busy with a frame. Meanwhile frames wait for the
program (`waiting_frames`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed

from gpiobridge.client import asking
from gpiobridge.client.follower import Follower
from gpiobridge.client.waiting_frames import WaitingFrames
from gpiobridge.core import wire
from gpiobridge.errors import PushError, RemoteError

MAX_SEND_WAIT_S = 5.0
"""How long `Frames.send` waits for a connection, in seconds."""


def connect(
    url: str,
    *,
    token: str = "",
    display: str = "",
    follow: bool = True,
    once: bool = False,
    tell: Callable[[str], None] | None = None,
) -> "Frames":
    """Open a page as a browser would, and follow it.

    The call returns when the page's socket has received its first frame. From then on a lost
    connection is made again, without end: after 0.1 s at first, then after pauses of up to 2 s.

    Args:
        url: a page of the bridge, such as `"http://pi.local:8000/welcome"`, or the bridge's address
            for the start page.
        token: the bridge's `server.token`, if it has one.
        display: the name of this display in the bridge's log and `/healthz`; at most 64 characters.
        follow: go to the next page when a press or the application moves this one. False: stay on
            the page, and open a new socket after the press, as a listener does.
        once: end when the page would be left.
        tell: receives a sentence when the connection is lost. It runs on the connection's thread,
            and must not block or raise.

    Returns:
        An iterator of the page's frames; use it in a `with` block, which closes it.

    Raises:
        RemoteError: no bridge answers within some seconds, or it refuses: there is no such page,
            the token is wrong, or all displays are taken.

    Example:
        ```python
        from gpiobridge.client import connect

        with connect("http://pi.local:8000/welcome") as frames:
            for frame in frames:
                if frame["type"] == "edge":
                    print(frame["pin"], frame["event"])
        ```
    """
    return Frames(url, token, display, tell or (lambda _sentence: None), follow=follow, once=once)


class Frames:
    """The frames that a page receives, one after the other; made by `connect`.

    It is an iterator of frames, each a `dict` as the page "The wire" (`docs/wire.md`) describes:
    `state`, `edge`, `message` and `beat`. A close is `{"type": "close", "code": …, "reason": …}`.
    If a connection dies without a close, `tell` is called, and the next connection begins with a
    `state`.

    Up to 1000 frames (`MAX_WAITING`) wait for the program; after that the oldest are left out. A
    beat is left out while any other frame waits. If the connection is refused for good (the page is
    gone, or the token has changed), the iteration raises `RemoteError` after the frames that came
    before.

    Every method may be called from any thread. As a context manager it closes itself. Without
    `close` its thread goes on until the program ends.
    """

    def __init__(
        self,
        url: str,
        token: str,
        display: str,
        tell: Callable[[str], None],
        *,
        follow: bool,
        once: bool,
    ) -> None:
        self._waiting = WaitingFrames()
        self._follower = Follower(
            url, token, display, tell, self._waiting, follow=follow, once=once
        )
        self._thread = threading.Thread(
            target=self._follower.run, name="gpiobridge-client", daemon=True
        )
        self._thread.start()
        try:
            self._waiting.wait_until_joined()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The page whose socket is open now, or was last; it can be ahead of a busy program."""
        return self._follower.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        frame = self._waiting.take()
        if frame is None:
            raise StopIteration
        return frame

    def send(self, data: Any) -> None:
        """Send `data` to the application, for its `on_message` functions.

        The message goes out at once. While there is no connection, it waits for the next one, at
        most 5 s (`MAX_SEND_WAIT_S`). Its arrival is not confirmed: a connection that has died
        silently accepts it, too.

        Args:
            data: anything that JSON can hold, at most 16 KiB with its frame.

        Raises:
            PushError: `data` is not JSON, or too large; nothing was sent.
            RemoteError: there is no connection; nothing was sent.
        """
        try:
            text = wire.message_frame(data)
        except ValueError as error:
            raise PushError(f"the message {error}") from error
        until_s = time.monotonic() + MAX_SEND_WAIT_S
        lost = None
        while True:
            try:
                connection = self._waiting.socket(until_s, lost)
            except TimeoutError:
                raise RemoteError(
                    f"nothing was sent: {self.url} has not answered for {MAX_SEND_WAIT_S:g} s"
                ) from None
            if connection is None:
                raise RemoteError(f"nothing was sent: {self.url} is closed")
            try:
                connection.send(text)
            except ConnectionClosed:  # closed just now: wait for the next connection
                lost = connection
            else:
                return

    def close(self) -> None:
        """Leave the page, and end the iteration; waiting frames are discarded.

        It takes as long as the closing handshake, a second at most. If a connection is just being
        made, it waits until that has failed: some seconds at most.
        """
        self._follower.closing.set()
        if (open_socket := self._waiting.empty()) is not None:
            open_socket.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(2 * asking.TIMEOUT_S)
