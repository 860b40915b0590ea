"""A call is posted: what is sent, what counts as an answer, and what is said of a failure."""

import base64
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from harness.answering_server import Answers

from gpiobridge.alarms import web_hook
from gpiobridge.alarms.call import Call, CallError, State

CALL = Call(State.OVER, "left", "hidden", "2026-11-28T09:00:00+00:00", "left is well")


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server that is content."""
    server = Answers(204, "")
    yield server
    server.stop()


def test_what_is_sent(answers: Answers) -> None:
    """JSON; a user and a password go into their header, and nothing of them into the path."""
    port = answers.server_port
    web_hook.post(f"HTTP://me:p%40ss@127.0.0.1:{port}/hook?key=x#y", CALL)
    ((path, headers, body),) = answers.asked
    assert path == "/hook?key=x"
    assert headers["Host"] == f"127.0.0.1:{port}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert json.loads(body) == {
        "display": "left",
        "alarm": "hidden",
        "state": "over",
        "since": "2026-11-28T09:00:00+00:00",
        "message": "left is well",
        "host": socket.gethostname(),
    }


@pytest.mark.parametrize(
    ("status", "more", "why"),
    [
        (500, {}, "it answered 500"),
        (404, {}, "it answered 404"),
        (302, {"Location": "/other"}, "it answered 302 (write the address to which it leads)"),
        (307, {"Location": "/other"}, "it answered 307 (write the address to which it leads)"),
    ],
)
def test_an_answer_that_is_none(status: int, more: dict[str, str], why: str) -> None:
    """No redirect is followed: it would lose the body."""
    server = Answers(status, "", **more)
    try:
        with pytest.raises(CallError) as caught:
            web_hook.post(f"http://127.0.0.1:{server.server_port}/S3CRET", CALL)
    finally:
        server.stop()
    assert str(caught.value) == why
    assert len(server.asked) == 1


@pytest.mark.timeout(20)
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port, a server that is silent, one that speaks something else; no name."""
    monkeypatch.setattr(web_hook, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://me:S3CRET@127.0.0.1:{server.getsockname()[1]}/S3CRET"
        with pytest.raises(CallError, match=r"^no answer within 0\.2 s$"):
            web_hook.post(address, CALL)
    with pytest.raises(CallError, match=r"^Connection refused$"):
        web_hook.post(address, CALL)
    with pytest.raises(CallError) as caught:
        web_hook.post("http://me:S3CRET@nosuch.invalid/S3CRET", CALL)
    assert "S3CRET" not in str(caught.value)


def test_an_answer_that_is_no_http() -> None:
    """It says only so."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            ours, _ = server.accept()
            with ours:
                ours.recv(65536)
                ours.sendall(b"SSH-2.0-x\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(CallError, match="it gave no answer that is HTTP"):
            web_hook.post(f"http://127.0.0.1:{server.getsockname()[1]}/", CALL)
        thread.join()
