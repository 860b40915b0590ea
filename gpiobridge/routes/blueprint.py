"""The bridge's own routes, on one blueprint: the WebSocket, client, health, API, simulator, stage.

Requests run on the HTTP server's threads. The WebSocket route gives its connection to the watcher
and returns, so an open page holds no thread.
"""

from collections.abc import Callable, Iterable

from flask import Blueprint, Flask, Response, jsonify, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.displays.audience import SIMULATOR
from gpiobridge.errors import GpioBridgeError
from gpiobridge.routes import page_script
from gpiobridge.routes.admission import find, refuse
from gpiobridge.routes.api import API, add_api
from gpiobridge.routes.display_list import add_display_list
from gpiobridge.routes.html import STRICT_CSP
from gpiobridge.routes.kiosk import KIOSK, add_kiosk
from gpiobridge.routes.overlaps import overlaps
from gpiobridge.routes.page_script import ASSETS
from gpiobridge.routes.simulator import add_simulator
from gpiobridge.routes.socket import add_socket
from gpiobridge.routes.sounds import add_sounds
from gpiobridge.routes.stage import add_stage
from gpiobridge.routes.start import display_name, start_page, with_display

BLUEPRINT = "gpiobridge"
OWN_ADMISSION = (f"{BLUEPRINT}.{API}", f"{BLUEPRINT}.{KIOSK}")
"""The beginnings of the blueprint's endpoints that have their own admission."""

SOCKET = f"{BLUEPRINT}.socket"
"""The endpoint of the WebSocket."""

PUBLIC = frozenset({f"{BLUEPRINT}.asset"})
"""Endpoints that an application's decorators need not protect: they show nothing private."""

OF_COMMANDS = frozenset(f"{BLUEPRINT}.{view}" for view in ("healthz", "simulate", "latency"))
"""Endpoints outside the API that this machine's commands use, with the key of this run."""

_ONE_YEAR_S = 31_536_000


def make_blueprint(running: Callable[[], RunningBridge], url_prefix: str) -> Blueprint:
    """Make the blueprint of all our own routes.

    Args:
        running: returns the running bridge, in a request.
        url_prefix: the path above the routes, or "".
    """
    blueprint = Blueprint(
        BLUEPRINT, __name__, template_folder=str(ASSETS), url_prefix=url_prefix or None
    )
    add_socket(blueprint, running)

    def healthz() -> ResponseReturnValue:
        health, well = running().health()
        if "strict" in request.args and health["alarms"]:
            well = False
        return jsonify(health), 200 if well else 503

    def metrics() -> ResponseReturnValue:
        from gpiobridge.routes.metrics import CONTENT_TYPE, exposition  # few need it: not at start

        return Response(exposition(running()), content_type=CONTENT_TYPE)

    def latencies() -> ResponseReturnValue:
        from gpiobridge.routes.latency import latency  # few need it: not at start

        return jsonify(latency(running().watcher.counts))

    def next_pages(page: str) -> ResponseReturnValue:
        find("page", page, running().settings.pages)
        response = jsonify(page_script.rules_for_next(running(), page))
        response.mimetype = "application/speculationrules+json"
        return response

    blueprint.add_url_rule("/healthz", "healthz", healthz)
    blueprint.add_url_rule("/metrics", "metrics", metrics)
    # Not under /api: an application's own GET /api/<name> has given way to nothing there so far.
    blueprint.add_url_rule("/gpiobridge/latency", "latency", latencies)

    def start() -> ResponseReturnValue:
        here = running()
        path = here.watcher.paths[start_page(here.settings, request)]
        # Nothing else of the query: a token is in its cookie by now.
        return redirect(with_display(request.script_root + path, display_name(request)))

    blueprint.add_url_rule("/gpiobridge/start", "start", start)
    if url_prefix:  # without one, / belongs to the application
        blueprint.add_url_rule("/", "start", start)
    blueprint.add_url_rule("/gpiobridge/next/<page>", "next", next_pages)
    blueprint.add_url_rule("/gpiobridge/<path:name>", "asset", _asset)
    add_api(blueprint, running)
    add_simulator(blueprint, running)
    add_display_list(blueprint, running)
    add_stage(blueprint, running)
    add_kiosk(blueprint, running)
    add_sounds(blueprint, running)
    blueprint.register_error_handler(GpioBridgeError, _unavailable)
    return blueprint


def overlapping(
    app: Flask, url_prefix: str, pages: Iterable[str], names: Iterable[str]
) -> list[str]:
    """Describe which routes of an application overlap with ours, and the remedy.

    Args:
        app: the application, with all its routes added.
        url_prefix: the path above our routes, or "".
        pages: the names of the pages.
        names: the names of the pins and outputs.
    """
    values = {"page": [*pages, SIMULATOR], "name": ["client.js", *names]}
    return overlaps(app.url_map, BLUEPRINT, url_prefix, values)


def _unavailable(error: GpioBridgeError) -> ResponseReturnValue:
    return Response(f"{error}\n", 503, mimetype="text/plain")


def _asset(name: str) -> ResponseReturnValue:
    if name.endswith(".html"):
        refuse(404, f"There is no file {name!r}.")
    # A page asks for the client with its version, so such a copy never changes.
    response = send_from_directory(ASSETS, name, max_age=_ONE_YEAR_S if "v" in request.args else 0)
    response.headers["Content-Security-Policy"] = STRICT_CSP
    return response
