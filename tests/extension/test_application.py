"""What an application of one's own brings along: statuses, policies, routes, servers, habits."""

import contextlib
import enum
import functools
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, redirect, request, send_from_directory
from flask_sock import Sock
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from serving import make_app, served
from werkzeug.routing import BaseConverter

from gpiobridge import ConfigError, GpioBridge, GpioBridgeError, Level, RemoteError
from gpiobridge.client import asking
from gpiobridge.config import Settings


@pytest.fixture
def stop() -> Iterator[Callable[[GpioBridge], None]]:
    """A function that has a bridge stopped at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda bridge: stack.callback(bridge.stop)


# ------------------------------------------------------------------- whatever a page answers


def answer_of(
    view: Callable[..., Any], stop: Callable[[GpioBridge], None], **options: Any
) -> Callable[..., Any]:
    """Make an application whose page answers with ``view``; return its test client's ``open``."""
    app, bridge = make_app(**options)
    stop(bridge)
    app.add_url_rule("/form", "form", bridge.page("form")(view), methods=["GET", "POST"])
    return app.test_client().open


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [201, 404, 422, 500])
def test_a_page_with_another_status_is_a_page(
    status: int, method: str, stop: Callable[[GpioBridge], None]
) -> None:
    """A form that is shown again with its errors has the script and the headers (row 22)."""
    options: dict[str, Any] = {"config": {"server": {"csp": "strict"}}}
    ask = answer_of(lambda: ("<p>no name given", status), stop, **options)
    response = ask("/form", method=method)
    assert response.status_code == status
    assert 'data-socket="/ws/form"' in response.text
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Content-Security-Policy" in response.headers
    assert response.headers["Permissions-Policy"] == "picture-in-picture=()"


def raising(error: Exception) -> Callable[[], str]:
    """Make a view that fails."""

    def view() -> str:
        raise error

    return view


@pytest.mark.parametrize(
    ("view", "status"),
    [(lambda: abort(403), 403), (lambda: abort(404), 404), (raising(ZeroDivisionError()), 500)],
)
@pytest.mark.parametrize("handled", [False, True])
def test_a_page_that_fails_stays_a_display(
    view: Callable[[], str], status: int, handled: bool, stop: Callable[[GpioBridge], None]
) -> None:
    """The error page, Flask's or the application's own, has the script: buttons work (row 22)."""
    app, bridge = make_app()
    stop(bridge)
    app.add_url_rule("/form", "form", bridge.page("form")(view))
    if handled:
        app.register_error_handler(status, lambda error: (f"<p>sorry: {error.code}", status))
    response = app.test_client().get("/form")
    assert response.status_code == status
    assert 'data-socket="/ws/form"' in response.text
    assert app.test_client().get("/nowhere").text.count("client.js") == 0


