"""The kiosk's launcher in a process of its own: its life, and that of its browsers.

Here the browser is a script that does as a browser would, and once the real Chromium, without a
screen; the other files have both under a real compositor.
"""

import contextlib
import json
import mmap
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import version_before
from harness.bridge_process import BridgeProcess, Run
from harness.deadline import DEADLINE_S, wait_until
from harness.exhibit import write_exhibit

from gpiobridge.kiosk import chromium, devtools_pipe
from gpiobridge.kiosk.start import Start

# As a compositor says it: that it has told all that it has; and of an output of its own.
NO_OUTPUT = struct.pack("=3I", 3, 12 << 16, 7)
AN_OUTPUT = struct.pack("=4I12sI", 2, 32 << 16, 9, 10, b"wl_output", 4)

# A browser by its looks from outside: it writes down how it was called, and is a live display.
FAKE = f"""\
#!{sys.executable}
import http.cookiejar, json, os, signal, sys, threading, time, urllib.request
from urllib.parse import urlsplit
from websockets.sync.client import connect
mode = os.environ["FAKE_MODE"]
if "stubborn" in mode:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps([os.getpid(), *sys.argv[1:]]) + "\\n")
if "dies" in mode or ("nopipe" in mode and "--remote-debugging-pipe" in sys.argv):
    sys.exit(3)
if "closes" in mode:
    os.close(3)
    os.close(4)
if "floods" in mode:
    def flood():
        while True:
            os.write(4, b"x" * 65536)
    threading.Thread(target=flood, daemon=True).start()
start = os.environ.get("COG_URL") or sys.argv[-1]
if start.startswith("file://"):
    start = json.loads(open(start[7:]).read().split("replace(")[1].split(")")[0])
with open(os.environ["FAKE_OPENED"], "a") as log:
    log.write(start + "\\n")
url = urlsplit(start)
jar = http.cookiejar.CookieJar()
load = urllib.request.build_opener(
    urllib.request.ProxyHandler({{}}), urllib.request.HTTPCookieProcessor(jar)
).open
def be_live():
    load(start).close()
    cookies = {{"Cookie": "; ".join(f"{{each.name}}={{each.value}}" for each in jar)}}
    name = "still" if "covered" in mode else "welcome"
    hidden = "&visible=false" if "hidden" in mode else ""
    with connect(f"ws://{{url.netloc}}/ws/{{name}}?{{url.query}}{{hidden}}", proxy=None,
                 additional_headers=cookies) as page:
        while True:
            frame = json.loads(page.recv())
            if frame["type"] == "beat":
                page.send('{{"type":"beat"}}')
            elif frame["type"] == "edge" and "covered" in mode:
                page.send('{{"type":"visible","visible":false}}')
            elif frame["type"] == "edge":
                break  # a press makes it crash
while "returns" in mode:
    try:
        be_live()
    except Exception:  # the bridge is stopped, or not there
        time.sleep(0.05)
if "unseen" not in mode:
    be_live()
threading.Event().wait()
"""

# The launcher as the command line starts it, with limits that a test can wait for: for a page that
# was live, or for one that never is. A slow browser is neither.
LIMITS = (
    "from gpiobridge import cli; from gpiobridge.kiosk import launcher, liveness; "
    "launcher._WATCH_S = 0.1; "
)
LOSES_PATIENCE = f"{LIMITS}liveness.LOST_S, liveness.UNSEEN_S = 0.5, 600.0; cli.main()"
IMPATIENT = f"{LIMITS}liveness.UNSEEN_S = 0.5; cli.main()"
# Sleeps that outlast every test: what ends one of them is not the time.
SLEEPY = (
    "from gpiobridge import cli; from gpiobridge.kiosk import launcher; "
    "launcher._WATCH_S = launcher._WAIT_S = 600.0; cli.main()"
)
PATIENT = (
    "from gpiobridge import cli; from gpiobridge.kiosk import liveness; "
    "liveness.pause_s = lambda failures: (0.2, 0.4, 600.0)[failures - 1]; cli.main()"
)


