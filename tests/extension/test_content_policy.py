"""An application whose content security policy names a nonce, of Flask-Talisman, or forbids."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, request
from flask_talisman import Talisman
from harness.served_application import make_app, served

from gpiobridge import ConfigError, GpioBridge


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
        assert message.startswith(
            "page welcome never comes online, because its Content-Security-Policy"
        )
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
