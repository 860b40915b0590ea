"""Pages of an application on the stage: which it can't show in a frame, and who may open it."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from flask_talisman import Talisman
from harness.served_application import make_app

from gpiobridge import GpioBridge
from gpiobridge.routes.content_policies import forbids_frames, stage_obstacles

DENY = {"X-Frame-Options": "DENY"}
Stop = Callable[[GpioBridge], None]


class Client(FlaskClient):
    """A client that reads each answer to its end, as a browser does.

    Args:
        app: the application.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__(app, app.response_class)

    def open(self, *args: Any, **options: Any) -> Any:
        """Send a request."""
        return super().open(*args, buffered=True, **options)


def framed(
    stop: Stop, headers: dict[str, str], only: str = "", **rules: Any
) -> tuple[Any, dict[str, str]]:
    """A client of an application that sets headers after all else, and these headers, to change.

    Args:
        stop: has the bridge stopped at the end of the test.
        headers: the headers of every answer.
        only: the endpoint that gets them alone.
        rules: further keys of the page open.
    """
    app = Flask(__name__)

    @app.after_request
    def set_headers(response: Response) -> Response:
        if request.endpoint == only or not only:
            response.headers.update(headers)
        return response

    bridge = GpioBridge(app, pins={"button": 17})
    stop(bridge)
    app.add_url_rule(
        "/", "welcome", bridge.page("welcome", on_low={"button": "open"})(lambda: "<p>welcome")
    )
    app.add_url_rule("/open", "open", bridge.page("open", **rules)(lambda: "<p>open"))
    return Client(app), headers


def alone(client: Any) -> list[str]:
    """The pages that a stage is told to open by themselves."""
    return list(told(client)["alone"])


def told(client: Any) -> dict[str, Any]:
    """What a stage is told."""
    return dict(client.get("/gpiobridge/stage.json").get_json())


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the stage."""
    return [r.getMessage() for r in caplog.records if r.name == "gpiobridge.app.stages"]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    ("headers", "named"),
    [
        (DENY, "X-Frame-Options: DENY"),
        (
            {"Content-Security-Policy": "frame-ancestors 'none'"},
            "Content-Security-Policy: frame-ancestors 'none'",
        ),
    ],
)
def test_a_page_that_forbids_frames_is_opened_by_itself(
    headers: dict[str, str], named: str, method: str, stop: Stop, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own answer tells, or one to our script's HEAD; the log says it once, with a remedy."""
    client, _ = framed(stop, headers, prerender=True)
    assert client.get("/gpiobridge/stage").status_code == 200
    assert alone(client) == []
    for _ in range(2):
        getattr(client, method)("/open")
    assert alone(client) == ["open"]
    assert lines(caplog) == [
        f"page open can't be shown on the stage, which opens it by itself instead: {named} forbids "
        "frames; send X-Frame-Options: SAMEORIGIN, or frame-ancestors 'self' in its policy"
    ]


def test_a_page_that_forbids_frames_is_not_held_ready(stop: Stop) -> None:
    """Nor does it go back to the stage, which could only send it away again."""
    client, _ = framed(stop, DENY, only="open", prerender=True)
    assert told(client)["ahead"]["welcome"] == ["/open"]
    assert "data-alone" not in client.get("/open").text
    assert told(client)["ahead"]["welcome"] == []
    assert ' data-alone=""' in client.get("/open").text
    assert "data-alone" not in client.get("/").text


def test_a_stage_that_would_begin_with_such_a_page_leads_to_it(stop: Stop) -> None:
    """With the display's name; other pages it still shows."""
    client, _ = framed(stop, DENY, only="open")
    client.get("/open")
    answer = client.get("/gpiobridge/stage?page=/open?x=1&display=a%26b")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/open?x=1&display=a%26b")
    assert client.get("/gpiobridge/stage?page=/open").headers["Location"] == "/open"
    assert client.get("/gpiobridge/stage").status_code == 200


def test_a_page_that_allows_frames_again_is_shown_again(stop: Stop) -> None:
    """Its newest answer counts."""
    client, headers = framed(stop, dict(DENY))
    client.get("/open")
    assert alone(client) == ["open"]
    headers.update({"X-Frame-Options": "SAMEORIGIN"})
    client.get("/open")
    assert alone(client) == []


