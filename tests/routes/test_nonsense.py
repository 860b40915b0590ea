"""Requests that hold nonsense: refused, never a failure, and never a flood in the log (row 7)."""

import io
import logging
import socket
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import fuzz_headers
import pytest
from flask import Flask
from harness.bridge_process import Run
from harness.deadline import wait_until
from harness.exhibit import write_exhibit
from harness.served_application import make_app
from harness.sockets import frame

from gpiobridge import Display, Message, config
from gpiobridge.app.handlers import Handlers
from gpiobridge.displays.audience import SentMessage
from gpiobridge.displays.connection import LINES
from gpiobridge.serve.standalone import create_app
from gpiobridge.serve.template_errors import TemplateErrors

TOKEN = "correct-horse_battery"
WITH_TOKEN = f'host = "0.0.0.0"\ntoken = "{TOKEN}"'


def answer_of(app: Flask, case: fuzz_headers.Case) -> int:
    """The status that an application answers a request with; what it raises comes through."""
    path, _, query = case.target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": case.method.decode(),
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(case.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in case.headers:
        key = name.decode().upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1").strip()
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    statuses: list[str] = []
    answer = app.wsgi_app(environ, lambda status, *_: statuses.append(status))
    try:
        for _ in answer:
            pass
    finally:
        answer.close()  # type: ignore[attr-defined]
    return int(statuses[0][:3])


@pytest.mark.parametrize("server", ["", WITH_TOKEN, 'url = "https://pi.example.org"'])
def test_no_request_makes_an_exhibit_fail(
    tmp_path: Path, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its headers, path and query hold, it gets no 5xx and no traceback (row 7)."""
    app = create_app(config.load(write_exhibit(tmp_path, server), environ={}))
    token = TOKEN if "token" in server else ""
    try:
        failures = [
            (status, case)
            for case in fuzz_headers.cases(600, 7, 8000, token)
            if (status := answer_of(app, case)) >= 500 and status != 501
        ]
    finally:
        app.extensions["gpiobridge"].stop()
    assert failures == []
    assert not [record for record in caplog.records if record.exc_info]


def test_no_request_makes_an_applications_bridge_fail(caplog: pytest.LogCaptureFixture) -> None:
    """The extension reads the same headers in an application of one's own (row 7)."""
    app, bridge = make_app(config={"server": {"token": TOKEN}})
    try:
        failures = [
            (status, case)
            for case in fuzz_headers.cases(400, 8, 8000, TOKEN)
            if (status := answer_of(app, case)) >= 500 and status != 501
        ]
    finally:
        bridge.stop()
    assert failures == []
    assert not [record for record in caplog.records if record.exc_info]


def test_nonsense_in_authorization_is_no_token(tmp_path: Path) -> None:
    """It gets the 401 that a request without it gets (row 7)."""
    app = create_app(config.load(write_exhibit(tmp_path, WITH_TOKEN), environ={}))
    wrong = {}
    try:
        for path in (b"/welcome", b"/healthz", b"/api/messages", b"/static/a.txt", b"/nothing"):
            method = b"POST" if path.startswith(b"/api") else b"GET"
            for sent in fuzz_headers.AUTHORIZATIONS:
                headers = ((b"Host", b"127.0.0.1"), (b"Authorization", sent))
                status = answer_of(app, fuzz_headers.Case(method, path, headers, b""))
                if status != 401:
                    wrong[path, sent] = status
    finally:
        app.extensions["gpiobridge"].stop()
    assert wrong == {}


def test_an_address_that_cannot_be_read_ends_no_thread(run_bridge: Run, kind: str) -> None:
    """An unfinished IPv6 address in a request's first line is refused (row 7)."""
    bridge = run_bridge(kind)
    for target in (b"//[", b"http://[", b"//[::1/x", b"http://[v1.\xff]/"):
        case = fuzz_headers.Case(b"GET", target, ((b"Host", b"127.0.0.1"),), b"")
        with socket.create_connection(("127.0.0.1", bridge.port), 10) as sock:
            line = fuzz_headers.first_line(sock, case.sent)
        # gunicorn 23 leaves the host of the last one unread: then it is the start page's address.
        assert line.split(b" ")[1] in (b"302", b"400", b"404", b"421"), target
    bridge.stop()  # looks for tracebacks in its log


def test_a_view_that_fails_again_and_again_is_logged_seldom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ten tracebacks of a page a minute, however often it is asked for (row 7)."""
    app, bridge = make_app()

    @app.get("/broken")
    @bridge.page("broken")
    def broken() -> str:
        raise RuntimeError("the sensor is gone")

    client = app.test_client()
    try:
        with caplog.at_level(logging.ERROR):
            statuses = {client.get("/broken").status_code for _ in range(100)}
    finally:
        bridge.stop()
    assert statuses == {500}
    assert len([record for record in caplog.records if record.exc_info]) == 10


def test_an_applications_other_failures_are_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """A view that is no page is logged as Flask does."""
    app, bridge = make_app()

    @app.get("/other")
    def other() -> str:
        raise RuntimeError("no page of the bridge")

    client = app.test_client()
    try:
        for _ in range(30):
            assert client.get("/other").status_code == 500
    finally:
        bridge.stop()
    assert len([record for record in caplog.records if record.exc_info]) == 30


def test_a_function_that_fails_again_and_again_is_logged_seldom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A page's messages bring at most ten tracebacks of it a minute (row 7)."""
    heard = []

    def echo(message: Message) -> None:
        heard.append(message)
        raise ValueError("no number")

    handlers = Handlers()
    handlers.on_message(echo)
    handlers.prepare({}, lambda function, arguments: function(*arguments))
    handlers.start()
    for _ in range(100):
        handlers.message_came(SentMessage('{"type":"message","data":1}', Display("welcome")))
    wait_until(lambda: len(heard) == 100)
    handlers.stop()
    assert len([record for record in caplog.records if record.exc_info]) == 10


def test_a_template_that_fails_in_many_ways_is_logged_seldom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says may hold a visitor's own words, another time others (row 7)."""
    errors = TemplateErrors(tmp_path)
    for number in range(100):
        assert errors.answer("welcome", KeyError(f"visitor {number}")).status_code == 500
    assert len(caplog.records) == 10


def test_displays_that_come_and_go_are_logged_seldom(run_bridge: Run) -> None:
    """A client that reconnects for ever fills no card (row 7)."""
    bridge = run_bridge()
    for _ in range(LINES + 20):
        with bridge.socket("welcome") as socket_:
            frame(socket_, "state")
    bridge.stop()
    assert len([line for line in bridge.log if " connected, " in line]) == LINES
