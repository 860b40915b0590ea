"""Where the bridge's own routes are, beside an application's."""

import json
import subprocess
import sys
from typing import Any

import pytest
from flask import Blueprint, Flask
from harness.deadline import DEADLINE_S, wait_until
from harness.served_application import PINS, make_app, served
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gpiobridge import ConfigError, GpioBridge
from gpiobridge.client import asking
from gpiobridge.client.frames import connect


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
