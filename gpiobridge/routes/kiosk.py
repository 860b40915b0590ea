"""``POST /gpiobridge/kiosk``: the launcher of this machine's own kiosk proves itself.

It sends a key of this run, as a bearer token, and in the body what its browser is known by
(`own_kiosks`). The launcher sends it before each start of its browser, and again when the bridge
has started anew. Any HTTP thread.
"""

import logging
from collections.abc import Callable

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.core import wire
from gpiobridge.routes.admission import check_kiosk, is_secret, refuse
from gpiobridge.routes.json_body import json_body

log = logging.getLogger(__name__)

KIOSK = "kiosk_"
"""The prefix of these endpoints, within our blueprint."""

_MAX_BODY_BYTES = 1024


def add_kiosk(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add ``POST /gpiobridge/kiosk``.

    Args:
        blueprint: where it is added.
        running: returns the running bridge, in a request.
    """

    def check() -> None:
        if not (request.endpoint or "").startswith(f"{blueprint.name}.{KIOSK}"):
            return
        key, settings = running().key, running().settings
        check_kiosk(request, settings.server, settings.displays, (key.value, key.kiosk))

    def prove() -> ResponseReturnValue:
        body = json_body(request, _MAX_BODY_BYTES)
        name, secret, ticket = (body.get(key, "") for key in ("display", "secret", "ticket"))
        if not (isinstance(name, str) and name and name == wire.read_name(name)):
            refuse(400, '"display" must be the name of the kiosk\'s display.')
        if not (isinstance(secret, str) and is_secret(secret)):
            refuse(400, '"secret" must be 32 to 64 of A-Z, a-z, 0-9, "-" and "_".')
        if not (isinstance(ticket, str) and (not ticket or is_secret(ticket))):
            refuse(400, '"ticket" must be as "secret" is, or be missing.')
        if running().kiosks.prove(name, secret, ticket):
            log.info("the kiosk %s of this machine has proven itself", name)
        return Response(status=204)

    # The check is not around the view: OPTIONS is answered without it.
    blueprint.before_request(check)
    blueprint.add_url_rule("/gpiobridge/kiosk", f"{KIOSK}prove", prove, methods=["POST"])
