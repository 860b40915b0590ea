"""The Flask extension: views become pages that a pin moves on, functions hear of pins and pages.

`GpioBridge` is all that an application uses: it takes what is declared, and passes on what is
asked. `lifetime` starts and stops what runs, `hooks` has what happens with each request. Requests
run on the HTTP server's threads and never wait for a pin.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, request, request_started

from gpiobridge.app.functions import name_of
from gpiobridge.app.handlers import Handlers
from gpiobridge.app.pins import LivePin, LivePins
from gpiobridge.app.running_bridge import RunningBridge, no_nonce
from gpiobridge.config import Limits, Settings
from gpiobridge.displays.audience import Audience, Display
from gpiobridge.errors import ConfigError, GpioBridgeError
from gpiobridge.extension.hooks import Guard, RequestHooks
from gpiobridge.extension.lifetime import Lifetime
from gpiobridge.extension.pin_decorators import with_pin_decorators
from gpiobridge.extension.start import Declared
from gpiobridge.extension.views import ViewPages
from gpiobridge.routes import files
from gpiobridge.routes.blueprint import make_blueprint
from gpiobridge.routes.file_feeder import FileFeeder

log = logging.getLogger(__name__)

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@with_pin_decorators
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
        pins: pin name to BCM number, or to a table as under ``[pins]`` in ``config.toml``; an
            application that only pushes needs none.
        config: the rest: a mapping of the shape of ``config.toml``, or the path of such a file,
            below the application's folder if it is relative; by default
            ``app.config["GPIOBRIDGE"]``, which may be either.
        url_prefix: where the bridge's own routes are, such as ``/bridge``; they are ``/ws/<page>``,
            ``/healthz``, ``/metrics``, ``/api/...``, ``/simulator`` and ``/gpiobridge/...``. The
            prefix itself leads to the start page, for ``gpiobridge watch``.
        decorators: put around each of these routes but the last, which serves the script, and
            ``/api``, which has a token: such as a ``login_required``. They say whether a request
            may pass; what they change in the answer of one that passes is lost.
        on_failure: called, on the watcher's thread, if the watcher dies.
        nonce: called in each request of a page; returns the nonce that the application's
            Content-Security-Policy names for this answer, such as ``lambda: request.csp_nonce``
            with Flask-Talisman. The bridge's script has it.

    Raises:
        ConfigError: ``url_prefix`` is no path, ``decorators`` is a single one, or ``nonce`` is no
            function.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        pins: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | Settings | str | Path | None = None,
        url_prefix: str = "",
        decorators: Sequence[Callable[[Any], Any]] = (),
        on_failure: Callable[[], None] = lambda: None,
        nonce: Callable[[], str] | None = None,
    ) -> None:
        prefix = url_prefix.rstrip("/")
        if prefix and (prefix[0] != "/" or "<" in prefix):
            raise ConfigError([f'url_prefix = "{url_prefix}": must be a path, such as "/bridge"'])
        if callable(decorators):
            raise ConfigError(
                [f"decorators = {name_of(decorators)}: must be a list; write [login_required]"]
            )
        if nonce is not None and not callable(nonce):
            raise ConfigError(
                [
                    "nonce: must be a function that returns the nonce of each answer; "
                    "write nonce=lambda: request.csp_nonce"
                ]
            )
        self._declared = Declared(
            pins or {}, config, prefix, on_failure, nonce or no_nonce, ViewPages(), Handlers()
        )
        self._guard = Guard(decorators)
        self._blueprint = make_blueprint(lambda: self.running, prefix)
        self._lifetime: Lifetime | None = None  # of the application, if there is one
        self._feeder = FileFeeder()
        if app is not None:
            self.init_app(app)
        else:
            request_started.connect(self._notice_no_application)

    # ---------------------------------------------------------------- setting up

    def init_app(self, app: Flask) -> None:
        """Add the bridge's routes to ``app``; no pin is opened yet.

        A bridge serves one application at a time. A test that makes another one stops the bridge
        first. What the factory declares again, its pages and functions, takes the place of what it
        has declared before.

        Raises:
            GpioBridgeError: it serves another application, and runs; or ``app`` has a bridge.
        """
        if self._lifetime is not None and self._lifetime.alive:
            raise GpioBridgeError(
                "this bridge serves an application already: call stop() before init_app()"
            )
        if "gpiobridge" in app.extensions:
            raise GpioBridgeError(
                f"the application {app.import_name!r} has a GpioBridge already: "
                "give all pins to that one"
            )
        self.stop()
        self._declared.views.next_application()
        self._declared.handlers.next_application()
        self._feeder = FileFeeder()
        self._lifetime = Lifetime(app, self._declared, self._feeder)
        request_started.disconnect(self._notice_no_application)
        app.extensions["gpiobridge"] = self
        hooks = RequestHooks(app, self._declared.views, self._guard, self._start_for_request)
        app.before_request(hooks.before_request)
        app.after_request(hooks.after_request)
        app.register_blueprint(self._blueprint)

    @property
    def blueprint(self) -> Blueprint:
        """All of the bridge's own routes, for extensions that exempt a blueprint from something.

        ::

            csrf = CSRFProtect(app)  # of Flask-WTF
            csrf.exempt(bridge.blueprint)
        """
        return self._blueprint

    def page(self, name: str, **rules: Any) -> Callable[[FunctionT], FunctionT]:
        """Make an ordinary view a page of the bridge.

        The view has a route of its own; the two decorators may come in either order.

        Args:
            name: the page's name: what rules lead to, and what its socket is called.
            rules: the keys of a page in ``config.toml``, such as
                ``on_low={"button": "open"}`` or ``prerender=True``.

        Raises:
            ConfigError: there is no name; or by the decorator, if another view is a page of this
                name.
            GpioBridgeError: the bridge runs already.
        """
        if not isinstance(name, str):
            raise ConfigError([_nameless("page", name, "welcome")])
        if self._lifetime is not None and self._lifetime.alive:
            raise GpioBridgeError(
                f"page {name!r} comes too late: the bridge runs already; "
                "declare it where the application is made"
            )
        return self._declared.views.page(name, rules)

    # ---------------------------------------------------------------- functions that are called

    def on_low(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function each time the pin goes LOW (debounced).

        The function takes one argument, a `PinEvent`, or none. Each function has its own thread,
        with the application's context. It may take as long as it likes; if it fails, the log says
        so. Its events come in order, one at a time. At most 1000 events wait; further ones are
        dropped, and the log says so.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.

        Example:
            ```python
            @bridge.on_low("button")
            def pressed(event):
                print(event.pin, event.level, event.seq)
            ```
        """
        return self._on(pin, "low")

    def on_high(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function each time the pin goes HIGH (debounced).

        The function is called as with `on_low`.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.
        """
        return self._on(pin, "high")

    def on_press(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function each time the pin reaches its active level.

        The pin's `active` key sets that level, by default LOW for a pin with a pull-up resistor.
        The function is called as with `on_low`.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.
        """
        return self._on(pin, "press")

    def on_release(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function each time the pin leaves its active level.

        The function is called as with `on_low`.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.
        """
        return self._on(pin, "release")

    def on_tap(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function after each press that ended before the pin's hold time.

        The pin's `hold` key sets that time. `event.press` has the `seq` of the press.
        The function is called as with `on_low`.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.
        """
        return self._on(pin, "tap")

    def on_hold(self, pin: str) -> Callable[[FunctionT], FunctionT]:
        """Call the decorated function when a press has lasted for the pin's hold time.

        The pin's `hold` key sets that time. `event.press` has the `seq` of the press.
        The function is called as with `on_low`.

        Args:
            pin: the pin's name. The start reports a name that no pin has.

        Raises:
            ConfigError: there is no name, or the function takes more than one argument.
            GpioBridgeError: the bridge is already running.
        """
        return self._on(pin, "hold")

    def on_message(self, function: FunctionT) -> FunctionT:
        """Call the decorated function with each `Message` that a page sends.

        A page sends with ``gpiobridge.send(data)``. As with `on_low` the function has a thread of
        its own; of more than 1000 messages, or 1 MiB, that wait, the newest are dropped. A message
        is at most 16 KiB, and a page may send 500 in a second; `push` can always send it back.

        Raises:
            ConfigError: the function takes more than one argument.
            GpioBridgeError: the bridge runs already.
        """
        self._declared.handlers.on_message(function)
        return function

    def on_start(self, function: FunctionT) -> FunctionT:
        """Call the decorated function once, when the bridge has started.

        That is in the process that serves, and in no other: neither in a reloader's parent nor in a
        server's. It is the place for a job of the application's own, which may go on for ever: as
        with `on_low` it has a thread of its own, which ends with the process.

        Raises:
            ConfigError: the function takes an argument.
            GpioBridgeError: the bridge runs already.
        """
        self._declared.handlers.on_start(function)
        return function

    def _on(self, pin: str, when: str) -> Callable[[FunctionT], FunctionT]:
        if not (isinstance(pin, str) and pin):
            raise ConfigError([_nameless(f"on_{when}", pin, "button")])

        def declare(function: FunctionT) -> FunctionT:
            self._declared.handlers.on(pin, when, function)
            return function

        return declare

    # ---------------------------------------------------------------- pins and displays

    @property
    def pins(self) -> Mapping[str, LivePin]:
        """The pins by name: ``bridge.pins["button"].level``; see `LivePin`.

        Any thread. Used before the bridge has been started, they raise `GpioBridgeError`.
        """
        return LivePins(lambda: self.running)

    @property
    def displays(self) -> list[Display]:
        """The pages that are open now, in no order; any thread.

        Raises:
            GpioBridgeError: the bridge has not been started.
        """
        return self.running.watcher.displays

    def push(
        self,
        data: object,
        *,
        page: str | None = None,
        display: str | Display | None = None,
        exclude: str | Display | None = None,
        retain: str | None = None,
    ) -> int:
        """Send a message to open pages: there it is a ``gpiobridge:message`` with ``data``.

        Any thread, at any time. Each display gets messages in the order in which they were pushed.
        One that is 256 KiB behind is dropped, and connects again. A page that is loading just then
        gets what was retained, and no more.

        Args:
            data: what JSON can hold, of at most 16 KiB, and 100 lists or mappings deep.
            page: only for displays on this page.
            display: only for this one, or for all that are called so (``?display=`` in a page's
                address).
            exclude: not for this one, or for those that are called so.
            retain: a key: the newest message under it (and for the same audience) is kept, and sent
                to displays that come later; all together, 1000 at most, take at most 128 KiB with
                their keys of up to 128 characters. Pushing None forgets the one before.

        Returns:
            How many open displays it is for: 0 where no bridge runs, which the log says once.

        Raises:
            PushError: it is no JSON, too large, or for a page that there isn't.
            GpioBridgeError: it has no application yet.
        """
        orders = self._lifetime_for("push()").orders
        return orders.push(data, Audience(page, display, exclude), retain)

    def navigate(
        self,
        to: str,
        *,
        page: str | None = None,
        display: str | Display | None = None,
        exclude: str | Display | None = None,
    ) -> int:
        """Move open pages to another page, as a press would; those that are on it stay.

        Any thread. A page that is loading just then isn't moved: where that matters, let a pin with
        ``source = "http"`` move it, whose presses are caught up with.

        Args:
            to: the page's name.
            page: only displays on this page.
            display: only this one, or all that are called so.
            exclude: not this one, or those that are called so.

        Returns:
            How many open displays it moves: 0 where no bridge runs, which the log says once.

        Raises:
            PushError: there is no such page.
            GpioBridgeError: it has no application yet.
        """
        orders = self._lifetime_for("navigate()").orders
        return orders.navigate(to, Audience(page, display, exclude))

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

        After `stop` it does nothing: a bridge is started once for an application.

        Raises:
            ConfigError: the configuration is wrong; every problem is in the message.
            PinError: the pins can't be opened.
            GpioBridgeError: it has no application yet.
        """
        self._lifetime_for("start()").start()

    def _start_for_request(self) -> RunningBridge:
        # Of the application now: one that came before it may still get requests, in tests.
        return self._lifetime_for("a request comes").start_for_request()

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, end our threads.

        May be called twice.
        """
        if self._lifetime is not None:
            self._lifetime.stop()
        else:
            self._feeder.stop()

    @property
    def running(self) -> RunningBridge:
        """The running bridge.

        Raises:
            GpioBridgeError: it has not been started, or in another process.
        """
        return self._lifetime_for("its pins and displays are used").running

    @property
    def limits(self) -> Limits:
        """What one client may hold, for `gunicorn.Worker`, which asks before the bridge starts.

        Of a configuration that is wrong it is the defaults: `start` says what is wrong.
        """
        try:
            return self._declared.settings(self._lifetime_for("limits").app).limits
        except GpioBridgeError:
            return Limits()

    def _lifetime_for(self, use: str) -> Lifetime:
        """Return the bridge of the application.

        Raises:
            GpioBridgeError: there is no application.
        """
        if self._lifetime is None:
            raise GpioBridgeError(f"the bridge has no application: call init_app() before {use}")
        return self._lifetime

    def _notice_no_application(self, app: Flask, **_: Any) -> None:
        """Say once that a page of ours is shown by an application that knows nothing of us."""
        view = app.view_functions.get(request.endpoint or "")
        page = view and self._declared.views.page_of(view)
        if page:
            request_started.disconnect(self._notice_no_application)
            log.error(
                "no press moves page %r: the bridge has no application; call init_app() with %r, "
                "where it is made",
                page,
                app.import_name,
            )


def _nameless(decorator: str, given: object, such_as: str) -> str:
    """Say that a decorator got no name: without its brackets it gets the function instead."""
    place = f"@bridge.{decorator} of {name_of(given)}"
    return f'{place}: needs a name; write @bridge.{decorator}("{such_as}")'
