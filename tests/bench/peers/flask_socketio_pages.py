"""Pages that follow a button by Flask-SocketIO: an event, then ``location =``."""

import os

from flask import Flask, render_template, request
from flask_socketio import SocketIO

app = Flask(__name__, root_path=os.environ["EXHIBIT"])
socketio = SocketIO(app, async_mode="threading")


@app.get("/<page>")
def show(page: str) -> str:
    """Show a page."""
    return render_template(f"{page}.html")


@app.post("/press")
def press() -> tuple[str, int]:
    """Lead every browser to the page that the body names."""
    socketio.emit("go", "/" + request.get_data(as_text=True))
    return "", 204
