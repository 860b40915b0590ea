"""Decide which requests our routes accept, by Host, Origin and token.

A page on another site can make a visitor's browser talk to this machine. Two checks stop it. The
Host must be a name that is really ours; a DNS name that was rebound to us is not. An Origin, if
there is one, must be that of our own pages. On a network, the token decides who may see the pages.
All checks are made before a handshake is answered. The API has its own check: permission to see
pages is not permission to push. Nor is it a proof that a page is on this machine's own kiosk: only
the kiosk's launcher can prove that (`own_kiosks`).

Headers are read here, once. Nonsense in a header counts as an empty value and causes no failure.
Any HTTP thread. The module knows Flask's request and the section ``[server]``.
"""

import hashlib
import hmac
import re
import socket
from collections.abc import Collection, Mapping
from functools import partial
from typing import NoReturn, TypeVar

from flask import Request, Response, abort, after_this_request
from werkzeug.exceptions import HTTPException

from gpiobridge.config import NamedDisplay, Server
from gpiobridge.displays.own_kiosks import OwnKiosks
from gpiobridge.net.addresses import client_of, is_loopback
from gpiobridge.net.hosts import Host, Origin, is_address, read_host, read_origin

T = TypeVar("T")

CHECKED = "gpiobridge_checked"
"""The name in `flask.g` that marks a request whose Host, Origin and token were checked."""

TICKET = "kiosk_ticket"
"""The name of a kiosk's ticket in the query of its first address (`gpiobridge.kiosk.start`)."""

_KIOSK_COOKIE = "gpiobridge-kiosk-"
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,64}")
_MAX_SECRETS = 4
_COOKIE_S = 400 * 86_400  # browsers keep no cookie longer
_PARTS = {  # of a request, by its name in the environ: Werkzeug's attribute, and what it reads
    "QUERY_STRING": ("args", "query"),
    "HTTP_COOKIE": ("cookies", "Cookie header"),
    "CONTENT_LENGTH": ("content_length", "Content-Length header"),
    "CONTENT_TYPE": ("mimetype_params", "Content-Type header"),
}
_SHOWN = 100  # how many characters of a header a sentence shows


def refuse(status: int, sentence: str) -> NoReturn:
    """End the request with ``status`` and one sentence for a person."""
    abort(_plain(status, sentence))


def find(what: str, name: str, known: Mapping[str, T]) -> T:
    """Find what a request names; otherwise answer 404 with the names that there are.

    Args:
        what: what it is: a pin, an output, a sound or a page.
        name: its name in the address.
        known: all that there are, by name.

    Raises:
        werkzeug.exceptions.HTTPException: 404 if there is none of this name.
    """
    if name not in known:
        refuse(404, f"There is no {what} {name!r}; {what}s: {', '.join(known) or 'none'}.")
    return known[name]


def asking_client(request: Request) -> str | None:
    """Return the client that a request came from; None for this machine itself."""
    return client_of(request.remote_addr or "")


def check_source(request: Request, server: Server) -> None:
    """Refuse a request that another site's page may have made, or that can't be read.

    Args:
        request: the request.
        server: the settings; they name the hosts that are allowed besides this machine's names.

    Raises:
        werkzeug.exceptions.HTTPException: 400 if the request can't be read, 421 for a foreign
            Host, 403 for a foreign Origin.
    """
    _check_readable(request)
    text = request.headers.get("Host", "")
    host = read_host(text)
    if host is None:
        refuse(400, f"The Host {text[:_SHOWN]!r} is not a valid name or IP address.")
    if not _is_ours(host.name, server):
        refuse(
            421,
            f"This bridge is not called {text!r}: add the name to server.allowed_hosts, or use the "
            "IP address.",
        )
    said = request.headers.get("Origin")
    if said is not None and not _is_of(read_origin(said), host, request.scheme, server):
        refuse(
            403,
            f"A page from {said[:_SHOWN]!r} may not use this bridge: if that is the bridge's own "
            "address, set server.url to it.",
        )


def check_token(request: Request, server: Server, displays: Mapping[str, NamedDisplay]) -> None:
    """Refuse a request without the right token.

    A browser sends the token once in the URL (``?token=``); after that, a cookie holds it. Programs
    send it as ``Authorization: Bearer``. The token of a display opens the pages, too.

    Args:
        request: the request; it must have passed `check_source`.
        server: the settings with the token. Empty: no token is required.
        displays: the displays that may have tokens of their own.

    Raises:
        werkzeug.exceptions.HTTPException: 401.
    """
    tokens = [server.token, *(display.token for display in displays.values())]
    sent = [token for token in tokens if token and has_token(request, token)]
    if server.token and not sent:
        _ask("This bridge asks for its token: open the page once with ?token=... added.")
    secure = _is_secure(request, server)
    for token in sent:
        if not is_bearer(request, token):
            cookie = _cookie(token)
            after_this_request(partial(_remember, request, cookie, token, secure))


