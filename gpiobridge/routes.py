"""The bridge's own routes, on one blueprint: the WebSocket, client, health, API, simulator.

Requests run on the HTTP server's threads. The WebSocket route gives its connection to the watcher
and returns, so that no thread is held by an open page.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterable
from math import inf

import flask_sock
import simple_websocket
from flask import Blueprint, Flask, Response, g, jsonify, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from wsproto.utilities import ProtocolError

from gpiobridge import handoff, wire
from gpiobridge.addresses import client_of
from gpiobridge.admission import check_handshake, refuse
from gpiobridge.api import API, add_api
from gpiobridge.connection import Connection
from gpiobridge.errors import GpioBridgeError
from gpiobridge.events import Display
from gpiobridge.log_rate import LogRate
from gpiobridge.overlaps import overlaps
from gpiobridge.pages import STRICT_CSP, speculation_rules
from gpiobridge.running import ASSETS, Running
from gpiobridge.simulator import SIMULATOR, add_simulator
from gpiobridge.slots import NoSlotError

log = logging.getLogger(__name__)

BLUEPRINT = "gpiobridge"
API_ENDPOINTS = f"{BLUEPRINT}.{API}"
"""How those endpoints of it begin that have an admission of their own."""

SOCKET = f"{BLUEPRINT}.socket"
"""The endpoint of the WebSocket."""

PUBLIC = frozenset({f"{BLUEPRINT}.asset"})
"""Endpoints of which an application's decorators need not know: there is nothing to see."""

OF_COMMANDS = frozenset({f"{BLUEPRINT}.healthz", f"{BLUEPRINT}.simulate"})
"""Endpoints beside the API that the commands on this machine ask, with the key of this run."""

_REFUSED_LINES = 2  # a minute: each page that was refused tries again all the time
_MAX_CURSORS = 2  # the tab's and the page's
_MAX_DECLINED = 64  # levels by which a page was to leave, and did not want to
_ONE_YEAR_S = 31_536_000


def make_blueprint(running: Callable[[], Running], url_prefix: str) -> Blueprint:
    """Make the blueprint of all our own routes.

    Args:
        running: gives the running bridge, in a request.
        url_prefix: the path above them, or nothing.
    """
    blueprint = Blueprint(
        BLUEPRINT, __name__, template_folder=str(ASSETS), url_prefix=url_prefix or None
    )
    _add_socket(blueprint, running)

    def healthz() -> ResponseReturnValue:
        health, well = running().health()
        return jsonify(health), 200 if well else 503

    def metrics() -> ResponseReturnValue:
        from gpiobridge.metrics import CONTENT_TYPE, exposition  # few ask: not at start

        return Response(exposition(running()), content_type=CONTENT_TYPE)

    def next_pages(page: str) -> ResponseReturnValue:
        if page not in running().settings.pages:
            refuse(404, f"There is no page {page!r}.")
        pages = running().next_pages(page)
        response = jsonify(
            speculation_rules(
                prefetch=[path for path, prerender in pages.items() if not prerender],
                prerender=[path for path, prerender in pages.items() if prerender],
            )
        )
        response.mimetype = "application/speculationrules+json"
        return response

    blueprint.add_url_rule("/healthz", "healthz", healthz)
    blueprint.add_url_rule("/metrics", "metrics", metrics)

    def start() -> ResponseReturnValue:
        here = running()
        return redirect(request.script_root + here.watcher.paths[here.settings.server.start])

    blueprint.add_url_rule("/gpiobridge/start", "start", start)
    if url_prefix:  # else it is the application's own
        blueprint.add_url_rule("/", "start", start)
    blueprint.add_url_rule("/gpiobridge/next/<page>", "next", next_pages)
    blueprint.add_url_rule("/gpiobridge/<path:name>", "asset", _asset)
    add_api(blueprint, running)
    add_simulator(blueprint, running)
    blueprint.register_error_handler(GpioBridgeError, _unavailable)
    return blueprint


def overlapping(
    app: Flask, url_prefix: str, pages: Iterable[str], pins: Iterable[str]
) -> list[str]:
    """Say which routes of an application overlap with ours, and the remedy.

    Args:
        app: the application, all of whose routes are there.
        url_prefix: the path above ours, or nothing.
        pages: the names of the pages.
        pins: those of the pins.
    """
    values = {"page": [*pages, SIMULATOR], "name": ["client.js", *pins]}
    return overlaps(app.url_map, BLUEPRINT, url_prefix, values)


