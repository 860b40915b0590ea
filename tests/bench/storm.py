"""The client of a storm: displays that leave for the next page at the same time.

Each does what the page's script does after a close with 4000: it answers the close, asks for the
next page (HEAD), loads it (GET), and opens its socket with the cursor and the seat that it was
given. The displays' addresses differ (127.1.0.0/16), as those of separate computers do.

It runs as a process of its own (``python -m bench.storm``), like `receivers`.
"""

import contextlib
import json
import re
import select
import socket
import statistics
import time
from collections.abc import Generator
from typing import Any

from bench.receivers import Server, client_frame, serve

OPENING = 40
"""So many displays open at the same time, before the storm."""

DEADLINE_S = 40.0
_CLOSE = 0x8
_TEXT = 0x1

Visit = Generator[None, None, None]


class Display:
    """One display: a page, its socket, and what it has been told."""

    def __init__(self, storm: "Storm", number: int) -> None:
        self.storm = storm
        self.address = f"127.1.{number // 250}.{number % 250 + 1}"
        self.path = ""
        self.cursor = ""
        self.seat = ""
        self.sock: socket.socket | None = None
        self.seen = b""
        self.told_s = self.loaded_s = self.live_s = 0.0
        self.visit: Visit = self._open("/welcome")

    def _connect(self) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.address, 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", self.storm.port))
        self.seen = b""
        return sock

    def _send(self, data: bytes) -> Visit:
        """Send what is small enough for any socket's buffer, once the connection is there."""
        assert self.sock is not None
        while True:
            try:
                self.sock.send(data)
                return
            except BlockingIOError:
                yield

    def _until(self, what: bytes) -> Visit:
        assert self.sock is not None
        while what not in self.seen:
            try:
                piece = self.sock.recv(65536)
            except BlockingIOError:
                yield
                continue
            if not piece:
                raise ConnectionError(f"expected {what!r}, got {self.seen[-200:]!r}")
            self.seen += piece

    def _request(self, method: str, path: str, *, again: bool = False) -> Visit:
        """One request; ``again`` uses the connection of the request before, as browsers do."""
        if not again:
            yield from self._renew()
        self.seen = b""
        yield from self._send(
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.storm.port}\r\n\r\n".encode()
        )
        yield from self._until(b"\r\n\r\n")
        if not self.seen.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"{method} {path}: {self.seen[:100]!r}")
        if method == "GET":
            yield from self._until(b"</html>")

    def _renew(self) -> Visit:
        self.storm.forget(self)
        self.sock = self._connect()
        self.storm.watch(self)
        yield  # until it is connected

    def _open(self, path: str) -> Visit:
        yield from self._request("GET", path)
        yield from self._join(path)

    def _join(self, path: str) -> Visit:
        """Open the page's socket; then live, until a close with 4000 leads to the next page."""
        page = path.removeprefix("/")
        while True:
            self.path = path
            yield from self._renew()
            query = f"cursor={self.cursor}&seat={self.seat}" if self.seat else ""
            yield from self._send(
                f"GET /ws/{page}?{query} HTTP/1.1\r\nHost: 127.0.0.1:{self.storm.port}\r\n"
                f"Origin: http://127.0.0.1:{self.storm.port}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            yield from self._until(b'"type":"state"')
            yield from self._until(b'"seat":"')
            epoch = re.search(rb'"epoch":"([^"]+)"', self.seen)
            seq = re.search(rb'"seq":(\d+)', self.seen)
            seat = re.search(rb'"seat":"([^"]+)"', self.seen)
            if epoch is None or seq is None or seat is None:
                raise ConnectionError(f"no state: {self.seen[-300:]!r}")
            self.cursor = f"{epoch[1].decode()}:{seq[1].decode()}"
            self.seat = seat[1].decode()
            self.live_s = time.monotonic()
            self.storm.live(self)
            self.seen = b""
            yield from self._follow()
            page = self.path.removeprefix("/")
            path = self.path
            yield from self._request("HEAD", path)
            if not self.storm.ahead:
                try:
                    yield from self._request("GET", path, again=True)
                except OSError:  # the server has ended the idle connection: browsers ask again
                    yield from self._request("GET", path)
            self.loaded_s = time.monotonic()

    def _follow(self) -> Visit:
        """Answer beats, until the close with 4000; answer that, too, and keep its path."""
        mark = b"\x0f\xa0/"  # the code 4000, and the path's first character
        while True:
            if self.seen.endswith(b'{"type":"beat"}'):
                self.seen = b""
                yield from self._send(client_frame(_TEXT, b'{"type":"beat"}'))
            if seqs := re.findall(rb'"seq":(\d+)', self.seen):
                self.cursor = f"{self.cursor.partition(':')[0]}:{seqs[-1].decode()}"
            if mark in self.seen:
                self.told_s = time.monotonic()
                self.path = self.seen[self.seen.index(mark) + 2 :].decode()
                yield from self._send(client_frame(_CLOSE, b"\x0f\xa0"))
                return
            if len(self.seen) > 1000:
                self.seen = self.seen[-200:]
            before = len(self.seen)
            while len(self.seen) == before:
                assert self.sock is not None
                try:
                    piece = self.sock.recv(65536)
                except BlockingIOError:
                    yield
                    continue
                if not piece:
                    raise ConnectionError("the socket ended without a close of 4000")
                self.seen += piece


class Storm:
    """Displays of one bridge.

    Args:
        server: which; only its port counts.
    """

    def __init__(self, server: Server) -> None:
        self.port = server.port
        self.displays: list[Display] = []
        self._poll = select.epoll()
        self._by_number: dict[int, Display] = {}
        self._live: set[Display] = set()
        self.lost: list[str] = []
        self.ahead = False

    def watch(self, display: Display) -> None:
        """Wake a display when its socket can be read, or has been connected."""
        assert display.sock is not None
        number = display.sock.fileno()
        self._by_number[number] = display
        self._poll.register(number, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def forget(self, display: Display) -> None:
        """End a display's socket, if it has one."""
        if display.sock is not None:
            self._poll.unregister(display.sock.fileno())
            del self._by_number[display.sock.fileno()]
            display.sock.close()
            display.sock = None

    def live(self, display: Display) -> None:
        """Note that a display is live on its page."""
        self._live.add(display)

    def open(self, count: int) -> dict[str, Any]:
        """Open displays, some at a time, until ``count`` are live."""
        until_s = time.monotonic() + DEADLINE_S
        while len(self._live) < count and time.monotonic() < until_s:
            while (
                len(self.displays) < count
                and len(self.displays) - len(self._live) - len(self.lost) < OPENING
            ):
                display = Display(self, len(self.displays))
                self.displays.append(display)
                self._step(display)
            self._turn()
        return {"live": len(self._live), "lost": self.lost[:3]}

    def press(self, level: str, pin: str, ahead: bool) -> dict[str, Any]:
        """Press, and wait until all displays are live on the next page.

        Args:
            level: what the pin goes to.
            pin: its name.
            ahead: whether browsers have the next page already, as Chromium has.

        Returns:
            Seconds from the press until all were told, all had their page, the median display was
            live, and all were live; and the displays that were lost.
        """
        self.ahead = ahead
        displays = [display for display in self.displays if display in self._live]
        self._live.clear()
        self.lost.clear()
        started_s = time.monotonic()
        self.set_level(level, pin)
        while len(self._live) + len(self.lost) < len(displays):
            self._turn()
            if time.monotonic() > started_s + DEADLINE_S:
                break
        live = sorted(display.live_s - started_s for display in self._live)
        return {
            "told": max(display.told_s for display in displays) - started_s,
            "loaded": max(display.loaded_s for display in displays) - started_s,
            "median": statistics.median(live) if live else 0.0,
            "live": live[-1] if live else 0.0,
            "displays": len(displays),
            "lost": [*self.lost, *[f"{len(displays) - len(live)} not live"]]
            if len(live) < len(displays)
            else [],
            "pages": sorted({display.path for display in self._live}),
        }

    def set_level(self, level: str, pin: str) -> None:
        """Drive the simulated pin, on a connection of its own."""
        body = json.dumps({"level": level})
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock:
            sock.sendall(
                f"POST /simulator/pins/{pin} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
            answer = sock.recv(1000)
        if not answer.startswith(b"HTTP/1.1 204"):
            raise ConnectionError(f"the simulator says {answer[:100]!r}")

    def rest(self, seconds: float) -> int:
        """Let the displays live, and answer beats."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._turn(0.1)
        return len(self._live)

    def close(self) -> None:
        """End all displays."""
        for display in self.displays:
            self.forget(display)
        self._poll.close()

    def _turn(self, wait_s: float = 1.0) -> None:
        for number, _ in self._poll.poll(wait_s):
            display = self._by_number.get(number)
            if display is not None:
                self._step(display)

    def _step(self, display: Display) -> None:
        try:
            next(display.visit)
        except (OSError, ValueError) as error:
            self.lost.append(f"{display.path}: {error}")
            self.forget(display)


if __name__ == "__main__":
    serve(Storm)
