"""The HTTP API, which programs use to control a running bridge, under ``/api``.

One function adds all routes of the API, so none can be forgotten. `check_api` runs before each of
them, instead of the check of the viewers' token. The routes are on our one blueprint: if an
application exempts the blueprint from something, that exempts the API, too. Any HTTP thread.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from gpiobridge.app import hours as opening_hours
from gpiobridge.app.outputs import order
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import format_duration, nearest, parse_duration
from gpiobridge.core.events import Level
from gpiobridge.displays.audience import Audience
from gpiobridge.errors import DriveError, HoursError, OutputError, PushError
from gpiobridge.hours import orders as hours_orders
from gpiobridge.outputs.orders import MAX_FOR_S
from gpiobridge.pins.driving import MAX_PRESS_S
from gpiobridge.pins.source import PinSource
from gpiobridge.routes.admission import check_api, find, refuse
from gpiobridge.routes.json_body import body_text, json_body

API = "api_"
"""The prefix of the API's endpoints, within our blueprint."""

_MAX_LEVEL_BYTES = 1024  # of a body with a level, with room for white space
# Of a body with a message: 3 times the message, if \u0436 stands for each letter, and the audience.
_MAX_BODY_BYTES = 64 * 1024
_LONGEST_SHOWN = 60  # of a value in a sentence
_LEVEL = 'The body must be {"level": "low"} or {"level": "high"}.'

_AUDIENCE = tuple(field.name for field in fields(Audience))


