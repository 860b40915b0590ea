"""What stands in for a bridge, or before one: `Proxy` can be cut, `Stub` says what a test wants."""

import socket
import struct
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from harness.deadline import DEADLINE_S
from websockets.sync.server import Server, ServerConnection, serve

from gpiobridge.client.frames import Frames


def next_frame(frames: Frames, kind: str | None = None) -> dict[str, Any]:
    """The next frame that is no beat."""
    for frame in frames:
        if frame["type"] != "beat":
            assert kind is None or frame["type"] == kind, frame
            return frame
    raise AssertionError("the iteration has ended")


class Proxy:
    """A TCP way to a bridge that can be cut.

    Args:
        port: the bridge's.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._open = True
        self.requests: list[str] = []  # the request lines that have passed
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name="test-proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._pairs.append((near, far))
            self._start(self._carry, near, far, True)
            self._start(self._carry, far, near, False)

    def _carry(self, here: socket.socket, there: socket.socket, up: bool) -> None:
        try:
            while data := here.recv(65536):
                if up and data.startswith(b"GET "):
                    self.requests.append(data.split(b"\r\n")[0].decode())
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @property
    def sockets(self) -> list[str]:
        """The request lines of WebSockets."""
        return [line for line in self.requests if " /ws/" in line]

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        with self._lock:
            self._open = False
            for pair in self._pairs:
                for end in pair:
                    try:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                    end.close()
            self._pairs.clear()

    def mend(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """End it."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(DEADLINE_S)


STATE = '{"type":"state","epoch":"feed","seq":0,"pins":{},"simulated":true}'
EDGE = '{"type":"edge","seq":1,"pin":"a","event":"low","level":"low","at":1}'
SCRIPT = '<script src="client.js" data-page="welcome" data-socket="/ws/welcome" data-beat="{beat}">'


class Stub:
    """A bridge as far as a client sees one; what a page is told is up to the test.

    Args:
        handler: serves a socket; by default it tells the state and keeps what it gets.
        answer: answers a request that is no WebSocket: status and text.
    """

    def __init__(
        self,
        handler: Callable[[ServerConnection], None] | None = None,
        answer: Callable[[str], tuple[int, str]] = lambda _path: (200, "<p>page</p>"),
    ) -> None:
        self.got: list[str] = []
        self.connections = 0

        def respond(ws: ServerConnection, request: Any) -> Any:
            if "Upgrade" in request.headers:
                return None
            status, text = answer(request.path)
            return ws.respond(HTTPStatus(status), text)

        def serve_socket(ws: ServerConnection) -> None:
            self.connections += 1
            (handler or self._keep)(ws)

        self._server: Server = serve(
            serve_socket, "127.0.0.1", 0, process_request=respond, compression=None
        )
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}/welcome"
        self._thread = threading.Thread(target=self._server.serve_forever, name="test-stub")
        self._thread.start()

    def _keep(self, ws: ServerConnection) -> None:
        ws.send(STATE)
        for text in ws:
            assert isinstance(text, str)
            self.got.append(text)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join(DEADLINE_S)
