"""The kiosk: a browser full screen on a bridge's page, started again when it shows nothing alive.

It runs beside the browser, as the one client that a kiosk compositor (cage) is given, or from a
desktop's autostart. One thread, the caller's, which must be the main one (it takes the signals);
it sleeps in one `select` until the browser ends, the screen goes, a signal comes, or it is time
to ask the bridge. `liveness` decides; `chromium` and `cog` know a browser each.
"""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Protocol

from gpiobridge.client import asking
from gpiobridge.errors import KioskError, RemoteError
from gpiobridge.kiosk import browsers, chromium, cog, guard, liveness, profiles
from gpiobridge.kiosk.guard import LOOK_S, Guard
from gpiobridge.kiosk.liveness import Answer, Liveness
from gpiobridge.kiosk.renewal import Renewal
from gpiobridge.kiosk.screen import Screen
from gpiobridge.system import calling

log = logging.getLogger(__name__)

_WAIT_S = 0.5  # between two questions while the bridge is not up, or no page is shown
_WATCH_S = 2.0  # between two questions while one is
_ANSWER_S = 2.0  # a bridge that needs longer counts as silent
_STEADY_S = 30.0  # without watching, a browser that ran for so long has not failed
_UNHEARD = 2  # starts in a row in which the browser never answered by its pipe
_END_S = 1.5  # for the browser to end by itself


class Driver(Protocol):
    """How the launcher starts a browser: `chromium` and `cog` have it, as modules."""

    HAS_PIPE: bool
    """Whether it can be given a debugging pipe, for `guard`."""

    def find(self) -> Path:
        """Find it."""

    def start_address(self, folder: Path, base: str, name: str, token: str) -> str:
        """What it opens first."""

    def command(
        self,
        browser: Path,
        profile: Path,
        url: str,
        *,
        wayland: bool,
        small: bool,
        more: Sequence[str],
        camera: bool,
    ) -> list[str]:
        """Make its command line."""

    def environment(self, profile: Path, url: str, environ: Mapping[str, str]) -> dict[str, str]:
        """Make its environment."""

    def prepare(self, profile: Path, base: str, allow: Sequence[str]) -> None:
        """Make a profile ready for a new start."""


DRIVERS: Mapping[str, Driver] = {browsers.CHROMIUM.name: chromium, browsers.COG.name: cog}


class Options(NamedTuple):
    """What the command line says.

    Args:
        url: where the bridge is.
        name: what this kiosk's display is called; on one bridge each needs its own.
        browser: which one, by its name in `browsers`.
        flags: the owner's own flags for the browser.
        watch: whether the page is expected to be live, as any page with our script is.
        token: what the bridge asks for, if it does.
        allow: addresses of other sites that may be shown.
        renew_min: when the browser is started anew each day, in minutes after midnight.
        camera: whether a page may ask for camera and microphone.
    """

    url: str
    name: str = "kiosk"
    browser: str = browsers.DEFAULT.name
    flags: Sequence[str] = ()
    watch: bool = True
    token: str = ""
    allow: Sequence[str] = ()
    renew_min: int | None = None
    camera: bool = False


class _StopError(Exception):
    """A signal came while the bridge was being asked, which may take seconds."""


def run(options: Options, environ: Mapping[str, str] = os.environ) -> None:
    """Show a bridge's page until SIGTERM, SIGINT or SIGHUP.

    Args:
        options: what to show, and how.
        environ: names the screen and the folder of the profile.

    Raises:
        KioskError: there is no browser, no screen, or the screen has gone.
    """
    if sys.platform != "linux":
        raise KioskError("the kiosk needs Linux; here, start a browser by hand: chrome --kiosk URL")
    # By the unit's, the compositor has no cursor; a visitor's mouse has the browser's own.
    environ = {name: value for name, value in environ.items() if name != "XCURSOR_PATH"}
    browser = DRIVERS[options.browser]
    program = browser.find()
    if browser is chromium and os.geteuid() == 0 and "--no-sandbox" not in options.flags:
        raise KioskError("Chromium doesn't run as root; start the kiosk as another user")
    profile = profiles.profile_folder(options.name, environ)
    with profiles.owned(profile), _screen(environ) as screen, _Kiosk(options, screen) as kiosk:
        address = browser.start_address(
            profiles.private_folder(profile, environ), kiosk.base, options.name, options.token
        )
        command = browser.command(
            program,
            profile,
            address,
            wayland=screen is not None,
            small=browsers.has_little_memory(_memory_bytes()),
            more=options.flags,
            camera=options.camera,
        )
        with contextlib.suppress(_StopError):
            kiosk.show(command, profile, browser.environment(profile, address, environ))


