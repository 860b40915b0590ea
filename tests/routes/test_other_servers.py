"""Servers whose connections can't be taken over: what is said of them, and where."""

import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler
from wsgiref.simple_server import make_server as make_wsgiref

import pytest
from harness.deadline import DEADLINE_S
from harness.served_application import make_app
from werkzeug.serving import make_server

from gpiobridge.routes import handoff

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
TLS = "this server speaks TLS itself, and such connections can't be taken over"


def of_module(module: str, name: str = "socket") -> Any:
    """An object of a class that says it is from this module."""
    return type(name, (), {"__module__": module})()


class SSLSocket(ssl.SSLSocket):
    """A server's own kind of it."""


@pytest.fixture
def plain() -> Iterator[socket.socket]:
    """A socket of the system."""
    with socket.socket() as sock:
        yield sock


@pytest.mark.parametrize("key", ["gunicorn.socket", "werkzeug.socket"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_can_be_taken_over(key: str, scheme: str, plain: socket.socket) -> None:
    """A plain socket, also behind a proxy that speaks TLS for it (row 26)."""
    environ = {key: plain, "wsgi.url_scheme": scheme, "SERVER_SOFTWARE": "x/1"}
    assert handoff.obstacle(environ) == ""
    assert handoff.server_socket(environ) is plain


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"werkzeug.socket": ssl.SSLSocket.__new__(ssl.SSLSocket)}, TLS),
        ({"gunicorn.socket": SSLSocket.__new__(SSLSocket), "SERVER_SOFTWARE": "gunicorn/23"}, TLS),
        ({"gunicorn.socket": of_module("eventlet.greenio.base", "GreenSocket")},
         "the connections of gunicorn's eventlet worker can't"),
        ({"gunicorn.socket": of_module("gevent._socket3")},
         "the connections of gunicorn's gevent worker can't"),
        ({"werkzeug.socket": of_module("gevent._socket3")}, "the connections of gevent can't"),
        ({"eventlet.input": 1, "SERVER_PROTOCOL": "HTTP/1.0"}, "the connections of eventlet can't"),
        ({"SERVER_SOFTWARE": "gevent/20.0 Python/3.11"}, "the connections of gevent can't"),
        ({"SERVER_SOFTWARE": "waitress"}, "the connections of waitress can't"),
        ({"SERVER_SOFTWARE": "waitress", "wsgi.url_scheme": "https"}, "of waitress can't"),
        ({"SERVER_SOFTWARE": "Cheroot/11.1.2 Server"}, "the connections of Cheroot can't"),
        ({"uwsgi.version": b"2.0"}, "the connections of uWSGI can't"),
        ({"mod_wsgi.version": (5, 0), "SERVER_SOFTWARE": "Apache/2.4"}, "of mod_wsgi can't"),
        ({}, "the connections of this server can't"),
    ],
)  # fmt: skip
def test_the_right_sentence(environ: dict[str, Any], said: str) -> None:
    """It names the server, and what to do: for TLS another thing than for the rest (row 26)."""
    sentence = handoff.obstacle(environ)
    assert said in sentence
    assert "so no page comes online: " in sentence
    assert ("serve plain HTTP, with TLS in a proxy" in sentence) is (said == TLS)
    bounded = "gunicorn -k gpiobridge.gunicorn.Worker --threads 8 app:app"
    assert (bounded in sentence) is (said != TLS)


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn"])
def test_a_server_of_asgi(
    server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says that it has several processes, and shows no handshake: a page tells (row 26)."""
    monkeypatch.setitem(sys.modules, server, ModuleType(server))
    monkeypatch.setattr("gpiobridge.extension.hooks.first_to_say_so", lambda: True)
    app, bridge = make_app()
    for _ in range(2):
        answer = app.test_client().get("/", environ_overrides={"wsgi.multiprocess": True})
        assert (answer.status_code, f"connections of {server} can't" in answer.text) == (503, True)
    assert [f"connections of {server} can't" in message for message in caplog.messages] == [True]
    bridge.stop()


def test_a_test_client_is_no_server(caplog: pytest.LogCaptureFixture) -> None:
    """An application's own tests are told nothing of servers (row 26)."""
    app, bridge = make_app()
    assert app.test_client().get("/").status_code == 200
    assert "taken over" not in caplog.text
    bridge.stop()


class Quiet(WSGIRequestHandler):
    """Logs no request."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(server: Any) -> Iterator[int]:
    """Serve on a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    """Status and text of an answer to a handshake."""
    with contextlib.closing(connection):
        connection.request("GET", path, headers=HANDSHAKE)
        with connection.getresponse() as response:
            return response.status, response.read().decode()


def test_a_real_server_of_another_kind(caplog: pytest.LogCaptureFixture) -> None:
    """The handshake's body says it each time, the log once (row 26)."""
    app, bridge = make_app()
    with serving(make_wsgiref("127.0.0.1", 0, app, handler_class=Quiet)) as port:
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
            status, text = ask(connection, "/ws/welcome")
            assert (status, "connections of WSGIServer can't be" in text) == (501, True)
    bridge.stop()
    assert sum("WSGIServer can't be taken over" in message for message in caplog.messages) == 1


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_real_server_with_tls(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As `flask run --cert` has it; the log has it with the first page already (row 26)."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "1", "-subj", "/CN=x"],
        cwd=tmp_path, check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    app, bridge = make_app()
    pair = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with serving(make_server("127.0.0.1", 0, app, threaded=True, ssl_context=pair)) as port:
        for path, status, said in (("/", 200, 1), ("/ws/welcome", 501, 1)):
            connection = http.client.HTTPSConnection(
                "127.0.0.1", port, timeout=DEADLINE_S, context=context
            )
            answer = ask(connection, path) if status == 501 else get(connection, path)
            assert answer[0] == status
            assert sum(TLS in message for message in caplog.messages) == said
    bridge.stop()


def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    """Status and text of a page."""
    with contextlib.closing(connection):
        connection.request("GET", path)
        with connection.getresponse() as response:
            return response.status, response.read().decode()