class Launcher:
    """A launcher in a process of its own, and the browsers that it has started."""

    def __init__(
        self, folder: Path, *args: str, mode: str = "live", code: str = "", **environ: str
    ) -> None:
        self.calls = folder / "calls"
        programs = folder / "bin"
        if not programs.exists():
            programs.mkdir()
            for name in ("chromium", "cog"):
                (programs / name).write_text(FAKE)
                (programs / name).chmod(0o755)
        self.environ = {
            **{name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"},
            "DISPLAY": ":99",
            "PATH": str(programs),
            "XDG_STATE_HOME": str(folder / "state"),
            "FAKE_MODE": mode,
            "FAKE_LOG": str(self.calls),
            "FAKE_OPENED": str(folder / "opened"),
            # What the tests of a developer's container need: Chromium wants no root.
            "GPIOBRIDGE_KIOSK_FLAGS": "--no-sandbox",
            **environ,
        }
        self.log = folder / "log"
        start = ["-c", code] if code else ["-m", "gpiobridge"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *start, "kiosk", *args], stderr=log, env=self.environ
            )

    def started(self) -> list[list[Any]]:
        """Process id and arguments of each browser so far."""
        if not self.calls.exists():
            return []
        return [json.loads(line) for line in self.calls.read_text().splitlines()]

    def opened(self) -> list[str]:
        """What each browser so far has opened, without the bridge's address and the ticket."""
        addresses = self.calls.with_name("opened").read_text().splitlines()
        return [re.sub(r"^\w+://[^/]+|&kiosk_ticket=[\w-]+", "", each) for each in addresses]

    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until it has said something."""
        try:
            wait_until(lambda: text in self.said())
        except AssertionError:
            raise AssertionError(f"no {text!r} in:\n{self.said()}") from None

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        self.process.send_signal(number)
        assert self.process.wait(DEADLINE_S) == 0, self.said()
        assert "Traceback" not in self.said()


def runs(pid: int) -> bool:
    """Whether a process is still there."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """A function that starts a launcher; no browser may outlive it."""
    launchers: list[Launcher] = []

    def start(*args: str, **options: str) -> Launcher:
        launchers.append(Launcher(tmp_path, *args, **options))
        return launchers[-1]

    yield start
    left = []
    for launcher in launchers:
        if launcher.process.poll() is None:
            launcher.process.terminate()
            launcher.process.wait(DEADLINE_S)
        left += [pid for pid, *_ in launcher.started() if runs(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert left == []


def live(bridge: BridgeProcess, name: str = "kiosk") -> bool:
    """Whether a display of this name is there."""
    return name in [display["name"] for display in bridge.health()["displays"]]


@pytest.mark.parametrize(
    ("options", "address"),
    [((), "/gpiobridge/stage?display=hall"), (("--no-stage",), "/?display=hall")],
)
def test_shows_the_page_until_sigterm(
    shared_bridge: BridgeProcess, launch: Any, options: tuple[str, ...], address: str
) -> None:
    """The browser opens stage or start page by the kiosk's name; SIGTERM ends both, exit code 0."""
    launcher = launch("--url", shared_bridge.url, "--display", "hall", *options, code=SLEEPY)
    wait_until(lambda: live(shared_bridge, "hall"))
    [[pid, *flags]] = launcher.started()
    assert launcher.opened() == [address]
    assert "--kiosk" in flags
    launcher.wait_for(f"(process {pid}) on {shared_bridge.url}")
    launcher.stop()
    assert not runs(pid)
    wait_until(lambda: not live(shared_bridge, "hall"))


