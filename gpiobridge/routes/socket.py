"""The route of the WebSocket: admit it, and hand it from the HTTP server to the watcher.

The handshake runs on a thread of the HTTP server, which is free again as soon as the watcher has
the socket.
"""

import itertools
import logging
import socket
from collections.abc import Callable
from math import inf

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue
from wsproto import connection as protocol

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.core import wire
from gpiobridge.displays.audience import SIMULATOR, Display
from gpiobridge.displays.connection import Connection
from gpiobridge.displays.slots import NoSlotError
from gpiobridge.routes import handoff
from gpiobridge.routes.admission import asking_client, find, kiosk_secrets, refuse
from gpiobridge.routes.handshake import add_websocket, check_handshake
from gpiobridge.routes.identities import Identities
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

_REFUSED_LINES = 2  # per minute: each refused page tries again all the time
_MAX_CURSORS = 2  # the tab's and the page's
_MAX_DECLINED = 64  # levels that asked for a move which the page declined


def add_socket(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add the route of the WebSocket, and the checks before its handshake is answered.

    Args:
        blueprint: the blueprint of all our own routes.
        running: returns the running bridge, in a request.
    """
    numbers = itertools.count(1)
    lines = LogRate(log, _REFUSED_LINES)
    identities = Identities(running)

    def check_page(page: str) -> None:
        if not (page == SIMULATOR and running().has_simulator):
            find("page", page, running().settings.pages)

    def admit() -> None:
        """Refuse a socket before its handshake is answered."""
        if request.endpoint != f"{blueprint.name}.socket":
            return
        g.gpiobridge_identity = identities.find(request)
        watcher = running().watcher
        check_page((request.view_args or {})["page"])
        # This comes first: under such a server, a right handshake may look wrong.
        if obstacle := handoff.obstacle(request.environ):
            refuse(501, f"{obstacle}.")
        check_handshake(request)
        g.gpiobridge_taking_since_s = _taking_since_s(watcher.clock.now().mono_s)
        g.gpiobridge_visible = _visible()
        client = asking_client(request)
        try:
            g.gpiobridge_slot = watcher.slots.take(client, request.args.get("seat", ""))
        except NoSlotError as error:
            text = "a display on %s is refused: %s"
            lines.write(logging.WARNING, text, text, (request.view_args or {})["page"], error)
            refuse(503, str(error))

    def hand_over(sock: socket.socket, early: bytes, page: str) -> None:
        """Give a socket to the watcher after its handshake."""
        settings, known = running().settings, g.gpiobridge_identity.settings
        connection = Connection(
            sock,
            protocol.Connection(protocol.ConnectionType.SERVER),
            Display(
                page,
                g.gpiobridge_identity.name,
                next(numbers),
                visible=g.gpiobridge_visible,
                group=known.group if known else "",
            ),
            root=request.script_root,
            cursors=tuple(request.args.getlist("cursor")[:_MAX_CURSORS]),
            since=request.args.get("since", ""),
            taking_since_s=g.gpiobridge_taking_since_s,
            declined=wire.read_declined(request.args.getlist("declined")[:_MAX_DECLINED]),
            early=early,
            slot=g.pop("gpiobridge_slot"),  # the hub gives it back
            address="" if settings.server.behind_a_proxy else request.remote_addr or "",
            pins=None if known is None or known.pins is None else frozenset(known.pins),
            has_token=g.gpiobridge_identity.has_token,
            may=None if known is None or known.may is None else frozenset(known.may),
            refused=g.gpiobridge_identity.refused,
        )
        running().kiosks.judge(connection, kiosk_secrets(request))
        identities.warn(connection)
        running().watcher.adopt(connection)

    def give_slot_back(_error: BaseException | None) -> None:
        slot = g.pop("gpiobridge_slot", None)
        if slot is not None:  # the handshake failed after all
            running().watcher.slots.forget(slot)

    def no_handshake(page: str) -> ResponseReturnValue:
        check_page(page)
        refuse(
            400, "This address is for the WebSocket of a page: open the page's own address instead."
        )

    blueprint.before_request(admit)
    blueprint.teardown_request(give_slot_back)
    add_websocket(blueprint, "/ws/<page>", "socket", hand_over)
    blueprint.add_url_rule("/ws/<page>", "no_handshake", no_handshake)


def _taking_since_s(now_s: float) -> float | None:
    """Return since when presses count on the page, in monotonic seconds; None if they don't.

    Args:
        now_s: the time, in monotonic seconds.
    """
    taking = request.args.get("taking")
    try:
        return -inf if taking is None else wire.read_taking(taking, now_s)
    except ValueError as error:
        refuse(400, f"taking = {taking!r}: {error}.")


def _visible() -> bool:
    """Tell whether the page of this request is visible."""
    visible = request.args.get("visible", "true")
    try:
        return wire.read_visible(visible)
    except ValueError as error:
        refuse(400, f"visible = {visible!r}: {error}.")
