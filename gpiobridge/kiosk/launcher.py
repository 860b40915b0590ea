"""The kiosk: a full-screen browser on a bridge's page, restarted when no live page is shown.

The launcher runs along with the browser: as the only client of a kiosk compositor (cage), or from a
desktop's autostart. It runs on the caller's thread, which must be the main thread. It sleeps until
`alarm` wakes it, or until it is time to ask the bridge (`inquiry`). `liveness` and `renewal`
decide. `chromium` and `cog` each know one browser. Before each start of the browser the bridge says
whether the browser opens the stage or the start page by itself, and the launcher proves that the
browser is that of the bridge's own machine (`proof`).
"""

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import urlencode, urljoin

from gpiobridge.client import asking
from gpiobridge.config import DEFAULT_KIOSK, ScreenCommands
from gpiobridge.config import Screen as ScreenSettings
from gpiobridge.errors import KioskError
from gpiobridge.kiosk import (
    browser_process,
    browsers,
    chromium,
    cog,
    cursors,
    guard,
    liveness,
    profiles,
    sway,
)
from gpiobridge.kiosk.alarm import Alarm, StoppedError
from gpiobridge.kiosk.guard import LOOK_S, Guard
from gpiobridge.kiosk.inquiry import Inquiry
from gpiobridge.kiosk.liveness import Liveness
from gpiobridge.kiosk.proof import Proof
from gpiobridge.kiosk.renewal import Renewal
from gpiobridge.kiosk.screen import Screen, connected_screen
from gpiobridge.kiosk.screen_power import ScreenPower, switch_for
from gpiobridge.kiosk.start import Start, page_address, stage_address

if TYPE_CHECKING:
    from gpiobridge.kiosk.foreign_site import Board, ForeignSites

log = logging.getLogger(__name__)

_WAIT_S = 0.5  # between two questions while the bridge is down, or no page is shown
_WATCH_S = 2.0  # between two questions while a page is shown
_EXPECT_S = 0.25  # the same while a page may come that the browser has to be moved for
_STEADY_S = 30.0  # if not watched, a browser that ran this long has not failed
_UNHEARD = 2  # starts in a row without an answer through the pipe, then the pipe is left out


class Driver(Protocol):
    """How the launcher starts a browser; the modules `chromium` and `cog` implement this."""

    HAS_PIPE: bool
    """Whether the browser has a debugging pipe, for `guard`."""

    TELLS_PAGES: bool
    """Whether it can tell pages what the viewer prefers."""

    SCALES_ITSELF: bool
    """Whether it makes everything larger itself, and not by what the compositor says."""

    def find(self) -> Path:
        """Find the browser's program."""

    def first_address(self, folder: Path, address: str, *, secret: bool) -> str:
        """Return what it opens first."""

    def command(self, start: Start) -> list[str]:
        """Make its command line."""

    def environment(self, start: Start, environ: Mapping[str, str]) -> dict[str, str]:
        """Make its environment."""

    def prepare(self, profile: Path, base: str, allow: Sequence[str]) -> None:
        """Make a profile ready for a new start."""


DRIVERS: Mapping[str, Driver] = {browsers.CHROMIUM.name: chromium, browsers.COG.name: cog}


class Options(NamedTuple):
    """The options of the command line.

    Args:
        url: the bridge's address.
        name: the name of this kiosk's display; each kiosk on one bridge needs its own name.
        browser: the browser's name in `browsers`.
        flags: the owner's own flags for the browser.
        watch: whether the page must be live, as every page with our script is.
        token: the bridge's token, if it requires one.
        allow: the addresses of other sites that may be shown.
        renew_min: when to restart the browser each day, in minutes after midnight; None for never.
        camera: whether a page may use camera and microphone.
        screen: what its screen is like.
        placed: whether it has a place among this machine's screens, where `sway` has given it one.
        stage: whether the browser may open the stage; it does if the bridge wants that, too.
        own_url: the bridge's address on this machine, if `url` is that of a proxy; else empty.
        boards: the pages of other sites, by name; the kiosk shows those itself that forbid frames.
        switches: the owner's commands that switch its screen; None: the compositor does.
    """

    url: str
    name: str = DEFAULT_KIOSK
    browser: str = browsers.DEFAULT_BROWSER.name
    flags: Sequence[str] = ()
    watch: bool = True
    token: str = ""
    allow: Sequence[str] = ()
    renew_min: int | None = None
    camera: bool = False
    screen: ScreenSettings = ScreenSettings()
    placed: bool = False
    stage: bool = True
    own_url: str = ""
    boards: "Mapping[str, Board]" = MappingProxyType({})
    switches: ScreenCommands | None = None