def test_address_of_the_configuration(tmp_path: Path, run_bridge: Run, launch: Any) -> None:
    """Without --url it finds the bridge by its configuration, also one that listens everywhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = write_exhibit(tmp_path, server=f'host = "0.0.0.0"\nopen = true\nport = {port}\n')
    bridge = run_bridge(
        config=config, port=None, command=[sys.executable, "-m", "gpiobridge", "run"]
    )
    launch("--config", str(config))
    wait_until(lambda: live(bridge))


def test_token_of_the_bridge(run_bridge: Run, launch: Any, tmp_path: Path) -> None:
    """The kiosk lets its browser in by the token, which is in no log and no list of processes."""
    token = "only-for-this-kiosk"
    bridge = run_bridge(server=f'token = "{token}"')
    launcher = launch("--url", bridge.url, GPIOBRIDGE_SERVER__TOKEN=token)
    launcher.wait_for("its page is live")
    assert token not in launcher.calls.read_text()  # the command line, which all can read
    (page,) = tmp_path.rglob("start.html")
    assert f"{bridge.url}/gpiobridge/stage?display=kiosk&token={token}" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    assert token not in launcher.said()


def proven(bridge: BridgeProcess, name: str = "kiosk") -> bool:
    """Whether the display of this name, and no other, is a proven kiosk of this machine."""
    found = json.loads(bridge.get("/of-kiosk", Authorization=f"Bearer {bridge.token}")[1])
    return [display for display, _, of_kiosk in found if of_kiosk] == [name]


@pytest.mark.parametrize("options", [(), ("--no-stage",), ("--no-watch",)])
def test_the_browser_is_this_machine_s_own_kiosk(
    run_bridge: Run, launch: Any, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """It is proven from its first page on; its secrets are in no log and no list of processes."""
    bridge = run_bridge("telling")
    launcher = launch("--url", bridge.url, *options)
    wait_until(lambda: proven(bridge))
    with bridge.socket("welcome", "?display=other"):
        wait_until(lambda: live(bridge, "other"))
        assert proven(bridge)  # the browser alone
    (page,) = tmp_path.rglob("start.html")
    ticket = re.findall(r"kiosk_ticket=([\w-]+)", page.read_text())
    assert len(ticket) == 1
    assert page.stat().st_mode & 0o077 == 0
    assert ticket[0] not in launcher.calls.read_text() + launcher.said()
    launcher.stop()


@pytest.mark.parametrize("options", [(), ("--no-watch",)])
def test_the_kiosk_proves_itself_to_each_run_of_the_bridge(
    tmp_path: Path, run_bridge: Run, launch: Any, options: tuple[str, ...]
) -> None:
    """After a kill and after a reload, while the browser runs on; and to each browser's start."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge("telling", config=config)
    launcher = launch("--url", bridge.url, *options, mode="returns", code=LOSES_PATIENCE)
    wait_until(lambda: proven(bridge))
    bridge.kill()
    bridge = run_bridge("telling", config=config, port=bridge.port)
    wait_until(lambda: proven(bridge))
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_for_line(bridge.READY)
    wait_until(lambda: proven(bridge))
    os.kill(launcher.started()[0][0], signal.SIGKILL)
    wait_until(lambda: len(launcher.started()) == 2 and proven(bridge))
    assert "may only look" not in launcher.said()


def test_a_kiosk_that_cannot_write_its_ticket(run_bridge: Run, launch: Any, tmp_path: Path) -> None:
    """It shows the exhibit all the same, and says once why its pages may only look."""
    bridge = run_bridge("telling")
    launcher = launch("--url", bridge.url, RUNTIME_DIRECTORY="/nowhere")
    launcher.wait_for("its page is live")
    assert not proven(bridge)
    said = "this kiosk's pages may only look: /nowhere/start.html, which has the address with its"
    assert launcher.said().count(said) == 1


@pytest.fixture
def compositor(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a Wayland compositor, which takes connections and no more."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "wayland-7"))
        listening.listen()
        yield {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)}


