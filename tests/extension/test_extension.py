"""The Flask extension in an application of one's own."""

import contextlib
import functools
import gzip
import http.client
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session,
)
from gpiozero.pins.local import LocalPiFactory
from gpiozero.pins.mock import MockFactory
from running import DEADLINE_S, close_of, frame, wait_until
from serving import PINS, make_app, open_socket, press, served
from websockets.exceptions import InvalidStatus
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gpiobridge import ConfigError, GpioBridge, GpioBridgeError, PinError
from gpiobridge.client import asking
from gpiobridge.client.frames import connect
from gpiobridge.pins.gpiozero_pins import GpiozeroPins


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
        ({"pins": {17: "button"}}, "the name comes first"),
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


@pytest.mark.parametrize(
    ("decorator", "remedy"), [("page", '@bridge.page("welcome")'), ("on_hold", '("button")')]
)
def test_a_decorator_without_its_name(decorator: str, remedy: str) -> None:
    """It would be called with the function, and silently do nothing with it."""
    _, bridge = make_app()
    for given, named in ((login_required, "login_required"), (17, "17")):
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
    with pytest.raises(GpioBridgeError, match="page 'late' comes too late"):
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
    assert "page data is no plain HTML" in caplog.text
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


# ------------------------------------------------------------------- beside others


def test_an_application_has_its_own_health(caplog: pytest.LogCaptureFixture) -> None:
    """Under a prefix our routes leave the application's alone; without one the log says so."""
    for prefix, ours in (("/bridge", "/bridge/healthz"), ("", "/healthz")):
        app, bridge = make_app(url_prefix=prefix)
        for name in ("healthz", "metrics"):
            app.add_url_rule(f"/{name}", name, lambda: "mine")
        client = app.test_client()
        assert json.loads(client.get(ours).text)["pins"]["button"]["level"] == "high"
        if prefix:
            assert {client.get(path).text for path in ("/healthz", "/metrics")} == {"mine"}
            assert "a route of the application" not in caplog.text
        bridge.stop()
    assert [m.partition(" is a route")[0] for m in caplog.messages if "is a route" in m] == [
        "/healthz",
        "/metrics",
    ]


@pytest.mark.parametrize("prefix", ["bridge", "/<lang>/bridge"])
def test_a_prefix_is_a_path(prefix: str) -> None:
    """Anything else is refused with a sentence."""
    with pytest.raises(ConfigError, match="must be a path, such as"):
        GpioBridge(pins=PINS, url_prefix=prefix)


def test_decorators_are_a_list() -> None:
    """A single one, as it would be written above a view, is named with the remedy."""
    with pytest.raises(ConfigError, match=r"decorators = login_required: must be a list"):
        GpioBridge(decorators=login_required)  # type: ignore[arg-type]


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


def prefixed(url_prefix: str, blueprint: str, mount: str) -> tuple[Any, GpioBridge]:
    """An application whose pages, bridge and root are where they are asked to be."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins=PINS, url_prefix=url_prefix)
    pages = Blueprint("pages", __name__)

    @pages.get("/welcome")
    @bridge.page("welcome", on_low={"button": "open"}, prerender=True)
    def welcome() -> str:
        return "<h1>welcome</h1>"

    @pages.get("/open")
    @bridge.page("open", on_low={"button": "welcome"})
    def is_open() -> str:
        return "<h1>open</h1>"

    app.register_blueprint(pages, url_prefix=blueprint or None)
    return (DispatcherMiddleware(Flask("other"), {mount: app}) if mount else app), bridge


@pytest.mark.parametrize(
    ("url_prefix", "blueprint", "mount"),
    [("/bridge", "", ""), ("", "/hall", ""), ("", "", "/app"), ("/bridge", "/hall", "/app")],
)
def test_prefixes_in_chromium(url_prefix: str, blueprint: str, mount: str, page: Any) -> None:
    """Wherever things are, the simulator's button moves a page, and the command line reaches it."""
    app, bridge = prefixed(url_prefix, blueprint, mount)
    failed: list[str] = []
    page.context.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
    with served(app, bridge) as port:
        root = f"http://127.0.0.1:{port}"
        page.goto(f"{root}{mount}{blueprint}/welcome")
        page.wait_for_selector('html[data-bridge="online"]')
        simulator = page.context.new_page()
        simulator.goto(f"{root}{mount}{url_prefix}/simulator")
        button = simulator.locator("li[data-pin=button] button")
        button.first.click()
        page.wait_for_url(f"{root}{mount}{blueprint}/open")
        page.wait_for_selector('html[data-bridge="online"]')
        wait_until(lambda: bridge.pins["button"].level == "high")  # it lets go by itself
        simulator.close()
        with connect(f"{root}{mount}{blueprint}/open", once=True) as frames:
            assert next(frames)["type"] == "state"
            asking.press(f"{root}{mount}{url_prefix}", "button", 0.05)
            page.wait_for_url(f"{root}{mount}{blueprint}/welcome")
            assert list(frames)[-1]["reason"] == f"{mount}{blueprint}/welcome"
    assert [url for url in failed if "favicon" not in url] == []


