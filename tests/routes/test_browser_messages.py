"""Messages and an application of one's own, in a real Chromium."""

import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask, redirect, request
from harness.deadline import DEADLINE_S, wait_until
from harness.pages import ONLINE
from harness.served_application import press, served

from gpiobridge import GpioBridge, Message

LOG = """\
<!doctype html><title>{name}</title><h1>{name}</h1>
<script>
  var got = [];
  document.addEventListener("gpiobridge:message", (event) => got.push(event.detail));
</script>
"""


class Site:
    """Two pages under a prefix, and what they send."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.bridge = GpioBridge(self.app, pins={"button": 17}, url_prefix="/bridge/")
        self.got: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.bridge.on_message(self.got.put)
        self.add_page("welcome", on_low={"button": "open"}, prerender=True)
        self.add_page("open")
        self.url = ""

    def add_page(self, name: str, **rules: Any) -> None:
        """Add a page that keeps the messages it gets."""
        view = self.bridge.page(name, **rules)(lambda: LOG.format(name=name))
        self.app.add_url_rule(f"/{name}", name, view)

    def data(self) -> Any:
        """What a page has sent next."""
        return self.got.get(timeout=DEADLINE_S).data


@pytest.fixture
def site() -> Iterator[Site]:
    """A served site."""
    made = Site()
    with ExitStack() as stack:
        made.url = f"http://127.0.0.1:{stack.enter_context(served(made.app, made.bridge))}"
        yield made


def open_page(page: Any, site: Site, name: str = "welcome") -> None:
    """Open a page and wait until its socket is up."""
    page.goto(f"{site.url}/{name}")
    page.wait_for_selector(ONLINE)


def test_messages_reach_the_page(site: Site, page: Any) -> None:
    """As `gpiobridge:message`, with the data as `detail`; retained ones when it loads, too."""
    site.bridge.push({"a": [1, None]}, retain="news")
    open_page(page, site)
    site.bridge.push("grüß dich")
    page.wait_for_function("got.length === 2")
    assert page.evaluate("got") == [{"a": [1, None]}, "grüß dich"]


def test_a_press_and_the_application_move_a_page_under_a_prefix(site: Site, page: Any) -> None:
    """The bridge's routes can lie elsewhere, beside an application's own."""
    open_page(page, site)
    press(site.bridge)
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    site.bridge.navigate("welcome")
    page.wait_for_url("**/welcome")
    page.wait_for_selector(ONLINE)


def test_a_page_sends(site: Site, page: Any) -> None:
    """What JSON can hold, in order, also before there is a connection."""
    page.add_init_script("addEventListener('DOMContentLoaded', () => gpiobridge.send('first'))")
    open_page(page, site)
    page.evaluate("gpiobridge.send({ text: 'grüß', list: [1, true, null] }); gpiobridge.send()")
    assert [site.data() for _ in range(3)] == [
        "first",
        {"text": "grüß", "list": [1, True, None]},
        None,
    ]


def test_a_page_that_is_not_shown_does_not_send(site: Site, page: Any) -> None:
    """A page that is only loaded ahead waits until it is shown: a lock must not open early."""
    page.add_init_script(
        "Object.defineProperty(document, 'prerendering', { get: () => !window.wasShown });"
        "addEventListener('DOMContentLoaded', () => gpiobridge.send('opened'))"
    )
    page.goto(f"{site.url}/welcome")
    assert site.bridge.displays == []
    page.evaluate("wasShown = true; document.dispatchEvent(new Event('prerenderingchange'))")
    assert site.data() == "opened"


def test_a_message_that_is_too_large_is_refused_in_the_page(site: Site, page: Any) -> None:
    """With an error that says so: the server would end the connection."""
    open_page(page, site)
    said = page.evaluate(
        "() => { try { gpiobridge.send('é'.repeat(9000)); } catch (error) { return `${error}`; } }"
    )
    assert said == "RangeError: a message is at most 16384 bytes of JSON, not 18028"
    page.evaluate("gpiobridge.send('é'.repeat(8100))")
    assert len(site.data()) == 8100


def test_messages_wait_for_the_connection(site: Site, page: Any) -> None:
    """While there is none the newest hundred are kept."""
    open_page(page, site)
    page.evaluate(
        "addEventListener('gpiobridge:offline', () => {"
        "  for (let i = 0; i < 120; i += 1) gpiobridge.send(i);"
        "}, { once: true })"
    )
    (connection,) = site.bridge.running.watcher._hub.connections
    connection.sock.shutdown(2)
    assert [site.data() for _ in range(100)] == list(range(20, 120))
    wait_until(lambda: len(site.bridge.displays) == 1)


def test_a_page_knows_what_it_is_called(site: Site, page: Any) -> None:
    """Also after it has moved; without a name it is an empty string."""
    page.goto(f"{site.url}/welcome?display=hall")
    page.wait_for_selector(ONLINE)
    page.evaluate("gpiobridge.go('open')")
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    assert page.evaluate("gpiobridge.display") == "hall"
    other = page.context.new_page()
    open_page(other, site)
    assert other.evaluate("gpiobridge.display") == ""


@pytest.mark.parametrize(("to", "goes"), [("/open", True), ("http://127.0.0.1:9/login", False)])
def test_a_page_that_is_led_elsewhere(site: Site, page: Any, to: str, goes: bool) -> None:
    """It goes where this site leads it, to a login for example, but not to another site."""
    moved = threading.Event()
    asked = threading.Event()

    @site.app.before_request
    def lead_elsewhere() -> Any:
        if moved.is_set() and request.path == "/welcome":
            asked.set()
            return redirect(to)
        if moved.is_set() and request.path.endswith("/ws/welcome"):
            return "not you", 403
        return None

    open_page(page, site)
    moved.set()
    (connection,) = site.bridge.running.watcher._hub.connections
    connection.sock.shutdown(2)
    assert asked.wait(DEADLINE_S)
    if goes:
        page.wait_for_url("**/open")
        page.wait_for_selector(ONLINE)
    else:
        moved.clear()
        page.wait_for_selector(ONLINE)
        assert page.url.endswith("/welcome")


def test_a_page_that_is_led_to_an_error_stays(site: Site, page: Any) -> None:
    """Nothing would lead it back from there, when its server is well again."""
    moved = threading.Event()
    asked = threading.Semaphore(0)

    @site.app.before_request
    def be_repaired() -> Any:
        if moved.is_set() and request.path == "/welcome":
            return redirect("/under-repair")
        if request.path == "/under-repair":
            asked.release()
            return "under repair", 503
        if moved.is_set() and request.path.endswith("/ws/welcome"):
            return "under repair", 503
        return None

    open_page(page, site)
    moved.set()
    (connection,) = site.bridge.running.watcher._hub.connections
    connection.sock.shutdown(2)
    for _ in range(2):
        assert asked.acquire(timeout=DEADLINE_S)
    moved.clear()
    page.wait_for_selector(ONLINE)
    assert page.url.endswith("/welcome")
