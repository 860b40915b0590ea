"""A compositor without a screen, with the kiosk unit's command in it, and what it shows."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from harness.deadline import wait_until

from gpiobridge.install.files import unit_with_browser, unit_with_sway
from gpiobridge.kiosk.browsers import BROWSERS
from gpiobridge.system import run_key

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "gpiobridge-kiosk.service"

Colour = tuple[int, int, int]


class Screenshot(NamedTuple):
    """Pixels, row by row from the top, three bytes each."""

    width: int
    height: int
    pixels: bytes

    def at(self, x: int, y: int) -> Colour:
        """The colour of a pixel; negative numbers count from the right or from below."""
        start = 3 * ((y % self.height) * self.width + x % self.width)
        red, green, blue = self.pixels[start : start + 3]
        return red, green, blue

    def share(self, colour: Colour) -> float:
        """How much of the screen has a colour, from 0 to 1."""
        pixels = (self.at(x, y) for x in range(0, self.width, 4) for y in range(0, self.height, 4))
        count = sum(near(pixel, colour) for pixel in pixels)
        return count / len(range(0, self.width, 4)) / len(range(0, self.height, 4))


def near(one: Colour, other: Colour) -> bool:
    """Whether two colours look the same."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 2


class Kiosk:
    """The unit's command, running.

    Args:
        folder: for all that it writes.
        config: the bridge's config.toml.
        flags: for the browser.
        browser: "chromium" or "cog".
        options: for ``gpiobridge kiosk``.
        environ: more for its environment.
        inside: a command that starts the unit's.
        compositor: more flags for cage.
        outputs: with how many screens sway begins; 0: there is cage instead.
    """

    def __init__(
        self,
        folder: Path,
        config: Path,
        *flags: str,
        browser: str = "chromium",
        options: Sequence[str] = (),
        environ: Mapping[str, str] = MappingProxyType({}),
        inside: Sequence[str] = (),
        compositor: Sequence[str] = (),
        outputs: int = 0,
    ) -> None:
        self.folder = folder
        self.browser = browser
        self.options = options
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        self.environ = {
            **{n: v for n, v in os.environ.items() if n not in ("DISPLAY", "WAYLAND_DISPLAY")},
            **{
                name: value.replace("%t", str(runtime))
                for name, value in unit_environment().items()
            },
            "HOME": str(folder),
            "STATE_DIRECTORY": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(runtime),
            "WLR_BACKENDS": "headless",
            "WLR_HEADLESS_OUTPUTS": str(outputs or 1),
            "WLR_RENDERER": "pixman",
            "GPIOBRIDGE_KIOSK_FLAGS": " ".join(flags),
            **keyboard(folder),
            **environ,
        }
        own = self.environ.get("RUNTIME_DIRECTORY", str(folder))
        self.environ["RUNTIME_DIRECTORY"] = f"{own}:{keys()}"
        for command in unit_lines("ExecStartPre"):
            mine = command.lstrip("-")
            if not mine.startswith("+"):  # root's, which writes the policy: `with_policy`
                subprocess.run(shlex.split(mine), env=self.environ, check=True)
        self.log = folder / "log"
        command = unit_command(config, browser, compositor, in_sway=outputs > 0)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*inside, *command, *options],
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        """All that it has said."""
        return self.log.read_text(errors="replace")

    def wait(self, condition: Callable[[], bool], limit_s: float = 20.0) -> None:
        """Wait for a condition; if it doesn't come true, show what was said."""
        try:
            wait_until(condition, limit_s)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.said()}") from None

    def screenshot(self, output: str = "") -> Screenshot:
        """What is on the screen now, or on one of several."""
        sockets = [p for p in (self.folder / "run").glob("wayland-*") if p.suffix != ".lock"]
        done = subprocess.run(
            ["grim", *(["-o", output] if output else []), "-t", "ppm", "-"],
            env={**self.environ, "WAYLAND_DISPLAY": sockets[0].name},
            capture_output=True,
            check=True,
            timeout=10,
        )
        head, pixels = done.stdout.split(b"\n255\n", 1)
        _, width, height = head.split()
        return Screenshot(int(width), int(height), pixels)

    def browsers(self) -> list[int]:
        """Process ids of the browser's main processes."""
        if self.browser == "cog":
            filters = processes_with(f"--content-filter={self.folder}")
            return [pid for pid, line in filters if "/bin/cog " in line]
        return [pid for pid, line in self._chromium() if "--type=" not in line]

    def settled(self) -> list[int]:
        """Wait until the launcher has seen its newest browser's page; that one's process id."""

        def is_live() -> bool:
            said = self.said()
            return 0 < said.count(": started ") == said.count("its page is live")

        self.wait(is_live)
        return self.browsers()

    def renderers(self) -> list[int]:
        """Process ids of those that draw pages."""
        if self.browser == "cog":
            mine = set(self.processes())
            lines = processes_with("/WPEWebProcess ")
            return [pid for pid, line in lines if pid in mine and line.startswith("/usr/lib")]
        return [pid for pid, line in self._chromium() if "--type=renderer" in line]

    def processes(self) -> list[int]:
        """Process ids of all that belongs to the kiosk."""
        folder = str(self.folder)
        # Some of Chromium's have another environment, and the launcher names no file of ours.
        return sorted(
            {pid for file in ("environ", "cmdline") for pid, _ in processes_with(folder, file)}
        )

    def _chromium(self) -> list[tuple[int, str]]:
        # Not the crash handler, which has the folder on its command line, too.
        return processes_with(f"--user-data-dir={self.folder}")

    def stop(self) -> float:
        """End the compositor as systemd would, and return how long all of it takes to go."""
        begun_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.wait(lambda: not self.processes(), 10)
        return time.monotonic() - begun_s

    def kill(self) -> None:
        """End all of it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def keyboard(folder: Path) -> dict[str, str]:
    """Place the kiosk's keyboard as `install` does; the variable that leads to it.

    Args:
        folder: for its files.
    """
    for kind in ("rules", "symbols"):
        (folder / "xkb" / kind).mkdir(parents=True, exist_ok=True)
        source = ROOT / "systemd" / f"gpiobridge-keyboard.{kind}"
        shutil.copy(source, folder / "xkb" / kind / "gpiobridge")
    return {"XKB_CONFIG_EXTRA_PATH": str(folder / "xkb")}


def keys() -> Path:
    """The folder in which the bridges of these tests write their keys.

    The kiosk, which has another name here, reads them there, as the unit's user does by its group.
    """
    return run_key._made_folder(os.environ)


def unit_lines(name: str, browser: str = "chromium", *, in_sway: bool = False) -> list[str]:
    """What the unit says of something, line by line."""
    unit = unit_with_browser(UNIT.read_text(), BROWSERS[browser])
    return re.findall(rf"^{name}=(.*)$", unit_with_sway(unit) if in_sway else unit, re.MULTILINE)


def unit_command(
    config: Path, browser: str, compositor: Sequence[str] = (), *, in_sway: bool = False
) -> list[str]:
    """The unit's command for a browser, with the paths of this machine.

    cage 0.1, sway and Chromium refuse to run as root, so root is called otherwise here.
    """
    [command] = unit_lines("ExecStart", browser, in_sway=in_sway)
    places = {
        "/usr/bin/cage": ["/usr/bin/cage", *compositor],
        "/opt/gpiobridge/bin/gpiobridge": [sys.executable, "-m", "gpiobridge"],
        "/etc/gpiobridge/config.toml": [str(config)],
    }
    words = [word for old in shlex.split(command) for word in places.get(old, [old])]
    user = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    return [*(user if os.geteuid() == 0 else []), *words]


def unit_environment() -> dict[str, str]:
    """What the unit's ``Environment=`` lines say."""
    pairs = (line.partition("=") for line in unit_lines("Environment"))
    return {name: value for name, _, value in pairs}


def processes_with(text: str, file: str = "cmdline") -> list[tuple[int, str]]:
    """Process ids and command lines (or environments) of the processes that have a text there."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / file).read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append((int(folder.name), line))
    return found
