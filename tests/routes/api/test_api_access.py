"""Who may use the HTTP API: who knows its token, and programs of this machine."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from harness.api_exhibit import (
    API_TOKEN,
    BELL,
    BOTH,
    EXHIBIT,
    GUARDED,
    HIGH,
    LOCAL,
    LOCAL_GUARDED,
    LOW,
    OPEN,
    OPEN_GUARDED,
    OPEN_LOCAL,
    PROXIED,
    PROXIED_LOCAL,
    TOKEN,
    bearer,
    post,
)
from harness.bridge_process import Run

from gpiobridge import GpioBridge
from gpiobridge.client.answers import own_sentence


@pytest.mark.parametrize(
    ("server", "sent", "status"),
    [
        (LOCAL, {}, 204),
        (OPEN_LOCAL, {}, 204),
        (LOCAL, {"headers": bearer("whatever")}, 204),
        (LOCAL, {"base_url": "http://127.0.0.1:8000"}, 204),
        (LOCAL, {"base_url": "http://[::1]:8000", "environ_base": {"REMOTE_ADDR": "::1"}}, 204),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": "::ffff:127.0.0.1"}}, 204),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 403),
        (LOCAL, {"environ_base": {"REMOTE_ADDR": ""}}, 403),
        (OPEN_LOCAL, {"environ_base": {"REMOTE_ADDR": "192.168.1.20"}}, 403),
        (LOCAL, {"base_url": "http://192.168.1.10:8000"}, 403),
        (PROXIED_LOCAL, {"base_url": "http://kiosk.example.org"}, 403),
        (PROXIED_LOCAL, {}, 403),  # a proxy may hide behind localhost
        (LOCAL, {"headers": {"X-Forwarded-For": "127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"X-Forwarded-Proto": "https"}}, 403),
        (LOCAL, {"headers": {"X-Real-IP": "127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"Forwarded": "for=127.0.0.1"}}, 403),
        (LOCAL, {"headers": {"Via": "1.1 proxy"}}, 403),
        ("", {}, 403),
        ("", {"headers": bearer("whatever")}, 403),
        (OPEN, {}, 403),
        (PROXIED, {}, 403),
        ('url = "https://pi.example.org"', {}, 403),
        ('url = "https://pi.example.org"\n' + LOCAL, {}, 403),
        (GUARDED, {}, 401),
        (f"{GUARDED}\n{LOCAL}", {}, 401),
        (GUARDED, {"headers": bearer(TOKEN)}, 204),
        (GUARDED, {"query_string": {"token": TOKEN}}, 204),
        (GUARDED, {"headers": bearer("wrong")}, 401),
        (GUARDED, {"headers": {"Authorization": f"Basic {TOKEN}"}}, 401),
        (LOCAL_GUARDED, {}, 401),
        (LOCAL_GUARDED, {"headers": bearer(API_TOKEN)}, 204),
        (OPEN_GUARDED, {}, 401),
        (OPEN_GUARDED, {"query_string": {"token": API_TOKEN}}, 204),
        (
            OPEN_GUARDED,
            {"headers": bearer(API_TOKEN), "environ_base": {"REMOTE_ADDR": "192.168.1.20"}},
            204,
        ),
        (OPEN_GUARDED, {"headers": bearer(API_TOKEN) | {"Via": "1.1 proxy"}}, 204),
        (BOTH, {"headers": bearer(TOKEN)}, 401),
        (BOTH, {"query_string": {"token": TOKEN}}, 401),
        (BOTH, {"headers": bearer(API_TOKEN)}, 204),
        (BOTH, {"query_string": {"token": "ä" * len(API_TOKEN)}}, 401),
    ],
)
def test_who_may_use_the_api(
    served: Callable[..., FlaskClient], server: str, sent: dict[str, Any], status: int
) -> None:
    """Who knows its token; without any token, if that is written, local programs (row 11)."""
    answer = served(server).post(BELL, data=LOW, **sent)
    assert answer.status_code == status
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert "Set-Cookie" not in answer.headers
    proxied = "url" in server or "allowed_hosts" in server
    if status == 403 and LOCAL not in server:
        # Where a proxy is configured, "local" would let nobody in.
        local = '; or write server.api = "local" to let every program on this machine in'
        assert answer.text == (
            "The API asks for a token, and none is set: write server.api_token, and send it as "
            f"Authorization: Bearer{'' if proxied else local}. On the machine itself "
            "the command gpiobridge needs no token, as the bridge's user, at a "
            "loopback address.\n"
        )
        assert answer.text.strip() == own_sentence(403, answer.data)  # a command shows all of it
    elif status == 403 and proxied:
        assert answer.text == (
            'server.api = "local" lets nobody in, because server.url or server.allowed_hosts means '
            "a proxy: write server.api_token, and send it as Authorization: Bearer.\n"
        )
    elif status == 403:
        assert answer.text.startswith("Only programs on this machine itself may use the API: ")
        assert "write server.api_token, and send it as Authorization: Bearer." in answer.text
    if status == 401:
        key = "api_token" if "api_token" in server else "token"
        assert answer.text == (
            f"The API asks for its token: send server.{key} as Authorization: Bearer.\n"
        )


def test_who_looks_may_not_therefore_push(served: Callable[..., FlaskClient]) -> None:
    """The cookie that lets a display in opens no way into the API."""
    client = served(GUARDED)
    assert client.get("/welcome", query_string={"token": TOKEN}).status_code == 200
    assert client.get("/welcome").status_code == 200  # by the cookie
    assert client.post(BELL, data=LOW).status_code == 401


def test_who_pushes_may_not_therefore_look(served: Callable[..., FlaskClient]) -> None:
    """The API's token opens no page."""
    client = served(BOTH)
    assert client.get("/welcome", headers=bearer(API_TOKEN)).status_code == 401
    assert client.get("/healthz", headers=bearer(API_TOKEN)).status_code == 401


