"""An application that wants a token with each form, of Flask-WTF."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask_wtf import CSRFProtect
from harness.served_application import make_app, served

from gpiobridge import GpioBridge, RemoteError
from gpiobridge.client import asking


def make_protected(exempt: bool) -> tuple[Flask, GpioBridge]:
    """An application that wants a token with each form."""
    app, bridge = make_app(
        pins={"button": 17, "hook": {"source": "http"}}, config={"server": {"api": "local"}}
    )
    app.secret_key = "test"
    app.add_url_rule("/form", "form", lambda: "sent", methods=["POST"])
    csrf = CSRFProtect(app)
    if exempt:
        csrf.exempt(bridge.blueprint)
    return app, bridge


def test_one_line_exempts_the_bridge(stop: Callable[[GpioBridge], None]) -> None:
    """Simulator and API, whose requests have an Origin check and a token; nothing else (row 20)."""
    app, bridge = make_protected(exempt=True)
    stop(bridge)
    client = app.test_client()
    for path, body, status in (
        ("/simulator/pins/button", {"level": "low"}, 204),
        ("/api/pins/hook", {"level": "low"}, 204),
        ("/api/messages", {"data": 1}, 200),
        ("/api/navigate", {"to": "open"}, 200),
        ("/form", {}, 400),
    ):
        assert client.post(path, json=body).status_code == status, path


def test_the_blueprint_is_there_before_the_application() -> None:
    """Extensions are made beside the bridge, where a factory comes later (row 20)."""
    bridge = GpioBridge(config={"server": {"api": "local"}})
    csrf = CSRFProtect()
    csrf.exempt(bridge.blueprint)
    app = Flask(__name__)
    app.secret_key = "test"
    bridge.init_app(app)
    csrf.init_app(app)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>welcome"))
    assert app.test_client().post("/api/messages", json={"data": 1}).status_code == 200
    bridge.stop()


def test_the_answer_s_own_sentence_is_shown() -> None:
    """Whoever didn't write that line is told what the application said (row 20)."""
    app, bridge = make_protected(exempt=False)
    with served(app, bridge) as port:
        for order in (
            lambda url: asking.press(url, "button", 0.01),
            lambda url: asking.press(url, "hook", 0.05),
            lambda url: asking.push(url, 1),
            lambda url: asking.navigate(url, "open"),
        ):
            with pytest.raises(RemoteError, match=r"answered 400: The CSRF token is missing\.$"):
                order(f"http://127.0.0.1:{port}")
