"""gpiobridge in an application of one's own, under gunicorn as docs/your-application.md says.

A datagram "edge" changes the level of the simulated pin, as a wire would; "push" pushes a message.
"""

import os

import trigger
from flask import Flask

from gpiobridge import GpioBridge

# {"type":"message","data":"..."} has 100 bytes.
MESSAGE = "x" * 71

app = Flask(__name__)
bridge = GpioBridge(
    app,
    pins={trigger.PIN: {"pin": 17, "debounce": "0ms"}},
    config={"server": {"max_displays": 6000, "beat": "60s", "catch_up": "160s"}},
)


@app.get("/")
@bridge.page("still")
def still() -> str:
    """A page that no pin moves."""
    return "<h1>still</h1>"


def broadcast(what: bytes) -> None:
    """Do what a datagram says."""
    if what == b"push":
        bridge.push(MESSAGE)
        return
    pins = bridge.running.watcher.pins
    pins.drive(trigger.PIN, pins.read(trigger.PIN).other)


bridge.start()
trigger.start(int(os.environ["TRIGGER_PORT"]), broadcast)
