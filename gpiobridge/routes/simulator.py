"""The simulator: a page that presses pins and shows outputs, and the route behind it.

The simulated pins are gpiozero's mock pins (see `pins.gpiozero_pins`). An edge made here takes the
same way as a real one. The simulator presses virtual pins, too. Where neither pins nor
outputs are simulated, these routes answer 404. Any HTTP thread.
"""

from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import format_duration
from gpiobridge.displays.audience import SIMULATOR
from gpiobridge.routes.admission import find, refuse
from gpiobridge.routes.api import set_level
from gpiobridge.routes.html import STRICT_CSP, insert_script
from gpiobridge.routes.page_script import root, script


def add_simulator(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add ``/simulator`` and ``POST /simulator/pins/<name>``.

    Args:
        blueprint: where they are added.
        running: returns the running bridge, in a request.
    """

    def check() -> None:
        if not running().has_simulator:
            refuse(
                404,
                "There is no simulator, because the pins are real: write gpio.pin_factory = "
                '"mock" to simulate them.',
            )

    def show() -> ResponseReturnValue:
        check()
        here = request.script_root
        pages = [{"name": name, "path": here + p} for name, p in running().watcher.paths.items()]
        source, nonce = running().watcher.pins, running().nonce()
        settings = running().settings
        pins = list(settings.pins.values())
        response = Response(
            render_template(
                "simulator.html",
                pins=pins,
                simulated="pins" if source.simulated else "outputs",
                places={pin.name: pin.placed(settings.gpio) for pin in pins},
                wires={each.name: each.placed(settings.gpio) for each in settings.outputs.values()},
                outputs=list(settings.outputs.values()),
                duration=format_duration,
                driven=[pin.name for pin in pins if source.drives(pin.name)],
                pages=pages,
                prefix=root(running()),
                nonce=nonce,
            )
        )
        insert_script(response, script(running(), SIMULATOR, nonce))
        response.headers["Content-Security-Policy"] = STRICT_CSP
        response.headers["Cache-Control"] = "no-cache"
        return response

    def set_pin(name: str) -> ResponseReturnValue:
        check()
        pins = running().watcher.pins
        pin = find("pin", name, running().settings.pins)
        if not pins.drives(name):
            refuse(404, f"Pin {name!r} can't be pressed here: it is {pin.where}.")
        return set_level(pins, name)

    blueprint.add_url_rule("/simulator", "simulator", show)
    blueprint.add_url_rule("/simulator/pins/<name>", "simulate", set_pin, methods=["POST"])
