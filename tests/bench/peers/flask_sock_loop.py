"""A loop of `ws.send` over all sockets of Flask-Sock, under gunicorn as its documentation says."""

import contextlib
import os

import trigger
from flask import Flask
from flask_sock import ConnectionClosed, Server, Sock

app = Flask(__name__)
sock = Sock(app)
displays: set[Server] = set()


@sock.route("/ws")
def stay(ws: Server) -> None:
    """Keep a display: Flask-Sock closes it when its route returns."""
    displays.add(ws)
    try:
        while True:
            ws.receive()
    finally:
        displays.discard(ws)


def broadcast(_: bytes) -> None:
    """Send the text to each display."""
    for ws in list(displays):
        with contextlib.suppress(ConnectionClosed):
            ws.send(trigger.TEXT)


trigger.start(int(os.environ["TRIGGER_PORT"]), broadcast)
