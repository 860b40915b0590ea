"""Pins without hardware: the page that presses them, and the route behind it.

The simulated pins themselves are gpiozero's mock (see `gpio`); an edge made here takes the same
way as a real one. With real pins these routes answer 404. Any HTTP thread.
"""

from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from gpiobridge.admission import refuse
from gpiobridge.config import Settings
from gpiobridge.events import Level
from gpiobridge.gpio import Pins
from gpiobridge.pages import STRICT_CSP, insert_script
from gpiobridge.watcher import Watcher

SIMULATOR = "simulator"
"""The name of the simulator's socket: it sees every pin, and no rule moves it."""

_MAX_BODY_BYTES = 1024


def add_simulator(
    blueprint: Blueprint,
    running: Callable[[], tuple[Settings, Watcher]],
    script: Callable[[str], str],
) -> None:
    """Add ``/simulator`` and ``POST /simulator/pins/<name>``.

    Args:
        blueprint: the bridge's.
        running: gives the settings and the watcher.
        script: gives the client's script tag for a page.
    """

    def simulated_pins() -> Pins:
        pins = running()[1].pins
        if not isinstance(pins, Pins) or not pins.simulated:
            refuse(404, "The pins are real: there is no simulator.")
        return pins

    def show() -> ResponseReturnValue:
        simulated_pins()
        settings, watcher = running()
        root = request.script_root
        pages = [{"name": page, "path": root + watcher.paths[page]} for page in settings.pages]
        pins = list(settings.pins.values())
        response = Response(render_template("simulator.html", pins=pins, pages=pages, prefix=root))
        insert_script(response, script(SIMULATOR))
        response.headers["Content-Security-Policy"] = STRICT_CSP
        response.headers["Cache-Control"] = "no-cache"
        return response

    def set_level(name: str) -> ResponseReturnValue:
        pins = simulated_pins()
        known = running()[0].pins
        if name not in known:
            refuse(404, f"There is no pin {name!r}; pins: {', '.join(known)}.")
        if (request.content_length or 0) > _MAX_BODY_BYTES:
            refuse(413, f"The body is at most {_MAX_BODY_BYTES} bytes.")
        body = request.get_json(force=True, silent=True)
        level = body.get("level") if isinstance(body, dict) else None
        if level not in list(Level):
            refuse(400, 'The body must be {"level": "low"} or {"level": "high"}.')
        pins.drive(name, Level(level))
        return Response(status=204)

    blueprint.add_url_rule("/simulator", "simulator", show)
    blueprint.add_url_rule("/simulator/pins/<name>", "simulate", set_level, methods=["POST"])
