"""The Flask extension: it makes views of an application into pages that a pin moves on.

`GpioBridge` checks the configuration, starts the watcher with the first request, and adds to each
page what it needs: the client in its head, the cursor, what to load ahead. `routes` has the
bridge's own routes. Requests run on the HTTP server's threads and never wait for a pin.
"""

import atexit
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, request

from gpiobridge import config, files, handoff
from gpiobridge.admission import check_source, check_token, refuse
from gpiobridge.config import Settings
from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.gpio import pin_source
from gpiobridge.pages import insert_script, set_owners_headers
from gpiobridge.routes import BLUEPRINT, make_blueprint
from gpiobridge.running import Running
from gpiobridge.watcher import Watcher

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])


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
        self._running: Running | None = None
        self._last_error = ""
        self._feeder = files.FileFeeder()
        if app is not None:
            self.init_app(app)

    # ---------------------------------------------------------------- setting up

    def init_app(self, app: Flask) -> None:
        """Add the bridge's routes to ``app``; no pin is opened yet."""
        self._app = app
        app.extensions["gpiobridge"] = self
        app.before_request(self._before_request)
        app.after_request(self._after_request)
        app.register_blueprint(make_blueprint(lambda: self.running))

    def page(self, name: str, **rules: Any) -> Callable[[View], View]:
        """Make an ordinary view a page of the bridge.

        The view has a route of its own; the two decorators may come in either order.

        Args:
            name: the page's name: what rules lead to, and what its socket is called.
            rules: the keys of a page in ``config.toml``, such as
                ``on_low={"button": "open"}`` or ``prerender=True``.

        Raises:
            ConfigError: there is such a page already.
        """
        if name in self._declared:
            raise ConfigError([f"page {name!r} is declared twice: give the second another name"])

        def declare(view: View) -> View:
            self._views[inspect.unwrap(view)] = name
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
        if self._running is not None:
            return
        with self._lock:
            if self._running is not None:  # another thread was first
                return
            # First, so that pages can say it when anything else is wrong.
            self._pages_by_endpoint, paths = self._find_pages()
            settings = self._check(paths)
            pins = pin_source(settings.gpio, settings.pins)
            watcher = Watcher(settings, pins, paths, self._on_failure)
            watcher.start()
            self._leave_readers_out()
            self._running = Running(settings, watcher)
        # Under a server that isn't ours the displays are told, too, when the process ends.
        atexit.register(self.stop)
        if pins.simulated:
            log.warning("the pins are SIMULATED: no GPIO is read")

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, end our threads.

        May be called twice.
        """
        if self._running is not None:
            self._running.watcher.stop()
        self._feeder.stop()

    @property
    def running(self) -> Running:
        """The running bridge.

        Raises:
            GpioBridgeError: it has not been started.
        """
        if self._running is None:
            raise GpioBridgeError("the bridge is not running: call start() first")
        return self._running

    def _check(self, paths: Mapping[str, str]) -> Settings:
        """Check the configuration, and that each page has a path."""
        assert self._app is not None, "init_app() comes before start()"
        given = self._config if self._config is not None else self._app.config.get("GPIOBRIDGE")
        if isinstance(given, Settings):
            settings = given
        else:
            raw = dict(given or {})
            # An application has a content security policy of its own, or none.
            raw["server"] = _merged({"csp": "off"}, raw.get("server", {}))
            raw["pins"] = _merged(raw.get("pins", {}), self._pins)
            raw["pages"] = _merged(raw.get("pages", {}), self._declared)
            settings = config.check(
                raw,
                source=f"GpioBridge of {self._app.import_name}",
                folder=Path(self._app.root_path),
                views=tuple(self._declared),
            )
        problems = [
            f"page {name!r} has no route of its own, without variables: "
            f'put @app.get("/{name}") above @bridge.page({name!r})'
            for name in settings.pages
            if name not in paths
        ]
        if problems:
            raise ConfigError(problems)
        return settings

    def _leave_readers_out(self) -> None:
        """Let Flask-Sock start no reader thread for our sockets; others keep theirs."""
        assert self._app is not None
        # Now, not in init_app: by now the application has set its own options.
        options = self._app.config.setdefault("SOCK_SERVER_OPTIONS", {})
        options["thread_class"] = handoff.reader_thread(
            options.get("thread_class", threading.Thread)
        )

    def _find_pages(self) -> tuple[dict[str, str], dict[str, str]]:
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
        return pages, paths

    # ---------------------------------------------------------------- every request

    def _before_request(self) -> None:
        ours = request.blueprint == BLUEPRINT
        try:
            self.start()
        except GpioBridgeError as error:
            if str(error) != self._last_error:  # not with every request
                log.error("%s", error)
            self._last_error = str(error)
            if ours or request.endpoint in self._pages_by_endpoint:
                refuse(503, str(error))
            return
        if ours or request.endpoint in self._pages_by_endpoint:
            server = self.running.settings.server
            check_source(request, server.allowed_hosts)
            check_token(request, server.token)
            self.running.remember_cursor()

    def _after_request(self, response: Response) -> Response:
        page = self._pages_by_endpoint.get(request.endpoint or "")
        if page is None or self._running is None or response.status_code != 200:
            return response
        settings = self._running.settings
        if settings.pages[page].client and not insert_script(response, self._running.script(page)):
            log.warning("page %s is no plain HTML, or streamed: no client in it", page)
        if self._running.next_pages(page):
            response.headers["Speculation-Rules"] = (
                f'"{request.script_root}/gpiobridge/next/{page}"'
            )
        set_owners_headers(response, settings.server.csp)
        return response


def _merged(first: Any, second: Any) -> Any:
    """Both tables in one; what is no table is left for `config.check` to complain about."""
    for table in (first, second):
        if not isinstance(table, Mapping):
            return table
    return {**first, **second}
