"""Who may pass: an application's own decorators and hooks, and our Host and Origin."""

import contextlib
import functools
import gzip
import http.client
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, current_app, g, make_response, redirect, request, session
from harness.deadline import wait_until
from harness.served_application import PINS, UPGRADE, make_app, open_socket, press, served
from harness.sockets import frame
from websockets.exceptions import InvalidStatus

from gpiobridge import ConfigError, GpioBridge


def test_decorators_are_a_list() -> None:
    """A single one, as it would be written above a view, is named with the remedy."""
    with pytest.raises(ConfigError, match=r"decorators = login_required: must be a list"):
        GpioBridge(decorators=login_required)  # type: ignore[arg-type]


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse whoever hasn't logged in, as people write it."""

    @functools.wraps(view)
    def wrapper(*args: Any, **options: Any) -> Any:
        if "user" not in session:
            return redirect("/login")
        answer = make_response(view(*args, **options))
        answer.headers["X-User"] = session["user"]
        return answer

    return wrapper


def make_guarded() -> tuple[Flask, GpioBridge]:
    """An application that asks who is there, and where its login is."""
    app, bridge = make_app(
        decorators=[login_required], config={"server": {"max_displays": 2, "beat": "200ms"}}
    )
    app.secret_key = "test"

    @app.get("/login")
    def login() -> str:
        return "<h1>login</h1>"

    @app.get("/in")
    def come_in() -> str:
        session["user"] = "ada"
        return "<h1>in</h1>"

    return app, bridge


def handshake(port: int, path: str) -> tuple[int, str | None]:
    """Status and place of what answers a WebSocket's handshake; no redirect is followed."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", path, headers=UPGRADE)
        with connection.getresponse() as response:
            return response.status, response.getheader("Location")


def test_a_socket_without_login_is_refused_before_the_upgrade() -> None:
    """It gets what the decorator answers, takes no slot, and is no display."""
    app, bridge = make_guarded()
    with served(app, bridge) as port:
        for _ in range(4):  # there are two slots
            assert handshake(port, "/ws/welcome") == (302, "/login")
        assert (bridge.displays, bridge.running.watcher.slots.taken) == ([], 0)


def test_a_socket_opens_after_login_in_chromium(page: Any) -> None:
    """The page's socket is refused until its visitor has logged in; then it comes by itself."""
    app, bridge = make_guarded()
    with served(app, bridge) as port:
        root = f"http://127.0.0.1:{port}"
        page.goto(root)
        page.wait_for_selector('html[data-bridge="offline"]')
        assert bridge.displays == []
        page.evaluate("fetch('/in')")
        page.wait_for_selector('html[data-bridge="online"]')
        assert len(bridge.displays) == 1
        press(bridge)
        page.wait_for_url("**/is/open")


@pytest.mark.parametrize("answer", ["view()", "make_response(view())", "(view(), 200, {'X': 'y'})"])
def test_decorators_may_answer_as_views_do(answer: str) -> None:
    """With what the view returned, a response made of it, or one with status and headers."""
    made: list[Any] = []

    def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
        made.append(view)
        return lambda **_: eval(answer, {"view": view, "make_response": make_response})

    app, bridge = make_app(decorators=[decorator])
    with served(app, bridge) as port:
        for _ in range(2):
            with open_socket(port, "/ws/welcome") as ws:
                frame(ws, "state")
        assert '"pins"' in app.test_client().get("/healthz").text
    assert len(made) == 1  # it is put around once, as around a view


def test_a_decorator_may_turn_what_passed_into_a_refusal(
    stop: Callable[[GpioBridge], None],
) -> None:
    """Another status than 200 is an answer of its own."""
    app, bridge = make_app(decorators=[lambda view: lambda **_: (view(), 403)])
    stop(bridge)
    client = app.test_client()
    assert client.get("/healthz").status_code == 403
    with client.get("/gpiobridge/client.js") as script:
        assert script.status_code == 200


def test_the_socket_is_a_request_of_the_application() -> None:
    """Hooks before and after, `g`, `session` and `current_app` are there as in any view."""
    seen: list[Any] = []

    def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(**args: Any) -> Any:
            seen.append((current_app.name, request.path, g.order[:], session.get("user"), args))
            return view(**args)

        return wrapper

    app = Flask(__name__)
    app.secret_key = "test"
    app.before_request(lambda: setattr(g, "order", ["before the bridge"]))
    bridge = GpioBridge(app, pins=PINS, decorators=[decorator])
    app.before_request(lambda: g.order.append("after the bridge"))
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    app.after_request(lambda response: seen.append((request.path, g.order)) or response)
    with served(app, bridge) as port, open_socket(port, "/ws/welcome") as ws:
        frame(ws, "state")
        wait_until(lambda: len(seen) == 2)
    assert seen == [
        (app.name, "/ws/welcome", ["before the bridge"], None, {"page": "welcome"}),
        ("/ws/welcome", ["before the bridge", "after the bridge"]),
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_hook_refuses_the_socket(first: bool) -> None:
    """A `before_request` that was there before the bridge, or came later, answers for it."""

    def nobody() -> tuple[str, int] | None:
        return ("nobody", 401) if request.path.startswith("/ws") else None

    app = Flask(__name__)
    if first:
        app.before_request(nobody)
    bridge = GpioBridge(app, pins=PINS)
    if not first:
        app.before_request(nobody)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    with served(app, bridge) as port:
        for _ in range(3):
            with pytest.raises(InvalidStatus, match="401"), open_socket(port, "/ws/welcome"):
                pass
        assert app.test_client().get("/").status_code == 200
        assert bridge.running.watcher.slots.taken == 0


def test_a_hook_answers_for_a_page(stop: Callable[[GpioBridge], None]) -> None:
    """What comes in place of a page, such as "closed today", is no page and stays as it is."""
    app = Flask(__name__)
    app.before_request(lambda: "<p>closed today</p>")
    bridge = GpioBridge(app, pins=PINS)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    bridge.start()
    stop(bridge)
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (200, "<p>closed today</p>")


@pytest.mark.parametrize("first", [True, False])
def test_a_page_may_be_compressed_afterwards(
    first: bool, stop: Callable[[GpioBridge], None]
) -> None:
    """A hook that compresses pages gets the whole page, whether it was there first or not."""

    def compress(response: Response) -> Response:
        response.set_data(gzip.compress(response.get_data()))
        response.content_encoding = "gzip"
        return response

    app = Flask(__name__)
    if first:
        app.after_request(compress)
    bridge = GpioBridge(app, pins=PINS)
    if not first:
        app.after_request(compress)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    stop(bridge)
    assert b"client.js" in gzip.decompress(app.test_client().get("/").data)


def test_host_and_origin_are_checked_for_ours_alone(stop: Callable[[GpioBridge], None]) -> None:
    """The application's static files and errors, too, are its own business."""
    app, bridge = make_app(url_prefix="/bridge")
    stop(bridge)
    app.add_url_rule("/healthz", "healthz", lambda: "mine")
    client = app.test_client()
    foreign = ({"Host": "example.org"}, {"Origin": "http://example.org"})
    for path in ("/healthz", "/static/no.css", "/nowhere", "/bridge/nowhere"):
        assert {client.get(path, headers=h).status_code for h in foreign} <= {200, 404}, path
    for path in ("/", "/is/open", "/bridge/healthz", "/bridge/metrics", "/bridge/simulator",
                 "/bridge/ws/welcome", "/bridge/gpiobridge/client.js"):  # fmt: skip
        assert [client.get(path, headers=h).status_code for h in foreign] == [421, 403], path
