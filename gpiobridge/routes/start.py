"""Where a display begins: the start page, or the one that its name has. Any HTTP thread."""

from flask import Request

from gpiobridge.config import Settings
from gpiobridge.core import wire


def start_page(settings: Settings, request: Request) -> str:
    """Find the page at which the display of a request begins; ``display=`` names it."""
    return settings.start_of(wire.read_name(request.args.get("display", "")))


def with_query(path: str, request: Request) -> str:
    """Add a request's query to a path: it says which display asks, or with which token."""
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path
