"""The limit: one thread that sends a ready frame to each socket, and does nothing else.

Every server that is written in Python has at least this to do.
Usage: ``limit.py PORT TRIGGER_PORT``.
"""

import socket
import sys
import threading

from bare import shake_hands
from trigger import TEXT, listen

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
            if sock := shake_hands(listener):
                displays.append(sock)


if __name__ == "__main__":
    main()
