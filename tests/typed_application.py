"""An application with type hints that uses all of the public API: `mypy --strict` reads it."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from flask import Blueprint, Flask, Response, abort, g
from flask.typing import ResponseReturnValue

from gpiobridge import Display, DriveError, Gesture, GpioBridge, Level, Message, PinEvent, PushError

P = ParamSpec("P")


def guarded(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let nobody in."""

    @functools.wraps(view)
    def guard(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return abort(403)

    return guard


bridge = GpioBridge(
    pins={"button": 17, "door": {"pin": 27, "pull": "down"}},
    config={"server": {"beat": "1s"}},
    url_prefix="/bridge",
    decorators=[guarded],
    on_failure=lambda: print("the watcher has died"),
    nonce=lambda: str(g.nonce),
)


routes: Blueprint = bridge.blueprint
most_displays: int = bridge.limits.displays_per_address


def make_app() -> Flask:
    """Make the application, as a factory does."""
    app = Flask(__name__)
    bridge.init_app(app)

    @app.get("/welcome")
    @bridge.page("welcome", on_low={"button": "open"}, prerender=True)
    def welcome() -> str:
        return "<h1>welcome</h1>"

    @bridge.page("open")
    @app.get("/open/<path:name>")
    @app.get("/open", defaults={"name": "open.html"})
    def is_open(name: str) -> Response:
        return bridge.send_file(Path("static"), name)

    return app


@bridge.on_low("button")
@bridge.on_high("button")
def edge(event: PinEvent) -> None:
    """Take an edge."""
    level: Level = event.level
    print(event.pin, level, event.seq)


@bridge.on_press("button")
@bridge.on_release("button")
def press() -> None:
    """Take nothing."""


@bridge.on_tap("button")
@bridge.on_hold("button")
async def gesture(event: PinEvent) -> None:
    """Take a gesture."""
    if event.gesture is Gesture.HOLD:
        print(
            bridge.navigate("welcome", page="open", display="kiosk", exclude="staff", group="wall")
        )


@bridge.on_start
def job() -> None:
    """Go on for ever."""


@bridge.on_message
def message(message: Message) -> None:
    """Take a message."""
    sender: Display = message.display
    try:
        told: int = bridge.push(message.data, page=sender.page, display=sender, exclude=sender)
    except PushError as error:
        print(error)
    else:
        print(told)
    bridge.push({"score": 3}, retain="score")


def main() -> None:
    """Run by hand."""
    make_app()
    bridge.start()
    for name, pin in bridge.pins.items():
        print(name, pin.level is Level.LOW, pin.active)
        try:
            pin.press(for_s=0.2)
            pin.set(Level.HIGH)
            pin.set("low")
        except DriveError as error:
            print(error)
    for output in bridge.outputs.values():
        output.set("blink", for_s=2.0)
        print(output.name, output.state)
    for sound in bridge.sounds.values():
        sound.play()
    print([display.name for display in bridge.displays], bridge.running.settings.server.port)
    bridge.stop()
