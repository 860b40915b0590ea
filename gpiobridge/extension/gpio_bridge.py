"""The Flask extension: views become pages that a pin moves, functions hear of pins and pages.

An application uses only `GpioBridge`: the class takes what is declared, and passes requests on.
`lifetime` starts and stops what runs, and `hooks` handles each request. Requests run on the HTTP
server's threads and never wait for a pin.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, request, request_started

from gpiobridge.app.functions import name_of
from gpiobridge.app.handlers import Handlers
from gpiobridge.app.outputs import LiveOutput, LiveOutputs
from gpiobridge.app.pins import LivePin, LivePins
from gpiobridge.app.running_bridge import RunningBridge, no_nonce
from gpiobridge.app.sounds import LiveSound, LiveSounds
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

    No pin is opened until the serving process handles its first request, or until `start` is
    called. A process that only imports the application, such as a reloader's parent, opens nothing.

    Args:
        app: the application. Without it, call `init_app` later.
        pins: pin name to BCM number, or to a table as under `[pins]` in `config.toml`. An
            application that only pushes needs no pins.
        config: everything else: a mapping of the shape of `config.toml`, or the path of such a
            file. A relative path begins at the application's folder. Default:
            `app.config["GPIOBRIDGE"]`, which may be either.
        url_prefix: the path of the bridge's own routes, such as `/bridge`. The routes are
            `/ws/<page>`, `/healthz`, `/metrics`, `/api/...`, `/simulator` and `/gpiobridge/...`.
            The prefix itself leads to the start page, for `gpiobridge watch`.
        decorators: a list of decorators, such as `[login_required]`, for each of these routes
            except the script and the files of the stage, and `/api`, which has a token. They
            decide whether a request may pass. If one passes, their changes to its answer are lost.
        on_failure: called without arguments, on the watcher's thread, if the watcher dies.
        nonce: called without arguments in each request of a page. It returns the nonce that the
            application's Content-Security-Policy names for this answer, such as `lambda:
            request.csp_nonce` with Flask-Talisman. The bridge's script carries it.

    Raises:
        ConfigError: `url_prefix` is no path, `decorators` is a single one, or `nonce` is no
            function.
        GpioBridgeError: `app` already has a bridge.

    Example:
        ```python
        from flask import Flask, render_template
        from gpiobridge import GpioBridge

        app = Flask(__name__)
        bridge = GpioBridge(app, pins={"button": 17})

        @app.get("/welcome")
        @bridge.page("welcome", on_low={"button": "open"})
        def welcome():
            return render_template("welcome.html")

        @app.get("/open")
        @bridge.page("open", on_low={"button": "welcome"})
        def open_page():
            return render_template("open.html")
        ```
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
                    f"nonce = {nonce!r}: must be a function that returns the nonce of each answer; "
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
        """Add the bridge's routes to `app`. No pin is opened yet.

        A bridge serves one application at a time. A test that makes another application calls
        `stop` first. Pages and functions that the factory declares again replace the earlier ones.

        Args:
            app: the application.

        Raises:
            GpioBridgeError: the bridge is running for another application, or `app` already has a
                bridge.
        """
        if self._lifetime is not None and self._lifetime.alive:
            raise GpioBridgeError(
                "this bridge already serves an application: call stop() before init_app()"
            )
        if "gpiobridge" in app.extensions:
            raise GpioBridgeError(
                f"the application {app.import_name!r} already has a GpioBridge: "
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

        Example:
            ```python
            csrf = CSRFProtect(app)  # of Flask-WTF
            csrf.exempt(bridge.blueprint)
            ```
        """
        return self._blueprint

    def page(self, name: str, **rules: Any) -> Callable[[FunctionT], FunctionT]:
        """Make an ordinary view a page of the bridge.

        The view also needs its own route, without variables. The two decorators may come in either
        order. The bridge inserts its script into the head of the HTML that the view returns.

        Args:
            name: the page's name: rules lead to it, and its socket has it.
            rules: the keys of a page in `config.toml`, such as `on_low={"button": "open"}` or
                `prerender=True`.

        Returns:
            A decorator, which returns the view unchanged.

        Raises:
            ConfigError: there is no name, or another view is already a page of this name.
            GpioBridgeError: the bridge is already running.

        Example:
            ```python
            @app.get("/open")
            @bridge.page("open", on_press={"button": "welcome"}, lockout="1s")
            def open_page():
                return render_template("open.html")
            ```
        """
        if not isinstance(name, str):
            raise ConfigError([_nameless("page", name, "welcome")])
        if self._lifetime is not None and self._lifetime.alive:
            raise GpioBridgeError(
                f"page {name!r} is declared too late: the bridge is already running; "
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

        A page sends with `gpiobridge.send(data)`. A message is at most 16 KiB, so `push` can always
        send it back, and a page may send 500 of them in a second. As with `on_low`, the function
        has its own thread. At most 1000 messages, or 1 MiB of them, wait; further ones are dropped.

        Args:
            function: takes the message, or no argument.

        Returns:
            The function.

        Raises:
            ConfigError: the function takes more than one argument.
            GpioBridgeError: the bridge is already running.

        Example:
            ```python
            @bridge.on_message
            def guess(message):
                right = message.data == "4711"
                bridge.push({"right": right}, display=message.display)
            ```
        """
        self._declared.handlers.on_message(function)
        return function

    def on_start(self, function: FunctionT) -> FunctionT:
        """Call the decorated function once, when the bridge has started.

        It runs only in the process that serves, never in the parent of a reloader or of a server.
        It is the place for a job of the application that may run for ever. As with `on_low`, the
        function has its own thread; the thread ends with the process.

        Args:
            function: takes no argument.

        Returns:
            The function.

        Raises:
            ConfigError: the function takes an argument.
            GpioBridgeError: the bridge is already running.

        Example:
            ```python
            @bridge.on_start
            def clock():
                while True:
                    bridge.push({"time": time.strftime("%H:%M")}, page="welcome")
                    time.sleep(60)
            ```
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

    # ---------------------------------------------------------------- pins, outputs and displays

    @property
    def pins(self) -> Mapping[str, LivePin]:
        """The pins by name, each a `LivePin`: `bridge.pins["button"].level`.

        Any thread may use them. Before the start of the bridge they raise `GpioBridgeError`.
        """
        return LivePins(lambda: self.running)

    @property
    def outputs(self) -> Mapping[str, LiveOutput]:
        """The outputs by name, each a `LiveOutput`: `bridge.outputs["lamp"].on()`.

        Any thread may use them. Before the start of the bridge they raise `GpioBridgeError`.
        """
        return LiveOutputs(lambda: self.running)

    @property
    def sounds(self) -> Mapping[str, LiveSound]:
        """The sounds by name, each a `LiveSound`: `bridge.sounds["rain"].play()`.

        Any thread may use them. Before the start of the bridge they raise `GpioBridgeError`.
        """
        return LiveSounds(lambda: self.running)

    @property
    def displays(self) -> list[Display]:
        """The displays that are open now, in no order; any thread.

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
        group: str | None = None,
        retain: str | None = None,
    ) -> int:
        """Send a message to open pages, which receive it as the event `gpiobridge:message`.

        Any thread may call it at any time. Each display receives messages in the order in which
        they were pushed. A display that is 256 KiB behind is dropped, and connects again. A page
        that is loading at that moment receives only retained messages. If no bridge runs in this
        process, the call returns 0, and the log says so once.

        Args:
            data: anything that JSON can hold, at most 16 KiB, with lists and mappings at most 100
                deep.
            page: only displays on this page.
            display: only this display, or all displays of this name (`?display=` in a page's
                address, at most 64 characters).
            exclude: all displays except this one, or except those of this name.
            group: only displays whose name is in this group, by `[displays.<name>]`.
            retain: a key of at most 128 characters. The newest message under it, for the same
                audience, is kept and sent to displays that join later. Pushing None forgets it. At
                most 1000 messages are kept, and 128 KiB with their keys. With `retain`, `display`
                must be a name.

        Returns:
            How many open displays the message is for.

        Raises:
            PushError: `data` is not JSON or too large, an argument is wrong, or there is no such
                page.
            GpioBridgeError: the bridge has no application yet.

        Example:
            ```python
            bridge.push({"score": 3}, page="quiz", retain="score")
            ```
        """
        orders = self._lifetime_for("push()").orders
        return orders.push(data, Audience(page, display, exclude, group), retain)

    def navigate(
        self,
        to: str,
        *,
        page: str | None = None,
        display: str | Display | None = None,
        exclude: str | Display | None = None,
        group: str | None = None,
    ) -> int:
        """Move open pages to another page, as a press would. Displays already on that page stay.

        Any thread may call it at any time. A page that is loading at that moment isn't moved. Where
        that matters, use a pin with `source = "http"`: a page catches up with its presses. If no
        bridge runs in this process, the call returns 0, and the log says so once.

        Args:
            to: the name of the next page.
            page: only displays on this page.
            display: only this display, or all displays of this name.
            exclude: all displays except this one, or except those of this name.
            group: only displays whose name is in this group, by `[displays.<name>]`.

        Returns:
            How many open displays it moves.

        Raises:
            PushError: there is no such page, or an argument is wrong.
            GpioBridgeError: the bridge has no application yet.

        Example:
            ```python
            bridge.navigate("closed", exclude="staff")
            ```
        """
        orders = self._lifetime_for("navigate()").orders
        return orders.navigate(to, Audience(page, display, exclude, group))

    def send_file(self, folder: Path, name: str) -> Response:
        """Answer a request with a file. A slow or paused reader holds no HTTP thread.

        Ranges are supported, as films need them. A hidden file (`.env`) and an editor's backup
        (`page.html~`) count as not found.

        Args:
            folder: the folder of the file; `name` can't lead out of it.
            name: the path below `folder`, with forward slashes.

        Returns:
            The response for the view to return.

        Raises:
            werkzeug.exceptions.NotFound: there is no such file.
        """
        return files.send_file(folder, name, self._feeder)

    # ---------------------------------------------------------------- running

    def start(self) -> None:
        """Open the pins and start watching, unless this process has already done so.

        The first request does the same. After `stop` it does nothing: a bridge is started once for
        each application.

        Raises:
            ConfigError: the configuration is wrong; the message lists every problem.
            PinError: the pins can't be opened.
            GpioBridgeError: the bridge has no application yet.
        """
        self._lifetime_for("start()").start()

    def _start_for_request(self) -> RunningBridge:
        # Use the current application's bridge: in tests an earlier one may still get requests.
        return self._lifetime_for("a request comes").start_for_request()

    def stop(self) -> None:
        """Tell every display that the server stops, release the pins, and end the bridge's threads.

        It may be called twice.
        """
        if self._lifetime is not None:
            self._lifetime.stop()
        else:
            self._feeder.stop()

    @property
    def running(self) -> RunningBridge:
        """The running bridge, for our own servers.

        Raises:
            GpioBridgeError: it has not been started, or it runs in another process.
        """
        return self._lifetime_for("its pins and displays are used").running

    @property
    def limits(self) -> Limits:
        """What one client may hold, as `[limits]` says; `gpiobridge.gunicorn.Worker` asks for it.

        It can be read before the start. If the configuration is wrong, it has the defaults, and
        `start` reports what is wrong.
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
        """Log once that an application shows a page of this bridge but doesn't know the bridge."""
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
    """Report a decorator without a name: without brackets it receives the function instead."""
    place = f"@bridge.{decorator} of {name_of(given)}"
    return f'{place}: needs a name; write @bridge.{decorator}("{such_as}")'