@pytest.mark.parametrize("mount", ["", "/app"])
def test_the_command_line_needs_only_the_prefix(mount: str) -> None:
    """`gpiobridge press` and `gpiobridge watch` find everything below the bridge's address."""
    app, bridge = prefixed("/bridge", "/hall", mount)
    command = [sys.executable, "-m", "gpiobridge"]
    with served(app, bridge) as port:
        url = f"http://127.0.0.1:{port}{mount}/bridge"
        watching = subprocess.Popen(
            [*command, "watch", url, "--once"], stdout=subprocess.PIPE, text=True
        )
        assert watching.stdout is not None
        with watching, watching.stdout as lines:
            assert json.loads(lines.readline())["type"] == "state"
            subprocess.run([*command, "press", "button", "--url", url], check=True, timeout=20)
            assert json.loads(lines.readlines()[-1])["reason"] == f"{mount}/hall/open"
            assert watching.wait(DEADLINE_S) == 0


# ------------------------------------------------------------------- login, hooks, context


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
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", path, headers=headers)
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


# ------------------------------------------------------------------- configuration


def rooted(folder: Path, **options: Any) -> tuple[Flask, GpioBridge]:
    """An application of two pages whose own folder is ``folder``."""
    app = Flask(__name__, root_path=str(folder))
    bridge = GpioBridge(app, **options)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>hello</p>"))
    app.add_url_rule("/open", "open", bridge.page("open", lockout="2s")(lambda: "<p>open</p>"))
    return app, bridge


CONFIG = """\
[server]
beat = "1s"
[pins]
button = 17
door = { pin = 27, pull = "down" }
[pages.welcome]
on_low.button = "open"
[pages.open]
lockout = "1s"
on_high.door = "welcome"
"""


