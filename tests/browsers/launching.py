"""The browsers: how each is started and given a fresh tab, and what each can't do."""

import contextlib
import json
import os
import shutil
import socket
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.deadline import wait_until

from browsers.processes import ProcessGroup, Screen
from browsers.sessions import MarionetteSession, WebDriverSession
from browsers.tab import Tab

NAMES = ("firefox", "webkitgtk", "cog", "chromium")

# What a test may need (`@pytest.mark.needs`), and why a browser doesn't have it.
_NO_BLOCKING = "WebKit has no setting that keeps sessionStorage from a page"
_NO_STATUSES = "WebKit tells no page's status, nor that it was cut, nor that it forbids frames"
CANNOT = {
    ("cog", "tabs"): "it has one window: WebDriver's New Window names the same one again",
    ("webkitgtk", "blocked storage"): _NO_BLOCKING,
    ("webkitgtk", "statuses"): _NO_STATUSES,
    ("cog", "statuses"): _NO_STATUSES,
    ("cog", "blocked storage"): _NO_BLOCKING,
    ("firefox", "sound"): (
        "without a sound device it runs no AudioContext; with PulseAudio the test passes"
    ),
    ("cog", "films"): (
        "WPE WebKit 2.38 crashed or hung in 3 of 40 plays of a film, on a page without our script"
    ),
}

# The tests wait themselves: a page may leave while it is still loading.
_NO_WAITING = {"pageLoadStrategy": "none"}

_FIREFOX_PREFERENCES = {
    "marionette.port": 0,  # any free one, which it writes into its profile
    "browser.startup.page": 0,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    # Nothing of its own goes over the network.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
}


class Browser(ABC):
    """A browser that is started, with a home of its own.

    Args:
        name: one of `NAMES`.
        storage: whether pages may use cookies and storage.

    Raises:
        AssertionError: it did not start; says what it has said.
    """

    def __init__(self, name: str, storage: bool = True) -> None:
        self.name = name
        self.storage = storage
        # Not below pytest's folder: the path of a Unix socket has at most 107 characters.
        self.home = Path(tempfile.mkdtemp(prefix="gpiobridge-browser-"))
        self._ending = contextlib.ExitStack()
        self._ending.callback(shutil.rmtree, self.home, ignore_errors=True)
        try:
            self.environ = self._environ()
            self.start()
        except BaseException:
            self.end()
            raise

    def _environ(self) -> dict[str, str]:
        folders = {"XDG_RUNTIME_DIR": self.home / "run", "TMPDIR": self.home / "tmp"}
        for folder in folders.values():
            folder.mkdir(mode=0o700)
        not_ours = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "http_proxy")
        return {
            **{key: value for key, value in os.environ.items() if key not in not_ours},
            "HOME": str(self.home),
            **{key: str(folder) for key, folder in folders.items()},
        }

    def run(self, *command: str) -> ProcessGroup:
        """Run a command until the browser ends."""
        if shutil.which(command[0]) is None:
            raise AssertionError(f"{command[0]} is not installed; `make test-browsers` installs it")
        group = ProcessGroup(list(command), self.environ, self.home / "log")
        self._ending.callback(group.end)
        return group

    def end(self) -> None:
        """End it, and leave nothing behind."""
        self._ending.close()

    @abstractmethod
    def start(self) -> None:
        """Start whatever is needed before the first tab."""

    @abstractmethod
    def open_tab(self) -> contextlib.AbstractContextManager[Tab]:
        """A tab without history, cookies or storage, until the context ends."""


