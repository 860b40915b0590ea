"""The Flask extension in an application of one's own."""

import contextlib
import functools
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, session
from flask_sock import Sock
from running import close_of, frame
from serving import PINS, make_app, open_socket, press, served
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gpiobridge import ConfigError, GpioBridge


@pytest.fixture
def stop() -> Iterator[Callable[[GpioBridge], None]]:
    """A function that has a bridge stopped at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda bridge: stack.callback(bridge.stop)


def test_views_become_pages(stop: Callable[[GpioBridge], None]) -> None:
    """A view is a page in either order of the decorators, under any path, with its own headers."""
    app, bridge = make_app()
    stop(bridge)
    client = app.test_client()
    for path, page in (("/", "welcome"), ("/is/open", "open")):
        response = client.get(path)
        assert f'data-socket="/ws/{page}"' in response.text
        assert "Content-Security-Policy" not in response.headers
    assert bridge.running.watcher.paths == {"welcome": "/", "open": "/is/open"}


def test_nothing_is_opened_before_the_first_request(stop: Callable[[GpioBridge], None]) -> None:
    """Making the application claims no pin and starts no thread."""
    before = threading.active_count()
    app, bridge = make_app()
    stop(bridge)
    assert threading.active_count() == before
    app.test_client().get("/healthz")
    assert threading.active_count() == before + 1


def test_press_names_the_path_of_the_view() -> None:
    """The close's reason is where the next page's view really is."""
    app, bridge = make_app()
    with served(app, bridge) as port, open_socket(port, "/ws/welcome") as ws:
        frame(ws, "state")
        press(bridge)
        frame(ws, "edge")
        assert close_of(ws) == (4000, "/is/open")


def test_press_behind_a_prefix() -> None:
    """An application that is mounted somewhere names its pages with that prefix."""
    app, bridge = make_app()
    mounted = DispatcherMiddleware(Flask("other"), {"/kiosk": app})
    with served(mounted, bridge) as port, open_socket(port, "/kiosk/ws/welcome") as ws:
        frame(ws, "state")
        press(bridge)
        frame(ws, "edge")
        assert close_of(ws) == (4000, "/kiosk/is/open")


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
            assert theirs.recv(timeout=5) == f"{word} False"
        press(bridge)
        frame(ours, "edge")
        assert close_of(ours) == (4000, "/is/open")


def test_factory_blueprint_and_wrappers(stop: Callable[[GpioBridge], None]) -> None:
    """init_app in a factory, a page on a blueprint, and a decorator in between."""
    bridge = GpioBridge(pins=PINS)
    blueprint = Blueprint("exhibit", __name__)

    def wrapped(view: Callable[[], str]) -> Callable[[], str]:
        @functools.wraps(view)
        def wrapper() -> str:
            return view()

        return wrapper

    @blueprint.get("/welcome")
    @bridge.page("welcome")
    @wrapped
    def welcome() -> str:
        return "<p>hello</p>"

    app = Flask(__name__)
    bridge.init_app(app)
    app.register_blueprint(blueprint, url_prefix="/exhibit")
    stop(bridge)
    assert "client.js" in app.test_client().get("/exhibit/welcome").text
    assert bridge.running.watcher.paths == {"welcome": "/exhibit/welcome"}


def test_configuration_of_the_application(stop: Callable[[GpioBridge], None]) -> None:
    """app.config takes the tables of config.toml."""
    app, bridge = make_app(pins=None)
    app.config["GPIOBRIDGE"] = {"pins": PINS, "server": {"beat": "1s", "csp": "strict"}}
    stop(bridge)
    response = app.test_client().get("/")
    assert 'data-beat="1"' in response.text
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pins": {"button": "GPIO99"}}, "pins.button"),
        ({"pins": {}}, "there is no pin"),
        ({"config": {"server": 5}}, "server"),
        ({"config": {"pages": []}}, "pages"),
    ],
)
def test_wrong_configuration_is_told_on_the_pages(options: dict[str, Any], said: str) -> None:
    """What is wrong is said at the start, and on the pages, not with a traceback."""
    app, bridge = make_app(**options)
    with pytest.raises(ConfigError, match=said):
        bridge.start()
    response = app.test_client().get("/")
    assert response.status_code == 503
    assert said in response.text
    bridge.stop()


def test_page_needs_one_route() -> None:
    """A page without a route, with a variable in it, or declared twice is refused with a remedy."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins=PINS)
    bridge.page("lost")(lambda: "")

    @app.get("/hall/<number>")
    @bridge.page("hall")
    def hall(number: str) -> str:
        return number

    with pytest.raises(ConfigError) as wrong:
        bridge.start()
    assert [problem[:34] for problem in wrong.value.problems] == [
        "page 'lost' has no route of its ow",
        "page 'hall' has no route of its ow",
    ]
    with pytest.raises(ConfigError, match="page 'hall' is declared twice"):
        bridge.page("hall")(lambda: "")
    bridge.stop()


def test_other_routes_are_left_alone(stop: Callable[[GpioBridge], None]) -> None:
    """The application's other routes get no client, and no Host or Origin check."""
    app, bridge = make_app()
    stop(bridge)

    @app.get("/api")
    def api() -> str:
        return "<p>mine</p>"

    client = app.test_client()
    response = client.get("/api", headers={"Host": "example.org", "Origin": "http://a.test"})
    assert (response.status_code, response.text) == (200, "<p>mine</p>")
    assert client.get("/", headers={"Host": "example.org"}).status_code == 421
    assert json.loads(client.get("/healthz").text)["pins"]["button"]["level"] == "high"
