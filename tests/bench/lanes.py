"""The lanes: browsers that nobody drives, each with a server and a ring of pages of its own.

A debugger changes what is measured: under one, Chromium may not activate a prerendered page. So
these are started as a kiosk starts them, Chromium with its own flags, and their pages report.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from browsers.processes import ProcessGroup
from harness.bridge_process import BridgeProcess
from harness.deadline import wait_until

from bench.contenders import NODE_MODULES
from bench.page_ring import Leads, Page, page_html, ring, write_files, write_ring
from bench.presses import DWELL_S, Lane, post, set_level
from bench.reports import collect
from bench.run import free_port
from bench.screen_memory import HEIGHT, WIDTH, ScreenMemory
from bench.throttle import MissingError
from gpiobridge.kiosk import chromium
from gpiobridge.kiosk.start import Start

# Nothing of its own goes over the network, and nothing stands before the page.
_FIREFOX_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "termsofuse.bypassNotification": True,
    "toolkit.telemetry.enabled": False,
}

# WebKit draws in memory: there is neither a graphics card nor a desktop's session. cage draws in
# memory, too, and its screen is a window.
_ENVIRON = {
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "NO_AT_BRIDGE": "1",
    "WLR_BACKENDS": "x11",
    "WLR_RENDERER": "pixman",
    "COG_PLATFORM_WL_VIEW_FULLSCREEN": "1",
}

# The left() of page_ring notes when this page learns that it is to go.
_SOCKETIO_HEAD = """\
<script src="/static/socket.io.min.js"></script>
<script>io().on("go", (path) => { left(); location = path; });</script>
"""
_GUNICORN = [
    *(sys.executable, "-m", "gunicorn", "--workers=1", "--threads=100", "--log-level=error"),
    f"--chdir={Path(__file__).parent / 'peers'}",
]
_BRIDGE = [sys.executable, "-m", "gpiobridge"]

BROWSERS = ("Chromium", "Firefox", "WebKitGTK", "cog")
STAGE = "/gpiobridge/stage"


def command(browser: str, home: Path, url: str, flags: Sequence[str]) -> list[str]:
    """Make the command line of a browser.

    Args:
        browser: one of `BROWSERS`.
        home: its home folder.
        url: what it opens.
        flags: for Chromium.

    Raises:
        MissingError: it is not installed.
    """
    match browser:
        case "Chromium":
            # No sandbox for root, as in CI; there is no window manager to give the window its size.
            mine = ["--no-sandbox", f"--window-size={WIDTH},{HEIGHT}", "--window-position=0,0"]
            start = Start(
                _program("chromium"), home / "profile", url, wayland=False, flags=[*mine, *flags]
            )
            return chromium.command(start)
        case "Firefox":
            profile = home / "profile"
            profile.mkdir(exist_ok=True)
            (profile / "user.js").write_text(
                "".join(
                    f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
                    for key, value in _FIREFOX_PREFERENCES.items()
                )
            )
            program = _program("firefox-esr")
            return [str(program), "--kiosk", "--no-remote", "--profile", str(profile), url]
        case "WebKitGTK":
            for found in Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"):
                return [str(found), "--full-screen", url]
            raise MissingError("WebKitGTK's MiniBrowser is not installed (webkit2gtk-driver)")
        case "cog":
            # As in the kiosk: Debian's cog has no X11 plug-in, and the compositor has one.
            cage, cog = _program("cage"), _program("cog")
            return [*_as_user(), str(cage), "-d", "--", str(cog), "--platform=wl", url]
    raise ValueError(f"unknown browser {browser!r}; known: {', '.join(BROWSERS)}")


@contextlib.contextmanager
def window(
    words: Sequence[str], home: Path, display: str, before: Sequence[str] = ()
) -> Iterator[ProcessGroup]:
    """Run a browser until the context ends.

    Args:
        words: its command line.
        home: the home folder that it gets.
        display: the X display.
        before: what to put before the command line (`throttle.cpu_limit`).
    """
    environ = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    environ |= _ENVIRON | {"HOME": str(home), "DISPLAY": display}
    # Not below the home: the path of a Unix socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="gpiobridge-run-", ignore_cleanup_errors=True) as run:
        group = ProcessGroup(
            [*before, *words], environ | {"XDG_RUNTIME_DIR": run}, home / "browser.log"
        )
        try:
            yield group
        finally:
            group.end()


@contextlib.contextmanager
def bridge_lane(
    who: str,
    browser: str,
    folder: Path,
    pages: Sequence[Page],
    *,
    flags: Sequence[str] = (),
    before: Sequence[str] = (),
    dwell_s: float = DWELL_S,
    stage: str | None = None,
    head: str = "",
    leads: Leads = ring,
) -> Iterator[Lane]:
    """Start a lane whose server is gpiobridge; it shows its first page.

    Args:
        who: what the rows call it.
        browser: one of `BROWSERS`.
        folder: for a folder of its files.
        pages: of the ring.
        flags: for Chromium.
        before: what to put before each command line (`throttle.cpu_limit`).
        dwell_s: how long it stays on a page, in seconds.
        stage: what config.toml says of the stage that the browser opens, such as "ahead = 2"; None:
            it opens the first page itself.
        head: more for the head of each page; "%s" is where it may report to.
        leads: to which pages each one leads.

    Raises:
        MissingError: the browser is not installed.
        AssertionError: it did not show the page.
    """
    with ExitStack() as stack:
        home = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="lane-", dir=folder, ignore_cleanup_errors=True)
            )
        )
        command(browser, home, "", flags)  # before anything is started for it
        reports = stack.enter_context(collect(home / "static"))
        config = write_ring(home, pages, reports.url, head.replace("%s", reports.url), leads)
        path = f"/{pages[0].name}"
        if stage is not None:
            path = f"{STAGE}?page={path}"
            config.write_text(f"{config.read_text()}[stage]\n{stage}\n")
        bridge = BridgeProcess(config, command=[*before, *_BRIDGE])
        stack.callback(bridge.stop)
        screen = stack.enter_context(ScreenMemory())
        words = command(browser, home, bridge.url + path, flags)
        processes = stack.enter_context(window(words, home, screen.display, before))

        def press(_: Page, button: str) -> None:
            set_level(bridge.port, button, "low")

        def release(button: str) -> None:
            set_level(bridge.port, button, "high")

        lane = Lane(who, press, release, pages, reports, screen, processes, dwell_s)
        lane.wait_for_start()
        yield lane


@contextlib.contextmanager
def socketio_lane(
    who: str,
    folder: Path,
    pages: Sequence[Page],
    *,
    before: Sequence[str] = (),
    dwell_s: float = DWELL_S,
) -> Iterator[Lane]:
    """Start a lane whose pages follow Flask-SocketIO, in Chromium; see `bridge_lane`.

    Raises:
        MissingError: something of it is not installed.
    """
    script = NODE_MODULES / "socket.io" / "client-dist" / "socket.io.min.js"
    if importlib.util.find_spec("flask_socketio") is None or not script.exists():
        raise MissingError("Flask-SocketIO or its script is not installed; `make bench` does it")
    with ExitStack() as stack:
        home = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="lane-", dir=folder, ignore_cleanup_errors=True)
            )
        )
        reports = stack.enter_context(collect())
        write_files(home, pages)
        (home / "static" / script.name).write_bytes(script.read_bytes())
        for page in pages:
            text = page_html(page, reports.url, _SOCKETIO_HEAD)
            (home / "templates" / f"{page.name}.html").write_text(text)
        port = free_port()
        server = ProcessGroup(
            [*before, *_GUNICORN, f"--bind=127.0.0.1:{port}", "flask_socketio_pages:app"],
            os.environ | {"EXHIBIT": str(home)},
            home / "server.log",
        )
        stack.callback(server.end)
        wait_until(lambda: is_open(port))
        screen = stack.enter_context(ScreenMemory())
        words = command("Chromium", home, f"http://127.0.0.1:{port}/{pages[0].name}", ())
        processes = stack.enter_context(window(words, home, screen.display, before))

        def press(page: Page, _: str) -> None:
            post(port, "/press", page.name)

        lane = Lane(who, press, lambda _: None, pages, reports, screen, processes, dwell_s)
        lane.wait_for_start()
        yield lane


def is_open(port: int) -> bool:
    """Whether a server takes connections on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _as_user() -> list[str]:
    """Return what lets root run a command as somebody else: cage 0.1 refuses to run as root."""
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if not os.geteuid() else []


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not installed; `make test-browsers` installs it")
    return Path(found)
