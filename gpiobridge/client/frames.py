"""Follow a page of a running bridge from a program: a browser without a screen.

::

    from gpiobridge.client import connect

    with connect("http://pi.local:8000/welcome") as frames:
        for frame in frames:
            if frame["type"] == "edge":
                print(frame["pin"], frame["event"])

A thread of its own holds the connection (`follower`): it answers beats, reconnects, and follows
from page to page, however long the program takes for a frame. Frames wait for the program meanwhile
(`waiting_frames`).
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
    """Open a page as a browser would, and follow what it is told.

    It returns when the page's socket has its first frame. From then on a lost connection is made
    anew for ever: after 0.1 s at first, then at pauses of up to 2 s.

    Args:
        url: a page of the bridge, or the bridge's address for the start page.
        token: what the bridge asks for, if it does.
        display: what this display is called, in the bridge's log and ``/healthz``.
        follow: go to the next page when a press (or the application) moves this one; if False, stay
            on the page, with a new socket past that press: a listener.
        once: end when the page would be left.
        tell: gets a sentence when the connection is lost, on the connection's thread; it must not
            block or raise.

    Raises:
        RemoteError: no bridge answers within some seconds, or it refuses: there is no such page,
            the token is wrong, all displays are taken.
    """
    return Frames(url, token, display, tell or (lambda _sentence: None), follow=follow, once=once)


class Frames:
    """What a page is told, one frame after the other; made by `connect`.

    An iterator of frames as README, "The wire", has them: ``state``, ``edge``, ``message`` and
    ``beat``. A close is ``{"type": "close", "code": …, "reason": …}``; a connection that died
    without one is only told to ``tell``, and by the ``state`` with which the next one begins.

    Up to `waiting_frames.MAX_WAITING` wait for the program; beats are left out while any does. If
    the connection is refused for good (the page is gone, the token has changed) the iteration
    raises `RemoteError` after the frames that were before.

    Every method may be called from any thread. It is a context manager that closes it; without
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
        """The page whose socket is open now (or was last); it can be ahead of a busy program."""
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
        """Send ``data`` to the application, for its ``on_message``.

        It goes out at once; while there is no connection, with the next one, for which it waits
        `MAX_SEND_WAIT_S` at most. That it has arrived is not confirmed: a connection that has died
        silently takes it, too.

        Args:
            data: anything that JSON can say, of at most `wire.MAX_MESSAGE_BYTES` with its frame.

        Raises:
            PushError: it is no JSON, or too large; nothing was sent.
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
            except ConnectionClosed:  # just now: the next one, then
                lost = connection
            else:
                return

    def close(self) -> None:
        """Leave the page, and end the iteration; frames that wait are discarded.

        It takes as long as the farewell does, a second at most; if a connection is just being
        made, at most until that has failed, some seconds.
        """
        self._follower.closing.set()
        if (open_socket := self._waiting.empty()) is not None:
            open_socket.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(2 * asking.TIMEOUT_S)
