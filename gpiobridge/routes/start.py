"""Where a display begins: the start page, or the one that its name has. Any HTTP thread."""

from urllib.parse import urlencode

from flask import Request

from gpiobridge.config import Settings
from gpiobridge.core import wire


def start_page(settings: Settings, request: Request) -> str:
    """Find the page at which the display of a request begins; ``display=`` names it."""
    return settings.start_of(_name(request))


def with_name(path: str, request: Request) -> str:
    """Add the name of a request's display to a path; a token stays behind, in its cookie."""
    name = _name(request)
    return f"{path}?{urlencode({'display': name})}" if name else path


def _name(request: Request) -> str:
    return wire.read_name(request.args.get("display", ""))