def test_cog_is_watched_as_chromium_is(
    share_bridge: Run, launch: Any, compositor: dict[str, str]
) -> None:
    """It is started again when it dies, and when its page is no longer alive (row 5)."""
    bridge = share_bridge(server='beat = "200ms"')
    launcher = launch("--browser", "cog", "--url", bridge.url, code=LOSES_PATIENCE, **compositor)
    launcher.wait_for("its page is live")
    [[pid, *options]] = launcher.started()
    assert "--platform=wl" in options
    os.kill(pid, signal.SIGKILL)
    launcher.wait_for("the browser is restarted in 0.5 s: it was ended by SIGKILL")
    wait_until(lambda: launcher.said().count("its page is live") == 2)
    bridge.set_level("button", "low")
    launcher.wait_for("s: its page has not been alive")
    wait_until(lambda: len(launcher.started()) == 3)
    launcher.stop()


def test_token_of_cog(
    run_bridge: Run, launch: Any, compositor: dict[str, str], tmp_path: Path
) -> None:
    """No command line has the token, which all can read; nor has a file or the log (row 5)."""
    token = "only-for-this-kiosk"
    bridge = run_bridge(server=f'token = "{token}"')
    launcher = launch(
        *("--browser", "cog", "--url", bridge.url), GPIOBRIDGE_SERVER__TOKEN=token, **compositor
    )
    launcher.wait_for("its page is live")
    assert token not in launcher.calls.read_text() + launcher.said()
    ticket = (tmp_path / "opened").read_text().strip().rpartition("kiosk_ticket=")[2]
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    for secret in (token, ticket):
        assert len(secret) >= 16
        assert secret not in launcher.calls.read_text() + launcher.said()
        assert [path.name for path in kept if secret in path.read_text()] == []


def test_another_token_ends_the_kiosk(run_bridge: Run, launch: Any) -> None:
    """One that the bridge refuses: the unit then starts the kiosk with the new one."""
    bridge = run_bridge(server='token = "only-for-this-kiosk"')
    launcher = launch("--url", bridge.url, GPIOBRIDGE_SERVER__TOKEN="the-one-of-yesterday")
    assert launcher.process.wait(DEADLINE_S) == 1
    said = launcher.said().splitlines()[-1]
    assert "refuses our token: give the right one in GPIOBRIDGE_SERVER__TOKEN" in said


def test_waits_for_the_bridge(tmp_path: Path, run_bridge: Run, launch: Any) -> None:
    """The browser isn't started before the bridge answers: its error page would stay for long."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    launcher = launch("--url", f"127.0.0.1:{port}")
    launcher.wait_for("waiting for the bridge: no bridge answers at")
    assert launcher.started() == []
    bridge = run_bridge(port=port)
    wait_until(lambda: live(bridge))
    assert len(launcher.started()) == 1


def test_killed_browser_comes_back(shared_bridge: BridgeProcess, launch: Any) -> None:
    """A browser that is killed is started again at once, and why is said in one line."""
    launcher = launch("--url", shared_bridge.url)
    launcher.wait_for("its page is live")
    [[pid, *_]] = launcher.started()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(launcher.started()) == 2 and live(shared_bridge))
    launcher.wait_for("the browser is restarted in 0.5 s: it was ended by SIGKILL")


def test_browser_that_floods_the_pipe(shared_bridge: BridgeProcess, launch: Any) -> None:
    """Whatever a browser sends without end, its page is watched, and SIGTERM counts (row 2)."""
    launcher = launch("--url", shared_bridge.url, mode="live floods")
    launcher.wait_for("its page is live")
    launcher.stop()


def test_browser_that_closes_the_pipe(shared_bridge: BridgeProcess, launch: Any) -> None:
    """Without the pipe the launcher goes on as one that never had it, and says so once (row 2)."""
    launcher = launch("--url", shared_bridge.url, mode="live closes")
    launcher.wait_for("its page is live")
    assert launcher.said().count("the browser's debugging pipe has ended") == 1
    os.kill(launcher.started()[0][0], signal.SIGKILL)
    wait_until(lambda: len(launcher.started()) == 2 and live(shared_bridge))


def test_browser_that_refuses_the_pipe(shared_bridge: BridgeProcess, launch: Any) -> None:
    """A browser that twice can't be started with the pipe is started without it (row 2)."""
    launcher = launch("--url", shared_bridge.url, mode="live nopipe", code=PATIENT)
    launcher.wait_for("its page is live")
    flags = [call[1:] for call in launcher.started()]
    assert ["--remote-debugging-pipe" in each for each in flags] == [True, True, False]
    assert "it is started without its debugging pipe: stray windows will stay open" in (
        launcher.said()
    )


