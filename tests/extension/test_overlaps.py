"""Routes of an application that are in the way of ours, or of our pages."""

from typing import Any

import pytest
from flask import Flask
from flask_sock import Sock
from harness.served_application import make_app
from werkzeug.routing import BaseConverter

from gpiobridge import GpioBridge


def told_of_routes(
    rules: list[tuple[str, dict[str, Any]]], first: bool, caplog: Any, **options: Any
) -> list[str]:
    """Start an application with these routes, added before the bridge or after; what was said."""
    app = Flask(__name__)
    bridge = GpioBridge(**({"pins": {"button": 17}} | options))

    def add_rules() -> None:
        for number, (rule, more) in enumerate(rules):
            if more.pop("sock", False):
                Sock(app).route(rule, endpoint=f"sock{number}")(lambda ws, **_: None)
            else:
                app.add_url_rule(rule, f"own{number}", lambda **_: "mine", **more)

    if first:
        add_rules()
    bridge.init_app(app)
    if not first:
        add_rules()
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>welcome"))
    bridge.start()
    bridge.stop()
    return [m for m in caplog.messages if "is a route of the application" in m]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "rule",
    ["/ws/<page>", "/ws/<room>", "/ws/<string(length=7):room>", "/ws/<path:room>",
     "/ws/<any(welcome, open):room>", "/ws/welcome", "/ws/<a>/"],
)  # fmt: skip
def test_a_socket_of_the_application_in_our_way(
    rule: str, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whichever was there first, and whatever the variable is called (row 19)."""
    (said,) = told_of_routes([(rule, {"sock": True})], first, caplog)
    assert said.startswith(f"{rule} is a route of the application, ")
    assert "/ws/welcome" in said
    assert 'give GpioBridge its own url_prefix, such as "/bridge"' in said


def test_whose_socket_it_is_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A page whose socket is the application's never comes online (row 19)."""
    (said,) = told_of_routes([("/ws/<room>", {"sock": True})], True, caplog)
    assert "answers at /ws/welcome instead of the bridge's /ws/<page>, so its page" in said
    caplog.clear()
    (said,) = told_of_routes([("/ws/<room>", {"sock": True})], False, caplog)
    assert "but the bridge's /ws/<page> answers at /ws/welcome" in said


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("rule", "methods", "place"),
    [
        ("/healthz", ["GET"], "/healthz"),
        ("/api/<resource>", ["POST"], "/api/messages"),
        ("/api/pins/<int:number>", ["POST"], "/api/pins/7"),
        ("/api/<path:rest>", ["GET", "POST"], "/api/messages"),
        ("/simulator", ["GET"], "/simulator"),
        ("/gpiobridge/<name>", ["GET"], "/gpiobridge/client.js"),
        ("/ws/<room>", ["GET"], "/ws/simulator"),
    ],
)
def test_any_route_in_our_way(
    rule: str, methods: list[str], place: str, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not only sockets; one line for each route (row 19)."""
    options = {"pins": {"button": 17, "7": 27}}
    (said,) = told_of_routes([(rule, {"methods": methods})], first, caplog, **options)
    assert said.startswith(f"{rule} is a route of the application, ")
    assert f" at {place} " in said or f" at {place}: " in said or "/ws/welcome" in said


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "rule",
    [("/<path:anything>", {}), ("/<a>/<b>", {"sock": True}), ("/<a>/<b>", {}), ("/<name>", {}),
     ("/api/<resource>", {"methods": ["GET"]}), ("/ws/<int:room>", {"sock": True}),
     ("/ws", {"sock": True}), ("/ws/<a>/<b>", {"sock": True}), ("/api/pins", {}),
     ("/wsx/<a>", {"sock": True}), ("/apis/<a>", {"methods": ["POST"]})],
)  # fmt: skip
def test_a_route_that_gives_way(
    rule: tuple[str, dict[str, Any]], first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A general one, or one that meets none of ours, is nothing to be told (row 19)."""
    assert told_of_routes([(rule[0], dict(rule[1]))], first, caplog) == []


def test_a_converter_that_fails_is_no_failure_of_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The application's converters are asked for paths that they may not expect (row 19)."""

    class Room(BaseConverter):
        """Looks a room up."""

        def to_python(self, value: str) -> Any:
            """Find no database."""
            raise RuntimeError("no database")

    app, bridge = make_app()
    app.url_map.converters["room"] = Room
    app.add_url_rule("/ws/<room:room>", "room", lambda room: room)
    bridge.start()
    bridge.stop()
    assert caplog.messages == ["the pins are SIMULATED: no GPIO is read"]


def test_a_prefix_is_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    """Under it the bridge's routes are in nobody's way, and what is there is told of (row 19)."""
    rules = [("/ws/<room>", {"sock": True}), ("/healthz", {})]
    assert told_of_routes(rules, True, caplog, url_prefix="/bridge") == []
    rules = [("/bridge/ws/<room>", {"sock": True}), ("/bridge/x", {})]
    (said,) = told_of_routes(rules, True, caplog, url_prefix="/bridge")
    assert said.startswith("/bridge/ws/<room> is a route of the application, ")