def test_a_page_whose_header_changes_is_said_once(
    stop: Stop, caplog: pytest.LogCaptureFixture
) -> None:
    """A policy may be another one with each answer."""
    client, headers = framed(stop, {})
    client.get("/gpiobridge/stage")
    for number in range(3):
        headers["Content-Security-Policy"] = f"frame-ancestors https://{number}.example.org"
        client.get("/open")
    assert len(lines(caplog)) == 1


def test_what_a_visitor_is_told_takes_no_stage_away_from_the_kiosk(stop: Stop) -> None:
    """An application may have another policy for each client, or for each name of the machine."""
    headers: dict[str, str] = {}
    client, _ = framed(stop, headers)
    visitor = {"environ_overrides": {"REMOTE_ADDR": "192.168.1.20"}}
    headers["Content-Security-Policy"] = "default-src 'self'; frame-src 'none'"
    assert client.get("/gpiobridge/stage", **visitor).status_code == 302
    headers["Content-Security-Policy"] = "frame-ancestors 'none'"
    client.get("/open", **visitor)
    headers.clear()
    assert alone(client) == []
    assert client.get("/gpiobridge/stage").status_code == 200
    told = client.get("/gpiobridge/stage.json", **visitor).get_json()
    assert told["alone"] == ["welcome", "open"]


def test_nothing_is_said_of_frames_where_nobody_uses_a_stage(
    stop: Stop, caplog: pytest.LogCaptureFixture
) -> None:
    """Until one is opened: then each such page that is already known is named."""
    client, _ = framed(stop, DENY)
    for path in ("/", "/open"):
        client.get(path)
    assert lines(caplog) == []
    client.get("/gpiobridge/stage")
    assert [line.split()[1] for line in lines(caplog)] == ["welcome", "open"]


def test_an_error_in_place_of_a_page_says_nothing_of_it(stop: Stop) -> None:
    """An error page may well have other headers."""
    app, bridge = make_app()
    stop(bridge)
    app.add_url_rule("/form", "form", bridge.page("form")(lambda: ("<p>no", 500, DENY)))
    client = Client(app)
    client.get("/form")
    assert alone(client) == []


@pytest.mark.parametrize(
    ("policies", "options", "forbids"),
    [
        ([], [], ""),
        ([], ["DENY"], "X-Frame-Options: DENY"),
        ([], [" deny "], "X-Frame-Options: DENY"),
        ([], ["SAMEORIGIN"], ""),
        ([], ["ALLOW-FROM https://example.org"], ""),
        ([], ["SAMEORIGIN, SAMEORIGIN"], ""),
        ([], ["SAMEORIGIN", "DENY"], "X-Frame-Options: DENY, SAMEORIGIN"),
        ([], ["SAMEORIGIN, nonsense"], "X-Frame-Options: NONSENSE, SAMEORIGIN"),
        ([], ["nonsense, other"], ""),
        (["frame-ancestors 'none'"], [], "Content-Security-Policy: frame-ancestors 'none'"),
        (["frame-ancestors"], [], "Content-Security-Policy: frame-ancestors"),
        (["frame-ancestors 'self'"], ["DENY"], ""),
        (["frame-ancestors pi.local:8000"], [], ""),
        (["frame-ancestors https://example.org"], [],
         "Content-Security-Policy: frame-ancestors https://example.org"),
        (["default-src 'none'"], [], ""),
        (["frame-ancestors 'self', frame-ancestors 'none'"], [],
         "Content-Security-Policy: frame-ancestors 'none'"),
    ],
)  # fmt: skip
def test_which_headers_forbid_frames(policies: list[str], options: list[str], forbids: str) -> None:
    """As browsers read them: frame-ancestors comes before X-Frame-Options (CSP 3; HTML)."""
    assert forbids_frames(policies, options, "pi.local:8000") == forbids