def has_token(request: Request, token: str) -> bool:
    """Tell whether a request brings a token: in its address, as a cookie, or as a bearer's.

    Args:
        request: the request.
        token: the right token, which is not empty.
    """
    in_cookie = _equal(request.cookies.get(_cookie(token), ""), token)
    return in_cookie or _in_url(request, token) or is_bearer(request, token)


def _cookie(token: str) -> str:
    # Cookies ignore ports: two bridges on one machine must not overwrite each other's cookie.
    return f"gpiobridge-{_short(token)}"


def check_api(request: Request, server: Server, key: str) -> None:
    """Refuse a request that may not use the API.

    The token comes as ``Authorization: Bearer``, or in the URL (``?token=``) from services that
    can't set a header. A cookie doesn't count: cookies are for seeing pages. The key of this run
    is accepted as a bearer token, whatever token is set; only this machine's administrator and the
    bridge's own user can read it.

    If no token is set, only the key opens the API: a proxy that adds no headers looks like a
    program on this machine. ``server.api = "local"`` says that there is no proxy, and lets local
    programs in.

    Args:
        request: the request; it must have passed `check_source`.
        server: the settings with the tokens, and whether local programs need one.
        key: the key of this run.

    Raises:
        werkzeug.exceptions.HTTPException: 401 for a wrong token or none, 403 where none is set.
    """
    if is_bearer(request, key):
        return
    if right := server.api_token or server.token:
        if not (is_bearer(request, right) or _in_url(request, right)):
            name = "api_token" if server.api_token else "token"
            _ask(f"The API asks for its token: send server.{name} as Authorization: Bearer.")
    elif server.api != "local":
        local = '; or write server.api = "local" to let every program on this machine in'
        refuse(
            403,
            "The API asks for a token, and none is set: write server.api_token, and send it as "
            f"Authorization: Bearer{'' if server.behind_a_proxy else local}. On the machine itself "
            "the command gpiobridge needs no token, as the bridge's user, at a "
            "loopback address.",
        )
    elif server.behind_a_proxy:
        refuse(
            403,
            'server.api = "local" lets nobody in, because server.url or server.allowed_hosts means '
            "a proxy: write server.api_token, and send it as Authorization: Bearer.",
        )
    elif not _is_local(request):
        refuse(
            403,
            "Only programs on this machine itself may use the API: to use it from elsewhere, or "
            "through a proxy, write server.api_token, and send it as Authorization: Bearer.",
        )


def may_use_api(request: Request, server: Server, key: str) -> bool:
    """Tell whether a request may use the API; arguments as of `check_api`."""
    try:
        check_api(request, server, key)
    except HTTPException:
        return False
    return True


def check_kiosk(
    request: Request,
    server: Server,
    displays: Mapping[str, NamedDisplay],
    keys: Collection[str],
) -> None:
    """Refuse a request that doesn't come from the launcher of this machine's own kiosk.

    Args:
        request: the request; it must have passed `check_source`.
        server: the settings with the token; it opens the pages, and proves nothing here.
        displays: the displays that may have tokens of their own; likewise.
        keys: the keys of this run; an empty one never matches.

    Raises:
        werkzeug.exceptions.HTTPException: 401 without the token, 403 with it.
    """
    if not any(is_bearer(request, key) for key in keys):
        check_token(request, server, displays)
        refuse(403, "Only `gpiobridge kiosk` on this machine may ask this, with a key of this run.")


def take_ticket(request: Request, server: Server, kiosks: OwnKiosks) -> None:
    """Give the browser of this machine's own kiosk its cookie, if its first address has a ticket.

    Any other ticket does nothing: the page is shown all the same.

    Args:
        request: the request; it must have passed `check_source`.
        server: the settings.
        kiosks: the kiosks that have proven themselves; the ticket counts once.
    """
    ticket = request.args.get(TICKET, "")
    if not ticket or asking_client(request) is not None:
        return
    if secret := kiosks.redeem(ticket):
        cookie, secure = _KIOSK_COOKIE + _short(secret), _is_secure(request, server)
        # Until the browser ends: then the launcher makes a new ticket. No page of another site may
        # use it, not even by a link.
        after_this_request(
            lambda response: _set_cookie(response, request, cookie, secret, secure, strict=True)
        )


