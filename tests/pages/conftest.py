"""What pages report by themselves, in a browser that nobody drives."""

import queue
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from harness.covered import StageServer, stage_server


@pytest.fixture
def reports() -> Iterator[tuple[int, "queue.SimpleQueue[str]"]]:
    """A port that pages report to, and what they have reported."""
    got: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.put(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port, got
    server.shutdown()
    thread.join()
    server.server_close()


class Stage:
    """A tab that shows the small stage of `harness.covered`, and what is in its frames.

    Args:
        tab: where it is open.
        server: of the stage and its pages.
    """

    def __init__(self, tab: Any, server: StageServer) -> None:
        self.tab = tab
        self.server = server

    def cover(self, body: str = "", script: str = "", name: str = "next", head: str = "") -> Any:
        """Load a page in a covered frame, asleep; its frame in Playwright's words."""
        self.server.add(name, body, f"<script>{script}</script>{head}")
        self.tab.evaluate("(name) => cover(name)", name)
        return self.tab.frame(name=name)

    def show(self, body: str = "", script: str = "", name: str = "shown") -> Any:
        """Load a page in a frame and wake it, as the stage does with its first page."""
        frame = self.cover(body, script, name)
        self.wake(name)
        return frame

    def wake(self, name: str = "next") -> None:
        """Wake a covered page, as at a swap."""
        self.tab.evaluate("(name) => { wake(name) }", name)

    def end(self, name: str = "shown") -> None:
        """End a page, as at a swap."""
        self.tab.evaluate("(name) => end(name)", name)

    def frames(self, count: int = 3) -> None:
        """Wait for some frames of the browser."""
        self.tab.evaluate(
            "async (count) => { while (count--) await new Promise(requestAnimationFrame) }", count
        )

    def errors(self) -> Any:
        """What the framed pages have thrown, or not caught."""
        return self.tab.evaluate("errors")


@pytest.fixture(scope="session")
def kiosk_browser(browser: Any) -> Iterator[Any]:
    """A Chromium as in the kiosk: films begin by themselves. Its camera is made up."""
    chromium = browser.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[
            *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            "--autoplay-policy=no-user-gesture-required",
            *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
        ],
    )
    yield chromium
    chromium.close()


@pytest.fixture
def stage(kiosk_browser: Any, page: Any) -> Iterator[Stage]:
    """A small stage in a fresh tab; an error in one of its pages fails the test."""
    context = kiosk_browser.new_context(viewport={"width": 800, "height": 600})
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    dialogs: list[str] = []

    def dismiss(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    tab.on("dialog", dismiss)
    with stage_server() as server:
        tab.goto(server.url)
        tab.wait_for_function("window.ready")
        shown = Stage(tab, server)
        yield shown
        errors = shown.errors()
        context.close()
    assert errors == []
    assert dialogs == []
