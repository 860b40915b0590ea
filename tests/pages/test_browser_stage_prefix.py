"""The stage of an application whose bridge has its routes below a path, itself below another."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from harness.deadline import wait_until
from harness.served_application import press, served
from harness.stage_tab import LOOK
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from gpiobridge import GpioBridge
from gpiobridge.core.events import Level

ROOT = "/museum"  # where a proxy, or another application, mounts this one
PREFIX = f"{ROOT}/bridge"
IS_SHOWN = """(path) => {
  const view = window.shownView?.();
  return view?.location.pathname === path && view.document.documentElement.dataset.bridge;
}"""
IS_BEHIND = "(path) => window.behind?.().join() === path"


def make_app() -> tuple[Any, GpioBridge]:
    """An application of two pages that lead to each other, and one to which nothing leads."""
    app = Flask(__name__)
    bridge = GpioBridge(app, pins={"button": {"pin": 17, "debounce": "0s"}}, url_prefix="/bridge")
    for name, to in (("welcome", "open"), ("open", "welcome"), ("late", "welcome")):
        make: Callable[..., Any] = bridge.page(name, on_low={"button": to}, prerender=True)
        view = make(lambda name=name: f"<h1>{name}</h1><a href='{ROOT}/late'>late</a>")
        app.add_url_rule("/" if name == "welcome" else f"/{name}", name, view)
    return DispatcherMiddleware(NotFound(), {ROOT: app}), bridge


@pytest.fixture
def stage(page: Any) -> Any:
    """A tab with its stage, and the bridge."""
    app, bridge = make_app()
    page.add_init_script(LOOK)
    with served(app, bridge) as port:
        page.goto(f"http://127.0.0.1:{port}{PREFIX}/gpiobridge/stage?display=hall")
        page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/")
        page.wait_for_function(IS_BEHIND, arg=f"{ROOT}/open")
        yield page, bridge


def tap(bridge: GpioBridge) -> None:
    """Press the simulated button once."""
    press(bridge)
    press(bridge, Level.HIGH)


def test_a_press_swaps_below_a_prefix(stage: Any) -> None:
    """The page that was held is shown without a request; what is held next is behind it."""
    page, bridge = stage
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tap(bridge)
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/open")
    assert [url for url in asked if url.endswith("/open")] == []
    page.wait_for_function(IS_BEHIND, arg=f"{ROOT}/")
    wait_until(lambda: [(e.name, e.page) for e in bridge.displays] == [("hall", "open")])


def test_a_reload_below_a_prefix_keeps_the_page(stage: Any) -> None:
    """As one without a prefix does."""
    page, bridge = stage
    tap(bridge)
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/open")
    page.reload()
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/open")


def test_a_page_alone_leads_back_below_a_prefix(stage: Any) -> None:
    """A page that has replaced the stage leads back to it, with itself as the shown one."""
    page, bridge = stage
    page.goto(page.url.partition(ROOT)[0] + f"{ROOT}/late?x=1")
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/late")
    assert page.evaluate("location.pathname + location.search") == (
        f"{PREFIX}/gpiobridge/stage?display=hall"
    )
    assert page.evaluate("shownView().location.search") == "?x=1"
    tap(bridge)
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/")


def test_a_link_and_a_report_below_a_prefix(stage: Any) -> None:
    """A link is loaded behind; what the stage reports is taken, and told again."""
    page, _ = stage
    page.evaluate("shownView().document.querySelector('a').click()")
    page.wait_for_function(IS_SHOWN, arg=f"{ROOT}/late")
    url = page.url.partition("/gpiobridge/")[0] + "/gpiobridge/stage"
    body = json.dumps({"page": "open", "why": "slow"}).encode()
    request = urllib.request.Request(
        f"{url}/held", body, {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204
    with urllib.request.urlopen(f"{url}.json", timeout=10) as answer:
        told = json.load(answer)
    assert told["held"] == ["open"]
    assert told["paths"]["open"] == f"{ROOT}/open"