def kiosk_secrets(request: Request) -> list[str]:
    """Return what a browser's cookies say to prove that it is a kiosk of this machine.

    Only on this machine itself, or through a proxy on it: elsewhere no cookie proves anything.
    """
    if asking_client(request) is not None:
        return []
    found = [v for name, v in request.cookies.items() if name.startswith(_KIOSK_COOKIE)]
    return [value for value in found if is_secret(value)][:_MAX_SECRETS]


def is_secret(text: str) -> bool:
    """Tell whether a text may be a secret or a ticket, as launchers make them."""
    return _SECRET.fullmatch(text) is not None


def is_bearer(request: Request, token: str) -> bool:
    """Tell whether a request sends a token as ``Authorization: Bearer`` (RFC 6750, 2.1).

    Args:
        request: the request.
        token: the right token; an empty token never matches.
    """
    # Not request.authorization: it decodes other schemes, too, and may fail at that.
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return bool(token) and scheme.lower() == "bearer" and _equal(sent.strip(), token)


def _ask(sentence: str) -> NoReturn:
    """End the request with 401 and one sentence for a person."""
    response = _plain(401, sentence)
    response.headers["WWW-Authenticate"] = "Bearer"
    abort(response)


def _plain(status: int, sentence: str) -> Response:
    response = Response(sentence + "\n", status, mimetype="text/plain")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _check_readable(request: Request) -> None:
    """Refuse a request that can't be read: Werkzeug would fail later, when a part is first used."""
    for key, (name, part) in _PARTS.items():
        if not request.environ.get(key):
            continue
        try:
            getattr(request, name)
        except (ValueError, ArithmeticError, LookupError):  # UnicodeError is a ValueError
            refuse(400, f"The request's {part} can't be read: correct it.")


def _in_url(request: Request, token: str) -> bool:
    return _equal(request.args.get("token", ""), token)


def _is_local(request: Request) -> bool:
    """Tell whether a program on this machine sent the request itself, not through a proxy."""
    host = read_host(request.headers.get("Host", ""))
    return (
        host is not None
        and is_loopback(request.remote_addr or "")
        and is_loopback(host.name)
        and not any(_is_of_a_proxy(header) for header, _ in request.headers)
    )


def _is_of_a_proxy(header: str) -> bool:
    """Tell whether it is one of the headers that only proxies add."""
    name = header.lower()
    return name in ("forwarded", "via", "x-real-ip") or name.startswith("x-forwarded-")


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), token.encode())


def _short(secret: str) -> str:
    """Return the part of a cookie's name that tells it from others."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def _remember(
    request: Request, cookie: str, token: str, secure: bool, response: Response
) -> Response:
    # Each page load renews the cookie, so it lasts as long as the display does.
    if response.mimetype != "text/html" and "token" not in request.args:
        return response
    return _set_cookie(response, request, cookie, token, secure)


def _set_cookie(
    response: Response,
    request: Request,
    cookie: str,
    value: str,
    secure: bool,
    *,
    strict: bool = False,
) -> Response:
    response.set_cookie(
        cookie,
        value,
        max_age=None if strict else _COOKIE_S,
        path=request.script_root or "/",
        secure=secure,
        httponly=True,
        # A strict cookie is missing after a link from another site.
        samesite="Strict" if strict else "Lax",
    )
    return response


def _is_secure(request: Request, server: Server) -> bool:
    """Tell whether cookies must come back by HTTPS alone."""
    return request.is_secure or _came_by_https(request, server)


def _is_of(origin: Origin | None, host: Host, scheme: str, server: Server) -> bool:
    """Tell whether an origin is ours: the same as this request's, or the one in server.url."""
    outside = _outside(server)
    if origin is None:
        return False
    if origin == outside:
        return True
    if outside is not None and host.name == outside.host.name:
        return False  # another scheme or port
    # A name in allowed_hosts may belong to a proxy that speaks TLS for us.
    schemes = ("http", "https") if host.name in server.allowed_hosts else (scheme,)
    return origin.scheme in schemes and origin.host == host.with_port(origin.scheme)


def _outside(server: Server) -> Origin | None:
    """Return the origin that the bridge has outside, if server.url sets one."""
    return read_origin(server.url)


def _came_by_https(request: Request, server: Server) -> bool:
    """Tell whether the request came by the name in server.url, and that URL is https."""
    outside, host = _outside(server), read_host(request.headers.get("Host", ""))
    return (
        outside is not None
        and host is not None
        and outside.scheme == "https"
        and host.name == outside.host.name
    )


def _is_ours(name: str, server: Server) -> bool:
    own, outside = socket.gethostname().lower(), _outside(server)
    names = {"localhost", own, f"{own}.local", *server.allowed_hosts}
    return is_address(name) or name in names or (outside is not None and name == outside.host.name)