def test_open_pages_with_a_protected_api(served: Callable[..., FlaskClient]) -> None:
    """Everyone may look, and nothing but the API asks for its token."""
    client = served(OPEN_GUARDED)
    assert client.get("/welcome").status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.post("/simulator/pins/bell", data=LOW).status_code == 204


@pytest.mark.parametrize("server", ["", LOCAL_GUARDED])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.test"}, 421),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_host_and_origin_are_checked_here_too(
    served: Callable[..., FlaskClient], server: str, headers: dict[str, str], status: int
) -> None:
    """A page of another site can't press, whatever it knows."""
    client = served(server)
    answer = client.post(BELL, data=LOW, headers=headers | bearer(API_TOKEN))
    assert answer.status_code == status
    assert client.get("/healthz").get_json()["pins"]["bell"]["level"] == "high"


@pytest.mark.parametrize("path", ["/api/pins/button", "/api/pins/nosuch"])
def test_admission_comes_before_what_there_is(
    served: Callable[..., FlaskClient], path: str
) -> None:
    """Who may not use the API learns nothing of the pins."""
    assert served(GUARDED).post(path, data=LOW).status_code == 401


def test_an_application_of_ones_own_has_the_same_api() -> None:
    """The extension guards it by itself, and asks viewers for their own token."""
    app = Flask("own")
    bridge = GpioBridge(
        app,
        pins={"bell": {"source": "http"}},
        config={"server": {"token": TOKEN, "api_token": API_TOKEN}},
    )

    @app.get("/welcome")
    @bridge.page("welcome")
    def welcome() -> str:
        return "<h1>welcome</h1>"

    client = app.test_client()
    try:
        assert client.get("/welcome", headers=bearer(API_TOKEN)).status_code == 401
        assert client.post(BELL, data=LOW, headers=bearer(TOKEN)).status_code == 401
        assert client.post(BELL, data=LOW, headers=bearer(API_TOKEN)).status_code == 204
    finally:
        bridge.stop()


def test_a_hook_may_read_the_body_first() -> None:
    """As one does that logs every request."""
    app = Flask("own")
    app.before_request(lambda: request.get_data() and None)
    bridge = GpioBridge(app, pins={"bell": {"source": "http"}}, config={"server": {"api": "local"}})
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: ""))
    try:
        assert app.test_client().post(BELL, data=LOW).status_code == 204
    finally:
        bridge.stop()


def test_both_servers_ask_for_the_api_token(share_bridge: Run, kind: str) -> None:
    """In the header and in the URL; a page is open to all."""
    bridge = share_bridge(kind, OPEN_GUARDED, EXHIBIT)
    assert post(bridge, "bell", "low")[0] == 401
    assert post(bridge, "bell", "low", Authorization=f"Bearer {TOKEN}")[0] == 401
    assert post(bridge, "bell", "low", Authorization=f"Bearer {API_TOKEN}") == (204, "")
    assert bridge.request(f"{BELL}?token={API_TOKEN}", HIGH) == (204, "")
    assert bridge.get("/welcome")[0] == 200


def test_both_servers_know_their_own_machine(share_bridge: Run, kind: str) -> None:
    """Without a token a program on it may, by a loopback name, and what a proxy sends may not."""
    bridge = share_bridge(kind, LOCAL, EXHIBIT)
    port = bridge.port
    assert post(bridge, "bell", "low") == (204, "")
    assert post(bridge, "bell", "high", Host=f"localhost:{port}") == (204, "")
    assert post(bridge, "bell", "low", Host=f"192.168.1.10:{port}")[0] == 403
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert bridge.request(BELL, LOW, headers={header: "x"})[0] == 403, header