@contextlib.contextmanager
def _screen(environ: Mapping[str, str]) -> Iterator[Screen | None]:
    """Connect to the Wayland compositor, to learn of its end and its screens; None under X11.

    When cage ends, it waits for us. Its end is the end of this connection.
    """
    display = environ.get("WAYLAND_DISPLAY")
    if not display and not environ.get("DISPLAY"):
        raise KioskError(
            "there is no screen to show the page on: neither WAYLAND_DISPLAY nor DISPLAY is set; "
            "start it in a desktop session, or with cage: cage -- " + calling.command("kiosk")
        )
    if not display:
        yield None
        return
    path = Path(environ.get("XDG_RUNTIME_DIR", ""), display)
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
            screen = Screen(connection)
        except OSError as error:
            raise KioskError(f"no compositor answers at {path}: {error}") from error
        yield screen


class _Kiosk:
    """The launcher's loop, and what wakes it."""

    def __init__(self, options: Options, screen: Screen | None) -> None:
        self.base = asking.base_url(options.url)
        self._options = options
        self._browser = DRIVERS[options.browser]
        self._screen = screen
        self._stopping = False
        self._asking = False
        self._silence = ""  # why the bridge doesn't answer, as last told
        self._dark = False  # whether there is no screen, as last told
        self._renewal = Renewal(options.renew_min)
        self._scene: object = None  # what the exhibit shows, as last told

    def __enter__(self) -> "_Kiosk":
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        # A child's end has to wake us, and does so only if its signal has a handler.
        handlers = dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), self._stop)
        handlers[signal.SIGCHLD] = lambda *_: None
        self._old = {number: signal.signal(number, do) for number, do in handlers.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(self._old_fd)
        self._woken.close()
        self._wake.close()

    def show(self, command: Sequence[str], profile: Path, environ: Mapping[str, str]) -> None:
        """Start the browser again and again, until stopped; guarded, if it may have a pipe."""
        failures = unheard = 0
        allow = self._options.allow
        while not self._stopping:
            while not self._stopping and (self._is_dark() or self._ask() is None):
                self._pause(_WAIT_S)
            if self._stopping:
                return
            try:
                self._browser.prepare(profile, self.base, allow)
                watchman = None
                if self._browser.HAS_PIPE and unheard < _UNHEARD:
                    started, watchman = guard.start(command, environ, self.base, allow)
                else:
                    if self._browser.HAS_PIPE:
                        log.warning(
                            "it is started without its debugging pipe: stray windows will stay open"
                        )
                    # A session of its own: so all its processes can be ended together.
                    started = subprocess.Popen(command, env=environ, start_new_session=True)
            except OSError as error:  # a full card, or an upgrade that is replacing it
                alive, reason = False, f"it can't be started: {error}"
            else:
                with _ending(started) as browser:
                    log.info("started %s (process %d) on %s", command[0], browser.pid, self.base)
                    alive, reason = self._watch(browser, watchman, failures)
                # A Chromium that can't have the pipe, for whatever reason, has to do without; one
                # that merely failed at its start is not to be unguarded for weeks by that.
                has_failed = watchman is not None and not (alive or watchman.heard)
                unheard = unheard + 1 if has_failed else 0
            failures = 0 if alive else failures + 1
            if not self._stopping:
                pause_s = liveness.pause_s(failures)
                log.warning("the browser is started again in %.1f s: %s", pause_s, reason)
                self._pause(pause_s)

    def _watch(
        self, browser: subprocess.Popen[bytes], watchman: Guard | None, failures: int
    ) -> tuple[bool, str]:
        """Wait until the browser has ended or has to; say whether it was alive, and why."""
        page = Liveness(self._options.name, failures)
        steady_s = time.monotonic() + _STEADY_S
        watch = self._options.watch
        asks = watch or self._options.renew_min is not None
        due_s = 0.0
        while not self._stopping and browser.poll() is None:
            if watchman and (stuck := watchman.attend(time.monotonic())):
                return page.seen, stuck
            if asks and time.monotonic() >= due_s:
                # In the dark nobody could see a page, and Chromium would open none.
                answer, seen = None if self._is_dark() else self._ask(), page.seen
                if watchman and watchman.away:
                    answer = None
                if self._renewal.due(time.monotonic(), _day_s(), self._scene):
                    return True, "it is renewed, as kiosk.renew says"
                if watch and (problem := page.problem(time.monotonic(), answer)):
                    return page.seen, problem
                if page.seen and not seen:
                    log.info("its page is live")
                # Soon, where a visitor may cover a page that has just come.
                soon = watch and answer is not None and not page.shown
                due_s = time.monotonic() + (min(_WATCH_S, _WAIT_S) if soon else _WATCH_S)
            wait_s = max(0.0, due_s - time.monotonic()) if asks else None
            self._sleep(wait_s, watchman if watchman and not watchman.closed else None)
        alive = page.seen if watch else time.monotonic() >= steady_s
        return alive, _how_it_ended(browser.returncode)

    def _ask(self) -> Answer | None:
        """Ask the bridge for its displays; None while it is not up and well.

        Raises:
            KioskError: it wants another token.
        """
        try:
            self._asking = True
            health = asking.health(self.base, self._options.token, timeout_s=_ANSWER_S)
        except RemoteError as error:
            if error.status == 401:
                # Another token than we were started with; the unit starts us with the new one.
                says = "refuses our token" if self._options.token else "asks for a token"
                raise KioskError(
                    f"the bridge at {self.base} {says}: give the right one as "
                    "GPIOBRIDGE_SERVER__TOKEN, or with --token"
                ) from error
            if self._silence != str(error):
                self._silence = str(error)
                log.info("waiting for the bridge: %s", error)
            self._scene = None
            return None
        finally:
            self._asking = False
        self._silence = ""
        own = [d["page"] for d in health["displays"] if d["name"] == self._options.name]
        self._scene = own, [pin["level"] for pin in health["pins"].values()]
        return Answer.of(health["displays"], health["beat"])

    def _is_dark(self) -> bool:
        """Whether there is no screen, or none that is switched on."""
        dark = self._screen is not None and self._screen.dark
        if dark != self._dark:
            self._dark = dark
            log.info(
                "there is %s", "no screen, or it is switched off" if dark else "a screen again"
            )
        return dark

    def _pause(self, seconds: float) -> None:
        """Sleep for so long, unless a signal ends us."""
        until_s = time.monotonic() + seconds
        while not self._stopping and (left_s := until_s - time.monotonic()) > 0:
            self._sleep(left_s)

    def _sleep(self, seconds: float | None, watchman: Guard | None = None) -> None:
        """Sleep until a signal, a child's end or a word of the browser's, or for so long."""
        waiting = [end for end in (self._woken, self._screen, watchman) if end]
        if watchman:
            seconds = LOOK_S if seconds is None else min(seconds, LOOK_S)
        ready = select.select(waiting, [], [], seconds)[0]
        if self._woken in ready:
            self._woken.recv(4096)
        elif self._screen in ready and self._screen and not self._screen.recv(4096):
            raise KioskError("the screen has gone: its compositor has ended")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._asking:
            raise _StopError


@contextlib.contextmanager
def _ending(browser: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End the browser with all its processes, whatever happens."""
    try:
        yield browser
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            browser.terminate()
            browser.wait(_END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _day_s() -> float:
    """Seconds since midnight, local time."""
    now = time.localtime()
    return now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        named = {number.value: number.name for number in signal.Signals}
        return f"it was ended by {named.get(-code, f'signal {-code}')}"
    return f"it ended with code {code}"
