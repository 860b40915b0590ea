"""What happens with each request of an application: which requests pass, and what a page receives.

Any HTTP thread. `RequestHooks` starts the bridge with the first request, asks `admission` and the
application's own decorators, and completes the views that are pages.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial, reduce
from types import TracebackType
from typing import Any

from flask import Flask, Response, after_this_request, g, make_response, request
from flask.typing import ResponseReturnValue

from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.errors import GpioBridgeError, ServerError
from gpiobridge.extension.one_process import SeveralWorkersError, first_to_say_so
from gpiobridge.extension.views import ViewPages
from gpiobridge.routes import handoff, page_script
from gpiobridge.routes.admission import (
    CHECKED,
    asking_client,
    check_source,
    check_token,
    is_bearer,
    refuse,
    take_ticket,
)
from gpiobridge.routes.blueprint import BLUEPRINT, OF_COMMANDS, OWN_ADMISSION, PUBLIC, SOCKET
from gpiobridge.routes.content_policies import forbids_frames, obstacles
from gpiobridge.routes.html import (
    insert_script,
    is_ours,
    secure_headers,
    set_owners_headers,
    shows_nothing,
)
from gpiobridge.system.log_rate import LogRate

log = logging.getLogger(__name__)

ExcInfo = tuple[type, BaseException, TracebackType] | tuple[None, None, None]

VERSION_HEADER = "Gpiobridge-Version"
"""The client compares this with the version of what it has fetched ahead."""


class Guard:
    """An application's own decorators; they say whether a request for one of our routes may pass.

    Args:
        decorators: as they would be put around a view, the innermost first.
    """

    def __init__(self, decorators: Sequence[Callable[[Any], Any]]) -> None:
        # Decorate once, as with a view: a decorator may count or register what it decorates.
        self._guarded = reduce(lambda view, decorator: decorator(view), decorators, _let_pass)

    def ask(self, app: Flask) -> ResponseReturnValue | None:
        """Return None if this request may pass, else the answer to send instead."""
        # A decorator may expect a view that returns no response object, or return a status.
        answer = make_response(app.ensure_sync(self._guarded)(**(request.view_args or {})))
        passed = answer is g.pop("gpiobridge_passed", None) and answer.status_code == 200
        if passed:
            return None
        g.gpiobridge_refused = True
        return answer


def _let_pass(*_: Any, **__: Any) -> Response:
    """Stand in for our own routes, within the application's decorators."""
    g.gpiobridge_passed = Response()
    passed: Response = g.gpiobridge_passed
    return passed