def test_unwatched_browser_comes_back(shared_bridge: BridgeProcess, launch: Any) -> None:
    """Where no page is watched, only the browser's own end wakes the launcher."""
    launcher = launch("--url", shared_bridge.url, "--no-watch", mode="unseen")
    wait_until(lambda: bool(launcher.started()))
    os.kill(launcher.started()[0][0], signal.SIGKILL)
    wait_until(lambda: len(launcher.started()) == 2)


def test_dying_browser_is_started_ever_later(shared_bridge: BridgeProcess, launch: Any) -> None:
    """A browser that dies at once, again and again, leaves the processor alone meanwhile."""
    begun_s = time.monotonic()
    launcher = launch("--url", shared_bridge.url, mode="dies", code=PATIENT)
    launcher.wait_for("the browser is restarted in 600.0 s: it ended with code 3")
    assert re.findall(r"restarted in (\S+) s", launcher.said()) == ["0.2", "0.4", "600.0"]
    assert time.monotonic() - begun_s >= 0.6
    assert len(launcher.started()) == 3
    launcher.stop()  # which ends the pause, too


def test_browser_that_is_being_upgraded(
    shared_bridge: BridgeProcess, launch: Any, tmp_path: Path
) -> None:
    """A browser that can't be started just now is tried again, like one that dies."""
    launcher = launch("--url", shared_bridge.url)
    launcher.wait_for("its page is live")
    program = tmp_path / "bin" / "chromium"
    program.rename(tmp_path / "new")
    os.kill(launcher.started()[0][0], signal.SIGKILL)
    launcher.wait_for(
        "restarted in 1.0 s: it can't be started: [Errno 2] No such file or directory"
    )
    (tmp_path / "new").rename(program)
    wait_until(lambda: len(launcher.started()) == 2)


def test_stubborn_browser_is_killed(shared_bridge: BridgeProcess, launch: Any) -> None:
    """A browser that hangs and ignores SIGTERM doesn't keep the launcher."""
    launcher = launch("--url", shared_bridge.url, mode="stubborn")
    wait_until(lambda: live(shared_bridge))
    launcher.stop(signal.SIGINT)  # the browser itself would stay for ever


@pytest.mark.parametrize(
    ("mode", "press", "said"),
    [
        ("live", True, "its page has not been alive"),
        ("covered", True, "its page has not been visible"),
        ("unseen", False, "it has shown no live page"),
        ("hidden", False, "it has shown only a hidden page"),
    ],
)
def test_browser_without_a_live_page_is_restarted(
    share_bridge: Run, launch: Any, mode: str, press: bool, said: str
) -> None:
    """A page that crashes or is covered, and a browser that shows none, end in a new browser."""
    bridge = share_bridge(server='beat = "200ms"')
    launcher = launch("--url", bridge.url, mode=mode, code=LOSES_PATIENCE if press else IMPATIENT)
    if press:
        launcher.wait_for("its page is live")
        bridge.set_level("button", "low")
    launcher.wait_for(f"s: {said}")
    told_s = time.monotonic()
    wait_until(lambda: len(launcher.started()) >= 2)
    assert time.monotonic() - told_s > 0.3  # the pause that was told, and not cut short
    assert not runs(launcher.started()[0][0])
    assert mode == "unseen" or wait_until(lambda: live(bridge)) is None


