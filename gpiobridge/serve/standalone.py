"""The stand-alone application: it shows an exhibit's folder through the Flask extension.

``config.toml`` names the pages; ``templates/`` and ``static/`` are next to it. Nothing here is
private: your own application can do all of it. Views run on the HTTP server's threads.
"""

from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from gpiobridge.config import Page, Settings
from gpiobridge.extension.gpio_bridge import GpioBridge
from gpiobridge.routes.admission import CHECKED, check_source, check_token
from gpiobridge.routes.html import secure_headers
from gpiobridge.routes.site import answer_with_site
from gpiobridge.routes.start import start_page
from gpiobridge.serve.template_errors import TemplateErrors

STATIC = "static"
"""The endpoint of the exhibit's own files; the name is Flask's."""

FAVICON = "favicon"
"""The endpoint of the exhibit's icon."""


def create_app(settings: Settings, on_failure: Callable[[], None] = lambda: None) -> Flask:
    """Build the application of an exhibit.

    Args:
        settings: the checked configuration.
        on_failure: called if the watcher dies; the service should end then.

    Returns:
        The application; its bridge is ``app.extensions["gpiobridge"]``.
    """
    app = Flask(
        "gpiobridge", static_folder=None, template_folder=str(settings.folder / "templates")
    )
    app.config["TEMPLATES_AUTO_RELOAD"] = True  # an edit shows at the next page load
    bridge = GpioBridge(app, config=settings, on_failure=on_failure)
    _add_pages(app, bridge, settings)
    _add_files(app, bridge, settings.folder / "static")
    _guard(app, settings)
    return app


def _add_pages(app: Flask, bridge: GpioBridge, settings: Settings) -> None:
    """Add a view for each page, a redirect to the start page at ``/``, and answers to mistakes."""
    template_errors = TemplateErrors(settings.folder / "templates")

    def add_page(page: Page) -> None:
        def show() -> ResponseReturnValue:
            if page.url:
                return answer_with_site(page)
            assert page.template is not None  # config makes sure
            try:
                html = render_template(page.template, page=page.name, pins=settings.pins)
            except Exception as error:  # an expression in a template can raise anything
                return template_errors.answer(page.name, error)
            template_errors.forget(page.name)
            return html

        app.add_url_rule(f"/{page.name}", f"page_{page.name}", bridge.page(page.name)(show))

    for page in settings.pages.values():
        add_page(page)

    def to_start() -> ResponseReturnValue:
        path = f"{request.script_root}/{start_page(settings, request)}"
        query = request.query_string.decode("latin-1")  # such as display=kiosk
        return redirect(f"{path}?{query}" if query else path)

    def not_found(_error: NotFound) -> ResponseReturnValue:
        said = f"There is nothing at {request.path}; pages: {', '.join(settings.pages)}.\n"
        name = request.path.removesuffix("/").rpartition("/")[2]
        page, _, ending = name.rpartition(".")
        if page in settings.pages and ending in ("html", "htm"):
            said = f"There is nothing at {request.path}; the address of the page is /{page}.\n"
        elif page and ending not in ("html", "htm"):
            said = f"There is nothing at {request.path}; a file in static/ is at /static/{name}.\n"
        if request.endpoint == STATIC:
            said = (
                f"There is no file at {request.path}: put it into the exhibit's static/ "
                "(hidden files are not served).\n"
            )
        return Response(said, 404, mimetype="text/plain")

    def not_allowed(error: MethodNotAllowed) -> ResponseReturnValue:
        methods = sorted({*(error.valid_methods or ())} - {"HEAD", "OPTIONS"})
        said = f"{request.method} does nothing at {request.path}: use {' or '.join(methods)}.\n"
        allow = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        return Response(said, 405, allow, mimetype="text/plain")

    app.add_url_rule("/", "start", to_start)
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(MethodNotAllowed, not_allowed)


def _add_files(app: Flask, bridge: GpioBridge, folder: Path) -> None:
    """Serve the exhibit's files under Flask's endpoint, so that ``url_for("static", …)`` works."""

    def static(filename: str) -> ResponseReturnValue:
        return bridge.send_file(folder, filename)

    def favicon() -> ResponseReturnValue:
        # Every browser asks for an icon: send the exhibit's, or an empty answer.
        if (folder / "favicon.ico").is_file():
            return bridge.send_file(folder, "favicon.ico")
        return "", 204

    app.add_url_rule("/favicon.ico", FAVICON, favicon)
    app.add_url_rule("/static/<path:filename>", STATIC, static)


def _guard(app: Flask, settings: Settings) -> None:
    """Check requests as the extension does, and set the security headers."""
    of_owner = {STATIC, FAVICON, *(f"page_{name}" for name in settings.pages)}

    @app.before_request
    def check() -> None:
        if CHECKED in g:
            return  # the extension has checked it
        g.setdefault(CHECKED, True)
        check_source(request, settings.server)
        check_token(request, settings.server, settings.displays)

    @app.after_request
    def secure(response: Response) -> Response:
        owners = request.endpoint in of_owner and response.status_code < 400
        secure_headers(response, settings.server.csp if owners else "ours")
        return response
