"""An application of one's own: what it pushes, what its pages send, where it leads them."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from harness.deadline import DEADLINE_S
from harness.served_application import press, served

from browsers.tab import Tab
from gpiobridge import GpioBridge, Message

PAGE = """\
<!doctype html><title>{name}</title><h1>{name}</h1>
<script>
  var got = [];  // of the window, so that the test sees it
  document.addEventListener("gpiobridge:message", (event) => got.push(event.detail));
  gpiobridge.send("first");
</script>
"""


class Site:
    """Two pages under a prefix, and what they send."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.bridge = GpioBridge(self.app, pins={"button": 17}, url_prefix="/bridge")
        self._sent: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.bridge.on_message(self._sent.put)
        self._add_page("welcome", on_low={"button": "open"})
        self._add_page("open")
        self.url = ""

    def _add_page(self, name: str, **rules: Any) -> None:
        view = self.bridge.page(name, **rules)(lambda: PAGE.format(name=name))
        self.app.add_url_rule(f"/{name}", name, view)

    def sent(self) -> Any:
        """What a page has sent next."""
        return self._sent.get(timeout=DEADLINE_S).data


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that is served in this process."""
    site = Site()
    with ExitStack() as stack:
        site.url = f"http://127.0.0.1:{stack.enter_context(served(site.app, site.bridge))}"
        yield site


def test_messages_go_both_ways(tab: Tab, site: Site) -> None:
    """What the application pushes, retained or not, and what a page sends, early or not."""
    site.bridge.push({"a": [1, None]}, retain="news")
    tab.goto(f"{site.url}/welcome")
    tab.wait_for_page("welcome")
    assert site.sent() == "first"
    site.bridge.push("grüß dich")
    tab.wait_for("got.length === 2")
    assert tab.evaluate("got") == [{"a": [1, None]}, "grüß dich"]
    tab.run("gpiobridge.send({ text: 'grüß', list: [1, true, null] }); gpiobridge.send();")
    assert site.sent() == {"text": "grüß", "list": [1, True, None]}
    assert site.sent() is None


def test_the_application_moves_a_page(tab: Tab, site: Site) -> None:
    """Both a press and the application lead a page on."""
    tab.goto(f"{site.url}/welcome")
    tab.wait_for_page("welcome")
    press(site.bridge)
    tab.wait_for_page("open")
    site.bridge.navigate("welcome")
    tab.wait_for_page("welcome")