def test_not_watching(run_bridge: Run, launch: Any, tmp_path: Path) -> None:
    """A page without our script is no live display, so its configuration ends the watching."""
    config = write_exhibit(tmp_path)
    config.write_text(config.read_text().replace("[pages.still]", "[pages.still]\nclient = false"))
    bridge = run_bridge(config=config)
    arguments = ("--config", str(config), "--url", bridge.url)
    launcher = launch(*arguments, mode="unseen", code=IMPATIENT)
    wait_until(lambda: bool(launcher.started()))
    assert "not watching for a live page: still has client = false" in launcher.said()
    # Another one, which watches, shows how long is long enough.
    other = launch(
        *arguments, "--watch", "--display", "b", mode="unseen", code=IMPATIENT, FAKE_LOG=os.devnull
    )
    other.wait_for("s: it has shown no live page")
    assert len(launcher.started()) == 1


RENEWS = (
    "from gpiobridge import cli; from gpiobridge.kiosk import launcher, renewal; "
    "launcher._WATCH_S = 0.1; renewal.QUIET_S = 0.5; "
    "times = iter([14399.0] * 3); launcher._day_s = lambda: next(times, 14401.0); cli.main()"
)


@pytest.mark.parametrize("watch", ["--watch", "--no-watch"])
def test_browser_is_renewed(tmp_path: Path, run_bridge: Run, launch: Any, watch: str) -> None:
    """At `kiosk.renew`, when nobody uses the exhibit, the browser is started anew, once (row 7)."""
    config = write_exhibit(tmp_path)
    config.write_text(config.read_text() + '[kiosk]\nrenew = "04:00"\n')
    bridge = run_bridge(config=config)
    launcher = launch("--config", str(config), "--url", bridge.url, watch, code=RENEWS)
    launcher.wait_for("restarted in 0.5 s: it is time for kiosk.renew")
    # The first one may have ended before it has written down how it was called.
    wait_until(lambda: launcher.said().count(": started ") == 2 and live(bridge))
    first, second = map(int, re.findall(r"\(process (\d+)\)", launcher.said()))
    assert not runs(first)
    assert runs(second)
    assert launcher.said().count("it is time for kiosk.renew") == 1


QUIET = (
    "from gpiobridge import cli; from gpiobridge.kiosk import launcher, renewal; "
    "launcher._WATCH_S = 0.1; renewal.QUIET_S = 0.5; cli.main()"
)


def test_a_bridge_that_wants_its_stage_no_more(
    tmp_path: Path, run_bridge: Run, launch: Any
) -> None:
    """With `[stage] kiosk = false` the browser opens the start page, once nobody uses it."""
    config = write_exhibit(tmp_path)
    bridge = run_bridge(config=config)
    launcher = launch("--url", bridge.url, mode="returns", code=QUIET)
    launcher.wait_for("its page is live")
    config.write_text(config.read_text() + "[stage]\nkiosk = false\n")
    bridge.stop()
    bridge = run_bridge(config=config, port=bridge.port)
    launcher.wait_for("restarted in 0.5 s: the bridge says [stage] kiosk = false now")
    wait_until(lambda: len(launcher.started()) == 2 and live(bridge))
    assert launcher.opened() == ["/gpiobridge/stage?display=kiosk", "/?display=kiosk"]


WITHOUT_A_STAGE = "fb5d77aa1b5df78b40e113bc3c46be8803e1c617"
"""The last commit of version 0.3, after which the stage came."""