class Firefox(Browser):
    """Firefox ESR, by Marionette: one process, a new tab each time."""

    def start(self) -> None:
        """See `Browser`."""
        profile = self.home / "profile"
        profile.mkdir()
        # 2: no site may keep anything, sessionStorage included.
        cookies = {"network.cookie.cookieBehavior": 0 if self.storage else 2}
        (profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
                for key, value in {**_FIREFOX_PREFERENCES, **cookies}.items()
            )
        )
        # System access: for its cookies, all of them.
        process = self.run(
            *("firefox-esr", "--headless", "--no-remote", "--profile", str(profile)),
            *("--marionette", "--remote-allow-system-access"),
        )
        port = profile / "MarionetteActivePort"
        _wait_for_start(process, port.exists, limit_s=25.0)
        self._session = MarionetteSession(int(port.read_text()), _NO_WAITING)
        self._ending.callback(self._session.end)
        self._first = self._session.call("GetWindowHandle")

    @contextlib.contextmanager
    def open_tab(self) -> Iterator[Tab]:
        """See `Browser`."""
        self._session.switch_to(self._first)
        try:
            yield Tab(self._session, self._first).new_tab()
        finally:
            for handle in self._session.call("GetWindowHandles"):
                if handle != self._first:
                    self._session.switch_to(handle)
                    self._session.call("CloseWindow")
            self._session.switch_to(self._first)
            self._session.clear_cookies()


class DrivenBrowser(Browser):
    """A browser that a WebDriver server starts anew, with nothing kept, for each tab.

    Args:
        name: one of `NAMES`.
        driver: the server's command.
        capabilities: how it is to start the browser.
        storage: whether pages may use cookies and storage.
        needs_screen: whether it can't do without an X server.
    """

    def __init__(
        self,
        name: str,
        driver: str,
        capabilities: dict[str, Any],
        storage: bool = True,
        needs_screen: bool = False,
    ) -> None:
        self._driver = driver
        self._capabilities = capabilities
        self._needs_screen = needs_screen
        super().__init__(name, storage)

    def start(self) -> None:
        """See `Browser`."""
        if self._needs_screen:
            screen = Screen(self.environ, self.home)
            self._ending.callback(screen.end)
            # It draws in memory: there is neither a graphics card nor a desktop's session.
            self.environ |= {
                "DISPLAY": screen.display,
                "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
                "LIBGL_ALWAYS_SOFTWARE": "1",
                "NO_AT_BRIDGE": "1",
            }
        self._port = _free_port()
        process = self.run(self._driver, f"--port={self._port}")
        _wait_for_start(process, self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    @contextlib.contextmanager
    def open_tab(self) -> Iterator[Tab]:
        """See `Browser`."""
        session = WebDriverSession(self._port, _NO_WAITING | self._capabilities)
        try:
            yield Tab(session, session.call("GetWindowHandle"))
        finally:
            session.end()


def start(name: str, storage: bool = True) -> Browser:
    """Start a browser.

    Args:
        name: one of `NAMES`.
        storage: whether pages may use cookies and storage.
    """
    match name:
        case "firefox":
            return Firefox(name, storage)
        case "chromium":
            options: dict[str, Any] = {
                "binary": shutil.which("chromium"),
                "args": [
                    *("--headless=new", "--no-sandbox", "--disable-gpu"),
                    "--disable-background-networking",
                    "--autoplay-policy=no-user-gesture-required",  # as in the kiosk
                ],
                # Visitors' browsers have it, and a page in it must not stay a display.
                "excludeSwitches": ["disable-back-forward-cache"],
                # 2: no site may keep anything.
                "prefs": {"profile.default_content_setting_values.cookies": 1 if storage else 2},
            }
            return DrivenBrowser(name, "chromedriver", {"goog:chromeOptions": options}, storage)
        case "webkitgtk":
            # Its driver knows where its own MiniBrowser is.
            return DrivenBrowser(name, "WebKitWebDriver", {}, needs_screen=True)
        case "cog":
            # WPE WebKit, as light kiosks have it.
            options = {"binary": shutil.which("cog"), "args": ["--automation", "-P", "headless"]}
            return DrivenBrowser(name, "WPEWebDriver", {"wpe:browserOptions": options})
        case _:
            raise ValueError(f"unknown browser {name!r}; known: {', '.join(NAMES)}")


def _wait_for_start(process: ProcessGroup, is_up: Any, limit_s: float = 10.0) -> None:
    try:
        wait_until(lambda: is_up() or not process.is_running(), limit_s)
        assert process.is_running()
    except AssertionError:
        raise AssertionError(f"it did not start:\n{process.said()}") from None


def _free_port() -> int:
    """A port that nobody listens on; the drivers can't choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