class RequestHooks:
    """The hooks of one application.

    Args:
        app: the application.
        views: which of its views are pages.
        guard: its own decorators.
        start: starts the bridge unless it runs, or raises the reason why it can't.
    """

    def __init__(
        self, app: Flask, views: ViewPages, guard: Guard, start: Callable[[], RunningBridge]
    ) -> None:
        self._app = app
        self._views = views
        self._guard = guard
        self._start = start
        self._pages: dict[str, str] | None = None  # endpoint to page, from the first request on
        self._said: set[tuple[str, str]] = set()  # page, and what was logged about it
        self._lines = LogRate(log)
        self._log_exception = app.log_exception
        app.log_exception = self.log_exception  # type: ignore[method-assign]
        self._obstacle_told = False
        self._failure = ""  # why the bridge couldn't run, as last logged

    def before_request(self) -> ResponseReturnValue | None:
        """Let a request of ours pass, or refuse it; leave the application's others alone."""
        running = self._start_unless_running()
        ours = BLUEPRINT in request.blueprints
        page = self._page()
        if not ours and page is None:
            return None
        if isinstance(running, str):
            refuse(503, running)
        server, key = running.settings.server, running.key
        check_source(request, server)
        # Not at the start: only with a request does an application's server say where it listens.
        key.offer_at(handoff.given_socket(request.environ))
        g.setdefault(CHECKED, True)
        if (request.endpoint or "").startswith(OWN_ADMISSION):
            return None  # the right to see pages is no right to push, nor a kiosk's proof
        if not (request.endpoint in OF_COMMANDS and is_bearer(request, key.value)):
            check_token(request, server, running.settings.displays)
        take_ticket(request, server, running.kiosks)
        page_script.remember_cursor(running)
        if page is not None or request.endpoint == SOCKET:
            self._tell_obstacle()
        if page is not None:
            # This runs before the application's own hooks, which may compress the page.
            after_this_request(partial(self._complete_page, running, page))
        elif request.endpoint not in PUBLIC:
            return self._guard.ask(self._app)
        return None

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Log an exception from a view; for our pages and routes at a bounded rate.

        A display asks for its page again and again, and so may anyone.
        """
        error, traceback = exc_info[1:]
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = traceback and (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        kind = (type(error), place)
        if CHECKED not in g or self._lines.takes(
            kind, logging.ERROR, lambda: f"{request.path} failed: {type(error).__name__}: {error}"
        ):
            self._log_exception(exc_info)

    def after_request(self, response: Response) -> Response:
        """Add headers to our own routes' answers that keep a browser from misreading them."""
        # An answer of the application's own decorators or error handlers belongs to it.
        if BLUEPRINT in request.blueprints and "gpiobridge_refused" not in g:
            secure_headers(response, "ours" if is_ours(response) else "off")
        return response

    def _page(self) -> str | None:
        """Return the page that this request asks for, if it is one."""
        if self._pages is None:
            self._pages = self._views.endpoints(self._app)
        return self._pages.get(request.endpoint or "")

    def _start_unless_running(self) -> RunningBridge | str:
        """Start the bridge unless it runs; if it can't start, return the reason and log it once."""
        try:
            if request.environ.get("wsgi.multiprocess"):
                # ASGI servers always say so, and a single worker of them would not help either.
                obstacle = _obstacle()
                raise ServerError(obstacle) if obstacle else SeveralWorkersError()
            return self._start()
        except GpioBridgeError as error:
            # Keep only the text: the traceback would keep gpiozero's devices, and their pins.
            sentence = str(error)
        if sentence != self._failure:  # not with every request, nor in each worker
            self._failure = sentence
            if not request.environ.get("wsgi.multiprocess") or first_to_say_so():
                self._lines.write(logging.ERROR, "failed", "%s", sentence)
        return sentence

    def _tell_obstacle(self) -> None:
        """Log, once, why no page can come online."""
        # Also with a page: not every server lets us see the handshake.
        if not self._obstacle_told and (obstacle := _obstacle()):
            self._obstacle_told = True
            log.error("%s", obstacle)

    def _complete_page(self, running: RunningBridge, page: str, response: Response) -> Response:
        """Add what a page needs to its view's answer, which may also be an error."""
        if shows_nothing(response):
            return response
        if running.settings.pages[page].client:
            nonce = running.nonce()
            if reason := insert_script(response, page_script.script(running, page, nonce)):
                self._tell(
                    page,
                    f"{reason}, so no press moves it: return HTML as text, "
                    "or declare the page with client=False",
                )
            else:
                # After all hooks have run: one of the application's own may set the policy.
                check = partial(self._check_policy, page, response, request.host, nonce)
                response.call_on_close(check)
        if running.settings.pages[page].fetched_ahead:
            response.headers[VERSION_HEADER] = page_script.version(running)
        if page_script.next_pages(running, page):
            response.vary.add("Sec-Fetch-Dest")
            by_header = not page_script.client_loads_ahead(running, page)
            if by_header and not page_script.in_frame():
                response.headers["Speculation-Rules"] = (
                    f'"{page_script.root(running)}/gpiobridge/next/{page}"'
                )
        if response.status_code < 400:
            whose = asking_client(request), request.host
            response.call_on_close(partial(_note_frames, running, page, response, *whose))
        set_owners_headers(
            response, running.settings.server.csp, running.settings.pages[page].frames
        )
        return response

    def _check_policy(self, page: str, response: Response, host: str, nonce: str) -> None:
        """Log where a page's policy blocks our script."""
        for obstacle in obstacles(response.headers.getlist("Content-Security-Policy"), host, nonce):
            self._tell(page, f"never comes online, because {obstacle}")

    def _tell(self, page: str, what: str) -> None:
        """Log something about a page once, not with every request."""
        if (page, what) not in self._said:
            self._said.add((page, what))
            self._lines.write(logging.WARNING, page, "page %s %s", page, what)


def _note_frames(
    running: RunningBridge, page: str, response: Response, client: str | None, host: str
) -> None:
    """Note whether a stage can show a page, by the headers that were sent after all hooks."""
    headers = response.headers
    policies, options = (
        headers.getlist("Content-Security-Policy"),
        headers.getlist("X-Frame-Options"),
    )
    running.stages.note_frames(client, page, forbids_frames(policies, options, host))


def _obstacle() -> str:
    """Return why no page can come online under this request's server; empty if it can."""
    # A server without a name may be a test client, unless it asks for a socket.
    is_server = request.endpoint == SOCKET or handoff.server_name(request.environ)
    return handoff.obstacle(request.environ) if is_server else ""
