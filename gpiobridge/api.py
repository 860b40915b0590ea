"""The HTTP API: what programs may do to a running bridge, under ``/api``.

All its routes are added by one function, so that none can be forgotten: each has `check_api` before
it, in place of the token that viewers are asked for. They are routes of our one blueprint, so that
an application that exempts the blueprint from something exempts them, too. Any HTTP thread.
"""

import contextlib
import threading
from collections.abc import Callable, Collection
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from gpiobridge.admission import check_api, json_body, refuse
from gpiobridge.config import parse_duration
from gpiobridge.errors import PinError, PushError
from gpiobridge.events import Level
from gpiobridge.gpio import PinSource
from gpiobridge.running import Running

API = "api_"
"""How the endpoints of the API begin, within our blueprint."""

_MAX_LEVEL_BYTES = 1024  # of a body with a level, and white space as one likes
_MAX_BODY_BYTES = 64 * 1024  # a message, 3 times as long with \u0436 for each letter; whom for
_MAX_PRESS_S = 600.0  # as long as the longest hold time
_LEVEL = 'The body must be {"level": "low"} or {"level": "high"}.'

_AUDIENCE = ("page", "display", "exclude")


def add_api(blueprint: Blueprint, running: Callable[[], Running]) -> None:
    """Add ``POST /api/messages``, ``/api/navigate`` and ``/api/pins/<name>``.

    Args:
        blueprint: where the API is added.
        running: gives the running bridge, in a request.
    """
    presses = _Presses()

    def check() -> None:
        if not (request.endpoint or "").startswith(f"{blueprint.name}.{API}"):
            return
        server = running().settings.server
        check_api(request, server.api_token, server.token, server.allowed_hosts)

    def push() -> ResponseReturnValue:
        body = _body("data", (*_AUDIENCE, "retain"))
        data = body.pop("data")
        return _told(lambda: running().outbound.push(data, **body))

    def navigate() -> ResponseReturnValue:
        body = _body("to", _AUDIENCE)
        return _told(lambda: running().outbound.navigate(**body))

    def set_pin(name: str) -> ResponseReturnValue:
        pins = running().settings.pins
        if name not in pins:
            refuse(404, f"There is no pin {name!r}; pins: {', '.join(pins)}.")
        if pins[name].source != "http":
            refuse(404, f'Pin {name!r} is wired: only pins with source = "http" can be set here.')
        body = json_body(request, _MAX_LEVEL_BYTES)
        presses.set(running().watcher.pins, name, _level(body), _for_s(body))
        return Response(status=204)

    def add(path: str, endpoint: str, view: Callable[..., ResponseReturnValue]) -> None:
        blueprint.add_url_rule(f"/api{path}", f"{API}{endpoint}", view, methods=["POST"])

    # Not around the views: OPTIONS is answered without them.
    blueprint.before_request(check)
    add("/messages", "messages", push)
    add("/navigate", "navigate", navigate)
    add("/pins/<name>", "pin", set_pin)


def set_level(pins: PinSource, name: str) -> Response:
    """Set a pin to the level that is the body of this request: ``{"level": "low"}``.

    Raises:
        werkzeug.exceptions.HTTPException: 400 for another body.
        PinError: the pin has a wire, or the bridge stops.
    """
    pins.drive(name, _level(json_body(request, _MAX_LEVEL_BYTES)))
    return Response(status=204)


class _Presses:
    """Virtual pins that go back by themselves: one request is a whole press."""

    def __init__(self) -> None:
        self._timers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    def set(self, pins: PinSource, name: str, level: Level, for_s: float | None) -> None:
        """Set a pin, for good or for so many seconds; what an earlier request began is over."""

        def back() -> None:
            with self._lock:
                # One that was due when the next request came can't be cancelled any more.
                if self._timers.get(name) is timer:
                    del self._timers[name]
                    with contextlib.suppress(PinError):  # the bridge has stopped meanwhile
                        pins.drive(name, level.other)

        with self._lock:
            if earlier := self._timers.pop(name, None):
                earlier.cancel()
            pins.drive(name, level)
            if for_s is not None:
                timer = self._timers[name] = threading.Timer(for_s, back)
                timer.name, timer.daemon = f"gpiobridge-press-{name}", True
                timer.start()


def _level(body: dict[str, Any]) -> Level:
    level = body.get("level")
    if not isinstance(level, str) or level not in list(Level):
        refuse(400, _LEVEL)
    return Level(level)


def _for_s(body: dict[str, Any]) -> float | None:
    """How long a press lasts, in seconds, if the level is that of a press."""
    duration = body.get("for")
    if duration is None:
        return None
    try:
        for_s = parse_duration(duration) if isinstance(duration, str) else 0.0
    except ValueError as error:
        refuse(400, f'"for" = {duration!r}: {error}.')
    if not 0 < for_s <= _MAX_PRESS_S:
        refuse(400, f'"for" = {duration!r}: must be a duration of at most 10min, such as "150ms".')
    return for_s


def _body(needed: str, known: Collection[str]) -> dict[str, Any]:
    """Read the body: an object with one key that is needed, and others that may be there."""
    body = json_body(request, _MAX_BODY_BYTES)
    if needed not in body:
        refuse(400, f'The body must be a JSON object with "{needed}".')
    for key in body:
        if key != needed and key not in known:
            refuse(400, f'{key!r} is unknown; beside "{needed}" there are: {", ".join(known)}.')
    return {**dict.fromkeys(known), **body}


def _told(order: Callable[[], int]) -> ResponseReturnValue:
    """Give an order, and say how many displays it is for."""
    try:
        return jsonify({"displays": order()})
    except PushError as error:
        refuse(400, f"{error}.")