def run(options: Options, environ: Mapping[str, str] = os.environ) -> None:
    """Show a bridge's page until SIGTERM, SIGINT or SIGHUP comes.

    Args:
        options: what to show, and how.
        environ: the environment, which names the screen and the profile's folder.

    Raises:
        KioskError: there is no browser or no screen, or the compositor has ended.
    """
    if sys.platform != "linux":
        raise KioskError("the kiosk needs Linux; here, start a browser by hand: chrome --kiosk URL")
    # The unit's cursor theme makes the compositor's cursor invisible. Without this variable the
    # browser still shows its own cursor for a visitor's mouse.
    environ = {name: value for name, value in environ.items() if name != "XCURSOR_PATH"}
    driver = DRIVERS[options.browser]
    program = driver.find()
    if driver is chromium and os.geteuid() == 0 and "--no-sandbox" not in options.flags:
        raise KioskError("Chromium doesn't run as root; start the kiosk as another user")
    profile = profiles.profile_folder(options.name, environ)
    base = asking.bridge_url(options.url)
    like = options.screen
    if not driver.TELLS_PAGES and (like.reduced_motion or like.contrast == "more"):
        log.warning("%s tells pages neither reduced_motion nor contrast; Chromium does", program)
    with (
        profiles.owned(profile),
        connected_screen(environ, like.connector) as screen,
        Alarm() as alarm,
    ):
        # Each start of the browser gets its own address; this one says at once what is missing.
        address = page_address(base, options.name, options.token)
        folder = profiles.private_folder(profile, environ, options.name if options.placed else "")
        if like.pointer == "hidden":
            try:
                environ |= cursors.hide(folder)
            except KioskError as error:  # the exhibit is worth more
                log.warning("the pointer is shown: %s", error)
        start = Start(
            program=program,
            profile=profile,
            url=driver.first_address(folder, address, secret=bool(options.token)),
            wayland=screen is not None,
            little_memory=browsers.has_little_memory(_memory_bytes()),
            flags=options.flags,
            camera=options.camera,
            audio=like.audio,
            window=sway.window_of(options.name) if options.placed else "",
            scale=like.scale if driver.SCALES_ITSELF else 1.0,
            reduced_motion=like.reduced_motion,
            more_contrast=like.contrast == "more",
        )
        with contextlib.suppress(StoppedError):
            proof = Proof(options.own_url or base, options.name, alarm, environ)
            window = sway.criteria(options.name) if options.placed else ""
            power = ScreenPower(switch_for(environ, like.connector, window, options.switches))
            _Kiosk(options, base, screen, alarm, proof, power).show(start, folder, environ)


