"""The name of the display that asks, and where it begins. Any HTTP thread."""

from urllib.parse import quote

from flask import Request

from gpiobridge.config import Settings
from gpiobridge.core import wire


def display_name(request: Request) -> str:
    """Return the name of the display that a request is for (``display=``), or an empty string."""
    return wire.read_name(request.args.get("display", ""))


def start_page(settings: Settings, request: Request) -> str:
    """Find the page at which the display of a request begins."""
    return settings.start_of(display_name(request))


def with_display(path: str, name: str) -> str:
    """Add a display's name to an address, if it has one."""
    mark = "&" if "?" in path else "?"
    return f"{path}{mark}display={quote(name, safe='')}" if name else path
