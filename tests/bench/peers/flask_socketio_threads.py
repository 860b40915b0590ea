"""Flask-SocketIO with threads: `socketio.emit` to all, under gunicorn as its documentation says."""

import os

import trigger
from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", ping_interval=3600, http_compression=False)
# 42["edge","..."] has 100 bytes.
TEXT = "x" * (100 - len('42["edge",""]'))


def broadcast(_: bytes) -> None:
    """Emit the event to every display."""
    socketio.emit("edge", TEXT)


trigger.start(int(os.environ["TRIGGER_PORT"]), broadcast)
