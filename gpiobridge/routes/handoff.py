"""Take a connection away from the HTTP server that accepted it.

Why: Flask-Sock's handshake and Flask's routing happen inside a request, on one of a few HTTP
threads. A WebSocket that stayed there would hold its thread while the page is open, and a paused
film would hold its thread while it is paused. So the route takes the connection over and returns,
and one selector thread serves them all.

How: the server keeps its socket *object*. We move the descriptor out of it and put in one end of a
socket pair whose other end is closed. Whatever the server still does with the object (write a
response, linger, close) meets a peer that has hung up. Every server treats that as a client that
left. Nothing Linux-only is used: ``dup2`` on a socket fails on Windows.

Tested with the oldest and the newest gunicorn that we allow, and with Werkzeug's server. Any
HTTP thread may call this module. It imports nothing of the project.
"""

import socket
import sys
from collections.abc import Mapping
from typing import Any

SERVER_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
"""The names under which servers put a request's connection into its environ."""

# ASGI servers that run a WSGI application leave no trace in its requests.
_ASGI_SERVERS = ("hypercorn", "uvicorn", "daphne", "granian")

_RIGHT_SERVERS = (
    "serve the application with gunicorn's threads "
    "(gunicorn -k gpiobridge.gunicorn.Worker --threads 8 app:app), "
    "or, while you build it, with Flask's own server (flask run)"
)


def server_socket(environ: Mapping[str, Any]) -> socket.socket | None:
    """Return a request's connection; None if it can't be taken from this server, or has TLS.

    Args:
        environ: the environ of the request.
    """
    connection = given_socket(environ)
    # Not isinstance: a TLS socket passes it. Nor socket.socket, which gevent and eventlet replace.
    kind = type(connection)
    plain = (kind.__module__, kind.__qualname__) == ("socket", "socket")
    return connection if plain and isinstance(connection, socket.socket) else None


def obstacle(environ: Mapping[str, Any]) -> str:
    """Say why a request's connection can't be taken over, and what to do; "" if it can.

    Args:
        environ: the environ of a request. If no server made it, such as in a test client, the
            server counts as unknown.
    """
    if server_socket(environ) is not None:
        return ""
    if any(kind.__name__ == "SSLSocket" for kind in type(given_socket(environ)).__mro__):
        return (
            "this server speaks TLS itself, and such connections can't be taken over, so no page "
            "comes online: serve plain HTTP, with TLS in a proxy in front (docs/https.md)"
        )
    name = server_name(environ) or "this server"
    return (
        f"the connections of {name} can't be taken over, so no page comes online: {_RIGHT_SERVERS}"
    )


def server_name(environ: Mapping[str, Any]) -> str:
    """Return the name of a request's server, or "" if it is unknown.

    Args:
        environ: the environ of the request.
    """
    green = type(given_socket(environ)).__module__.partition(".")[0]
    if green in ("eventlet", "gevent"):
        return f"gunicorn's {green} worker" if "gunicorn.socket" in environ else green
    if "eventlet.input" in environ:
        return "eventlet"
    if "uwsgi.version" in environ:
        return "uWSGI"
    if "mod_wsgi.version" in environ:
        return "mod_wsgi"
    name = str(environ.get("SERVER_SOFTWARE", "")).partition("/")[0].strip()
    return name or next((name for name in _ASGI_SERVERS if name in sys.modules), "")


def given_socket(environ: Mapping[str, Any]) -> object:
    """Return the object that the server names as the connection, of whatever type."""
    return next((environ[key] for key in SERVER_SOCKETS if key in environ), None)


def take(connection: socket.socket) -> socket.socket:
    """Move the connection out of ``connection`` and return it as our own socket.

    Args:
        connection: the HTTP server's socket object; afterwards it holds a dead socket.

    Returns:
        The live connection, non-blocking.
    """
    dead, other = socket.socketpair()
    other.close()
    live = socket.socket(fileno=connection.detach())
    # Give the same object a new descriptor, because the server has references to the object.
    socket.socket.__init__(connection, dead.family, dead.type, dead.proto, fileno=dead.detach())
    live.setblocking(False)
    return live


def read_ahead(environ: Mapping[str, Any]) -> bytes:
    """Return the bytes that the server read after the request: a client may send frames early.

    Call it after `take`: the server's object then holds a dead socket, so nothing here can wait.

    Args:
        environ: the environ of the request.
    """
    stream = environ.get("wsgi.input")
    unreader = getattr(getattr(stream, "reader", None), "unreader", None)  # gunicorn
    if unreader is not None:
        data: bytes = unreader.buf.getvalue()
        return data
    if stream is not None and hasattr(stream, "peek"):  # Werkzeug: the buffered file of its socket
        return bytes(stream.peek())
    return b""
