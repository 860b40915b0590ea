"""The Flask extension: pages, the WebSocket route, admission, health.

`GpioBridge` makes views of a Flask application into pages that a pin moves on. Its own routes
live on one blueprint. Requests run on the HTTP server's threads and never wait for a pin or a
browser: a WebSocket goes to the watcher after its handshake, a large file to the file feeder.
"""

import atexit
import hashlib
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import flask_sock
import simple_websocket
from flask import Blueprint, Flask, Response, g, jsonify, request, send_from_directory
from flask.typing import ResponseReturnValue
from wsproto.utilities import ProtocolError

from gpiobridge import config, files, handoff
from gpiobridge.admission import check_handshake, check_source, refuse
from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.gpio import Pins
from gpiobridge.hub import Display
from gpiobridge.pages import (
    STRICT_CSP,
    insert_script,
    script_tag,
    set_owners_headers,
    speculation_rules,
)
from gpiobridge.simulator import SIMULATOR, add_simulator
from gpiobridge.watcher import Watcher

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

_ASSETS = Path(__file__).parent / "assets"
_MAX_DISPLAY_NAME = 64  # characters
_MAX_CURSORS = 2  # the tab's and the page's


class GpioBridge:
    """A pin goes LOW, and the browser moves to its next page.

    ::

        app = Flask(__name__)
        bridge = GpioBridge(app, pins={"button": 17})

        @app.get("/welcome")
        @bridge.page("welcome", on_low={"button": "open"})
        def welcome():
            return render_template("welcome.html")

    No pin is opened until the serving process handles its first request, or `start` is called:
    a process that only imports the application, such as a reloader's parent, claims nothing.

    Args:
        app: the application; or call `init_app` later.
        pins: pin name to BCM number, or to a table as under ``[pins]`` in ``config.toml``.
        config: the rest: a mapping of the shape of ``config.toml``, or checked `Settings`; by
            default ``app.config["GPIOBRIDGE"]``.
        on_failure: called, on the watcher's thread, if the watcher dies.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        pins: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | Settings | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._pins = pins or {}
        self._config = config
        self._on_failure = on_failure
        self._views: dict[Callable[..., Any], str] = {}
        self._declared: dict[str, dict[str, Any]] = {}
        self._pages_by_endpoint: dict[str, str] = {}
        self._app: Flask | None = None
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._watcher: Watcher | None = None
        self._feeder = files.FileFeeder()
        if app is not None:
            self.init_app(app)

    # ---------------------------------------------------------------- setting up

    def init_app(self, app: Flask) -> None:
        """Add the bridge's routes to ``app``; no pin is opened yet."""
        self._app = app
        app.extensions["gpiobridge"] = self
        options = app.config.setdefault("SOCK_SERVER_OPTIONS", {})
        options["thread_class"] = handoff.reader_thread(
            options.get("thread_class", threading.Thread)
        )
        app.before_request(self._before_request)
        app.after_request(self._after_request)
        app.register_blueprint(self._blueprint())

    def page(self, name: str, **rules: Any) -> Callable[[View], View]:
        """Make an ordinary view a page of the bridge.

        The view has a route of its own; the two decorators may come in either order.

        Args:
            name: the page's name: what rules lead to, and what its socket is called.
            rules: the keys of a page in ``config.toml``, such as
                ``on_low={"button": "open"}`` or ``prerender=True``.
        """

        def declare(view: View) -> View:
            self._views[view] = name
            self._declared[name] = rules
            return view

        return declare

    def send_file(self, folder: Path, name: str) -> Response:
        """Answer a request with a file; a slow or paused reader holds no HTTP thread.

        Args:
            folder: where the file lies; ``name`` can't lead out of it.
            name: path below ``folder``, with forward slashes.

        Raises:
            werkzeug.exceptions.NotFound: there is no such file.
        """
        return files.send_file(folder, name, self._feeder)

    # ---------------------------------------------------------------- running

    def start(self) -> None:
        """Open the pins and start watching, unless this process has done so already.

        After `stop` it does nothing: a bridge is started once in the life of a process.

        Raises:
            ConfigError: the configuration is wrong; every problem is in the message.
            PinError: the pins can't be opened.
        """
        if self._watcher is not None:
            return
        with self._lock:
            if self._watcher is not None:  # another thread was first
                return
            settings = self._check()
            self._pages_by_endpoint, paths = self._find_pages(settings)
            pins = Pins(settings.gpio, settings.pins)
            watcher = Watcher(settings, pins, paths, self._on_failure)
            watcher.start()
            self._settings, self._watcher = settings, watcher
        # Under a server that isn't ours the displays are told, too, when the process ends.
        atexit.register(self.stop)
        if pins.simulated:
            log.warning("the pins are SIMULATED: no GPIO is read")

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, end our threads.

        May be called twice.
        """
        if self._watcher is not None:
            self._watcher.stop()
        self._feeder.stop()

    @property
    def settings(self) -> Settings:
        """The checked configuration of the running bridge."""
        return self._running()[0]

    @property
    def watcher(self) -> Watcher:
        """The running watcher."""
        return self._running()[1]

    def health(self) -> tuple[dict[str, Any], bool]:
        """What ``/healthz`` says, and whether all is well."""
        settings, watcher = self._running()
        levels = watcher.bridge.levels
        well = watcher.alive and len(levels) == len(settings.pins)
        return {
            "status": "ok" if well else "failed",
            "watcher": "alive" if watcher.alive else "dead",
            "simulated": watcher.pins.simulated,
            "pins": {
                name: {"pin": pin.pin, "level": levels.get(name), "active": pin.active}
                for name, pin in settings.pins.items()
            },
            "displays": [{"name": name, "page": page} for name, page in watcher.displays],
        }, well

    def _running(self) -> tuple[Settings, Watcher]:
        if self._settings is None or self._watcher is None:
            raise GpioBridgeError("the bridge is not running: call start() first")
        return self._settings, self._watcher

    def _check(self) -> Settings:
        assert self._app is not None, "init_app() comes before start()"
        given = self._config if self._config is not None else self._app.config.get("GPIOBRIDGE")
        if isinstance(given, Settings):
            return given
        raw = dict(given or {})
        raw["pins"] = {**raw.get("pins", {}), **self._pins}
        raw["pages"] = {**raw.get("pages", {}), **self._declared}
        return config.check(
            raw,
            source=f"GpioBridge of {self._app.import_name}",
            folder=Path(self._app.root_path),
            views=tuple(raw["pages"]),
        )

    def _find_pages(self, settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
        """Find each page's view among the routes: endpoint to page, and page to path."""
        assert self._app is not None
        pages = {
            endpoint: self._views[inspect.unwrap(view)]
            for endpoint, view in self._app.view_functions.items()
            if inspect.unwrap(view) in self._views
        }
        paths = {
            pages[rule.endpoint]: rule.rule
            for rule in self._app.url_map.iter_rules()
            if rule.endpoint in pages and not rule.arguments
        }
        problems = [
            f"page {name!r} has no route of its own: put @app.get({'/' + name!r}) "
            f"above @bridge.page({name!r})"
            for name in settings.pages
            if name not in paths
        ]
        if problems:
            raise ConfigError(problems)
        return pages, paths

    # ---------------------------------------------------------------- every request

    def _before_request(self) -> None:
        ours = request.blueprint == "gpiobridge"
        try:
            self.start()
        except GpioBridgeError as error:
            log.error("%s", error)
            if ours or request.endpoint in self._pages_by_endpoint:
                refuse(503, str(error))
            return
        if ours or request.endpoint in self._pages_by_endpoint:
            check_source(request, self.settings.server.allowed_hosts)
            # Before the page is rendered: a press from here on counts on it.
            g.gpiobridge_cursor = self.watcher.bridge.cursor

    def _after_request(self, response: Response) -> Response:
        page = self._pages_by_endpoint.get(request.endpoint or "")
        if page is not None and self._settings is not None and "gpiobridge_cursor" in g:
            if self._settings.pages[page].client:
                insert_script(response, self._script(page))
            if self._next_paths(page):
                response.headers["Speculation-Rules"] = (
                    f'"{request.script_root}/gpiobridge/next/{page}"'
                )
            set_owners_headers(response, self._settings.server.csp)
        return response

    def _script(self, page: str) -> str:
        root = request.script_root
        return script_tag(
            f"{root}/gpiobridge/client.js?v={_client_version()}",
            {
                "page": page,
                "socket": f"{root}/ws/{page}",
                "cursor": g.gpiobridge_cursor,
                "beat": f"{self.settings.server.beat_s:g}",
                "active": " ".join(f"{n}:{p.active}" for n, p in self.settings.pins.items()),
            },
        )

    def _next_paths(self, page: str) -> dict[str, bool]:
        """Paths that ``page`` leads to, and whether to prerender each."""
        settings, watcher = self._running()
        targets = dict.fromkeys(settings.pages[page].rules.values())
        return {watcher.paths[to]: settings.pages[to].prerender for to in targets if to != page}

    # ---------------------------------------------------------------- our own routes

    def _blueprint(self) -> Blueprint:
        blueprint = Blueprint("gpiobridge", __name__, template_folder=str(_ASSETS))
        sock = flask_sock.Sock()
        blueprint.before_request(self._admit)
        blueprint.teardown_request(_give_slot_back)
        blueprint.register_error_handler(ProtocolError, _no_handshake)
        blueprint.register_error_handler(ConnectionError, _client_left)
        blueprint.register_error_handler(GpioBridgeError, _unavailable)
        sock.route("/ws/<page>", bp=blueprint, endpoint="socket")(self._hand_over)
        blueprint.add_url_rule("/gpiobridge/next/<page>", "next", self._speculate)
        blueprint.add_url_rule("/gpiobridge/<path:name>", "asset", _asset)
        blueprint.add_url_rule("/healthz", "healthz", self._healthz)
        add_simulator(blueprint, self._running, self._script)
        return blueprint

    def _admit(self) -> None:
        """Refuse a socket before its handshake is answered."""
        if request.endpoint != "gpiobridge.socket":
            return
        settings, watcher = self._running()
        page = (request.view_args or {})["page"]
        known = page in settings.pages or (page == SIMULATOR and watcher.pins.simulated)
        if not known:
            refuse(404, f"There is no page {page!r}; pages: {', '.join(settings.pages)}.")
        check_handshake(request)
        if not watcher.slots.take():
            refuse(503, f"All {settings.server.max_displays} displays are taken.")
        g.gpiobridge_slots = watcher.slots
        # No compression: the frames are tiny, and it costs 90 KB a socket.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        request.environ[handoff.NO_READER] = True

    def _hand_over(self, ws: simple_websocket.Server, page: str) -> None:
        """Give a socket, its handshake done, to the watcher."""
        display = Display(
            handoff.take(ws.sock),
            ws.ws,
            page,
            root=request.script_root,
            cursors=tuple(request.args.getlist("cursor")[:_MAX_CURSORS]),
            name=_printable(request.args.get("display", "")),
        )
        ws.connected = False  # Flask-Sock must not close what is no longer its own
        del g.gpiobridge_slots  # the hub gives the slot back
        self.watcher.adopt(display)

    def _speculate(self, page: str) -> ResponseReturnValue:
        if page not in self.settings.pages:
            refuse(404, f"There is no page {page!r}.")
        paths = {request.script_root + p: how for p, how in self._next_paths(page).items()}
        response = jsonify(
            speculation_rules(
                prefetch=[path for path, prerender in paths.items() if not prerender],
                prerender=[path for path, prerender in paths.items() if prerender],
            )
        )
        response.mimetype = "application/speculationrules+json"
        return response

    def _healthz(self) -> ResponseReturnValue:
        health, well = self.health()
        return jsonify(health), 200 if well else 503


def _give_slot_back(_error: BaseException | None) -> None:
    slots = g.pop("gpiobridge_slots", None)
    if slots is not None:  # the handshake failed after all
        slots.give_back()


def _no_handshake(error: ProtocolError) -> ResponseReturnValue:
    return Response(f"Not a WebSocket handshake: {error}\n", 400, mimetype="text/plain")


def _unavailable(error: GpioBridgeError) -> ResponseReturnValue:
    return Response(f"{error}\n", 503, mimetype="text/plain")


def _client_left(_error: ConnectionError) -> ResponseReturnValue:
    return Response(status=400)  # nobody is there to read it


def _asset(name: str) -> ResponseReturnValue:
    if name.endswith(".html"):
        refuse(404, f"There is no {name!r}.")
    # The page asks for the client by version, so that copy never changes.
    response = send_from_directory(_ASSETS, name, max_age=31_536_000 if "v" in request.args else 0)
    response.headers["Content-Security-Policy"] = STRICT_CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@cache
def _client_version() -> str:
    return hashlib.sha256((_ASSETS / "client.js").read_bytes()).hexdigest()[:12]


def _printable(text: str) -> str:
    return "".join(c for c in text[:_MAX_DISPLAY_NAME] if c.isprintable())