def test_a_redirect_is_left_alone(
    stop: Callable[[GpioBridge], None], caplog: pytest.LogCaptureFixture
) -> None:
    """To a login, for example: there is nothing to be told (row 22)."""
    response = answer_of(lambda: redirect("/login"), stop)("/form")
    assert "client.js" not in response.text
    assert "Cache-Control" not in response.headers
    assert "page form" not in caplog.text


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (lambda: {"a": 1}, "is no plain HTML (application/json), so"),
        (lambda: ({"a": 1}, 422), "is no plain HTML (application/json, with status 422), so"),
        (lambda: Response(iter(["<p>"]), mimetype="text/html"), "is streamed, so"),
        (
            lambda: Response(b"x", mimetype="text/html", headers={"Content-Encoding": "br"}),
            "is compressed by its view (br), so",
        ),
    ],
)
def test_what_cannot_have_the_script_is_told_once(
    view: Callable[[], Any],
    reason: str,
    stop: Callable[[GpioBridge], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the reason and the remedy, not with every request (row 22)."""
    ask = answer_of(view, stop)
    for _ in range(3):
        ask("/form")
    (said,) = [message for message in caplog.messages if "page form" in message]
    assert f"page form {reason} that nothing moves it: return a text of HTML" in said


def test_a_page_from_a_file(stop: Callable[[GpioBridge], None], tmp_path: Any) -> None:
    """What a browser has of it is asked for anew: its cursor would be old (row 22)."""
    (tmp_path / "page.html").write_text("<!doctype html><title>x</title>")
    ask = answer_of(lambda: send_from_directory(tmp_path, "page.html"), stop)
    for method in ("GET", "HEAD", "GET"):
        with ask("/form", method=method) as response:
            assert (response.status_code, response.headers.get("ETag")) == (200, None)
            assert ("client.js" in response.text) is (method == "GET")


def test_a_form_s_error_is_a_display(page: Any) -> None:
    """In Chromium the page that answers 422 comes online, and a press moves it (row 22)."""
    app, bridge = make_app()

    @app.route("/form", methods=["GET", "POST"])
    @bridge.page("form", on_low={"button": "open"})
    def form() -> Any:
        if request.method == "POST":
            return "<!doctype html><h1>no name</h1>", 422
        return "<!doctype html><form method=post><button>Send</button></form>"

    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/form")
        page.locator("button").click()
        page.wait_for_selector("h1")
        page.wait_for_selector('html[data-bridge="online"]')
        bridge.running.watcher.pins.drive("button", bridge.running.settings.pins["button"].active)
        page.wait_for_url("**/is/open")


# ------------------------------------------------------------------- routes in each other's way


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
    assert 'give GpioBridge a url_prefix of its own, such as "/bridge"' in said


def test_whose_socket_it_is_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A page whose socket is the application's never comes online (row 19)."""
    (said,) = told_of_routes([("/ws/<room>", {"sock": True})], True, caplog)
    assert "answers at /ws/welcome in place of the bridge's /ws/<page>, so that its page" in said
    caplog.clear()
    (said,) = told_of_routes([("/ws/<room>", {"sock": True})], False, caplog)
    assert "but at /ws/welcome the bridge's /ws/<page> answers" in said


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
    assert f" at {place} " in said or "/ws/welcome" in said


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


# ------------------------------------------------------------------- tokens against forged forms


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


# ------------------------------------------------------------------- a policy of nonces


def make_strict(**options: Any) -> tuple[Flask, GpioBridge]:
    """An application whose policy lets only scripts and styles run that have the answer's nonce."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins={"button": 17}, **options)
    Talisman(
        app,
        force_https=False,
        content_security_policy={
            "default-src": "'none'",
            "connect-src": "'self'",
            "img-src": "data:",
            "script-src": [],
            "style-src": [],
        },
        content_security_policy_nonce_in=["script-src", "style-src"],
    )
    app.add_url_rule(
        "/",
        "welcome",
        bridge.page("welcome", on_low={"button": "open"})(
            lambda: "<!doctype html><p data-pin=button>the button"
        ),
    )
    app.add_url_rule(
        "/open",
        "open",
        bridge.page("open", prerender=True)(lambda: "<!doctype html><h1>open"),
    )
    return app, bridge


def test_each_answer_has_its_own_nonce(stop: Callable[[GpioBridge], None]) -> None:
    """The script has what the policy of this very answer names (row 21)."""
    app, bridge = make_strict(nonce=lambda: request.csp_nonce)
    stop(bridge)
    nonces = set()
    for path in ("/", "/", "/simulator"):
        response = app.test_client().get(path)
        policy = response.headers["Content-Security-Policy"]
        (nonce,) = set(re.findall(r"'nonce-(.+?)'", policy))
        tags = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", response.text)
        assert tags
        assert all(f'nonce="{nonce}"' in tag for tag in tags)
        nonces.add(nonce)
    assert len(nonces) == 3


def test_a_policy_of_nonces_in_chromium(page: Any) -> None:
    """Pages come online and are moved, the simulator works, nothing is refused (row 21)."""
    app, bridge = make_strict(nonce=lambda: request.csp_nonce)
    refused: list[str] = []
    page.context.on(
        "console", lambda m: refused.append(m.text) if "Content Security" in m.text else None
    )
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector('html[data-bridge="online"]')
        page.wait_for_selector("p[data-level=high]")
        simulator = page.context.new_page()
        simulator.goto(f"http://127.0.0.1:{port}/simulator")
        simulator.wait_for_selector('html[data-bridge="online"]')
        simulator.locator("button").first.click()
        page.wait_for_url("**/open")
        page.wait_for_selector('html[data-bridge="online"]')
    assert refused == []


@pytest.mark.parametrize("nonce", ["", None])
def test_an_answer_without_a_nonce(nonce: Any, stop: Callable[[GpioBridge], None]) -> None:
    """Where the policy has none, the tag has none (row 21)."""
    app, bridge = make_app(nonce=lambda: nonce)
    stop(bridge)
    assert "nonce" not in app.test_client().get("/").text


@pytest.mark.parametrize("nonce", ["abc", 5])
def test_a_nonce_is_a_function(nonce: Any) -> None:
    """A fixed one would be none; it is refused with what to write (row 21)."""
    with pytest.raises(ConfigError, match=r"write nonce=lambda: request\.csp_nonce"):
        GpioBridge(nonce=nonce)


def refusing(policy: str) -> tuple[Flask, GpioBridge]:
    """An application that sets this policy after all else, and gives the bridge no nonce."""
    app = Flask(__name__)

    def set_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        return response

    bridge = GpioBridge(app, pins={"button": 17})
    app.after_request(set_policy)
    app.get("/")(bridge.page("welcome")(lambda: "<!doctype html><p>welcome"))
    return app, bridge


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("script-src 'nonce-abc'", ["(script-src) keeps the bridge's script from running: give "]),
        ("script-src 'self' 'strict-dynamic'", ["(script-src) keeps the bridge's script"]),
        ("script-src-elem 'none'; script-src 'self'", ["(script-src-elem) keeps the bridge's scr"]),
        ("script-src https://cdn.example.org", ["(script-src) keeps the bridge's script"]),
        ("connect-src https://api.example.org", ["(connect-src) keeps the bridge's WebSocket"]),
        ("default-src 'none'", ["(default-src) keeps the bridge's script from running",
                                "(default-src) keeps the bridge's WebSocket from connecting"]),
        ("default-src 'self', script-src 'none'", ["(script-src) keeps the bridge's script"]),
        ("default-src 'self'", []),
        ("default-src *", []),
        ("script-src 'unsafe-inline' http://LOCALHOST:*; connect-src ws:", []),
        ("script-src http: ; connect-src localhost", []),
        ("img-src 'none'; frame-ancestors 'none'", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_policy_that_forbids_the_script_is_told(
    policy: str, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Once, with the remedy; the browser's console alone would have it (row 21)."""
    app, bridge = refusing(policy)
    for _ in range(3):
        app.test_client().get("/").close()
    bridge.stop()
    told = [message for message in caplog.messages if "page welcome" in message]
    assert len(told) == len(said)
    for message, piece in zip(told, said, strict=True):
        assert message.startswith("page welcome never comes online, as its Content-Security-Policy")
        assert piece in message


@pytest.mark.parametrize(
    "policy", ["script-src 'nonce-abc'", "connect-src 'none'", "default-src 'self'"]
)
def test_chromium_agrees_with_what_is_told(
    policy: str, page: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A page is told of if it stays offline, and only then (row 21)."""
    app, bridge = refusing(policy)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        if "self" in policy:
            page.wait_for_selector('html[data-bridge="online"]')
        else:
            with page.expect_event("console", lambda m: "Content Security" in m.text):
                page.reload()
            assert page.locator('html[data-bridge="online"]').count() == 0
    assert ("never comes online" in caplog.text) is ("self" not in policy)


# ------------------------------------------------------------------- a forgotten init_app


@pytest.mark.parametrize(
    "use",
    [
        lambda bridge: bridge.pins["button"].level,
        lambda bridge: list(bridge.pins),
        lambda bridge: "button" in bridge.pins,
        lambda bridge: bridge.displays,
        lambda bridge: bridge.push(1),
        lambda bridge: bridge.navigate("open"),
        lambda bridge: bridge.start(),
        lambda bridge: bridge.running,
    ],
)
def test_a_bridge_without_an_application_says_so(use: Callable[[GpioBridge], Any]) -> None:
    """Whatever is asked of it first (row 43)."""
    with pytest.raises(
        GpioBridgeError, match=r"^the bridge has no application: call init_app\(\) before "
    ):
        use(GpioBridge(pins={"button": 17}))


@pytest.mark.parametrize("order", ["route first", "page first", "blueprint"])
def test_a_page_without_an_application_says_so(
    order: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A press would never move it; said once, with the first request of a page (row 43)."""
    bridge = GpioBridge(pins={"button": 17})
    app = Flask("exhibit")
    app.add_url_rule("/other", "other", lambda: "mine")

    def welcome() -> str:
        return "<p>welcome"

    if order == "route first":
        app.get("/")(bridge.page("welcome")(welcome))
    elif order == "page first":
        bridge.page("welcome")(app.get("/")(welcome))
    else:
        pages = Blueprint("pages", __name__)
        pages.get("/")(bridge.page("welcome")(functools.wraps(welcome)(lambda: welcome())))
        app.register_blueprint(pages)
    client = app.test_client()
    client.get("/other")
    client.get("/nowhere")
    assert caplog.messages == []
    for _ in range(3):
        assert client.get("/").text == "<p>welcome"
    (said,) = caplog.messages
    assert said.startswith("no press moves page 'welcome': the bridge has no application; call ")
    assert "init_app() with 'exhibit'" in said
    assert caplog.records[0].levelno == logging.ERROR


def test_init_app_in_time_is_nothing_to_be_told(
    stop: Callable[[GpioBridge], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is another application, whose views are no pages (row 43)."""
    bridge = GpioBridge(pins={"button": 17})
    other = Flask("other")
    other.add_url_rule("/", "other", lambda: "mine")
    other.test_client().get("/")
    app = Flask("exhibit")
    app.get("/")(bridge.page("welcome")(lambda: "<p>welcome"))
    bridge.init_app(app)
    stop(bridge)
    assert "client.js" in app.test_client().get("/").text
    assert caplog.messages == ["the pins are SIMULATED: no GPIO is read"]


# ------------------------------------------------------------------- what only Python can say


def settings_of(
    page: dict[str, Any] | None = None, **options: Any
) -> tuple[Settings | None, list[str]]:
    """Start an application with these settings; they themselves, or what is wrong with them."""
    app = Flask("exhibit")
    bridge = GpioBridge(app, **({"pins": {"button": 17}} | options))
    app.get("/")(bridge.page("welcome", **(page or {}))(lambda: "<p>welcome"))
    try:
        bridge.start()
    except ConfigError as error:
        return None, list(error.problems)
    finally:
        bridge.stop()
    return bridge.running.settings, []


def test_no_pull_as_gpiozero_writes_it() -> None:
    """None is no pull, which needs an active level; never silently a pull-up (row 27)."""
    pin: dict[str, Any] = {"pin": 17, "pull": None}
    _, problems = settings_of(pins={"button": pin})
    assert problems == [
        'GpioBridge of exhibit: pins.button.active: is needed with pull = "none"; '
        'write active = "low" (or "high")'
    ]
    settings, _ = settings_of(pins={"button": pin | {"active": "high"}})
    assert settings is not None
    assert (settings.pins["button"].pull, settings.pins["button"].active) == ("none", "high")


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("pins.button", {"pins": {"button": None}}),
        ("pins.button.pin", {"pins": {"button": {"pin": None}}}),
        ("pins.button.active", {"pins": {"button": {"pin": 17, "active": None}}}),
        ("pins.button.debounce", {"pins": {"button": {"pin": 17, "debounce": None}}}),
        ("pins.button.source", {"pins": {"button": {"pin": 17, "source": None}}}),
        ("server", {"config": {"server": None}}),
        ("server.token", {"config": {"server": {"token": None}}}),
        ("server.api_token", {"config": {"server": {"api_token": None}}}),
        ("server.open", {"config": {"server": {"open": None}}}),
        ("server.allowed_hosts", {"config": {"server": {"allowed_hosts": [None]}}}),
        ("gpio.pin_factory", {"config": {"gpio": {"pin_factory": None}}}),
        ("pages", {"config": {"pages": None}}),
        ("pages.other", {"config": {"pages": {"other": None}}}),
        ("every_page", {"config": {"every_page": None}}),
        ("every_page.lockout", {"config": {"every_page": {"lockout": None}}}),
        ("every_page.on_low", {"config": {"every_page": {"on_low": None}}}),
        ("pages.welcome.on_low.button", {"page": {"on_low": {"button": None}}}),
        ("pages.welcome.lockout", {"page": {"lockout": None}}),
        ("pages.welcome.client", {"page": {"client": None}}),
        ("pages.welcome.idle", {"page": {"idle": None}}),
        ("pages.welcome.idle", {"page": {"idle": {"after": None, "to": "welcome"}}}),
    ],
)
def test_none_is_no_value(place: str, options: dict[str, Any]) -> None:
    """A variable of the environment that isn't set is no token: one sentence each (row 27)."""
    settings, problems = settings_of(**options)
    assert settings is None
    (problem,) = problems
    assert problem.startswith((f"GpioBridge of exhibit: {place} = None: ",
                               f"GpioBridge of exhibit: {place}: "))  # fmt: skip
    assert re.search(r"; (write|leave)|must be", problem)


class Pull(enum.Enum):
    """An application's own."""

    DOWN = "down"


@pytest.mark.parametrize(
    ("options", "read", "value"),
    [
        ({"pins": {"button": {"pin": 17, "debounce": timedelta(milliseconds=30)}}},
         lambda s: s.pins["button"].debounce_s, 0.03),
        ({"pins": {"button": {"pin": 17, "hold": timedelta(microseconds=1_500_001)}}},
         lambda s: s.pins["button"].hold_s, 1.500001),
        ({"pins": {"button": {"pin": 17, "pull": Pull.DOWN}}},
         lambda s: s.pins["button"].pull, "down"),
        ({"pins": {"button": {"pin": 17, "pull": None, "active": Level.HIGH}}},
         lambda s: s.pins["button"].active, "high"),
        ({"config": {"server": {"allowed_hosts": {"b.example", "a.example"}}}},
         lambda s: s.server.allowed_hosts, ("a.example", "b.example")),
        ({"config": MappingProxyType({"server": MappingProxyType({"beat": "1s"})})},
         lambda s: s.server.beat_s, 1.0),
        ({"page": {"idle": {"after": timedelta(minutes=1), "to": "welcome"}}},
         lambda s: s.pages["welcome"].idle.after_s, 60.0),
    ],
)  # fmt: skip
def test_what_has_one_meaning_is_taken(
    options: dict[str, Any], read: Callable[[Settings], Any], value: Any
) -> None:
    """A timedelta for a duration, a member of an enumeration, a set for a list (row 27)."""
    settings, problems = settings_of(**options)
    assert problems == []
    assert settings is not None
    assert read(settings) == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"page": {"on_low": {17: "open"}}},
         "pages.welcome.on_low: {17: 'open'}: the name of a pin comes first, as text; write "),
        ({"pins": {17: "button"}}, "pins: {17: 'button'}: the name comes first, as text; write "),
        ({"pins": {"button": {"pin": 17, 5: 1}}}, "pins.button: 5: a name is text; put it in "),
        ({"config": {"server": {None: 1}}}, "server: None: a name is text; put it in quotes"),
        ({"config": {1: {}}}, "GpioBridge of exhibit: 1: a name is text; put it in quotes"),
        ({"config": {"pages": {1: {}}}}, "pages: 1: a name is text; put it in quotes"),
        ({"pins": {"button": {"pin": 17, "debounce": timedelta(seconds=-1)}}},
         "pins.button.debounce = \"-1000ms\": must not be negative"),
        ({"pins": {"button": {"pin": 17, "debounce": 0.02}}},
         'pins.button.debounce = 0.02: needs a unit; write "0.02ms" or "0.02s"'),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_told(options: dict[str, Any], said: str) -> None:
    """With place, value and remedy, and no traceback (row 27)."""
    _, problems = settings_of(**options)
    (problem,) = problems
    assert said in problem


def test_problems_of_both_kinds_are_told_together() -> None:
    """What only Python can say, and what a file could (row 27)."""
    _, problems = settings_of(
        pins={"button": {"pin": 17, "active": None}, "door": {"pin": 99}},
        config={"server": {"beat": 2}},
    )
    assert len(problems) == 3
