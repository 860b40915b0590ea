"""A bare loop that sends a beat to each socket and reads the answers: nothing can do less.

Usage: ``beats.py PORT BEAT_SECONDS``.
"""

import selectors
import socket
import sys
import time

from bare import shake_hands

BEAT = b'{"type":"beat"}'
FRAME = b"\x81" + bytes([len(BEAT)]) + BEAT


def main() -> None:
    """Serve."""
    port, beat_s = int(sys.argv[1]), float(sys.argv[2])
    displays: list[socket.socket] = []
    with (
        selectors.DefaultSelector() as selector,
        socket.create_server(("127.0.0.1", port), backlog=2048) as listener,
    ):
        selector.register(listener, selectors.EVENT_READ)
        due_s = time.monotonic() + beat_s
        while True:
            for key, _ in selector.select(max(0.0, due_s - time.monotonic())):
                if key.fileobj is listener:
                    if sock := shake_hands(listener):
                        selector.register(sock, selectors.EVENT_READ)
                        displays.append(sock)
                else:
                    key.fileobj.recv(65536)  # type: ignore[union-attr]
            if time.monotonic() >= due_s:
                due_s += beat_s
                for sock in displays:
                    sock.send(FRAME)


if __name__ == "__main__":
    main()
