"""Pins without hardware: the page that presses them, and the route behind it.

The simulated pins themselves are gpiozero's mock (see `gpio`); an edge made here takes the same
way as a real one. With real pins these routes answer 404. Any HTTP thread.
"""

import json
from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from gpiobridge.admission import refuse
from gpiobridge.events import Level
from gpiobridge.gpio import Pins
from gpiobridge.pages import STRICT_CSP, insert_script
from gpiobridge.running import Running

SIMULATOR = "simulator"
"""The name of the simulator's socket: it sees every pin, and no rule moves it."""

_MAX_BODY_BYTES = 1024


def add_simulator(blueprint: Blueprint, running: Callable[[], Running]) -> None:
    """Add ``/simulator`` and ``POST /simulator/pins/<name>``.

    Args:
        blueprint: where they are added.
        running: gives the running bridge, in a request.
    """

    def simulated_pins() -> Pins:
        pins = running().watcher.pins
        if not isinstance(pins, Pins) or not pins.simulated:
            refuse(404, "The pins are real: there is no simulator.")
        return pins

    def show() -> ResponseReturnValue:
        simulated_pins()
        here = request.script_root
        pages = [{"name": name, "path": here + p} for name, p in running().watcher.paths.items()]
        pins = list(running().settings.pins.values())
        response = Response(
            render_template("simulator.html", pins=pins, pages=pages, prefix=running().root)
        )
        insert_script(response, running().script(SIMULATOR))
        response.headers["Content-Security-Policy"] = STRICT_CSP
        response.headers["Cache-Control"] = "no-cache"
        return response

    def set_level(name: str) -> ResponseReturnValue:
        pins = simulated_pins()
        known = running().settings.pins
        if name not in known:
            refuse(404, f"There is no pin {name!r}; pins: {', '.join(known)}.")
        level = _body().get("level")
        if not isinstance(level, str) or level not in list(Level):
            refuse(400, 'The body must be {"level": "low"} or {"level": "high"}.')
        pins.drive(name, Level(level))
        return Response(status=204)

    blueprint.add_url_rule("/simulator", "simulator", show)
    blueprint.add_url_rule("/simulator/pins/<name>", "simulate", set_level, methods=["POST"])


def _body() -> dict[str, object]:
    """The request's JSON object; whatever else was sent reads as an empty one."""
    try:
        # Not get_json: a chunked body has no length that could be checked beforehand.
        text = request.stream.read(_MAX_BODY_BYTES + 1)
    except OSError:
        refuse(408, "The body did not come.")
    if len(text) > _MAX_BODY_BYTES:
        refuse(413, f"The body is at most {_MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
