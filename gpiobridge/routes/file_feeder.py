"""Send files to slow readers from one thread.

A browser that plays a film reads ahead, and then stops reading while the film is paused. An HTTP
thread that writes to it would wait just as long. A few such films would hold all threads, and pages
would no longer load. So the connection comes here. A reader that takes nothing for `STALL_S` is cut
off; a browser then asks again for the rest. When all places are taken, a slow reader loses its
place to the next one, so nobody can hold them all by reading slowly.

`FileFeeder` runs one thread, which starts with the first large file. Any thread may call it.
"""

import logging
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import BinaryIO

from gpiobridge.loop.waker import Waker

log = logging.getLogger(__name__)

STALL_S = 60.0
"""A reader that takes nothing for this long is cut off, in seconds."""

MAX_READERS = 200
"""How many readers there may be at a time."""

CLIENT_READERS = MAX_READERS // 4
"""How many readers one client may have; a browser makes six connections to a server."""

SLOW_BYTES = 64 * 1024
"""A reader that has taken less than this in the last minute is slow: it may lose its place."""

IDLE_S = 10.0
"""A reader that has taken nothing for this long is slow, too, in seconds: its film is paused."""

_CHUNK_BYTES = 64 * 1024

_MINUTE_S = 60
_YOUNG_S = 1.0  # the system's buffers fill this long, which says nothing about a reader's speed


class _Reader:
    """A connection, and the bytes to send on it.

    Args:
        sock: the connection.
        head: the response up to its body.
        file: the file, open at the first byte to send.
        left_bytes: how many of its bytes to send.
        client: the client of the connection; None for this machine.
        now_s: the time, in monotonic seconds.
    """

    def __init__(
        self,
        sock: socket.socket,
        head: bytes,
        file: BinaryIO,
        left_bytes: int,
        client: str | None,
        now_s: float,
    ) -> None:
        self.sock = sock
        self.file = file
        self.left_bytes = left_bytes
        self.client = client
        self.chunk = memoryview(head)  # read but not yet sent
        self.joined_s = self.took_s = now_s
        self._taken: deque[tuple[int, int]] = deque()  # a second, and the bytes taken in it
        self._taken_bytes = 0

    def note(self, sent_bytes: int, now_s: float) -> None:
        """Note that the reader has taken some bytes."""
        self.took_s = now_s
        if self.is_young(now_s):
            return
        second = int(now_s)
        if self._taken and self._taken[-1][0] == second:
            self._taken[-1] = (second, self._taken[-1][1] + sent_bytes)
        else:
            self._taken.append((second, sent_bytes))
        self._taken_bytes += sent_bytes
        self._forget(now_s)

    def taken_bytes(self, now_s: float) -> int:
        """Return how many bytes it took in the last minute, without its first second."""
        self._forget(now_s)
        return self._taken_bytes

    def is_young(self, now_s: float) -> bool:
        """Tell whether its speed is still unknown."""
        return now_s - self.joined_s < _YOUNG_S

    def is_slow(self, now_s: float) -> bool:
        """Tell whether it takes too little to keep its place while others wait."""
        return now_s - self.took_s >= IDLE_S or self.taken_bytes(now_s) < SLOW_BYTES

    def _forget(self, now_s: float) -> None:
        while self._taken and self._taken[0][0] < now_s - _MINUTE_S:
            self._taken_bytes -= self._taken.popleft()[1]