class _Kiosk:
    """The launcher's loop: it starts a browser again and again, and watches it until it ends."""

    def __init__(
        self,
        options: Options,
        base: str,
        screen: Screen | None,
        alarm: Alarm,
        proof: Proof,
        power: ScreenPower,
    ) -> None:
        self._options = options
        self._base = base
        self._driver = DRIVERS[options.browser]
        self._screen = screen
        self._alarm = alarm
        self._bridge = Inquiry(base, options.name, options.token, alarm)
        self._proof = proof
        self._power = power
        self._renewal = Renewal(options.renew_min)
        self._dark = False  # whether there is no screen, as last logged
        self._unheard = 0  # starts in a row without an answer through the pipe
        self._on_stage = False  # whether the browser opens, or has opened, the stage
        self._sites: ForeignSites | None = None  # of the browser that runs
        self._little_memory = False

    def show(self, start: Start, folder: Path, environ: Mapping[str, str]) -> None:
        """Show the exhibit until stopped.

        Args:
            start: how to start the browser; each start gets its own address.
            folder: the folder for a page that leads to a secret address.
            environ: the launcher's own environment.
        """
        self._driver.command(start)  # says at once what is missing
        failures = 0
        while self._is_time_to_start():
            self._on_stage, self._little_memory = self._wants_stage(), start.little_memory
            url = self._first_address(folder, little_memory=start.little_memory)
            alive, reason = self._run(replace(start, url=url), environ, failures)
            failures = 0 if alive else failures + 1
            if not self._alarm.stopping:
                pause_s = liveness.pause_s(failures)
                log.warning("the browser is restarted in %.1f s: %s", pause_s, reason)
                self._pause(pause_s)

    def _is_time_to_start(self) -> bool:
        """Wait until bridge and screen are ready; return False if a signal stops us first."""
        while not self._alarm.stopping:
            answer = self._bridge.ask()
            self._switch_screen(seen=False)
            if answer is not None and not self._is_dark():
                return True
            self._pause(_WAIT_S)
        return False

    def _switch_screen(self, *, seen: bool) -> None:
        """Have the screen be as the bridge wants it.

        Args:
            seen: whether this browser has shown a page; on a dark screen it might never begin.
        """
        dark, power = self._bridge.dark, self._power
        if dark is not None or power.is_off:
            off = bool(dark) and (seen or not power.browser_notices)
            power.want(time.monotonic(), off=off)

    def _wants_stage(self) -> bool:
        """Whether bridge and options want the browser to open the stage."""
        return self._options.stage and bool(self._bridge.stage)

    def _first_address(self, folder: Path, *, little_memory: bool) -> str:
        """Return what the browser opens first; its address may contain secrets."""
        ticket = self._proof.begin()
        try:
            address = self._address(ticket, little_memory=little_memory)
            secret = bool(ticket or self._options.token)
            return self._driver.first_address(folder, address, secret=secret)
        except KioskError as error:
            if self._options.token:
                raise
            log.warning("this kiosk's pages may only look: %s", error)
            address = self._address("", little_memory=little_memory)
            return self._driver.first_address(folder, address, secret=False)

    def _address(self, ticket: str, *, little_memory: bool) -> str:
        """Return the address of the stage or of the start page."""
        options = self._options
        common = self._base, options.name, options.token, ticket
        if self._on_stage:
            return stage_address(*common, little_memory=little_memory)
        return page_address(*common)

    def _run(self, start: Start, environ: Mapping[str, str], failures: int) -> tuple[bool, str]:
        """Start the browser and watch it; return whether it was alive, and why it ended."""
        try:
            self._driver.prepare(start.profile, self._base, self._options.allow)
            command = self._driver.command(start)
            started, watchman = self._start(command, self._driver.environment(start, environ))
        except OSError as error:  # a full card, or an upgrade that is replacing the browser
            return False, f"it can't be started: {error}"
        with browser_process.ending(started) as browser:
            log.info("started %s (process %d) on %s", command[0], browser.pid, self._base)
            with self._foreign_sites(watchman):
                alive, reason = self._watch(browser, watchman, failures)
        # If Chromium can't use the pipe, it must run without one. But one failed start must not
        # leave the kiosk without a guard for weeks.
        has_failed = watchman is not None and not (alive or watchman.heard)
        self._unheard = self._unheard + 1 if has_failed else 0
        return alive, reason

    def _start(
        self, command: Sequence[str], environ: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], Guard | None]:
        """Start the browser, with a guard if it may have a pipe."""
        if self._driver.HAS_PIPE and self._unheard < _UNHEARD:
            return guard.start(command, environ, self._base, self._options.allow)
        if self._driver.HAS_PIPE:
            log.warning("it is started without its debugging pipe: stray windows will stay open")
        return browser_process.start(command, environ), None

    @contextlib.contextmanager
    def _foreign_sites(self, watchman: Guard | None) -> Iterator[None]:
        """Show sites that forbid frames while the browser runs, if it can be moved."""
        options = self._options
        if watchman is None or not options.boards:
            yield
            return
        from gpiobridge.kiosk.foreign_site import ForeignSites  # few need it: not at start

        self._sites = ForeignSites(
            options.boards, self._base, options.name, options.token, self._way_back
        )
        try:
            yield
        finally:
            self._sites.close()
            self._sites = None

    def _way_back(self, path: str, cursor: str) -> str:
        """Return the address that leads from another site back to a page; no secret is in it."""
        name = self._options.name
        if self._on_stage:
            return stage_address(
                self._base, name, little_memory=self._little_memory, path=path, cursor=cursor
            )
        return urljoin(f"{self._base}/", f"{path}?{urlencode({'display': name})}")

    def _watch(
        self, browser: subprocess.Popen[bytes], watchman: Guard | None, failures: int
    ) -> tuple[bool, str]:
        """Wait until the browser has ended or must end; return whether it was alive, and why."""
        page = Liveness(self._options.name, failures)
        steady_s = time.monotonic() + _STEADY_S
        watch = self._options.watch
        needs_answer = watch or self._options.renew_min is not None or self._sites is not None
        due_s = 0.0
        while not self._alarm.stopping and browser.poll() is None:
            if watchman and (stuck := watchman.attend(time.monotonic(), live=page.shown)):
                return page.seen, stuck
            if watchman and self._sites:
                self._sites.attend(
                    time.monotonic(), self._bridge.pages, self._bridge.told_s, watchman
                )
            if time.monotonic() >= due_s:
                soon = False
                if needs_answer or self._bridge.dark is not None:
                    answer, seen = self._bridge.ask(), page.seen
                    off = bool(self._bridge.dark)
                    if answer is not None and off:
                        answer = answer.of_dark_screen()
                    # Without a screen nobody could see a page, and Chromium would open none.
                    if self._is_dark() and not (off and seen):
                        answer = None
                    if watchman and watchman.away:
                        answer = None
                    if renewed := self._renewed():
                        return True, renewed
                    if watch and (problem := page.problem(time.monotonic(), answer)):
                        return page.seen, problem
                    if page.seen and not seen:
                        log.info("its page is live")
                    # Ask sooner while no page is shown: a visitor may cover one that has just come.
                    soon = watch and answer is not None and not page.shown
                well = page.seen if watch else time.monotonic() >= steady_s
                self._proof.renew(seen=well)
                self._switch_screen(seen=well)
                due_s = time.monotonic() + (_WAIT_S if soon else _WATCH_S)
                if self._sites and self._sites.expecting:
                    due_s = time.monotonic() + _EXPECT_S
            wait_s = max(0.0, due_s - time.monotonic())
            self._sleep(wait_s, watchman if watchman and not watchman.closed else None)
        alive = page.seen if watch else time.monotonic() >= steady_s
        return alive, browser_process.how_it_ended(browser.returncode)

    def _renewed(self) -> str:
        """Say why a browser that is well must be restarted now; "" if it need not."""
        if self._on_stage and self._bridge.stage is None:
            return "the bridge has no stage any more"
        other = self._on_stage != self._wants_stage()
        if not self._renewal.due(time.monotonic(), _day_s(), self._bridge.scene, other=other):
            return ""
        if other:
            return f"the bridge says [stage] kiosk = {str(self._wants_stage()).lower()} now"
        return "it is time for kiosk.renew"

    def _is_dark(self) -> bool:
        """Whether no screen is connected and switched on."""
        dark = self._screen is not None and self._screen.dark
        if dark != self._dark:
            self._dark = dark
            log.info(
                "there is %s", "no screen, or it is switched off" if dark else "a screen again"
            )
        return dark

    def _pause(self, seconds: float) -> None:
        """Sleep for this time, or until a signal stops us."""
        until_s = time.monotonic() + seconds
        while not self._alarm.stopping and (left_s := until_s - time.monotonic()) > 0:
            self._sleep(left_s)

    def _sleep(self, seconds: float | None, watchman: Guard | None = None) -> None:
        """Sleep until a signal, the end of a child, a message of the browser, or for this time."""
        if watchman:
            seconds = LOOK_S if seconds is None else min(seconds, LOOK_S)
        ends = [end for end in (self._screen, watchman, self._sites) if end]
        ready = self._alarm.sleep(seconds, ends)
        if self._screen and self._screen in ready and not self._screen.recv(4096):
            raise KioskError("the screen has gone: its compositor has ended")


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _day_s() -> float:
    """Return the seconds since midnight, local time."""
    now = time.localtime()
    return now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec
