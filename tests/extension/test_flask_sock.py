"""Flask-Sock makes our handshakes, and goes on to be the application's own besides."""

import contextlib
import gc
import http.client
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import session
from flask_sock import Sock
from harness.deadline import wait_until
from harness.served_application import UPGRADE, make_app, open_socket, press, served
from harness.sockets import close_of, frame


def descriptors() -> int:
    """How many this process has open, but those that Werkzeug leaves to the garbage collector."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_beside_another_flask_sock() -> None:
    """The application's own WebSocket routes go on as Flask-Sock has them, session and all."""
    app, bridge = make_app()
    app.secret_key = "test"

    @Sock(app).route("/echo")
    def echo(ws: Any) -> None:
        while True:
            ws.send(f"{ws.receive()} {'user' in session}")

    with (
        served(app, bridge) as port,
        open_socket(port, "/ws/welcome") as ours,
        open_socket(port, "/echo") as theirs,
    ):
        frame(ours, "state")
        for word in ("one", "two"):
            theirs.send(word)
            assert theirs.recv(timeout=20) == f"{word} False"
        press(bridge)
        frame(ours, "edge")
        assert close_of(ours) == (4000, "/is/open")


def test_options_of_another_flask_sock_leave_no_descriptor() -> None:
    """Another one's pings are not ours: twenty displays come and go, and nothing is left."""
    app, bridge = make_app()

    class Thread(threading.Thread):
        """A class of the application's own."""

    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 25, "thread_class": Thread}
    used: list[bool] = []

    @Sock(app).route("/echo")
    def echo(ws: Any) -> None:
        used.append(isinstance(ws.thread, Thread))
        # Until the client has closed: the thread of a socket that is closed here, before that was
        # read, waits for the next ping.
        while True:
            ws.send(ws.receive())

    with served(app, bridge) as port:
        with open_socket(port, "/ws/welcome") as ws:
            frame(ws, "state")
        wait_until(lambda: bridge.displays == [])
        before = descriptors()
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                frame(stack.enter_context(open_socket(port, "/ws/welcome")), "state")
        wait_until(lambda: descriptors() <= before)
        # Their socket leaves the connection open after the close: the client need not wait long.
        with open_socket(port, "/echo", close_timeout=0.2) as theirs:
            theirs.send("hello")
            assert theirs.recv(timeout=20) == "hello"
    assert used == [True]


@pytest.mark.parametrize("options", [None, {"ping_interval": 25}])
def test_options_stay_the_applications_own(options: dict[str, Any] | None) -> None:
    """A bridge that runs has set none: other code may read them, or share them."""
    app, bridge = make_app()
    if options is not None:
        app.config["SOCK_SERVER_OPTIONS"] = options
    before = dict(app.config)
    with served(app, bridge) as port, open_socket(port, "/ws/welcome") as ws:
        frame(ws, "state")
        assert dict(app.config) == before
    assert options in (None, {"ping_interval": 25})


@contextlib.contextmanager
def handshake(port: int, **more: str) -> Iterator[int]:
    """Ask for a page's socket without a thread of the client's; the status of the answer."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/ws/welcome", headers=UPGRADE | more)
        with connection.getresponse() as response:
            yield response.status


def test_a_display_has_no_thread_of_flask_socks() -> None:
    """Its reader ends with the handshake: a page may be open for months."""
    app, bridge = make_app()
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 25}
    with served(app, bridge) as port, contextlib.ExitStack() as stack:
        bridge.start()
        before = set(threading.enumerate())
        assert {stack.enter_context(handshake(port)) for _ in range(5)} == {101}
        wait_until(lambda: len(bridge.displays) == 5)
        wait_until(lambda: set(threading.enumerate()) == before)


def test_a_handshake_that_flask_sock_refuses_leaves_no_descriptor() -> None:
    """Its connection is the server's again, which answers and closes it."""
    app, bridge = make_app()
    wrong = {"Sec-WebSocket-Protocol": "\xff"}
    with served(app, bridge) as port:
        with handshake(port, **wrong):  # the first request opens what stays open
            before = descriptors()
        for _ in range(5):
            with handshake(port, **wrong) as status:
                assert status == 400
        wait_until(lambda: descriptors() <= before)
        assert bridge.running.watcher.slots.taken == 0
