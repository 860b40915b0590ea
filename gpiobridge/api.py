"""The HTTP API: what programs may do to a running bridge, under ``/api``.

Its routes are a blueprint of their own inside ours, so that none can be forgotten: all have
`check_api` before them, in place of the token that viewers are asked for. Any HTTP thread.
"""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from gpiobridge.admission import check_api, json_body, refuse
from gpiobridge.events import Level
from gpiobridge.gpio import PinSource
from gpiobridge.running import Running

API = "api"
"""The name of the API's blueprint."""

_MAX_LEVEL_BYTES = 1024  # of a body with a level, and white space as one likes


def add_api(blueprint: Blueprint, running: Callable[[], Running]) -> None:
    """Add ``POST /api/pins/<name>``.

    Args:
        blueprint: where the API is added.
        running: gives the running bridge, in a request.
    """
    api = Blueprint(API, __name__, url_prefix="/api")

    def check() -> None:
        server = running().settings.server
        check_api(request, server.api_token, server.token)

    def set_pin(name: str) -> ResponseReturnValue:
        pins = running().settings.pins
        if name not in pins:
            refuse(404, f"There is no pin {name!r}; pins: {', '.join(pins)}.")
        if pins[name].source != "http":
            refuse(404, f'Pin {name!r} is wired: only pins with source = "http" can be set here.')
        return set_level(running().watcher.pins, name)

    api.before_request(check)
    api.add_url_rule("/pins/<name>", "pin", set_pin, methods=["POST"])
    blueprint.register_blueprint(api)


def set_level(pins: PinSource, name: str) -> Response:
    """Set a pin to the level that is the body of this request: ``{"level": "low"}``.

    Raises:
        werkzeug.exceptions.HTTPException: 400 for another body.
        PinError: the pin has a wire, or the bridge stops.
    """
    level = json_body(request, _MAX_LEVEL_BYTES).get("level")
    if not isinstance(level, str) or level not in list(Level):
        refuse(400, 'The body must be {"level": "low"} or {"level": "high"}.')
    pins.drive(name, Level(level))
    return Response(status=204)
