"""Let Flask-Sock make the WebSocket's handshake inside Flask, then take the connection over.

Why Flask-Sock: with it, a WebSocket is a route like any other, behind the application's hooks and
our admission, and we need not write a handshake ourselves. Why only for the handshake: Flask-Sock
would keep an HTTP thread and a reader thread while a page is open, and pages are open for months.

How: Flask-Sock finds one end of a socket pair in place of the connection. We pass on the answer
that it writes there, and hang up. So it ends by itself: its reader thread reaches the end, and its
close reaches nobody. We change nothing in its objects, nor in the application's
``SOCK_SERVER_OPTIONS``, which remain for the application's own sockets.

This relies on the following, in the oldest and newest versions that pyproject.toml allows.
Documented by Flask-Sock: the route's function is called once the connection is open, and its return
ends the connection. Not documented: simple-websocket finds the connection in the environ under the
names in `handoff.SERVER_SOCKETS`, and sends its answer there in one piece. As its last step it
starts a thread, which closes its end once the other end has hung up. Any HTTP thread.
"""

import base64
import binascii
import socket
from collections.abc import Callable
from typing import Any

import flask_sock
from flask import Blueprint, Request, Response, abort, g, request
from flask.typing import ResponseReturnValue
from wsproto.utilities import ProtocolError

from gpiobridge.routes import handoff
from gpiobridge.routes.admission import refuse

_ANSWER_BYTES = 64 * 1024  # far more than an answer needs


def add_websocket(
    blueprint: Blueprint, path: str, endpoint: str, take_over: Callable[..., None]
) -> None:
    """Add the route of a WebSocket. A hook that refuses handshakes must be added before.

    Args:
        blueprint: the blueprint to add it to.
        path: the route, with or without variables.
        endpoint: the name of the endpoint.
        take_over: called in the request when the handshake is done. It gets the connection, which
            is non-blocking and no longer the server's; the bytes that came right after the
            handshake; and the path's variables by name.
    """

    def begin() -> None:
        if request.endpoint == f"{blueprint.name}.{endpoint}":
            g.gpiobridge_handshake = _Handshake(request.environ)

    def finish(_websocket: object, **variables: Any) -> None:
        handshake: _Handshake = g.pop("gpiobridge_handshake")
        connection = handshake.finish()
        take_over(connection, handoff.read_ahead(request.environ), **variables)

    def fail(_error: BaseException | None) -> None:
        handshake: _Handshake | None = g.pop("gpiobridge_handshake", None)
        if handshake is not None:
            handshake.fail()

    blueprint.before_request(begin)
    blueprint.teardown_request(fail)
    blueprint.register_error_handler(ProtocolError, _bad_handshake)
    blueprint.register_error_handler(UnicodeError, _bad_handshake)  # wsproto decodes some headers
    blueprint.register_error_handler(ConnectionError, _client_left)
    flask_sock.Sock().route(path, bp=blueprint, endpoint=endpoint)(finish)


def check_handshake(request: Request) -> None:
    """Refuse a request that is not a WebSocket handshake (RFC 6455, 4.2.1).

    Raises:
        werkzeug.exceptions.HTTPException: 400, with the reason.
    """
    headers = request.headers
    if request.method != "GET":  # Flask sends HEAD to a GET's view, too
        refuse(400, f"A WebSocket handshake must be a GET, not a {request.method}.")
    if (version := request.environ.get("SERVER_PROTOCOL")) != "HTTP/1.1":
        refuse(
            400,
            f"A WebSocket handshake must be HTTP/1.1, not {version}: a proxy in front must pass it "
            "on as HTTP/1.1 (docs/https.md).",
        )
    if "Transfer-Encoding" in headers or headers.get("Content-Length", "0").strip("0 "):
        # The body's bytes would be read as frames, which the client never meant.
        refuse(400, "A WebSocket handshake must have no body.")
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


class _Handshake:
    """A handshake that goes through a socket pair.

    Args:
        environ: the environ of a request whose connection can be taken over.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        # No compression: the frames are tiny, and it costs 90 KB per socket.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        self._environ = environ
        self._key = next(key for key in handoff.SERVER_SOCKETS if key in environ)
        self._connection: socket.socket = environ[self._key]
        self._ours, self._flask_socks = socket.socketpair()
        environ[self._key] = self._flask_socks

    def finish(self) -> socket.socket:
        """Send Flask-Sock's answer to the client, and take the connection over.

        Raises:
            OSError: the client has left.
        """
        with self._ours:
            self._environ[self._key] = self._connection
            self._connection.sendall(self._ours.recv(_ANSWER_BYTES))
        return handoff.take(self._connection)

    def fail(self) -> None:
        """End a handshake that Flask-Sock did not answer; it has no running thread."""
        self._environ[self._key] = self._connection
        self._ours.close()
        self._flask_socks.close()


def _bad_handshake(error: ProtocolError | UnicodeError) -> ResponseReturnValue:
    return Response(f"Not a WebSocket handshake: {error}\n", 400, mimetype="text/plain")


def _client_left(_error: ConnectionError) -> ResponseReturnValue:
    return Response(status=400)  # nobody is there to read it
