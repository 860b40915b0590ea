"""Pages of an application that no stage can show: they are opened by themselves."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from harness.served_application import press, served

from gpiobridge import GpioBridge
from gpiobridge.core.events import Level

SHOWN = """(path) => {
  const view = document.querySelector("iframe.shown")?.contentWindow ?? window;
  return view.location.pathname === path && view.document.documentElement.dataset.bridge;
}"""


def make_app(set_headers: Callable[[Response], None]) -> tuple[Flask, GpioBridge]:
    """An application of two pages that lead to each other, with headers of its own."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins={"button": {"pin": 17, "debounce": "0s"}})

    @app.after_request
    def set_all(response: Response) -> Response:
        set_headers(response)
        return response

    for name, to in (("welcome", "open"), ("open", "welcome")):
        view = bridge.page(name, on_low={"button": to})(lambda name=name: f"<h1>{name}</h1>")
        app.add_url_rule(f"/{name}", name, view)
    return app, bridge


def press_and_release(bridge: GpioBridge) -> None:
    """Press the simulated button once."""
    press(bridge)
    press(bridge, Level.HIGH)


def test_a_page_that_forbids_frames_is_shown_alone_and_the_next_one_on_the_stage(
    page: Any,
) -> None:
    """Each way by a press; no page is shown twice, and none is missing."""

    def forbid(response: Response) -> None:
        if request.endpoint == "open":
            response.headers["X-Frame-Options"] = "DENY"

    app, bridge = make_app(forbid)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage?display=hall")
        for _ in range(2):
            page.wait_for_function(SHOWN, arg="/welcome")
            assert page.evaluate("location.pathname") == "/gpiobridge/stage"
            press_and_release(bridge)
            page.wait_for_function(SHOWN, arg="/open")
            assert page.evaluate("location.pathname") == "/open"
            assert [display.name for display in bridge.displays] == ["hall"]
            press_and_release(bridge)
        page.wait_for_function(SHOWN, arg="/welcome")


def test_a_tab_that_was_a_stage_stays_on_the_pages_where_there_is_none(page: Any) -> None:
    """An application's new policy leaves no stage: no page goes back and forth (row 21)."""
    policy = {"Content-Security-Policy": "default-src 'self'"}
    app, bridge = make_app(lambda response: response.headers.update(policy))
    asked: list[str] = []
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        policy["Content-Security-Policy"] += "; frame-src 'none'"
        page.on("framenavigated", lambda frame: asked.append(frame.url))
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        press_and_release(bridge)
        page.wait_for_function(SHOWN, arg="/open")
        assert [url.rpartition("/")[2] for url in asked] == ["welcome", "open"]


def test_an_application_that_forbids_all_frames_shows_each_page_alone(page: Any) -> None:
    """From the first one on: nothing is covered, and nothing is tried twice."""
    app, bridge = make_app(lambda response: response.headers.update({"X-Frame-Options": "DENY"}))
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage?display=hall")
        for path in ("/welcome", "/open", "/welcome"):
            page.wait_for_function(SHOWN, arg=path)
            assert page.evaluate("location.pathname") == path
            assert [display.name for display in bridge.displays] == ["hall"]
            press_and_release(bridge)


