"""A page as a client without a screen sees it: the client loads it and reads its frames.

Blocking calls on the caller's thread; `follower` follows pages with them.
"""

import json
import re
import urllib.parse
import urllib.request
from html import unescape
from typing import Any, NamedTuple

from gpiobridge.client import asking
from gpiobridge.config.address import DEFAULT_BEAT_S
from gpiobridge.errors import RemoteError


class LoadedPage(NamedTuple):
    """What a page says of itself.

    Args:
        url: its address, after redirects.
        socket_url: the address of its WebSocket.
        cursor: the cursor with which it was rendered; empty without our script.
        beat_s: seconds between two beats.
    """

    url: str
    socket_url: str
    cursor: str
    beat_s: float

    @property
    def base(self) -> str:
        """The bridge's own address: the part before its routes, without a slash at the end."""
        prefix = urllib.parse.urlsplit(self.socket_url).path.rpartition("/ws/")[0]
        return urllib.parse.urljoin(self.url, f"{prefix}/").rstrip("/")

    @property
    def start(self) -> str:
        """The address that leads to the current start page."""
        return f"{self.base}/gpiobridge/start"


_SCRIPT = re.compile(r"<script [^>]*\bdata-socket=[^>]*>")
_DATA = re.compile(r' data-(socket|cursor|beat)="([^"]*)"')


def load_page(url: str, token: str, display: str) -> LoadedPage:
    """Load a page as a browser would, and find the socket that its script would open.

    Args:
        url: its address.
        token: the bridge's token, or an empty string.
        display: the name of the display that asks, which may begin at a page of its own; or an
            empty string.

    Raises:
        RemoteError: there is no page, or no bridge.
    """
    there = urllib.parse.urlsplit(url)
    name = urllib.parse.urlencode({"display": display}) if display and not there.query else ""
    asked = there._replace(query=name).geturl() if name else url
    html, url = asking.ask(urllib.request.Request(asked, headers=asking.headers(token)))
    url = url.removesuffix(f"?{name}") if name else url
    script = _SCRIPT.search(html)
    data = {key: unescape(value) for key, value in _DATA.findall(script[0] if script else "")}
    folder, _, name = urllib.parse.urlsplit(url).path.rpartition("/")
    socket_url = urllib.parse.urljoin(url, data.get("socket", f"{folder}/ws/{name}"))
    return LoadedPage(
        url,
        socket_url.replace("http", "ws", 1),
        data.get("cursor", ""),
        float(data.get("beat", DEFAULT_BEAT_S)),
    )


def on_the_same_host(url: str, path: str) -> str | None:
    """Return the URL of the page at ``path``; None if it leads to another host: no bridge does."""
    try:
        there = urllib.parse.urljoin(url, path)
        same = urllib.parse.urlsplit(there)[:2] == urllib.parse.urlsplit(url)[:2]
    except ValueError:
        return None
    return there if same else None


def read_frame(text: str | bytes, url: str) -> dict[str, Any]:
    """Read a frame of the page at ``url``.

    Raises:
        RemoteError: it is no frame of a bridge.
    """
    try:
        frame: dict[str, Any] = json.loads(text)
        if frame["type"] == "state":
            frame["epoch"], frame["seq"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise RemoteError(f"the server at {url} is not a gpiobridge") from error
    return frame
