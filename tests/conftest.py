"""What every test may ask for: running bridges, a browser; and no thread may be left behind."""

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.bridge_process import BridgeProcess, SharedBridge
from harness.deadline import wait_until
from harness.exhibit import CONFIG, write_exhibit
from hypothesis import HealthCheck, settings

# Tests that were started in the background, or by nohup, ignore these, and so would every bridge
# that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Where this is set, as it is in many containers, each of the many processes that tests start would
# compile anew whatever has changed since it was installed.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# An example has no time limit of its own, nor has its making: machines are shared.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

# By kind of server, the text that its [server] has more, and configuration.
Shared = dict[tuple[str, str, str], SharedBridge]
MAX_SHARED = 6  # each takes memory, and so do those of the other workers


@pytest.fixture(autouse=True)
def no_thread_left(request: pytest.FixtureRequest, shared_bridges: Shared) -> Iterator[None]:
    """A test that leaves a thread behind fails."""
    before = set(threading.enumerate())
    yield
    if "page" not in request.fixturenames:  # Playwright's own come and go
        before |= {bridge.reader for bridge in shared_bridges.values()}
        wait_until(lambda: not (set(threading.enumerate()) - before))


@pytest.fixture(params=["gunicorn", "werkzeug"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both servers that gpiobridge runs on."""
    return str(request.param)


@pytest.fixture
def run_bridge(tmp_path: Path) -> Iterator[Callable[..., BridgeProcess]]:
    """A function that starts a bridge on an exhibit of three pages; all are stopped at the end."""
    running: list[BridgeProcess] = []

    def run(
        kind: str = "gunicorn", server: str = "", config: Path | None = None, **options: Any
    ) -> BridgeProcess:
        bridge = BridgeProcess(config or write_exhibit(tmp_path, server), kind, **options)
        running.append(bridge)
        return bridge

    yield run
    for bridge in running:
        if bridge.process.poll() is None:
            bridge.stop()


@pytest.fixture
def bridge(run_bridge: Callable[..., BridgeProcess]) -> BridgeProcess:
    """A running bridge under gunicorn."""
    return run_bridge()


@pytest.fixture(scope="session")
def shared_bridges() -> Iterator[Shared]:
    """The bridges that tests share so far; at the end of the session each must end well."""
    running: Shared = {}
    yield running
    with contextlib.ExitStack() as stack:
        for bridge in running.values():
            bridge.process.terminate()
            stack.callback(bridge.end_well)


@pytest.fixture
def share_bridge(
    shared_bridges: Shared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., BridgeProcess]]:
    """A function that gives a bridge of a kind and a configuration, which other tests get, too.

    To start a bridge takes longer than most tests do. A test finds this one at rest: its pins are
    where their pulls hold them, and there is no display. It may open sockets and pages, and move
    pins, which are put back after it. It may not stop or signal the bridge, change a file of it,
    or have it keep a message; and what the bridge has counted or logged so far is not the test's
    own, so sequence numbers are counted from the state that a socket begins with. A test that
    needs any of that runs its own bridge, by `run_bridge`.
    """
    lent: list[tuple[str, str, str]] = []

    def share(
        kind: str = "gunicorn", server: str = "", config: str = CONFIG, token: str = ""
    ) -> BridgeProcess:
        key = kind, server, config
        bridge = shared_bridges.pop(key, None)
        if bridge is None:
            file = write_exhibit(tmp_path_factory.mktemp("shared"), server, config)
            bridge = SharedBridge(file, kind, token)
        shared_bridges[key] = bridge  # the last one is the one used last
        lent.append(key)
        if len(shared_bridges) > MAX_SHARED:
            shared_bridges.pop(next(iter(shared_bridges))).stop()
        return bridge

    yield share
    for key in lent:
        try:
            shared_bridges[key].put_back()
        except BaseException:
            shared_bridges.pop(key).kill()  # the next test is not to suffer for it
            raise


@pytest.fixture
def shared_bridge(share_bridge: Callable[..., BridgeProcess]) -> BridgeProcess:
    """A bridge under gunicorn on the exhibit of three pages; `share_bridge` says what it allows."""
    return share_bridge()


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
