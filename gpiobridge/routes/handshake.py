"""The WebSocket's handshake: Flask-Sock makes it inside Flask, and then the connection is ours.

Why Flask-Sock: a WebSocket is a route like any other, behind the application's hooks and our
admission, and nobody here writes a handshake. Why only for that: it would keep an HTTP thread and a
reader thread for as long as a page is open, and pages are open for months; `handoff` has more.

How: where it looks for the connection it finds one end of a socket pair. We send on what it
answers there, and hang up. So it ends by itself: its reader thread finds the end, and its close
reaches nobody. Nothing of it is undone or set, neither in its objects nor in the application's
``SOCK_SERVER_OPTIONS``, which go on to mean the application's own sockets.

What this leans on, at the oldest and newest versions that pyproject.toml allows. Documented by
Flask-Sock: the route's function is called when the connection stands, and its return ends it. Not
documented: simple-websocket finds the connection in the environ under the names that
`handoff.SERVER_SOCKETS` has, sends its answer there in one piece, and starts a thread as the last
step of it all, which closes its end when the other one has hung up. Any HTTP thread.
"""

import socket
from collections.abc import Callable
from typing import Any

import flask_sock
from flask import Blueprint, g, request

from gpiobridge.routes import handoff

_ANSWER_BYTES = 64 * 1024  # far more than an answer has


def add_websocket(
    blueprint: Blueprint, path: str, endpoint: str, take_over: Callable[..., None]
) -> None:
    """Add the route of a WebSocket; what refuses a handshake is a hook added before.

    Args:
        blueprint: the one to add it to.
        path: the route, with or without variables.
        endpoint: its name.
        take_over: called when the handshake is done, in the request: with the connection,
            non-blocking and no longer the server's; with what came right behind the handshake; and
            with the path's variables by name.
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
    flask_sock.Sock().route(path, bp=blueprint, endpoint=endpoint)(finish)


class _Handshake:
    """A handshake that goes through a socket pair.

    Args:
        environ: of the request, whose connection can be taken over.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._key = next(key for key in handoff.SERVER_SOCKETS if key in environ)
        self._connection: socket.socket = environ[self._key]
        self._ours, self._flask_socks = socket.socketpair()
        environ[self._key] = self._flask_socks

    def finish(self) -> socket.socket:
        """Send Flask-Sock's answer, and take the connection over.

        Raises:
            OSError: the client has left.
        """
        with self._ours:
            self._environ[self._key] = self._connection
            self._connection.sendall(self._ours.recv(_ANSWER_BYTES))
        return handoff.take(self._connection)

    def fail(self) -> None:
        """End one that Flask-Sock has not answered; no thread of it runs."""
        self._environ[self._key] = self._connection
        self._ours.close()
        self._flask_socks.close()
