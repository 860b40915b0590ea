"""Which views become pages, where they are, and what is refused."""

import contextlib
import functools
import json
import threading
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask
from harness.served_application import PINS, make_app, open_socket, press, served
from harness.sockets import close_of, frame
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gpiobridge import ConfigError, GpioBridge, GpioBridgeError


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
        "page 'lost' has no route without v",
        "page 'hall' has no route without v",
    ]
    with pytest.raises(ConfigError, match="page 'hall' is declared twice"):
        bridge.page("hall")(lambda: "")
    bridge.stop()


def test_no_view_serves_a_page_with_a_url() -> None:
    """The remedy is a view with a frame: a route alone would be the next mistake."""
    app = Flask(__name__)
    pages = {"board": {"url": "https://example.org/board"}}
    bridge = GpioBridge(app, config={"pages": pages}, pins=PINS)
    with pytest.raises(ConfigError) as wrong:
        bridge.start()
    assert list(wrong.value.problems) == [
        "page 'board' has a url, which only `gpiobridge run` serves: write a view that shows it, "
        'and frames = ["https://example.org"] in place of the url'
    ]
    bridge.stop()


@pytest.mark.parametrize(
    ("decorator", "remedy"), [("page", '@bridge.page("welcome")'), ("on_hold", '("button")')]
)
def test_a_decorator_without_its_name(decorator: str, remedy: str) -> None:
    """It would be called with the function, and silently do nothing with it."""
    _, bridge = make_app()
    for given, named in ((make_app, "make_app"), (17, "17")):
        with pytest.raises(ConfigError, match=f"@bridge.{decorator} of {named}: ") as caught:
            getattr(bridge, decorator)(given)
        assert remedy in str(caught.value)


@pytest.mark.parametrize(("length", "fits"), [(123, True), (124, False)])
def test_a_path_fits_into_a_close(
    length: int, fits: bool, stop: Callable[[GpioBridge], None]
) -> None:
    """The close's reason would be cut off, and the browser led to a path that there isn't."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins=PINS)
    stop(bridge)
    app.get("/")(bridge.page("welcome", on_low={"button": "long"})(lambda: ""))
    app.get("/" + "x" * (length - 1), endpoint="long")(bridge.page("long")(lambda: "long"))
    said = pytest.raises(ConfigError, match="page 'long' has a route of 124 bytes")
    with contextlib.nullcontext() if fits else said:
        bridge.start()


def test_a_page_that_comes_too_late(stop: Callable[[GpioBridge], None]) -> None:
    """It would be a plain view, which nothing moves."""
    _, bridge = make_app()
    stop(bridge)
    bridge.start()
    with pytest.raises(GpioBridgeError, match="page 'late' is declared too late"):
        bridge.page("late")


def test_a_page_that_is_no_html(
    stop: Callable[[GpioBridge], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Its answer stays as it is, and the log says why no press moves it, and what to do."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins=PINS)
    stop(bridge)
    app.get("/")(bridge.page("data")(lambda: {"a": 1}))
    assert app.test_client().get("/").json == {"a": 1}
    assert "page data is not plain HTML" in caplog.text
    assert "declare the page with client=False" in caplog.text


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


def test_a_page_is_where_it_is_got(stop: Callable[[GpioBridge], None]) -> None:
    """A view that also takes a form elsewhere is not shown there."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins=PINS)

    @app.post("/form/send")
    @app.get("/form")
    @bridge.page("form")
    def form() -> str:
        return "<p>form</p>"

    bridge.start()
    stop(bridge)
    assert bridge.running.watcher.paths == {"form": "/form"}
