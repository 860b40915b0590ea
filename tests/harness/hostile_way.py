"""The way from a browser to a bridge, which spoils the answers that a test names."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator

from harness.deadline import DEADLINE_S

_STEP_S = 0.05


class HostileWay:
    """Carries HTTP and WebSockets to a server, one request a connection.

    Args:
        server_port: where the server listens on this machine.

    Attributes:
        faults: path -> what happens to GET and HEAD of it: a status such as "500"; "cut": half
            the answer, and then the end; "cut-head": the end before any answer; "drip": a byte now
            and then; "hang": no answer.
        asked: the requests that a fault has met, as ``GET /late``.
    """

    def __init__(self, server_port: int) -> None:
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self._server_port = server_port
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_STEP_S)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="test-way")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def end(self) -> None:
        """End it, with all it carries."""
        self._ended.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                self._start(self._carry, self._listener.accept()[0])

    def _carry(self, browser: socket.socket) -> None:
        with contextlib.suppress(OSError), browser:
            browser.settimeout(DEADLINE_S)
            request = b""
            while b"\r\n\r\n" not in request:
                if not (data := browser.recv(65536)):
                    return
                request += data
            method, target = request.decode("latin-1").split(" ")[:2]
            fault = self.faults.get(target.split("?")[0], "")
            if fault and method in ("GET", "HEAD"):
                self.asked.append(f"{method} {target}")
                self._spoil(fault, browser, request)
                return
            with self._ask(request) as server:
                self._start(self._pump, browser, server)
                self._pump(server, browser)

    def _ask(self, request: bytes) -> socket.socket:
        if b"\r\nUpgrade:" not in request:
            request = re.sub(rb"\r\nConnection: [^\r]*", b"", request)
            request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        server = socket.create_connection(("127.0.0.1", self._server_port), timeout=DEADLINE_S)
        server.sendall(request)
        return server

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            source.settimeout(_STEP_S)
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    if not (data := source.recv(65536)):
                        break
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _spoil(self, fault: str, browser: socket.socket, request: bytes) -> None:
        if fault == "cut-head":
            return
        if fault == "hang":
            self._ended.wait(DEADLINE_S)
            return
        if fault.isdecimal():
            head = f"HTTP/1.1 {fault} Spoilt\r\nContent-Type: text/html\r\nContent-Length: 5\r\n"
            browser.sendall(f"{head}Connection: close\r\n\r\nspoil".encode())
            return
        with self._ask(request) as server:
            answer = b"".join(self._chunks(server))
        if fault == "cut":
            body = answer.index(b"\r\n\r\n") + 4
            browser.sendall(answer[: body + (len(answer) - body) // 2])
            return
        for byte in answer:  # drip
            browser.sendall(bytes([byte]))
            if self._ended.wait(_STEP_S):
                return

    def _chunks(self, server: socket.socket) -> Iterator[bytes]:
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s and (data := server.recv(65536)):
            yield data
