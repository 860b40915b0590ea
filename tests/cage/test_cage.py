"""Under cage the unit's command shows the page, and brings back whatever dies or hangs.

Chromium and cog go through the same scenes, on the stage and without it.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from harness.bridge_process import BridgeProcess

from gpiobridge.kiosk import cog
from gpiobridge.kiosk.start import Start

from .exhibit import BLUE, CONFIG, GREEN, is_full_of, page, press, shown
from .screen import UNIT, Kiosk

# How each browser lets its films play, and how the end of the process that draws the page is told.
SOUND = {
    "chromium": b"--autoplay-policy=no-user-gesture-required",
    "cog": b"--media-playback-requires-user-gesture=false",
}
CRASHED = {"chromium": "led home from http://", "cog": "restarted in 0.5 s: it ended with code 1"}

# It hangs once it has answered a beat, as a page that has been alive.
HANG = """\
<!doctype html>
<title>hang</title>
<script>
  addEventListener("gpiobridge:state", () => setTimeout(() => { for (;;); }, 1500));
</script>
"""


# It leads away once it has answered a beat.
STRAY = """\
<!doctype html>
<title>stray</title>
<script>
  addEventListener("gpiobridge:state", () => setTimeout(() => {{ location = "{there}"; }}, 1500));
</script>
"""


class Elsewhere(BaseHTTPRequestHandler):
    """A site that knows nothing of a bridge."""

    timeout = 1  # for a connection that a browser has opened ahead, and keeps

    def do_GET(self) -> None:
        """Answer with a page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>elsewhere</title>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """A server that doesn't wait for the connections that a browser keeps."""

    block_on_close = False


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a page of another site, not only of another origin."""
    with Site(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, name="test-elsewhere")
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory, elsewhere: str) -> Iterator[BridgeProcess]:
    """A bridge with a green page, a blue one, one that hangs, and one that leads elsewhere."""
    folder = tmp_path_factory.mktemp("bridge")
    (folder / "templates").mkdir()
    for name, text in {
        "welcome": page("welcome", GREEN),
        "open": page("open", BLUE),
        "hang": HANG,
        "stray": STRAY.format(there=elsewhere),
    }.items():
        (folder / "templates" / f"{name}.html").write_text(text)
    config = folder / "config.toml"
    config.write_text(CONFIG.format(port=0))
    running = BridgeProcess(config)
    # For the kiosk, which finds the bridge by its configuration.
    config.write_text(CONFIG.format(port=running.port))
    yield running
    running.kill()


@pytest.fixture(
    scope="module",
    params=[(browser, options) for options in ((), ("--no-stage",)) for browser in SOUND],
    ids=lambda param: "-".join([param[0], *(option.strip("-") for option in param[1])]),
)
def running_kiosk(
    request: pytest.FixtureRequest,
    bridge: BridgeProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Kiosk]:
    """The unit's command, on this bridge, with each browser."""
    config = Path(bridge.process.args[-1])  # type: ignore[index]
    browser, options = request.param
    folder = tmp_path_factory.mktemp("kiosk")
    kiosk = Kiosk(folder, config, browser=browser, options=options)
    yield kiosk
    kiosk.kill()


@pytest.fixture
def kiosk(running_kiosk: Kiosk, bridge: BridgeProcess) -> Kiosk:
    """The kiosk, with the page `welcome` on its screen."""
    if shown(bridge) == ["open"]:
        press(bridge, "button")
    running_kiosk.wait(lambda: shown(bridge) == ["welcome"], 30)
    return running_kiosk


def is_back(kiosk: Kiosk, bridge: BridgeProcess, old: int) -> bool:
    """Whether another browser than the old one shows the start page."""
    new = kiosk.browsers()
    return bool(new) and old not in new and shown(bridge) == ["welcome"]


def test_the_unit_is_right() -> None:
    """There is nothing that systemd has to say about the unit."""
    done = subprocess.run(
        ["systemd-analyze", "verify", UNIT], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_page_fills_the_screen(kiosk: Kiosk) -> None:
    """A screenshot has the page's colour from corner to corner."""
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))


