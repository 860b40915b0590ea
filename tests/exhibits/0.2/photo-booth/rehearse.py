"""Rehearse the booth without a server: start it, press its pins, stop it."""

import time

from app import app, bridge, happened

from gpiobridge import Level, PinError

with app.app_context():
    bridge.start()
    try:
        for _ in range(500):
            if "start" in happened:
                break
            time.sleep(0.01)
        bridge.pins["coin"].set(Level.LOW)
        for _ in range(500):
            if bridge.pins["coin"].active and "coin" in happened:
                break
            time.sleep(0.01)
        assert bridge.pins["coin"].active
        assert "coin" in happened
        assert list(bridge.pins) == ["button", "coin", "curtain"]
    finally:
        bridge.stop()
    try:
        bridge.pins["coin"].set("high")
    except PinError as error:
        print("stopped:", type(error).__name__)
