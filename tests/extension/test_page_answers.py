"""Whatever a page's view answers: any status, a redirect, a file, a form's error."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Response, abort, redirect, request, send_from_directory
from harness.served_application import make_app, served

from gpiobridge import GpioBridge


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
        (lambda: {"a": 1}, "is not plain HTML (application/json), so"),
        (lambda: ({"a": 1}, 422), "is not plain HTML (application/json, with status 422), so"),
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
    assert f"page form {reason} no press moves it: return HTML as text" in said


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
