"""A bridge and its applications: none, one, or one after the other."""

import functools
import logging
import queue
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from harness.deadline import DEADLINE_S
from harness.served_application import PINS, make_app, press

from gpiobridge import GpioBridge, GpioBridgeError


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
    with pytest.raises(GpioBridgeError, match="already has a GpioBridge: give all pins to that"):
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
