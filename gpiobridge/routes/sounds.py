"""The sounds' files, and what browsers are told of them.

``/gpiobridge/sounds/<name>`` is a sound's file. A browser says with ``POST
/gpiobridge/sounds/<name>/broken`` that it can't play it. Any HTTP thread.
"""

from collections.abc import Callable

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.config import Sound
from gpiobridge.routes.admission import find


def add_sounds(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add ``/gpiobridge/sounds/<name>`` and ``POST /gpiobridge/sounds/<name>/broken``.

    Args:
        blueprint: where they are added.
        running: returns the running bridge, in a request.
    """

    def named(name: str) -> Sound:
        return find("sound", name, running().settings.sounds)

    def send(name: str) -> ResponseReturnValue:
        bridge = current_app.extensions["gpiobridge"]  # it feeds large files to slow readers
        response: Response = bridge.send_file(running().settings.folder, named(name).file)
        if "v" in request.args:  # such a file never changes
            response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    def take_report(name: str) -> ResponseReturnValue:
        running().broken_sounds.report(named(name))
        return Response(status=204)

    rule = "/gpiobridge/sounds/<name>"
    blueprint.add_url_rule(rule, "sound", send)
    blueprint.add_url_rule(f"{rule}/broken", "sound_broken", take_report, methods=["POST"])
