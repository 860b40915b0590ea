"""What every test may ask for: running bridges, a browser; and no thread may be left behind."""

import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from running import RunningBridge, wait_until, write_exhibit

# Tests that were started in the background, or by nohup, ignore these, and so would every bridge
# that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# An example has no time limit of its own, nor has its making: machines are shared.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(autouse=True)
def no_thread_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread behind fails."""
    before = set(threading.enumerate())
    yield
    if "page" not in request.fixturenames:  # Playwright's own come and go
        wait_until(lambda: not (set(threading.enumerate()) - before))


@pytest.fixture(params=["gunicorn", "werkzeug"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both servers that gpiobridge runs on."""
    return str(request.param)


@pytest.fixture
def run_bridge(tmp_path: Path) -> Iterator[Callable[..., RunningBridge]]:
    """A function that starts a bridge on an exhibit of three pages; all are stopped at the end."""
    running: list[RunningBridge] = []

    def run(
        kind: str = "gunicorn", server: str = "", config: Path | None = None, **options: Any
    ) -> RunningBridge:
        bridge = RunningBridge(config or write_exhibit(tmp_path, server), kind, **options)
        running.append(bridge)
        return bridge

    yield run
    for bridge in running:
        if bridge.process.poll() is None:
            bridge.stop()


@pytest.fixture
def bridge(run_bridge: Callable[..., RunningBridge]) -> RunningBridge:
    """A running bridge under gunicorn."""
    return run_bridge()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium: the system's, or else Playwright's own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            # Visitors' browsers have it, and a page in it must not stay a display.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh tab; any uncaught error in its pages fails the test."""
    context = browser.new_context()
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.set_default_timeout(20_000)
    yield tab
    context.close()
    assert errors == []
