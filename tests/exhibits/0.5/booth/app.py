"""A photo booth whose lamp counts down: a program sets outputs, and asks what they do."""

from flask import Flask, jsonify, render_template, request

from gpiobridge import GpioBridge, OutputError, OutputState

app = Flask(__name__)
bridge = GpioBridge(
    app,
    pins={"button": 17},
    config={
        "outputs": {
            "countdown": {"pin": 22, "blink": "400ms"},
            "flash": {"pin": 23, "max_on": "5s"},
            "sign": 24,
        },
        "sounds": {"shutter": {"file": "static/shutter.wav"}},
    },
)


@app.get("/")
@bridge.page("ready", on_press={"button": "smile"}, outputs={"sign": "on"})
def ready():
    return render_template("booth.html", page="ready")


@app.get("/smile")
@bridge.page("smile", on_press={"button": "ready"}, outputs={"countdown": OutputState.BLINK})
def smile():
    return render_template("booth.html", page="smile")


@bridge.on_press("button")
def somebody_comes():
    """Say so outside."""
    bridge.outputs["sign"].blink(for_s=0.5)


@bridge.on_message
def take_picture(message):
    """Let the flash come for a page that is on the screen."""
    if message.display.page == "smile":
        bridge.outputs["flash"].pulse(for_s=2)
        bridge.sounds["shutter"].play()


@app.get("/outputs")
def states():
    return jsonify({output.name: output.state for output in bridge.outputs.values()})


@app.post("/outputs/<name>")
def order(name):
    state = OutputState(request.args["state"])
    lamp = bridge.outputs[name]
    if state is OutputState.ON:
        lamp.on()
    elif state is OutputState.OFF:
        lamp.off()
    elif state is not OutputState.PULSE:
        lamp.set(state)
    return "", 204


@app.post("/wrong")
def wrong():
    caught = []
    for order in (
        lambda: bridge.outputs["flash"].set("bright"),
        lambda: bridge.outputs["flash"].on(for_s=-1),
        lambda: bridge.outputs["laser"],
    ):
        try:
            order()
        except (OutputError, KeyError) as error:
            caught.append(type(error).__name__)
    return jsonify(caught)