class FileFeeder:
    """Feeds files to slow readers from one thread, which starts with the first reader.

    Args:
        clock: returns the time, in monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._joining: deque[_Reader] = deque()
        self._readers: set[_Reader] = set()
        self._leaving: set[_Reader] = set()  # a part of the readers
        self._stopped = False
        self._lock = threading.Lock()
        # These three are made with the first file, in the process that serves it.
        self._thread: threading.Thread | None = None
        self._selector: selectors.BaseSelector
        self._waker: Waker

    def feed(
        self,
        sock: socket.socket,
        head: bytes,
        file: BinaryIO,
        length: int,
        client: str | None = None,
    ) -> None:
        """Send ``head`` and the next ``length`` bytes of ``file``, then close both.

        Args:
            sock: a non-blocking connection; it belongs to the feeder from now on.
            head: the response up to its body.
            file: the file, open at the first byte to send.
            length: how many of its bytes to send.
            client: the same client as for `make_room`, which must be called first.
        """
        reader = _Reader(sock, head, file, length, client, self._clock())
        with self._lock:
            if self._stopped:
                _close(reader)
                return
            if self._thread is None:
                self._begin_locked()
            self._joining.append(reader)
            self._waker.wake()

    def make_room(self, client: str | None) -> bool:
        """Make room for one more reader; a slow reader may have to go.

        Args:
            client: the reader's client (`gpiobridge.net.addresses.client_of`). None for this
                machine, which only the total bound limits.

        Returns:
            Whether there is room.
        """
        now_s = self._clock()
        with self._lock:
            staying = [r for r in (*self._readers, *self._joining) if r not in self._leaving]
            held = Counter(reader.client for reader in staying)
            if client is not None and held[client] >= CLIENT_READERS:
                candidates = [reader for reader in staying if reader.client == client]
            elif len(staying) >= MAX_READERS:
                candidates = staying
            else:
                return True

            def staying_power(reader: _Reader) -> tuple[bool, int, bool, int, float]:
                return (
                    reader.is_young(now_s),
                    -held[reader.client],
                    reader.client is None,
                    reader.taken_bytes(now_s),
                    reader.took_s,
                )

            def may_go(reader: _Reader) -> bool:
                # Otherwise a client that starts again every second would never lose a place.
                known = not reader.is_young(now_s) or held[reader.client] > CLIENT_READERS // 2
                return known and reader in self._readers and reader.is_slow(now_s)

            slow = [reader for reader in candidates if may_go(reader)]
            if not slow:
                return False
            self._leaving.add(min(slow, key=staying_power))
            self._waker.wake()
            return True

    def stop(self) -> None:
        """Cut off every reader and end the thread."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            if thread is not None:
                self._waker.wake()
        if thread is not None:
            thread.join(1.0)

    def _begin_locked(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._waker = Waker(self._selector)
        self._thread = threading.Thread(target=self._run, name="gpiobridge-files", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._turn()
        except Exception:
            log.exception("the file feeder failed; its readers are cut off")
        finally:
            with self._lock:
                self._end_locked()

    def _end_locked(self) -> None:
        """Cut off every reader; the next file starts a new thread, unless we were stopped."""
        for reader in (*self._readers, *self._joining):
            _close(reader)
        self._readers.clear()
        self._joining.clear()
        self._leaving.clear()
        self._selector.close()
        self._waker.close()
        self._thread = None

    def _turn(self) -> None:
        last_s = min((reader.took_s for reader in self._readers), default=None)
        timeout_s = None if last_s is None else max(0.0, last_s + STALL_S - self._clock())
        for key, _ in self._selector.select(timeout_s):
            if isinstance(key.data, _Reader):
                self._write(key.data)
            else:
                self._waker.drain()
        with self._lock:
            joining = list(self._joining)
            self._joining.clear()
            self._readers.update(joining)
            going = set(self._leaving)
        for reader in joining:
            self._selector.register(reader.sock, selectors.EVENT_WRITE, reader)
        now_s = self._clock()
        going.update(r for r in self._readers if r.took_s + STALL_S <= now_s)
        for reader in going:
            self._drop(reader)

    def _write(self, reader: _Reader) -> None:
        try:
            if not reader.chunk:
                # One chunk per turn: a fast reader must not hold up the others.
                data = reader.file.read(min(_CHUNK_BYTES, reader.left_bytes))
                reader.left_bytes = reader.left_bytes - len(data) if data else 0
                reader.chunk = memoryview(data)
            sent = reader.sock.send(reader.chunk)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(reader)
            return
        reader.chunk = reader.chunk[sent:]
        with self._lock:
            reader.note(sent, self._clock())
        if not reader.chunk and not reader.left_bytes:
            self._drop(reader)

    def _drop(self, reader: _Reader) -> None:
        with self._lock:
            self._readers.discard(reader)
            self._leaving.discard(reader)
        self._selector.unregister(reader.sock)
        _close(reader)


def _close(reader: _Reader) -> None:
    reader.sock.close()
    reader.file.close()