def add_api(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add the routes below ``/api``.

    Args:
        blueprint: where the API is added.
        running: returns the running bridge, in a request.
    """

    def check() -> None:
        if not (request.endpoint or "").startswith(f"{blueprint.name}.{API}"):
            return
        check_api(request, running().settings.server, running().key.value)

    def push() -> ResponseReturnValue:
        body = _body(_MAX_BODY_BYTES, "data", (*_AUDIENCE, "retain"))
        data, retain = _needed(body, "data"), body.pop("retain", None)
        return _told(lambda: running().orders.push(data, Audience(**body), retain))

    def navigate() -> ResponseReturnValue:
        body = _body(_MAX_BODY_BYTES, "to", _AUDIENCE)
        to = _needed(body, "to")
        return _told(lambda: running().orders.navigate(to, Audience(**body)))

    def set_pin(name: str) -> ResponseReturnValue:
        if because := find("pin", name, running().settings.pins).closed_because:
            refuse(404, f'Pin {name!r} {because}: only pins with source = "http" can be set here.')
        return set_level(running().watcher.pins, name)

    def set_output(name: str) -> ResponseReturnValue:
        find("output", name, running().settings.outputs)
        body = _body(_MAX_LEVEL_BYTES, "state", ("for",))
        state, for_s = _needed(body, "state"), _for_s(body, MAX_FOR_S, "2s")
        try:
            order(running(), name, state, for_s, by="the API")
        except OutputError as error:
            refuse(400, f"{error}.")
        return Response(status=204)

    def set_hours() -> ResponseReturnValue:
        body = _body(_MAX_LEVEL_BYTES, "hours", ("for",))
        verb, for_s = _needed(body, "hours"), _for_s(body, hours_orders.MAX_FOR_S, "4h")
        try:
            opening_hours.order(running(), verb, for_s, by="the API")
        except HoursError as error:
            refuse(400, f"{error}.")
        return Response(status=204)

    def play_sound(name: str) -> ResponseReturnValue:
        sound = find("sound", name, running().settings.sounds)
        running().orders.sound(sound, play=_play())
        return Response(status=204)

    def test_alarms() -> ResponseReturnValue:
        if request.content_length and json_body(request, _MAX_LEVEL_BYTES):
            refuse(400, "The body must be empty, or {}.")
        calls = running().calls
        if not calls.callers:
            refuse(404, "Nobody is called: write run or post below [alarms].")
        tested = calls.test()
        if tested is None:
            refuse(409, "Another test goes on: try again in a minute.")
        told = [
            {"to": caller.name, "called": caller.called, "failed": why or None}
            for caller, why in tested
        ]
        return jsonify({"calls": told})

    def add(path: str, endpoint: str, view: Callable[..., ResponseReturnValue]) -> None:
        blueprint.add_url_rule(f"/api{path}", f"{API}{endpoint}", view, methods=["POST"])

    # The check is not around the views: OPTIONS is answered without them.
    blueprint.before_request(check)
    add("/messages", "messages", push)
    add("/navigate", "navigate", navigate)
    add("/hours", "hours", set_hours)
    add("/pins/<name>", "pin", set_pin)
    add("/outputs/<name>", "output", set_output)
    add("/sounds/<name>", "sound", play_sound)
    add("/alarms/test", "alarms", test_alarms)


def set_level(pins: PinSource, name: str) -> Response:
    """Set a pin to the level in the body of this request: ``{"level": "low"}``.

    If the body also has ``"for": "150ms"``, the pin goes back after that time.

    Args:
        pins: the pins.
        name: the pin to set.

    Raises:
        werkzeug.exceptions.HTTPException: 400 for any other body, or for a press that would cause
            no event.
        PinError: the pin has a wire, or the bridge is stopping.
    """
    body = _body(_MAX_LEVEL_BYTES, "level", ("for",))
    try:
        pins.drive(name, _level(body), _for_s(body, MAX_PRESS_S, "150ms"))
    except DriveError as error:
        refuse(400, f"{error}.")
    return Response(status=204)


def _play() -> bool:
    """Read whether a sound begins: an empty body says so, too."""
    text = body_text(request, _MAX_LEVEL_BYTES)
    try:
        body = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        body = None
    play = body.get("play", True) if isinstance(body, dict) and body.keys() <= {"play"} else None
    if not isinstance(play, bool):
        refuse(400, 'The body must be {"play": true} or {"play": false}, or empty.')
    return play


def _level(body: dict[str, Any]) -> Level:
    level = body.get("level")
    if not isinstance(level, str) or level not in list(Level):
        refuse(400, _LEVEL)
    return Level(level)


def _for_s(body: dict[str, Any], most_s: float, such_as: str) -> float | None:
    """Read for how long, in seconds; None if the body doesn't say."""
    if "for" not in body:
        return None
    duration = body["for"]
    shown = json.dumps(duration)  # in ASCII: half a surrogate pair can't be sent
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
    is_number = isinstance(duration, int | float) and not isinstance(duration, bool)
    try:
        # A number lacks its unit, as the same text does.
        for_s = parse_duration(str(duration)) if isinstance(duration, str) or is_number else 0.0
    except ValueError as error:
        refuse(400, f'"for" = {shown}: {error}.')
    if not 0 < for_s <= most_s:
        refuse(
            400,
            f'"for" = {shown}: must be a duration of at most {format_duration(most_s)}, '
            f'such as "{such_as}".',
        )
    return for_s


def _body(max_bytes: int, needed: str, known: Collection[str]) -> dict[str, Any]:
    """Read the body; refuse unknown keys, because an ignored key would hide a mistake."""
    for key in request.args:
        if key != "token":
            refuse(400, f"{key!r} is unknown in the address: write it into the JSON body.")
    body = json_body(request, max_bytes)
    for key in body:
        if key != needed and key not in known:
            close = nearest(key, (needed, *known))
            refuse(
                400,
                f'{key!r} is unknown; the body has "{needed}", and may have: {", ".join(known)}.'
                + (f' Did you mean "{close}"?' if close else ""),
            )
    return body


def _needed(body: dict[str, Any], key: str) -> Any:
    """Take a required key out of the body."""
    if key not in body:
        refuse(400, f'The body must be a JSON object with "{key}".')
    return body.pop(key)


def _told(order: Callable[[], int]) -> ResponseReturnValue:
    """Give an order, and answer with the number of displays that it reaches."""
    try:
        return jsonify({"displays": order()})
    except PushError as error:
        refuse(400, f"{error}.")
