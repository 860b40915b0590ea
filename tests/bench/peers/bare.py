"""The handshake of the bare loops."""

import socket

from wsproto.utilities import generate_accept_token


def shake_hands(listener: socket.socket) -> socket.socket | None:
    """Make the handshake of the next connection; None if it is no display."""
    sock, _ = listener.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        piece = sock.recv(65536)
        if not piece:
            sock.close()
            return None
        request += piece
    key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + generate_accept_token(key) + b"\r\n\r\n"
    )
    sock.setblocking(False)
    return sock