@pytest.mark.timeout(90)
def test_a_bridge_that_is_upgraded_and_goes_back(
    tmp_path: Path, run_bridge: Run, launch: Any
) -> None:
    """The stage comes in a quiet minute, and goes at once with the bridge that has it."""
    before = version_before.export(tmp_path / "before", WITHOUT_A_STAGE)
    config = write_exhibit(tmp_path)
    old = {"env": os.environ | {"PYTHONPATH": str(before)}, "cwd": tmp_path}
    bridge = run_bridge(config=config, **old)
    launcher = launch("--url", bridge.url, mode="returns", code=QUIET)
    launcher.wait_for("its page is live")
    bridge.stop()
    bridge = run_bridge(config=config, port=bridge.port)
    launcher.wait_for("restarted in 0.5 s: the bridge says [stage] kiosk = true now")
    wait_until(lambda: launcher.said().count("its page is live") == 2)
    bridge.stop()
    bridge = run_bridge(config=config, port=bridge.port, **old)
    launcher.wait_for("restarted in 0.5 s: the bridge has no stage any more")
    wait_until(lambda: launcher.said().count("its page is live") == 3)
    page, stage = "/?display=kiosk", "/gpiobridge/stage?display=kiosk"
    assert launcher.opened() == [page, stage, page]
    assert launcher.said().count("may only look: the bridge is older than version 0.5") == 2


def test_end_of_the_screen(shared_bridge: BridgeProcess, launch: Any, tmp_path: Path) -> None:
    """When the compositor ends, so does the kiosk: cage waits for it, and systemd starts both."""
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-7"))
        compositor.listen()
        launcher = launch(
            "--url", shared_bridge.url, WAYLAND_DISPLAY="wayland-7", XDG_RUNTIME_DIR=str(tmp_path)
        )
        wait_until(lambda: live(shared_bridge))
        assert "--ozone-platform=wayland" in launcher.started()[0]
        compositor.accept()[0].close()
        assert launcher.process.wait(DEADLINE_S) == 1
    assert launcher.said().endswith("gpiobridge: the screen has gone: its compositor has ended\n")
    assert not runs(launcher.started()[0][0])


def test_dark_screen_is_no_fault(share_bridge: Run, launch: Any, tmp_path: Path) -> None:
    """While the compositor has no output no browser is judged; once it has one again, it is."""
    bridge = share_bridge(server='beat = "200ms"')
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "wayland-8"))
        listening.listen()
        screen = {"WAYLAND_DISPLAY": "wayland-8", "XDG_RUNTIME_DIR": str(tmp_path)}
        launcher = launch("--url", bridge.url, code=LOSES_PATIENCE, **screen)
        with listening.accept()[0] as compositor:
            launcher.wait_for("its page is live")
            compositor.sendall(NO_OUTPUT)
            launcher.wait_for("there is no screen, or it is switched off")
            bridge.set_level("button", "low")  # its page crashes
            wait_until(lambda: not live(bridge))
            threading.Event().wait(1.5)  # four beats are 0.8 s: what a page may be missing for
            assert "not been alive" not in launcher.said()
            compositor.sendall(AN_OUTPUT)
            launcher.wait_for("there is a screen again")
            launcher.wait_for("s: its page has not been alive")