def test_a_proxy_that_forbids_frames_shows_each_page_alone(page: Any) -> None:
    """The bridge doesn't see its header: the stage does."""
    app, bridge = make_app(lambda response: None)

    def proxy(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, ("X-Frame-Options", "DENY")], *error)

        return app(environ, start)

    with served(proxy, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        for path in ("/welcome", "/open", "/welcome"):
            page.wait_for_function(SHOWN, arg=path)
            assert page.evaluate("location.pathname") == path
            press_and_release(bridge)


def test_a_stage_gives_way_to_a_page_only_while_the_server_answers(page: Any) -> None:
    """Else the browser's error page would come up, from which nothing leads back."""

    def forbid(response: Response) -> None:
        if request.endpoint == "open":
            response.headers["X-Frame-Options"] = "DENY"

    app, bridge = make_app(forbid)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        page.evaluate("fetch('/open')")  # so that the stage knows of it before
        with page.expect_response("**/stage.json", timeout=10_000):
            pass
        page.route("**/*", lambda route: route.abort())
        page.evaluate("""() => {
          const view = document.querySelector("iframe.shown").contentWindow;
          view.addEventListener("gpiobridge:offline", () => { window.offline = true; });
          view.gpiobridge.go("open");
        }""")
        page.wait_for_function("() => window.offline")
        assert page.evaluate("location.pathname") == "/gpiobridge/stage"
        page.unroute("**/*")
        page.wait_for_function(SHOWN, arg="/welcome")


def test_a_stage_gives_way_to_no_error(page: Any) -> None:
    """A page that forbids frames is asked first: nothing leads back from an error."""
    fails: list[str] = []

    def forbid(response: Response) -> None:
        if request.endpoint == "open":
            response.headers["X-Frame-Options"] = "DENY"
            response.status_code = 500 if fails else 200

    app, bridge = make_app(forbid)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        page.evaluate("fetch('/open')")
        with page.expect_response("**/stage.json", timeout=10_000):
            pass
        fails.append("500")
        page.evaluate("""() => {
          const view = document.querySelector("iframe.shown").contentWindow;
          view.addEventListener("gpiobridge:stayed", () => { window.stayed = true; });
        }""")
        press_and_release(bridge)
        page.wait_for_function("() => window.stayed")
        assert page.evaluate("location.pathname") == "/gpiobridge/stage"
        fails.clear()
        page.wait_for_function(SHOWN, arg="/welcome")
        press_and_release(bridge)
        page.wait_for_function(SHOWN, arg="/open")


def test_a_later_link_outruns_one_to_a_page_that_is_shown_alone(page: Any) -> None:
    """Its answer comes when another page is on the screen already: nothing leads there any more."""

    def forbid(response: Response) -> None:
        if request.endpoint == "help":
            response.headers["X-Frame-Options"] = "DENY"

    app, bridge = make_app(forbid)
    app.add_url_rule("/help", "help", bridge.page("help")(lambda: "<h1>help</h1>"))
    held: list[Any] = []
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        page.evaluate("fetch('/help')")
        with page.expect_response("**/stage.json", timeout=10_000):
            pass
        page.route("**/*", lambda route: hold(route, held))
        go = "(path) => document.querySelector('iframe.shown').contentWindow.location.assign(path)"
        with page.expect_request("**/*"):
            page.evaluate(go, "/help")
        page.evaluate(go, "/open")
        page.wait_for_function(SHOWN, arg="/open")
        page.evaluate("() => { window.same = true; }")
        for route in held:
            route.continue_()
        with page.expect_response("**/stage.json", timeout=10_000):
            pass
        page.wait_for_function(SHOWN, arg="/open")
        assert page.evaluate("window.same")


def hold(route: Any, held: list[Any]) -> None:
    """Hold the first questions of a stage back."""
    request = route.request
    if request.method == "HEAD" and not request.url.endswith("/open"):
        held.append(route)
    else:
        route.continue_()


def test_a_page_may_have_any_path(page: Any) -> None:
    """A browser writes the path in its own way."""

    def forbid(response: Response) -> None:
        if request.endpoint == "size":
            response.headers["X-Frame-Options"] = "DENY"

    app, bridge = make_app(forbid)
    view = bridge.page("size", on_low={"button": "open"})(lambda: "<h1>size</h1>")
    app.add_url_rule("/größe", "size", view)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}/gpiobridge/stage")
        page.wait_for_function(SHOWN, arg="/welcome")
        bridge.navigate("size")
        page.wait_for_function(SHOWN, arg="/gr%C3%B6%C3%9Fe")
        assert page.evaluate("decodeURI(location.pathname)") == "/größe"