# ------------------------------------------------------------------- the stage's own policy


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        ("default-src 'self'", []),
        ("img-src 'none'", []),
        ("script-src 'nonce-abc'; frame-src 'self'; connect-src *", []),
        ("frame-src 'none'", ["frame-src"]),
        ("child-src https://example.org", ["frame-src"]),
        ("script-src 'nonce-other'", ["script-src"]),
        ("connect-src 'none'", ["connect-src"]),
        ("default-src 'none'", ["script-src", "frame-src", "connect-src"]),
    ],
)
def test_what_a_policy_takes_from_the_stage(policy: str, needed: list[str]) -> None:
    """Each thing that it needs, with what to write."""
    said = stage_obstacles([policy], "pi.local:8000", "abc")
    assert [sentence.rpartition("add ")[2] for sentence in said] == [
        f"{name} 'self' to that of its answer" for name in needed
    ]


def test_a_policy_that_leaves_no_stage_leads_to_the_pages_themselves(
    stop: Stop, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty screen never comes up; the log says why, once; no page leads back."""
    client, _ = framed(stop, {"Content-Security-Policy": "default-src 'self'; frame-src 'none'"})
    for _ in range(2):
        answer = client.get("/gpiobridge/stage?display=kiosk")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/?display=kiosk")
    assert lines(caplog) == [
        "there is no stage, so each page is opened by itself: the application's "
        "Content-Security-Policy forbids what /gpiobridge/stage needs: add frame-src 'self' to "
        "that of its answer"
    ]
    assert alone(client) == ["welcome", "open"]
    assert ' data-alone=""' in client.get("/").text


def test_a_stage_has_the_nonce_of_its_answer(stop: Stop) -> None:
    """As the pages have; then a policy of nonces lets its scripts run."""
    app, bridge = make_app(nonce=lambda: request.csp_nonce)
    stop(bridge)
    Talisman(
        app,
        force_https=False,
        content_security_policy={"default-src": "'self'", "script-src": [], "style-src": []},
        content_security_policy_nonce_in=["script-src", "style-src"],
    )
    answer = app.test_client().get("/gpiobridge/stage")
    nonce = answer.headers["Content-Security-Policy"].partition("'nonce-")[2].partition("'")[0]
    assert (answer.status_code, answer.text.count(f' nonce="{nonce}"')) == (200, 2)


# ------------------------------------------------------------------- who may, and what pages say


def test_an_applications_decorators_guard_the_stage(stop: Stop) -> None:
    """What it shows and tells, and what it takes; not its files."""

    def members(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def wrapper(*args: Any, **options: Any) -> Any:
            return view(*args, **options) if request.headers.get("User") else ("members only", 403)

        return wrapper

    app, bridge = make_app(decorators=[members])
    stop(bridge)
    client = app.test_client()
    asks = (
        ("GET", "/gpiobridge/stage", 200),
        ("GET", "/gpiobridge/stage.json", 200),
        ("POST", "/gpiobridge/stage/held", 400),
    )
    for method, path, passed in asks:
        assert client.open(path, method=method).status_code == 403
        let_in = client.open(path, method=method, headers={"User": "x"})
        assert let_in.status_code == passed


def test_a_view_says_its_transition(stop: Stop) -> None:
    """As its other keys; so do the tables of an application."""
    app = Flask(__name__)
    bridge = GpioBridge(
        app, pins={"button": 17}, config={"stage": {"ahead": 1, "fresh": "90s"}, "every_page": {}}
    )
    stop(bridge)
    for name, transition in (("welcome", "cut"), ("open", "fade")):
        view = bridge.page(name, transition=transition, prerender=True)(lambda: "<p>x")
        app.add_url_rule(f"/{name}", name, view)
    said = told(app.test_client())
    assert (said["transition"], said["most"], said["fresh_s"]) == ({"open": "fade"}, 1, 90)


def test_the_stage_is_below_the_bridges_prefix(stop: Stop) -> None:
    """Where its other routes are; pages have the application's own paths."""
    app, bridge = make_app(url_prefix="/bridge")
    stop(bridge)
    text = app.test_client().get("/bridge/gpiobridge/stage?page=/is/open").text
    assert ' data-prefix="/bridge" data-page="/is/open" ' in text
    assert 'src="/bridge/gpiobridge/stage/stage.js?v=' in text
    assert app.test_client().get("/gpiobridge/stage").status_code == 404