@pytest.mark.parametrize("where", ["option", "app.config"])
def test_configuration_from_a_file(
    tmp_path: Path,
    where: str,
    stop: Callable[[GpioBridge], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The path is below the application's folder; views add to its rules, and go before them."""
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.setenv("GPIOBRIDGE_SERVER__BEAT", "1500ms")
    if where == "option":
        _, bridge = rooted(tmp_path, config="config.toml")
    else:
        app, bridge = rooted(tmp_path)
        app.config["GPIOBRIDGE"] = "config.toml"
    bridge.start()
    stop(bridge)
    settings = bridge.running.settings
    assert settings.server.beat_s == 1.5
    assert list(settings.pins) == ["button", "door"]
    assert settings.pages["welcome"].rules == {("button", "low"): "open"}
    assert settings.pages["open"].rules == {("door", "high"): "welcome"}
    assert settings.pages["open"].lockout_s == 2.0


def test_all_problems_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the file, of a view and of the environment, each with its place."""
    text = CONFIG.replace('"1s"\n[pins]', '"3"\n[pins]').replace('= "open"', '= "opened"')
    (tmp_path / "config.toml").write_text(text)
    monkeypatch.setenv("GPIOBRIDGE_PINS__DOOR__PULL", "sideways")
    app, bridge = rooted(tmp_path, config="config.toml")
    app.add_url_rule("/x", "x", bridge.page("x", on_low={"buton": "open"})(lambda: ""))
    with pytest.raises(ConfigError) as wrong:
        bridge.start()
    for place in (
        'server.beat = "3"',
        "pages.welcome.on_low.button",
        "pages.x.on_low.buton",
        "GPIOBRIDGE_PINS__DOOR__PULL",
    ):
        assert [p for p in wrong.value.problems if place in p], wrong.value
    assert len(wrong.value.problems) == 4


@pytest.mark.parametrize("given", [5, ["config.toml"], b"config.toml"])
def test_configuration_of_a_wrong_type(given: Any) -> None:
    """It is said what it is and what it must be."""
    _, bridge = make_app(config=given)
    with pytest.raises(
        ConfigError, match=f"of type {type(given).__name__}; it must be a mapping like config.toml"
    ):
        bridge.start()


def test_configuration_file_that_is_not_there(tmp_path: Path) -> None:
    """The message has the whole path, and where a path begins."""
    _, bridge = rooted(tmp_path, config="lost.toml")
    said = rf"{tmp_path}/lost\.toml: there is no such file; .* application's folder, {tmp_path},"
    with pytest.raises(ConfigError, match=said):
        bridge.start()


def test_an_application_without_a_page() -> None:
    """It is told what an application writes, not what stands in a file that it doesn't have."""
    bridge = GpioBridge(Flask(__name__), pins=PINS)
    with pytest.raises(ConfigError, match=r'there is no page; put @bridge\.page\("welcome"\)'):
        bridge.start()


# ------------------------------------------------------------------- one application after another


def test_a_running_bridge_takes_no_second_application(
    stop: Callable[[GpioBridge], None],
) -> None:
    """It says what to do."""
    _, bridge = make_app()
    bridge.start()
    stop(bridge)
    with pytest.raises(GpioBridgeError, match=r"call stop\(\) before init_app\(\)"):
        bridge.init_app(Flask("second"))


def test_an_application_has_one_bridge() -> None:
    """A second one would share its routes: pins of another module go to the first."""
    app, _ = make_app()
    with pytest.raises(GpioBridgeError, match="has a GpioBridge already: give all pins to that"):
        GpioBridge(app)


def test_a_bridge_without_an_application() -> None:
    """It says which call is missing."""
    with pytest.raises(GpioBridgeError, match=r"call init_app\(\) before start\(\)"):
        GpioBridge(pins=PINS).start()


def test_another_application_after_a_watcher_that_died() -> None:
    """What is left of it, such as the functions' threads, ends."""
    _, bridge = make_app()
    bridge.on_low("button")(lambda: None)
    bridge.start()
    bridge.running.watcher.stop()  # as if it had failed
    bridge.init_app(Flask("second"))
    with pytest.raises(GpioBridgeError, match="not running"):
        bridge.running  # noqa: B018


@pytest.mark.parametrize("init_first", [True, False])
@pytest.mark.parametrize("started", [True, False])
def test_a_factory_with_a_bridge_of_its_module(init_first: bool, started: bool) -> None:
    """Each test of an application makes a fresh one; views and functions aren't there twice."""
    bridge = GpioBridge(pins={"button": {"pin": 17, "debounce": "0ms"}})
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    bridge.on_low("button")(lambda: heard.put("the module's"))

    def create_app(number: int) -> Flask:
        app = Flask(__name__)
        if init_first:
            bridge.init_app(app)

        @app.get("/")
        @bridge.page("welcome")
        def welcome() -> str:
            return f"<p>{number}</p>"

        for letter in "ab":

            @bridge.on_low("button")
            def pressed(letter: str = letter) -> None:
                heard.put(f"{letter}{number}")

        @bridge.on_message
        def message() -> None:
            """Take none."""

        if not init_first:
            bridge.init_app(app)
        return app

    for number in range(3):
        app = create_app(number)
        if started or number == 2:
            text = app.test_client().get("/").text
            assert f"<p>{number}</p>" in text
            assert "client.js" in text
            assert bridge.pins["button"].level == "high"
            press(bridge)
            assert sorted(heard.get(timeout=DEADLINE_S) for _ in range(3)) == [
                f"a{number}",
                f"b{number}",
                "the module's",
            ]
            bridge.stop()
            assert heard.empty()


def test_functions_of_one_decorator_are_told_apart(stop: Callable[[GpioBridge], None]) -> None:
    """One of the factory doesn't take the place of one of the module."""
    bridge = GpioBridge(pins={"button": {"pin": 17, "debounce": "0ms"}})
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def careful(function: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(function)
        def wrapper() -> None:
            function()

        return wrapper

    @bridge.on_low("button")
    @careful
    def of_the_module() -> None:
        heard.put("the module's")

    app = Flask(__name__)
    bridge.init_app(app)
    stop(bridge)
    app.add_url_rule("/", "welcome", bridge.page("welcome")(lambda: "<p>welcome</p>"))

    @bridge.on_low("button")
    @careful
    def of_the_factory() -> None:
        heard.put("the factory's")

    bridge.start()
    press(bridge)
    both = sorted(heard.get(timeout=DEADLINE_S) for _ in range(2))
    assert both == ["the factory's", "the module's"]


# ------------------------------------------------------------------- pins that another one has


class TakenPins(GpiozeroPins):
    """Simulated pins that another process has, until it ends."""

    taken = True
    tries = 0

    def open(self, on_edge: Any) -> None:
        """Refuse, as the back ends do."""
        TakenPins.tries += 1
        if TakenPins.taken:
            raise PinError("pins.button: GPIO 17 is in use by another program")
        super().open(on_edge)


def test_pins_that_are_taken(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stop: Callable[[GpioBridge], None],
) -> None:
    """Pages say it, the log does once, other routes work; it recovers when they are free."""
    now_s = 1000.0
    monkeypatch.setattr("gpiobridge.extension.gpio_bridge.pin_source", TakenPins)
    monkeypatch.setattr("gpiobridge.extension.hooks.time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(TakenPins, "taken", True)
    monkeypatch.setattr(TakenPins, "tries", 0)
    app, bridge = make_app()
    stop(bridge)
    called = threading.Event()
    bridge.on_low("button")(called.set)
    app.add_url_rule("/other", "other", lambda: "mine")
    client = app.test_client()
    sentence = "pins.button: GPIO 17 is in use by another program"
    for _ in range(3):
        for path in ("/", "/healthz", "/ws/welcome"):
            answer = client.get(path)
            assert (answer.status_code, answer.text) == (503, f"{sentence}\n")
        assert client.get("/other").text == "mine"
        now_s += 0.6
    assert TakenPins.tries == 2  # once a second, not with each of twelve requests
    assert caplog.messages == [sentence]
    TakenPins.taken = False
    now_s += 1.0
    assert client.get("/").status_code == 200
    assert caplog.messages[1:] == [
        "the pins are SIMULATED: no GPIO is read",
        "the bridge has started: what was wrong before no longer is",
    ]
    press(bridge)
    assert called.wait(DEADLINE_S)


def test_a_function_may_be_declared_after_a_start_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bridge doesn't run; so it is not too late."""
    monkeypatch.setattr("gpiobridge.extension.gpio_bridge.pin_source", TakenPins)
    monkeypatch.setattr(TakenPins, "taken", True)
    _, bridge = make_app()
    with pytest.raises(PinError):
        bridge.start()
    bridge.on_low("button")(lambda: None)
    bridge.stop()


def test_a_function_may_be_declared_where_no_back_end_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Raspberry Pi without one fails before a pin is opened; nothing runs then, either."""

    def none(*_: Any) -> Any:
        raise PinError("no pin back end can be imported")

    monkeypatch.setattr("gpiobridge.extension.gpio_bridge.pin_source", none)
    _, bridge = make_app()
    with pytest.raises(PinError):
        bridge.start()
    bridge.on_low("button")(lambda: None)


def test_a_start_that_failed_lets_the_pins_go(
    monkeypatch: pytest.MonkeyPatch, stop: Callable[[GpioBridge], None]
) -> None:
    """What gpiozero had reserved when a pin was busy is free when it is tried again."""
    claim = MockFactory.pin
    busy = [True]

    def pin(self: MockFactory, name: Any) -> Any:
        if busy.pop():
            raise RuntimeError("GPIO busy")
        busy.append(False)
        return claim(self, name)

    now_s = 1000.0
    monkeypatch.setattr("gpiobridge.extension.hooks.time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(MockFactory, "pin", pin)
    # The real back ends of a process share what is reserved.
    shared = property(lambda self: LocalPiFactory._reservations, lambda self, own: None)
    monkeypatch.setattr(MockFactory, "_reservations", shared, raising=False)
    app, bridge = make_app()
    stop(bridge)
    assert "holds the pin" in app.test_client().get("/").text
    busy.append(False)
    now_s += 1.0
    assert "client.js" in app.test_client().get("/").text
