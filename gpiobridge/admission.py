"""Which requests our routes accept: Host, Origin, token, and the WebSocket handshake.

A page on another site can make a visitor's browser talk to this machine. Two checks stop it: the
Host must be a name that is really ours (a DNS name that was rebound to us is not), and an Origin
must equal the Host. On a network the token says who may look. All are made before a handshake is
answered. Who may use the API is a question of its own: whoever looks may not therefore push.

Any HTTP thread; it knows Flask's request, and nothing of the project.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Collection
from typing import NoReturn
from urllib.parse import urlsplit

from flask import Request, Response, abort, after_this_request

_COOKIE_S = 400 * 86_400  # browsers keep none for longer


def refuse(status: int, sentence: str) -> NoReturn:
    """End the request with ``status`` and one sentence for a person."""
    abort(Response(sentence + "\n", status, mimetype="text/plain"))


def check_source(request: Request, allowed_hosts: Collection[str]) -> None:
    """Refuse a request that another site's page may have made.

    Args:
        request: the request.
        allowed_hosts: names, beside this machine's own, that it may be called by.

    Raises:
        werkzeug.exceptions.HTTPException: 421 for a foreign Host, 403 for a foreign Origin.
    """
    host = request.headers.get("Host", "")
    if not _is_ours(_name_of(host), allowed_hosts):
        refuse(
            421,
            f"This is not {host!r}: add the name to server.allowed_hosts, or use the IP address.",
        )
    origin = request.headers.get("Origin")
    if origin is not None and not _is_of(origin, host):
        refuse(403, f"A page of {origin!r} may not use this bridge.")


def check_token(request: Request, token: str) -> None:
    """Refuse a request that doesn't know the token.

    It may come in the URL once (``?token=``): then a cookie has it. Programs send it as
    ``Authorization: Bearer``.

    Args:
        request: the request.
        token: the right one; with an empty one nothing is asked for.

    Raises:
        werkzeug.exceptions.HTTPException: 401.
    """
    if not token:
        return
    cookie = _cookie_name(token)
    in_url = _in_url(request, token)
    in_cookie = _equal(request.cookies.get(cookie, ""), token)
    if not (in_url or in_cookie or _in_header(request, token)):
        _ask("This bridge asks for its token: open the page once with ?token=... added.")
    if in_url or in_cookie:
        after_this_request(lambda response: _remember(response, request, cookie, token))


def check_api(request: Request, api_token: str, token: str, allowed_hosts: Collection[str]) -> None:
    """Refuse a request that may not use the API.

    Its token comes as ``Authorization: Bearer``, or in the URL (``?token=``) from services that
    can be given nothing else. A cookie doesn't count: that is for who looks. Without any token
    only programs on this machine may use it, and none through a proxy: that speaks for others. A
    proxy may be silent about itself; but with names of its own to be called by, a bridge has one.

    Args:
        request: the request.
        api_token: the right token; with an empty one it is ``token``.
        token: the one that viewers are asked for.
        allowed_hosts: names that the bridge is called by beside this machine's own.

    Raises:
        werkzeug.exceptions.HTTPException: 401 for a wrong token or none, 403 where none is set.
    """
    if right := api_token or token:
        if not (_in_header(request, right) or _in_url(request, right)):
            key = "api_token" if api_token else "token"
            _ask(f"The API asks for its token: send server.{key} as Authorization: Bearer.")
    elif allowed_hosts or not _is_local(request):
        refuse(
            403,
            "Only programs on this machine itself may use the API: to use it from elsewhere, or "
            "through a proxy, write server.api_token, and send it as Authorization: Bearer.",
        )


def json_body(request: Request, max_bytes: int) -> dict[str, object]:
    """Read the request's JSON object; whatever else was sent reads as an empty one.

    Args:
        request: the request.
        max_bytes: how long the body may be.

    Raises:
        werkzeug.exceptions.HTTPException: 408 if the body doesn't come, 413 if it is too long, 400
            if it has a key twice.
    """
    try:
        # Not get_json: a chunked body has no length that could be checked beforehand.
        # The second is what a hook of the application may have read already, and Flask keeps.
        text = request.stream.read(max_bytes + 1) or request.get_data()
    except OSError:
        refuse(408, "The body did not come.")
    if len(text) > max_bytes:
        refuse(413, f"The body is at most {max_bytes} bytes.")
    try:
        body = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object; of a key that stands there twice one value would be dropped."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        refuse(400, f"{double!r} is in the body twice: say it once.")
    return made


def _ask(sentence: str) -> NoReturn:
    """End the request with 401 and one sentence for a person."""
    response = Response(sentence + "\n", 401, mimetype="text/plain")
    response.headers["WWW-Authenticate"] = "Bearer"
    abort(response)


def _in_url(request: Request, token: str) -> bool:
    return _equal(request.args.get("token", ""), token)


def _in_header(request: Request, token: str) -> bool:
    sent = request.authorization
    return sent is not None and sent.type == "bearer" and _equal(sent.token or "", token)


def _is_local(request: Request) -> bool:
    """Whether a program on this very machine has sent it, for itself."""
    name = _name_of(request.headers.get("Host", ""))
    return (
        _is_loopback(request.remote_addr or "")
        and (name == "localhost" or _is_loopback(name))
        and not any(_is_of_a_proxy(header) for header, _ in request.headers)
    )


def _is_of_a_proxy(header: str) -> bool:
    """Whether it is one of the headers that only proxies add."""
    name = header.lower()
    return name in ("forwarded", "via", "x-real-ip") or name.startswith("x-forwarded-")


def _is_loopback(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)  # as a socket for both families names IPv4
    return (mapped or ip).is_loopback


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _cookie_name(token: str) -> str:
    # Cookies know no ports: two bridges on one machine must not overwrite each other's.
    return f"gpiobridge-{hashlib.sha256(token.encode()).hexdigest()[:8]}"


def _remember(response: Response, request: Request, cookie: str, token: str) -> Response:
    # Each page load renews it, so that it lasts as long as the display does.
    if response.mimetype != "text/html" and "token" not in request.args:
        return response
    response.set_cookie(
        cookie,
        token,
        max_age=_COOKIE_S,
        path=request.script_root or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",  # a strict one is missing after a link from elsewhere
    )
    return response


def check_handshake(request: Request) -> None:
    """Refuse what is no WebSocket handshake (RFC 6455, 4.2.1), before Flask-Sock sees it.

    Raises:
        werkzeug.exceptions.HTTPException: 400, with the reason.
    """
    headers = request.headers
    if request.environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        refuse(400, "A WebSocket handshake is HTTP/1.1.")
    if "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip("0 "):
        # Its bytes would be read as frames, though whoever has sent them meant no such thing.
        refuse(400, "A WebSocket handshake has no body.")
    if headers.get("Sec-WebSocket-Version") != "13":
        response = Response("Sec-WebSocket-Version must be 13.\n", 426, mimetype="text/plain")
        response.headers["Sec-WebSocket-Version"] = "13"  # RFC 6455, 4.4
        abort(response)
    try:
        key = base64.b64decode(headers.get("Sec-WebSocket-Key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16:
        refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64.")


def _is_of(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".").lower()


def _is_ours(name: str, allowed_hosts: Collection[str]) -> bool:
    own = socket.gethostname().lower()
    if name in {"localhost", own, f"{own}.local", *(host.lower() for host in allowed_hosts)}:
        return bool(name)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