def test_press_shows_the_next_page(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """A press changes what is on the screen."""
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))
    press(bridge, "button")
    kiosk.wait(lambda: is_full_of(kiosk, BLUE))
    assert shown(bridge) == ["open"]


def test_sound_needs_no_click(kiosk: Kiosk) -> None:
    """The browser itself was given the flag that lets films play with their sound."""
    [browser] = kiosk.browsers()
    line = Path(f"/proc/{browser}/cmdline").read_bytes().split(b"\0")
    assert SOUND[kiosk.browser] in line
    assert b"--no-sandbox" not in line


def test_cog_knows_its_options(tmp_path: Path) -> None:
    """An unknown option would end cog; its sandbox is asked for where it has a choice (row 5)."""
    program = shutil.which("cog")
    assert program
    cog.prepare(tmp_path, "http://127.0.0.1:8000")
    line = cog.command(
        Start(Path(program), tmp_path, "", wayland=True, window="gpiobridge-left", scale=1.5)
    )
    done = subprocess.run(
        [*line, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    knows = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    assert ("--enable-sandbox" in knows) == ("--enable-sandbox" in line)


@pytest.mark.timeout(60)
def test_killed_browser_comes_back(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """After SIGKILL the page is back on the screen, without a word about a crash."""
    kiosk.wait(lambda: kiosk.said().count("its page is live") == 1)
    [old] = kiosk.browsers()
    os.kill(old, signal.SIGKILL)
    kiosk.wait(lambda: is_back(kiosk, bridge, old))
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))
    assert "restarted in 0.5 s: it was ended by SIGKILL" in kiosk.said()


@pytest.mark.timeout(90)
def test_crashed_tab_comes_back(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """A page whose process dies ("Aw, Snap!") is noticed, also by a browser that runs on."""
    [old] = kiosk.settled()
    renderers = kiosk.renderers()
    assert renderers
    for renderer in renderers:
        os.kill(renderer, signal.SIGKILL)
    if kiosk.browser == "chromium":
        kiosk.wait(lambda: shown(bridge) == [])
        kiosk.wait(lambda: len(shown(bridge)) == 1, 5)
        assert kiosk.browsers() == [old]
    else:  # cog ends, and is started again at once
        kiosk.wait(lambda: is_back(kiosk, bridge, old), 40)
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))
    assert CRASHED[kiosk.browser] in kiosk.said()


@pytest.mark.timeout(90)
def test_hung_page_comes_back(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """A page in an endless loop answers no beat: the bridge drops it, the launcher restarts it."""
    [old] = kiosk.browsers()
    lives = kiosk.said().count("not been alive")
    press(bridge, "door")
    kiosk.wait(lambda: shown(bridge) == ["hang"])
    kiosk.wait(lambda: shown(bridge) == [])
    assert kiosk.browsers() == [old]
    kiosk.wait(lambda: is_back(kiosk, bridge, old), 40)
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))
    assert kiosk.said().count("not been alive") == lives + 1


@pytest.mark.timeout(90)
def test_stray_page_comes_home(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """Chromium and a stage are led home from another site; cog alone is started again (row 5)."""
    kiosk.wait(
        lambda: 0 < kiosk.said().count("its page is live") == kiosk.said().count(": started")
    )
    [old] = kiosk.browsers()
    press(bridge, "lever")
    kiosk.wait(lambda: shown(bridge) == ["stray"])
    kiosk.wait(lambda: shown(bridge) == [])
    left_s, guarded = time.monotonic(), kiosk.browser == "chromium"
    stays = guarded or "--no-stage" not in kiosk.options
    if stays:
        kiosk.wait(lambda: shown(bridge) == ["welcome"])
    else:
        kiosk.wait(lambda: is_back(kiosk, bridge, old), 40)
    kiosk.wait(lambda: is_full_of(kiosk, GREEN))
    assert time.monotonic() - left_s < (5 if guarded else 20)
    assert (kiosk.browsers() == [old]) is stays


def test_end_of_the_compositor(kiosk: Kiosk, bridge: BridgeProcess) -> None:
    """When cage is stopped, nothing of the kiosk is left within a few seconds."""
    assert kiosk.stop() < 5
    assert shown(bridge) == []
    assert "gpiobridge: the screen has gone: its compositor has ended" in kiosk.said()
