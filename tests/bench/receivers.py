"""The client: displays of one server in one process, which trigger it and stamp what they receive.

It runs as a process of its own for each server (``python -m bench.receivers``), told what to do by
lines of JSON on its standard input. So no server's sockets count against the limit of descriptors
of another's, and only one client is ever awake.

A receipt costs one ``epoll_wait`` for many sockets and one ``read`` for each. `Receivers.lag` tells
how far behind the kernel that is: the kernel stamps each frame as it arrives.
"""

import contextlib
import gc
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.peers.trigger import PIN

FRAME_BYTES = 100
"""What is broadcast has at least so many bytes; beats, pings and answers have fewer."""

DEADLINE_S = 30.0
_PIECE = 65536
_AT_ONCE = 64  # handshakes under way: fewer than a server's backlog
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it before 3.15
_TEXT = 0x1
_BINARY = 0x2
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is spoken to.

    Args:
        port: where it listens for WebSockets.
        path: the path of its WebSocket.
        trigger: what makes it broadcast: "udp", a datagram; "mqtt", a published message; "http", a
            request to the simulator.
        trigger_port: where the trigger goes.
        subprotocol: the WebSocket's subprotocol, if any.
        dialogue: what is said after the handshake: ["send", text], ["send binary", hex] or
            ["expect", text], ["expect binary", hex].
    """

    port: int
    path: str
    trigger: str
    trigger_port: int
    subprotocol: str = ""
    dialogue: list[list[str]] = field(default_factory=list)


class Receivers:
    """Displays of one server.

    Args:
        server: which.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sockets: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.connect(("127.0.0.1", server.trigger_port))
        self._tcp: socket.socket | None = None
        self._answered: list[socket.socket] = []
        self._level = "high"

    def connect(self, count: int, budget_s: float) -> dict[str, Any]:
        """Open displays until there are ``count``.

        Returns:
            How many there are, and how long it took; fewer than asked for if time ran out.
        """
        started_s = time.monotonic()
        while len(self.sockets) < count and time.monotonic() < started_s + budget_s:
            first = len(self.sockets)
            batch = [_Joining(self.server, first + i) for i in range(min(_AT_ONCE, count - first))]
            # Step by step for all of them: some servers let each display wait for a while.
            for step in [["expect", "\r\n\r\n"], ["shaken hands", ""], *self.server.dialogue]:
                for joining in batch:
                    joining.do(*step)
            for joining in batch:
                sock = joining.sock
                sock.setblocking(False)
                self.sockets[sock.fileno()] = sock
                self._poll.register(sock.fileno(), select.EPOLLIN | select.EPOLLET)
        return {"displays": len(self.sockets), "seconds": time.monotonic() - started_s}

    def turn(self, what: str, count: int) -> dict[str, Any]:
        """Trigger so many broadcasts, one after the other.

        Returns:
            For each: milliseconds from the trigger to the first, the median and the last receipt;
            and the share of the time for which this process was busy.
        """
        shown = []
        busy_s = time.process_time()
        wall_s = 0.0
        for _ in range(count):
            self.drain()
            at_ns, stamps = self._receive(what)
            stamps.sort()
            shown.append(
                [(stamps[i] - at_ns) / 1e6 for i in (0, (len(stamps) - 1) // 2, len(stamps) - 1)]
            )
            wall_s += (stamps[-1] - at_ns) / 1e9
            time.sleep(0.005)
        return {"ms": shown, "busy": (time.process_time() - busy_s) / wall_s}

    def _receive(self, what: str) -> tuple[int, list[int]]:
        expected, read, poll, now = len(self.sockets), os.read, self._poll.poll, time.monotonic_ns
        stamps: list[int] = []
        parts: dict[int, int] = {}
        until_ns = now() + int(DEADLINE_S * 1e9)
        at_ns = now()
        self._trigger(what)
        while len(stamps) < expected:
            for number, _ in poll(1.0):
                size = len(read(number, _PIECE))
                if size < FRAME_BYTES:  # a frame in pieces, or a beat
                    if size == 0:
                        raise ConnectionError("the server has closed a display")
                    size = parts[number] = parts.get(number, 0) + size
                if size >= FRAME_BYTES:
                    stamps.append(now())
            if now() > until_ns:
                raise TimeoutError(
                    f"{len(stamps)} of {expected} displays received it in {DEADLINE_S:.0f} s"
                )
        return at_ns, stamps

    def drain(self) -> None:
        """Read what has come meanwhile, such as beats, and end the presses that were answered."""
        while self._answered:
            with self._answered.pop() as sock:
                sock.recv(1000)
        while events := self._poll.poll(0):
            for number, _ in events:
                with contextlib.suppress(BlockingIOError):
                    os.read(number, _PIECE)

    def rest(self, seconds: float) -> int:
        """Let the displays live, and answer each beat; return how many beats came."""
        beats = 0
        answer = client_frame(_TEXT, b'{"type":"beat"}')
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            for number, _ in self._poll.poll(left_s):
                if b'"beat"' in os.read(number, _PIECE):
                    beats += 1
                    os.write(number, answer)
        return beats

    def lag(self, what: str) -> dict[str, float]:
        """Compare this process's receipts with the kernel's.

        Returns:
            Milliseconds from the trigger to the arrival of the last frame by the kernel's stamp,
            and to its receipt here, in one and the same broadcast.
        """
        for sock in self.sockets.values():
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.drain()
        stamps: list[tuple[float, float]] = []
        at_s = time.time()
        self._trigger(what)
        until_s = time.monotonic() + DEADLINE_S
        while len(stamps) < len(self.sockets) and time.monotonic() < until_s:
            for number, _ in self._poll.poll(1.0):
                data, ancillary, _, _ = self.sockets[number].recvmsg(_PIECE, 64)
                if len(data) >= FRAME_BYTES and ancillary:
                    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                    stamps.append((seconds + nanoseconds / 1e9, time.time()))
        for sock in self.sockets.values():
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 0)
        return {
            "kernel": (max(arrived for arrived, _ in stamps) - at_s) * 1e3,
            "here": (max(received for _, received in stamps) - at_s) * 1e3,
        }

    def close(self) -> None:
        """End all displays."""
        for sock in [*self.sockets.values(), self._udp, *([self._tcp] if self._tcp else [])]:
            sock.close()
        self._poll.close()
        self.sockets.clear()

    def _trigger(self, what: str) -> None:
        if self.server.trigger == "udp":
            self._udp.send(what.encode())
            return
        if self._tcp is None:
            self._tcp = socket.create_connection(("127.0.0.1", self.server.trigger_port), _WAIT_S)
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.server.trigger == "mqtt":
                self._tcp.sendall(mqtt_connect("trigger"))
                self._tcp.recv(100)
        if self.server.trigger == "mqtt":
            self._tcp.sendall(mqtt_publish())
            return
        self._level = "low" if self._level == "high" else "high"
        body = json.dumps({"level": self._level})
        self._tcp.sendall(
            f"POST /simulator/pins/{PIN} HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body}".encode()
        )
        # Its answer isn't waited for; the next press has a connection of its own.
        self._answered.append(self._tcp)
        self._tcp = None


class _Joining:
    """A display whose handshake and first words are under way.

    Args:
        server: whom it joins.
        number: which display it is.
    """

    def __init__(self, server: Server, number: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", server.port), _WAIT_S)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = number
        self._seen = b""
        lines = [
            f"GET {server.path} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            *([f"Sec-WebSocket-Protocol: {server.subprotocol}"] if server.subprotocol else []),
        ]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode())

    def do(self, action: str, text: str) -> None:
        """Do one step of the dialogue: send, or wait for what is expected."""
        if action == "shaken hands":
            if not self._seen.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(f"the handshake was refused: {self._seen[:300]!r}")
            self._seen = self._seen.partition(b"\r\n\r\n")[2]
        elif action.startswith("expect"):
            what = bytes.fromhex(text) if action == "expect binary" else text.encode()
            while what not in self._seen:
                piece = self.sock.recv(_PIECE)
                if not piece:
                    raise ConnectionError(f"expected {what!r}, got {self._seen[:300]!r}")
                self._seen += piece
        else:
            self._seen = b""
            if action == "send":
                frame = client_frame(_TEXT, text.encode())
            elif text == "mqtt":
                frame = client_frame(_BINARY, mqtt_connect(f"display{self._number}"))
            else:
                frame = client_frame(_BINARY, bytes.fromhex(text))
            self.sock.sendall(frame)


def client_frame(opcode: int, data: bytes) -> bytes:
    """A short WebSocket frame from a client, masked with zeros (RFC 6455, section 5.2)."""
    return bytes([0x80 | opcode, 0x80 | len(data), 0, 0, 0, 0]) + data


def mqtt_connect(name: str) -> bytes:
    """An MQTT 3.1.1 CONNECT packet with a clean session and no keep-alive."""
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name.encode()
    return b"\x10" + bytes([len(body)]) + body


def mqtt_publish() -> bytes:
    """A PUBLISH packet of 100 bytes, to the topic "edge"."""
    body = b"\x00\x04edge"
    body += b"x" * (FRAME_BYTES - 2 - len(body))
    return b"\x30" + bytes([len(body)]) + body


def serve(make: Callable[[Server], Any]) -> None:
    """Do what the lines of the standard input say; answer each with a line.

    Args:
        make: makes the client of a server; each order is one of its methods.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    client = make(Server(**json.loads(sys.stdin.readline())))
    gc.disable()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"ok": getattr(client, name)(*arguments)}
        except (OSError, ValueError) as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
        gc.collect()
    client.close()


if __name__ == "__main__":
    serve(Receivers)