def _add_socket(blueprint: Blueprint, running: Callable[[], Running]) -> None:
    numbers = itertools.count(1)
    lines = LogRate(log, _REFUSED_LINES)

    def check_page(page: str) -> None:
        pages, pins = running().settings.pages, running().watcher.pins
        if page not in pages and not (page == SIMULATOR and pins.simulated):
            refuse(404, f"There is no page {page!r}; pages: {', '.join(pages)}.")

    def admit() -> None:
        """Refuse a socket before its handshake is answered."""
        if request.endpoint != SOCKET:
            return
        watcher = running().watcher
        check_page((request.view_args or {})["page"])
        # First: under such a server a right handshake may look like a wrong one.
        if obstacle := handoff.obstacle(request.environ):
            refuse(501, f"{obstacle}.")
        check_handshake(request)
        try:
            g.gpiobridge_taking_since_s = _taking_since_s()
        except ValueError as error:
            refuse(400, f"taking = {request.args['taking']!r}: {error}.")
        try:
            g.gpiobridge_visible = wire.read_visible(request.args.get("visible", "true"))
        except ValueError as error:
            refuse(400, f"visible = {request.args['visible']!r}: {error}.")
        client = client_of(request.remote_addr or "")
        try:
            g.gpiobridge_slot = watcher.slots.take(client, request.args.get("seat", ""))
        except NoSlotError as error:
            text = "a display on %s is refused: %s"
            lines.write(logging.WARNING, text, text, (request.view_args or {})["page"], error)
            refuse(503, str(error))
        # No compression: the frames are tiny, and it costs 90 KB a socket.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        request.environ[handoff.NO_READER] = True

    def hand_over(ws: simple_websocket.Server, page: str) -> None:
        """Give a socket, its handshake done, to the watcher."""
        connection = Connection(
            handoff.take(ws.sock),
            ws.ws,
            Display(
                page,
                _printable(request.args.get("display", "")),
                next(numbers),
                visible=g.gpiobridge_visible,
            ),
            root=request.script_root,
            cursors=tuple(request.args.getlist("cursor")[:_MAX_CURSORS]),
            since=request.args.get("since", ""),
            taking_since_s=g.gpiobridge_taking_since_s,
            declined=wire.read_declined(request.args.getlist("declined")[:_MAX_DECLINED]),
            early=handoff.read_ahead(request.environ),
            slot=g.pop("gpiobridge_slot"),  # the hub gives it back
        )
        ws.connected = False  # Flask-Sock must not close what is no longer its own
        running().watcher.adopt(connection)

    def give_slot_back(_error: BaseException | None) -> None:
        slot = g.pop("gpiobridge_slot", None)
        if slot is not None:  # the handshake failed after all
            running().watcher.slots.forget(slot)

    def no_handshake(page: str) -> ResponseReturnValue:
        check_page(page)
        refuse(400, "This is a WebSocket: there is nothing to see for a plain request.")

    blueprint.before_request(admit)
    blueprint.teardown_request(give_slot_back)
    blueprint.register_error_handler(ProtocolError, _bad_handshake)
    blueprint.register_error_handler(UnicodeError, _bad_handshake)  # wsproto decodes some headers
    blueprint.register_error_handler(ConnectionError, _client_left)
    flask_sock.Sock().route("/ws/<page>", bp=blueprint, endpoint="socket")(hand_over)
    blueprint.add_url_rule("/ws/<page>", "no_handshake", no_handshake)


def _taking_since_s() -> float | None:
    """Since when the page of this request takes presses, in monotonic seconds."""
    taking = request.args.get("taking")
    return -inf if taking is None else wire.read_taking(taking, time.monotonic())


def _bad_handshake(error: ProtocolError | UnicodeError) -> ResponseReturnValue:
    return Response(f"Not a WebSocket handshake: {error}\n", 400, mimetype="text/plain")


def _client_left(_error: ConnectionError) -> ResponseReturnValue:
    return Response(status=400)  # nobody is there to read it


def _unavailable(error: GpioBridgeError) -> ResponseReturnValue:
    return Response(f"{error}\n", 503, mimetype="text/plain")


def _asset(name: str) -> ResponseReturnValue:
    if name.endswith(".html"):
        refuse(404, f"There is no {name!r}.")
    # A page asks for the client by version, so that copy never changes.
    response = send_from_directory(ASSETS, name, max_age=_ONE_YEAR_S if "v" in request.args else 0)
    response.headers["Content-Security-Policy"] = STRICT_CSP
    return response


def _printable(text: str) -> str:
    return "".join(c for c in text[: wire.MAX_NAME] if c.isprintable())
