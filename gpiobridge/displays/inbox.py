"""What displays send, read in turns: a little from each display that has sent something.

Reading goes on for as long as the watcher has time for it. A display that sends more than its share
is closed. The watcher's thread.
"""

from collections.abc import Callable
from itertools import islice

from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

from gpiobridge.core.wire import Close
from gpiobridge.displays.connection import (
    BEAT_BYTES,
    Connection,
    RuleBrokenError,
    is_beat,
    is_whole_frame,
)
from gpiobridge.displays.frames import Frames
from gpiobridge.displays.observer import Gone
from gpiobridge.displays.quotas import Quotas
from gpiobridge.displays.sockets import Sockets

_RECEIVE_BYTES = 4096  # for one turn, so one talkative peer can't hold up the others
_FRAMES_AT_ONCE = 32  # even if more came together: hundreds of tiny frames fit into 4 KiB


class Inbox:
    """Reads all open sockets.

    Args:
        sockets: the open ones.
        quotas: how much each may send.
        frames: takes what pages say.
    """

    def __init__(self, sockets: Sockets, quotas: Quotas, frames: Frames) -> None:
        self._sockets = sockets
        self._quotas = quotas
        self._frames = frames

    def read(self, now_s: float, has_time: Callable[[], bool]) -> None:
        """Read a little from each display that has sent something, the longest waiting first.

        Args:
            now_s: monotonic seconds.
            has_time: asked after each display; the rest is left for the next call.
        """
        ready = self._sockets.ready
        for _ in range(len(ready)):
            connection = next(iter(ready), None)
            if connection is None:  # reading one display has ended others
                return
            del ready[connection]
            self._receive(connection, now_s)
            if not has_time():
                return

    def take_early(self, connection: Connection, now_s: float) -> None:
        """Take in the bytes that came right behind the handshake; they are read like any others."""
        if connection.early and connection in self._sockets.open:
            self._take_in(connection, connection.early, now_s)
            self._sockets.ready[connection] = None
            connection.early = b""

    def _receive(self, connection: Connection, now_s: float) -> None:
        if connection.unread and not connection.peer_closed:
            self._take_frames(connection, now_s)
            return
        try:
            data = connection.sock.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        connection.heard_s = now_s
        if not data:
            self._sockets.drop(connection, Gone.LEFT)
        elif connection.peer_closed:
            pass  # nothing counts after a close frame
        elif connection.clean and len(data) == BEAT_BYTES and is_beat(data):
            # What an idle display sends, and nothing else: the protocol would take 20 times as
            # long to read it.
            self._quotas.count_beat(connection, BEAT_BYTES, now_s)
            if not self._stop_excess(connection, now_s):
                connection.answered()
        else:
            self._take_in(connection, data, now_s)
            self._take_frames(connection, now_s)

    def _take_in(self, connection: Connection, data: bytes, now_s: float) -> None:
        """Count bytes that came, and hand them to the protocol."""
        self._quotas.count_bytes(connection, len(data), now_s)
        connection.clean = connection.clean and is_whole_frame(data)
        connection.ws.receive_data(data)
        connection.unread = True

    def _take_frames(self, connection: Connection, now_s: float) -> None:
        """Take some of the frames that have come; the rest waits for another turn."""
        self._quotas.count_piece(connection, now_s)
        connection.unread = False
        taken = 0
        for event in islice(connection.ws.events(), _FRAMES_AT_ONCE):
            whole = getattr(event, "frame_finished", True)  # False for a piece of a frame
            self._quotas.count_frame(connection, whole=whole, first=not taken)
            taken += 1
            if self._stop_excess(connection, now_s):
                return
            self._take(connection, event, now_s)
            if connection.peer_closed or connection not in self._sockets.open:
                return
        if taken == _FRAMES_AT_ONCE:
            connection.unread = True
            self._sockets.ready[connection] = None
        elif not taken:
            self._stop_excess(connection, now_s)

    def _stop_excess(self, connection: Connection, now_s: float) -> bool:
        """Close a display that sends too much; return whether it does."""
        reason = self._quotas.excess(connection)
        if reason:
            self._sockets.close(connection, Close.POLICY, reason, now_s)
            self._sockets.give_up_reading(connection, now_s)
        return bool(reason)

    def _take(self, connection: Connection, event: Event, now_s: float) -> None:
        if isinstance(event, CloseConnection):
            # The peer's own close, or wsproto reports that the peer broke the protocol.
            connection.peer_closed = True
            if not connection.closing:  # else our own close frame has gone before
                self._sockets.send_event(connection, event.response())
            self._sockets.finish(connection, now_s)
        elif connection.closing:
            pass  # the peer sent it before it read our close frame
        elif isinstance(event, TextMessage):
            self._take_text(connection, event, now_s)
        elif isinstance(event, BytesMessage):
            self._sockets.close(connection, Close.POLICY, "messages are JSON text", now_s)
        elif isinstance(event, Ping):
            self._sockets.send_event(connection, event.response())

    def _take_text(self, connection: Connection, event: TextMessage, now_s: float) -> None:
        try:
            text = connection.whole_text(event)
            if text is not None:
                self._frames.take(connection, text, now_s)
        except RuleBrokenError as broken:
            self._sockets.close(connection, broken.code, str(broken), now_s)
