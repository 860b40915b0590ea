"""A photo booth: a tap takes a picture, a long press begins again, a coin lights the lamp."""

import logging
import secrets
from datetime import timedelta
from functools import wraps
from pathlib import Path

from flask import Flask, g, jsonify, make_response, render_template, request

from gpiobridge import (
    ConfigError,
    Display,
    DriveError,
    Gesture,
    GpioBridge,
    GpioBridgeError,
    Level,
    Message,
    PinEvent,
    PushError,
    __version__,
)

log = logging.getLogger(__name__)
PICTURES = Path(__file__).parent
BUTTON = {"pin": 17, "pull": "up", "debounce": timedelta(milliseconds=10), "hold": "500ms"}

happened = []


def guests_only(view):
    """Let in guests, who have seen the first page, and programs with a key."""

    @wraps(view)
    def guarded(**values):
        if request.cookies.get("guest") != "yes" and "Authorization" not in request.headers:
            return "Start at /booth/.", 401
        return view(**values)

    return guarded


bridge = GpioBridge(
    pins={"button": BUTTON, "coin": {"source": "http", "debounce": "5ms"}, "curtain": 22},
    config={"server": {"beat": "1s", "start": "smile"}, "every_page": {"lockout": timedelta()}},
    url_prefix="/bridge",
    decorators=[guests_only],
    on_failure=lambda: log.error("the bridge has failed"),
    nonce=lambda: g.nonce,
)


@bridge.on_low("curtain")
@bridge.on_high("curtain")
def curtain_moved(event: PinEvent):
    """Tell the page where the curtain is."""
    assert event.gesture is None and event.level in list(Level)
    if event.level is Level.LOW.other:
        log.info("the %s opens at %s", event.pin, event.at_s)
    bridge.push({"curtain": event.level, "number": event.seq}, retain="curtain")


@bridge.on_press("coin")
def coin_came():
    """Thank for the coin."""
    happened.append("coin")
    bridge.push({"said": "thank you"}, page="smile")


@bridge.on_release("coin")
def coin_has_fallen():
    """Note it."""
    happened.append("coin fell")


@bridge.on_tap("button")
def take_picture(event):
    """Note the picture."""
    happened.append("picture")
    assert event.gesture is Gesture.TAP and event.press < event.seq


@bridge.on_hold("button")
def begin_again(event):
    """Send everybody to the beginning."""
    happened.append("again")
    assert event.event == "hold"


@bridge.on_message
def answer(message: Message):
    """Answer the display that has asked, and nobody else."""
    here: Display = message.display
    if message.data == "home":
        bridge.navigate("smile", display=here)
    else:
        bridge.push({"said": f"{message.data} from {here.page}"}, display=here)
        bridge.push({"said": "somebody asks"}, exclude=here)


@bridge.on_start
def begin():
    """Note that the bridge runs."""
    happened.append("start")


def create_app():
    """Make the application."""
    app = Flask(__name__)
    bridge.init_app(app)

    @app.before_request
    def make_nonce():
        g.nonce = secrets.token_urlsafe(16)

    @app.after_request
    def policy(response):
        if "nonce" in g:
            response.headers["Content-Security-Policy"] = (
                f"default-src 'self'; script-src 'nonce-{g.nonce}'; connect-src 'self' ws:"
            )
        return response

    @app.get("/booth/")
    @bridge.page("smile", on_tap={"button": "picture"}, on_press={"coin": "thanks"})
    def smile():
        response = make_response(render_template("smile.html", nonce=g.nonce))
        response.set_cookie("guest", "yes")
        return response

    @bridge.page("picture", on_hold={"button": "smile"}, prefetch=True)
    @app.get("/booth/picture")
    def picture():
        return render_template("smile.html", nonce=g.nonce)

    @app.get("/booth/thanks")
    @bridge.page("thanks", idle={"after": "1s", "to": "smile"})
    def thanks():
        return render_template("smile.html", nonce=g.nonce)

    @app.get("/picture.txt")
    def file():
        return bridge.send_file(PICTURES, "picture.txt")

    @app.get("/state")
    def state():
        return jsonify(
            happened=happened,
            displays=[[display.page, display.name, display.visible] for display in bridge.displays],
            numbers=[type(display.number).__name__ for display in bridge.displays],
            pins=[pin.name for pin in bridge.pins.values()],
            button=bridge.pins["button"].level,
            coin=bridge.pins["coin"].active,
            version=__version__.split(".")[0],
            most=bridge.limits.displays_per_address,
            routes=bridge.blueprint.name,
        )

    @app.post("/coin")
    def coin():
        try:
            bridge.pins["coin"].press(for_s=0.05)
        except DriveError as error:
            return str(error), 409
        return "", 204

    @app.post("/wrong")
    def wrong():
        caught = []
        for order in (
            lambda: bridge.push({1, 2}),
            lambda: bridge.navigate("nowhere"),
            lambda: bridge.pins["button"].set("between"),
            lambda: GpioBridge(url_prefix="bridge"),
            lambda: GpioBridge(decorators=guests_only),
            lambda: GpioBridge().start(),
        ):
            try:
                order()
            except ConfigError as error:
                caught.append(len(error.problems))
            except (PushError, DriveError, GpioBridgeError) as error:
                caught.append(type(error).__name__)
        return jsonify(caught)

    return app


app = create_app()