def test_sigterm_while_the_bridge_hangs(launch: Any) -> None:
    """A bridge that accepts and says nothing doesn't hold the launcher's end up."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        launcher = launch("--url", f"127.0.0.1:{slow.getsockname()[1]}")
        slow.settimeout(DEADLINE_S)
        with slow.accept()[0] as asking:
            stopped = threading.Event()
            # Each byte begins the wait for an answer anew: without the signal it has no end.
            talk = threading.Thread(target=_say_little, args=(asking, stopped))
            talk.start()
            try:
                launcher.stop()
            finally:
                stopped.set()
                talk.join()


def _say_little(connection: socket.socket, stopped: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    with contextlib.suppress(OSError):  # the launcher has ended
        while not stopped.wait(0.2):
            connection.sendall(b"x")


@pytest.mark.parametrize(
    ("args", "environ", "code", "said"),
    [
        ((), {"PATH": "/nowhere"}, 1, "Chromium is not installed; install it: sudo apt install"),
        ((), {"DISPLAY": ""}, 1, "there is no screen to show the page on"),
        ((), {"WAYLAND_DISPLAY": "none"}, 1, "no compositor answers at"),
        ((), {"XDG_STATE_HOME": "/dev/null"}, 1, "the browser's profile can't be written"),
        (
            (),
            {"RUNTIME_DIRECTORY": "/nowhere", "GPIOBRIDGE_SERVER__TOKEN": "only-for-this-kiosk"},
            1,
            "/nowhere/start.html, which has the address with its secrets for the browser, can't be",
        ),
        (("--browser", "cog"), {"PATH": "/nowhere"}, 1, "cog is not installed; install it: sudo"),
        (("--browser", "cog"), {}, 1, "cog needs a Wayland compositor"),
        (("--browser", "lynx"), {}, 2, "'lynx' is not one of 'chromium', 'cog'"),
        (("--display", "a b"), {}, 2, "a display's name has 1 to 32 of"),
        (("--config", "zero.toml"), {}, 2, "give the bridge's address with --url"),
    ],
)
def test_what_is_missing_is_one_sentence(
    launch: Any,
    tmp_path: Path,
    args: tuple[str, ...],
    environ: dict[str, str],
    code: int,
    said: str,
) -> None:
    """What the kiosk can't do without is said in a sentence that names the remedy."""
    write_exhibit(tmp_path, server="port = 0").rename(tmp_path / "zero.toml")
    args = tuple(str(tmp_path / arg) if arg.endswith(".toml") else arg for arg in args)
    where = () if "--config" in args else ("--url", "127.0.0.1:9")
    launcher = launch(*args, *where, **environ)
    assert launcher.process.wait(DEADLINE_S) == code
    assert said in launcher.said()
    assert "Traceback" not in launcher.said()
    assert launcher.started() == []


def test_second_kiosk_of_a_name(shared_bridge: BridgeProcess, launch: Any) -> None:
    """Two kiosks of one name would share a profile: the second one says what to do."""
    launch("--url", shared_bridge.url)
    wait_until(lambda: live(shared_bridge))
    second = launch("--url", shared_bridge.url)
    assert second.process.wait(DEADLINE_S) == 1
    assert "give this one a name with --display" in second.said()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root is refused")
def test_root_is_refused(launch: Any) -> None:
    """Chromium would only end with a message in its own log."""
    launcher = launch("--url", "127.0.0.1:9", GPIOBRIDGE_KIOSK_FLAGS="")
    assert launcher.process.wait(DEADLINE_S) == 1
    assert "Chromium doesn't run as root; start the kiosk as another user" in launcher.said()


def real_chromium() -> str:
    """The browser that the other tests use, too."""
    from playwright.sync_api import sync_playwright

    if found := shutil.which("chromium"):
        return found
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


@pytest.mark.timeout(60)
def test_real_chromium(shared_bridge: BridgeProcess, launch: Any, tmp_path: Path) -> None:
    """Chromium shows the page with our flags, and knows every one of them."""
    programs = tmp_path / "real"
    programs.mkdir()
    (programs / "chromium").symlink_to(real_chromium())
    launcher = launch(
        "--url",
        shared_bridge.url,
        PATH=f"{programs}:{os.environ['PATH']}",
        GPIOBRIDGE_KIOSK_FLAGS="--headless --no-sandbox --disable-gpu",
    )
    wait_until(lambda: live(shared_bridge), 30)
    match = re.search(r"\(process (\d+)\)", launcher.said())
    assert match
    binary = Path(f"/proc/{match[1]}/exe")
    program = programs / "chromium"
    flags = chromium.command(
        Start(program, Path("/p"), "http://pi/", wayland=True, little_memory=True)
    )
    flags.insert(1, devtools_pipe.FLAG)
    names = [flag.removeprefix("--").partition("=")[0] for flag in flags[1:-1]]
    names += flags[-2].partition("=")[2].split(",")
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        assert [name for name in names if code.find(name.encode() + b"\0") < 0] == []
    assert (tmp_path / "state/gpiobridge/kiosk/Default").is_dir()
    launcher.stop()
