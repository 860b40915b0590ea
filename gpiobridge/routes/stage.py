"""The stage: one page of ours that shows the exhibit's pages in frames, and never leaves.

``/gpiobridge/stage`` is the page, ``/gpiobridge/stage.json`` what it asks again and again, and a
stage says with ``POST /gpiobridge/stage/held`` which page it can't show or hold ready. What a stage
does with it is in ``assets/stage``. Any HTTP thread.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue
from jinja2 import Template

from gpiobridge import __version__
from gpiobridge.app.running_bridge import RunningBridge
from gpiobridge.app.stages import REPORTS
from gpiobridge.config import Page, nearest
from gpiobridge.routes import page_script
from gpiobridge.routes.admission import asking_client, refuse
from gpiobridge.routes.content_policies import stage_obstacles
from gpiobridge.routes.html import STAGE_CSP, set_pages_headers
from gpiobridge.routes.json_body import json_body
from gpiobridge.routes.page_script import ASSETS, root
from gpiobridge.routes.start import display_name, start_page, with_display

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_FOLDER = ASSETS / "stage"
_MAX_BODY_BYTES = 1024
_KEYS = ("page", "why")


def add_stage(blueprint: Blueprint, running: Callable[[], RunningBridge]) -> None:
    """Add ``/gpiobridge/stage``, ``/gpiobridge/stage.json`` and ``POST /gpiobridge/stage/held``.

    Args:
        blueprint: where they are added.
        running: returns the running bridge, in a request.
    """

    def show() -> ResponseReturnValue:
        here = running()
        here.stages.use()
        name, page = _first_page(here)
        display = display_name(request)
        if here.stages.alone(asking_client(request), [name]):
            return redirect(with_display(page, display))
        nonce = here.nonce()
        text = _template().render(
            stage=json.dumps(_told(here)),
            prefix=root(here),
            page=page,
            display=display,
            version=_assets_version(),
            nonce=nonce,
        )
        response = _StageResponse(here, with_display(page, display), request.host, nonce, text)
        response.headers["Content-Security-Policy"] = STAGE_CSP
        set_pages_headers(response)
        return response

    def tell() -> ResponseReturnValue:
        response = Response(json.dumps(_told(running())), mimetype="application/json")
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        return response.make_conditional(request)

    def take_report() -> ResponseReturnValue:
        page, why = _report(running().settings.pages)
        running().stages.report(asking_client(request), page, why)
        return Response(status=204)

    blueprint.add_url_rule("/gpiobridge/stage", "stage", show)
    blueprint.add_url_rule("/gpiobridge/stage.json", "stage_json", tell)
    blueprint.add_url_rule("/gpiobridge/stage/held", "stage_held", take_report, methods=["POST"])


def _told(running: RunningBridge) -> dict[str, Any]:
    """Return what a stage must know; ``paths`` are those that a browser asks for."""
    settings, pages = running.settings, running.settings.pages
    paths = {name: request.script_root + path for name, path in running.watcher.paths.items()}
    alone = running.stages.alone(asking_client(request), pages)
    transitions = {
        name: page.transition for name, page in pages.items() if page.transition != "cut"
    }
    return {
        "stage": _version(json.dumps([asdict(settings.stage), transitions])),
        "pages": page_script.version(running),
        "start": paths[start_page(settings, request)],
        "paths": paths,
        "ahead": {
            name: [paths[to] for to in page.leads_to if _can_wait(pages[to]) and to not in alone]
            for name, page in pages.items()
        },
        "transition": transitions,
        "most": min(settings.stage.ahead, request.args.get("ahead", settings.stage.ahead, _count)),
        "fresh_s": settings.stage.fresh_s,
        "held": running.stages.held_back(asking_client(request)),
        "alone": alone,
        "sounds": page_script.sounds(running),
        "sound": {name: page.sound for name, page in pages.items() if page.sound},
    }


def _can_wait(page: Page) -> bool:
    """Tell whether a stage may hold a page ready behind another one.

    Without our script nothing would keep it asleep there.
    """
    return page.prerender and page.client


def _first_page(running: RunningBridge) -> tuple[str, str]:
    """Find the page to show first: that of ``page=``, if it is one of ours, else the start page.

    Returns:
        Its name, and its path with the query that it was asked for with.
    """
    names = {request.script_root + path: name for name, path in running.watcher.paths.items()}
    start = start_page(running.settings, request)
    try:
        asked = urlsplit(request.args.get("page", ""))
    except ValueError:  # such as "//["
        asked = urlsplit("")
    for path in (asked.path, unquote(asked.path)):
        if not (asked.scheme or asked.netloc) and path in names:
            return names[path], f"{path}?{asked.query}" if asked.query else path
    return start, request.script_root + running.watcher.paths[start]


def _count(text: str) -> int:
    """Read ``ahead=``."""
    count = int(text)
    if count < 0:
        raise ValueError
    return count


def _report(pages: Collection[str]) -> tuple[str, str]:
    """Read the page that a report is about, and what it says."""
    body = json_body(request, _MAX_BODY_BYTES)
    for key in body:
        if key not in _KEYS:
            close = nearest(key, _KEYS)
            meant = f' Did you mean "{close}"?' if close else ""
            refuse(400, f'{key!r} is unknown; the body has "page" and "why".{meant}')
    page, why = body.get("page"), body.get("why")
    if not isinstance(page, str) or page not in pages:
        refuse(400, f'"page" must be the name of a page; pages: {", ".join(pages)}.')
    if not isinstance(why, str) or why not in REPORTS:
        words = ", ".join(f'"{word}"' for word in REPORTS)
        refuse(400, f'"why" must be one of {words}.')
    return page, why


def _version(settings: str) -> str:
    """Return the version of the stage: that of its files and of ours, and what is set of it."""
    return hashlib.sha256(f"{_assets_version()} {settings}".encode()).hexdigest()[:12]


@cache
def _assets_version() -> str:
    digest = hashlib.sha256(__version__.encode())
    for file in sorted(path for path in _FOLDER.rglob("*") if path.is_file()):
        name = file.relative_to(_FOLDER).as_posix()
        digest.update(f"\0{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _template() -> Template:
    # Not render_template: an application may have a template of this name, and other delimiters.
    made: Template = Template((_FOLDER / "stage.html").read_text("utf-8"), autoescape=True)
    return made


class _StageResponse(Response):
    """The stage; or the way to the page itself, if the answer's final policy keeps it from working.

    A hook of the application may set a policy after all others, so the headers are looked at when
    they are sent.
    """

    def __init__(
        self, running: RunningBridge, instead: str, host: str, nonce: str, text: str
    ) -> None:
        super().__init__(text, mimetype="text/html")
        self._running = running
        self._instead = instead
        self._host = host
        self._client = asking_client(request)
        self._nonce = nonce

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        policies = self.headers.getlist("Content-Security-Policy")
        if obstacle := next(iter(stage_obstacles(policies, self._host, self._nonce)), ""):
            self._running.stages.block(self._client, obstacle)
            self.status_code = 302
            self.headers["Location"] = self._instead
            self.set_data(b"")
        return super().__call__(environ, start_response)
