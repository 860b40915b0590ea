"""Talk to a running bridge from the command line: press a pin that has no wire, follow the frames.

Blocking calls of one thread, the caller's. It uses the wire as any other client would, and
nothing of the server.
"""

import http.client
import json
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator
from html import unescape
from typing import Any, NamedTuple

from gpiobridge import wire
from gpiobridge.errors import RemoteError
from gpiobridge.events import Level

_TIMEOUT_S = 5.0
_MAX_RETRY_S = 2.0
_SILENT_BEATS = 2.5  # without a frame for so many beats a socket is given up


def press(url: str, pin: str, for_s: float, token: str = "", api_token: str = "") -> None:
    """Make a simulated or virtual pin active, and inactive again.

    Args:
        url: where the bridge is, such as ``http://127.0.0.1:8000``.
        pin: the pin's name.
        for_s: how long it stays active, in seconds.
        token: what the bridge asks for, if it does.
        api_token: what its API asks for, if that is another.

    Raises:
        RemoteError: the bridge can't be reached, has no such pin, or the pin is a real one.
    """
    base = base_url(url)
    pins = health(base, token)["pins"]
    if pin not in pins:
        raise RemoteError(f"there is no pin {pin!r} at {base}; pins: {', '.join(pins)}")
    active = Level(pins[pin]["active"])
    quoted = urllib.parse.quote(pin, safe="")
    if pins[pin].get("source") == "http":  # an older bridge has none, and doesn't say so
        press = {"level": active, "for": f"{for_s * 1000:g}ms"}
        _request(_post(f"{base}/api/pins/{quoted}", press, api_token or token))
        time.sleep(for_s)
        return
    where = f"{base}/simulator/pins/{quoted}"
    _request(_post(where, {"level": active}, token))
    try:
        time.sleep(for_s)
    finally:  # Ctrl-C must not leave it pressed
        _request(_post(where, {"level": active.other}, token))


def health(
    base: str, token: str = "", *, even_ill: bool = False, timeout_s: float = _TIMEOUT_S
) -> dict[str, Any]:
    """Ask a bridge how it is; README, "The wire", says what it answers.

    Args:
        base: where the bridge is, as `base_url` gives it.
        token: what the bridge asks for, if it does.
        even_ill: return the answer of a bridge that doesn't watch its pins, too.
        timeout_s: how long it may be silent, in seconds.

    Raises:
        RemoteError: no bridge answers there, or one that doesn't watch its pins.
    """
    url = f"{base}/healthz"
    request = urllib.request.Request(url, headers=_headers(token))
    text, _ = _request(request, (503,) if even_ill else (), timeout_s)
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "pins" not in told:
        raise RemoteError(f"what answers at {url} is no gpiobridge; --url says where it is")
    return told


def frames(
    url: str, *, once: bool, tell: Callable[[str], None], token: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield what a display on a page would get, following it from page to page.

    A close is yielded as ``{"type": "close", "code": …, "reason": …}``. On 4000 the next page's
    socket is opened; on anything else the same one again, for ever.

    Args:
        url: a page of the bridge, or its address for the start page.
        once: stop at the first 4000.
        tell: gets a sentence when the connection is lost.
        token: what the bridge asks for, if it does.

    Raises:
        RemoteError: the bridge can't be reached at first, or there is no such page.
    """
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    page = _open_page(_with_scheme(url), token)
    silent_s = max(_TIMEOUT_S, _SILENT_BEATS * page.beat_s)
    epoch = cursor = told = ""
    connected_once = False
    while True:
        query = f"?cursor={cursor}" if cursor else ""
        try:
            with connect(
                page.socket_url + query,
                additional_headers=_headers(token),
                compression=None,
                ping_interval=None,
                open_timeout=_TIMEOUT_S,
                close_timeout=1,
                proxy=None,
            ) as socket:
                connected_once = True
                try:
                    while True:
                        frame = json.loads(socket.recv(timeout=silent_s))
                        yield frame
                        if frame["type"] == "beat":
                            socket.send(wire.BEAT)
                        epoch = frame.get("epoch", epoch)
                        # An edge is acted on when something follows it: a close may have to.
                        cursor, told = told or cursor, ""
                        if frame["type"] == "state":
                            cursor = wire.cursor(epoch, frame["seq"])
                        elif "seq" in frame:
                            told = wire.cursor(epoch, frame["seq"])
                except ConnectionClosed:
                    code = socket.protocol.close_code or 1006
                    reason = socket.protocol.close_reason or ""
                    yield {"type": "close", "code": code, "reason": reason}
                    cursor, told = (told if code == wire.Close.NAVIGATE else "") or cursor, ""
                    if code != wire.Close.NAVIGATE:
                        tell(f"the connection was closed ({code}); connecting again")
                    elif once:
                        return
                    else:
                        page = _open_page(urllib.parse.urljoin(page.url, reason), token)
                        continue
        except InvalidStatus as error:
            status = error.response.status_code
            if status < 500 or not connected_once:
                raise RemoteError(_said(status, error.response.body)) from error
            tell(f"{page.url} answers {status}; trying again")
        except (OSError, TimeoutError, WebSocketException) as error:
            told = ""
            if not connected_once:
                raise _no_bridge(page.url, error) from error
            tell(f"{page.url} does not answer; trying again")
        time.sleep(random.uniform(0.1, _MAX_RETRY_S))


def base_url(url: str) -> str:
    """Complete a bridge's address as people write it: ``pi.local:8000/``.

    Args:
        url: with or without ``http://`` and the last slash.
    """
    return _with_scheme(url).rstrip("/")


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


class _Page(NamedTuple):
    url: str  # after redirects
    socket_url: str
    beat_s: float


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _open_page(url: str, token: str) -> _Page:
    """Load a page as a browser would, and see which socket its script would open."""
    html, url = _request(urllib.request.Request(url, headers=_headers(token)))
    path = urllib.parse.urlsplit(url).path
    folder, _, name = path.rpartition("/")
    found = dict(re.findall(r' data-(socket|beat)="([^"]*)"', html))
    socket_path = unescape(found.get("socket", f"{folder}/ws/{name}"))
    socket_url = urllib.parse.urljoin(url, socket_path).replace("http", "ws", 1)
    return _Page(url, socket_url, float(found.get("beat", "2")))


def _post(url: str, body: object, token: str) -> urllib.request.Request:
    types = {"Content-Type": "application/json", **_headers(token)}
    return urllib.request.Request(url, json.dumps(body).encode(), types)


def _request(
    request: urllib.request.Request,
    accept: Collection[int] = (),
    timeout_s: float = _TIMEOUT_S,
) -> tuple[str, str]:
    """Send a request; return the answer's text, and its URL after redirects.

    Failures whose status is one to ``accept`` are answers, too.
    """
    # A proxy of the environment is for the world outside, not for a bridge.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return response.read().decode(errors="replace"), response.url
    except urllib.error.HTTPError as error:
        with error:
            if error.code in accept:
                return error.read().decode(errors="replace"), error.url
            raise RemoteError(_said(error.code, error.read()), error.code) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _no_bridge(request.full_url, error) from error


def _no_bridge(url: str, error: Exception) -> RemoteError:
    reason = getattr(error, "reason", error)
    return RemoteError(f"no bridge answers at {url}: {reason}; is it running? --url says where")


def _said(status: int, body: bytes | bytearray | None) -> str:
    text = (body or b"").decode(errors="replace").strip()
    if text.startswith("<"):  # a web page says nothing in one sentence
        text = ""
    return f"the bridge answered {status}: {text}" if text else f"the bridge answered {status}"
