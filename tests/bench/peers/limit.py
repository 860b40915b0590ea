"""The limit: one thread that sends a ready frame to each socket, and does nothing else.

Nothing in Python that writes to each socket can be faster. Usage: ``limit.py PORT TRIGGER_PORT``.
"""

import socket
import sys
import threading

from trigger import TEXT, listen
from wsproto.utilities import generate_accept_token

FRAME = b"\x81" + bytes([len(TEXT)]) + TEXT.encode()


def main() -> None:
    """Serve."""
    port, trigger_port = map(int, sys.argv[1:])
    displays: list[socket.socket] = []
    threading.Thread(target=accept, args=(port, displays), daemon=True).start()
    trigger = listen(trigger_port)
    while True:
        trigger.recv(100)
        for sock in displays:
            sock.send(FRAME)


def accept(port: int, displays: list[socket.socket]) -> None:
    """Make handshakes."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
        while True:
            sock, _ = listener.accept()
            request = b""
            while b"\r\n\r\n" not in request:
                piece = sock.recv(65536)
                if not piece:
                    break
                request += piece
            if b"Sec-WebSocket-Key: " not in request:
                sock.close()
                continue
            key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + generate_accept_token(key) + b"\r\n\r\n"
            )
            sock.setblocking(False)
            displays.append(sock)


if __name__ == "__main__":
    main()
