"""Switch a kiosk's screen off while it is closed, and on again.

By the compositor: sway switches an output's power, and keeps the output. With any other, wlr-randr
disables it, and it is no output until it is enabled. Each is read back. Or by commands of the
owner's, which are taken at their word. Words are those of sway-output(5), versions 1.7 (Debian
bookworm: ``dpms``) and 1.10 (trixie: ``power``), and of wlr-randr(1), 0.2 and 0.5.

The launcher's thread calls `ScreenPower`. What waits for a program runs on a thread of its own.
"""

import json
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from gpiobridge.config import ScreenCommands

log = logging.getLogger(__name__)

AGAIN_S = 300.0
"""How long to wait after a screen couldn't be switched, in seconds."""

ON_AGAIN_S = 10.0
"""The same for one that is off and should be on: visitors wait for it."""

LOOK_S = 60.0
"""How often a screen that is off is looked at, in seconds: a new cable switches it on."""

_COMMAND_S = 20.0  # CEC is slow, and a television may not answer
_READ_AFTER_S = (0.0, 0.2, 0.5, 1.0)  # a screen may take a moment until it is off

_INSTEAD = "write the commands that switch it into [hours]: screen = { off = [...], on = [...] }"


class Done(NamedTuple):
    """A program that has ended.

    Args:
        code: its exit status; None: it is missing or hangs.
        out: what it has written.
        says: why it failed.
    """

    code: int | None
    out: str = ""
    says: str = ""


Run = Callable[[Sequence[str]], Done]


class Switch(Protocol):
    """A way to switch a screen. Its methods block, and return what went wrong, or ""."""

    @property
    def browser_notices(self) -> bool:
        """Whether a browser may draw nothing while the screen is off, and so can't begin then."""

    def set(self, *, on: bool) -> str:
        """Switch it."""

    def is_off(self) -> bool:
        """Whether it is still off, as far as that can be known."""


def run(command: Sequence[str]) -> Done:
    """Run a program, and wait for its end."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
        )
    except FileNotFoundError:
        return Done(None, says=f"{command[0]} is not installed")
    except subprocess.TimeoutExpired:
        return Done(None, says=f"{command[0]} has not ended within {_COMMAND_S:.0f} s")
    except OSError as error:
        return Done(None, says=f"{command[0]} can't be started: {error.strerror or error}")
    said = (done.stderr or done.stdout).decode(errors="replace").split("\n")
    last = next((line.strip()[:200] for line in reversed(said) if line.strip()), "")
    says = f"{command[0]}: {last or f'exit status {done.returncode}'}" if done.returncode else ""
    return Done(done.returncode, done.stdout.decode(errors="replace"), says)


class Commands:
    """The owner's commands. Nobody can ask the screen what has become of it."""

    browser_notices = False

    def __init__(self, commands: ScreenCommands, run: Run = run) -> None:
        self._commands = commands
        self._run = run

    def set(self, *, on: bool) -> str:
        """Run one of them; it has worked if it says so."""
        done = self._run(self._commands.on if on else self._commands.off)
        return "" if done.code == 0 else f"{done.says}; run it by hand as the kiosk's user"

    def is_off(self) -> bool:
        """Take it at its word."""
        return True


class _Compositor:
    """A compositor that says what its outputs do.

    Args:
        connector: the output; empty: all of them.
        run: runs a program.
        pause: waits for some seconds.
    """

    browser_notices = True

    def __init__(
        self, connector: str, run: Run = run, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._connector = connector
        self._run = run
        self._pause = pause

    def set(self, *, on: bool) -> str:
        """Switch the outputs, and read back whether they are."""
        outputs, says = self._read()
        if outputs and any(is_on is not on for is_on in outputs.values()):
            says = self._switch(outputs, on=on).says
            for pause_s in _READ_AFTER_S:
                self._pause(pause_s)
                outputs, _ = self._read()
                if outputs and all(is_on is on for is_on in outputs.values()):
                    break
        if not outputs:
            return says or f"there is no output {self._connector}".rstrip()
        if any(is_on is not on for is_on in outputs.values()):
            return f"{says or 'the compositor has not done it'}; {_INSTEAD}"
        self._shown(on=on)
        return ""

    def is_off(self) -> bool:
        """Whether none of them is on; one of which nothing is known counts as off."""
        return not any(self._read()[0].values())

    def _read(self) -> tuple[dict[str, bool], str]:
        """Return whether each output is on, and what went wrong."""
        raise NotImplementedError

    def _switch(self, outputs: Mapping[str, bool], *, on: bool) -> Done:
        raise NotImplementedError

    def _shown(self, *, on: bool) -> None:
        """Do what is left to do once they are switched."""


class Sway(_Compositor):
    """The outputs of sway.

    Args:
        connector: the output; empty: all of them.
        window: sway's criteria of the browser's window; empty: none.
        run: runs a program.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        connector: str,
        window: str = "",
        run: Run = run,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(connector, run, pause)
        self._window = window
        self._word = "power"

    def _read(self) -> tuple[dict[str, bool], str]:
        done = self._run(("swaymsg", "-t", "get_outputs", "-r"))
        if done.code != 0:
            return {}, done.says
        try:
            told = json.loads(done.out)
            # sway 1.7 has only "dpms", and knows no "power".
            self._word = "power" if any("power" in each for each in told) else "dpms"
            mine = [each for each in told if self._connector in ("", each["name"])]
            # One that the owner has disabled stays so, unless there is no other.
            counted = [each for each in mine if each["active"]] or mine
            outputs = {each["name"]: each["active"] and each[self._word] for each in counted}
        except (ValueError, LookupError, TypeError) as error:
            return {}, f"swaymsg says something unknown of its outputs ({type(error).__name__})"
        return outputs, ""

    def _switch(self, outputs: Mapping[str, bool], *, on: bool) -> Done:
        words = (self._word, "on" if on else "off")
        return self._run(("swaymsg", "output", self._connector or "*", *words))

    def _shown(self, *, on: bool) -> None:
        if on and self._window:
            # If nothing has taken that away, it changes nothing; without a window it fails.
            self._run(("swaymsg", f"{self._window} fullscreen enable"))


class WlrRandr(_Compositor):
    """The outputs of another compositor that wlr-randr can switch, such as cage 0.2 and labwc."""

    def _read(self) -> tuple[dict[str, bool], str]:
        done = self._run(("wlr-randr",))
        if done.code != 0:
            missing = done.code is None and "not installed" in done.says
            remedy = "sudo apt install wlr-randr" if missing else _INSTEAD
            return {}, f"{done.says}; {remedy}"
        outputs = dict(_enabled(done.out))
        if self._connector:
            outputs = {name: is_on for name, is_on in outputs.items() if name == self._connector}
        return outputs, ""

    def _switch(self, outputs: Mapping[str, bool], *, on: bool) -> Done:
        words = [("--output", name, "--on" if on else "--off") for name in outputs]
        return self._run(("wlr-randr", *(word for each in words for word in each)))


class Unknown:
    """The screen of an X server: nobody has tried to switch one off."""

    browser_notices = False

    def set(self, *, on: bool) -> str:
        """Say what to do instead."""
        return "" if on else f"this is no Wayland compositor; {_INSTEAD}"

    def is_off(self) -> bool:
        """Nothing is known of it."""
        return True


def _enabled(text: str) -> Iterator[tuple[str, bool]]:
    """Read what wlr-randr writes: each output's name, and whether it is enabled."""
    name = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            name = line.split()[0]
        elif line.strip().startswith("Enabled:") and name:
            yield name, line.split()[-1] == "yes"


def switch_for(
    environ: Mapping[str, str], connector: str, window: str, commands: ScreenCommands | None
) -> Switch:
    """Choose how a screen is switched.

    Args:
        environ: the environment, which names the compositor.
        connector: the screen's connector; empty: all screens.
        window: sway's criteria of the browser's window; empty: none.
        commands: the owner's; None: there are none.
    """
    if commands is not None:
        return Commands(commands)
    if not environ.get("WAYLAND_DISPLAY"):
        return Unknown()
    return Sway(connector, window) if environ.get("SWAYSOCK") else WlrRandr(connector)


class ScreenPower:
    """Has a screen be what it is meant to be.

    Args:
        switch: switches it.

    Attributes:
        browser_notices: see `Switch`.
    """

    def __init__(self, switch: Switch) -> None:
        self.browser_notices = switch.browser_notices
        self._switch = switch
        self._is_off: bool | None = None  # as it was last switched; None: it never was
        self._failed: bool | None = None  # for off or for on; None: the last try has not failed
        self._says = ""  # why, as last logged
        self._tried_s = 0.0
        self._thread: threading.Thread | None = None

    @property
    def is_off(self) -> bool:
        """Whether it has been switched off."""
        return bool(self._is_off)

    def want(self, now_s: float, *, off: bool) -> None:
        """Say what it is meant to be; the caller doesn't wait for it.

        Args:
            now_s: monotonic seconds.
            off: whether it is meant to be off.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        is_so = self._is_off is off
        if is_so and not off:
            return
        if is_so or self._failed is off:
            wait_s = LOOK_S if is_so else ON_AGAIN_S if self._is_off else AGAIN_S
            if now_s < self._tried_s + wait_s:
                return
        self._tried_s = now_s
        self._thread = threading.Thread(
            target=self._set, kwargs={"off": off}, name="gpiobridge-screen", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Wait until nothing is being done."""
        if self._thread is not None:
            self._thread.join()

    def _set(self, *, off: bool) -> None:
        if off and self._is_off and self._switch.is_off():
            return
        says = self._switch.set(on=not off)
        word = "off" if off else "on"
        if says:
            self._failed = off
            if says != self._says:
                log.warning("the screen can't be switched %s: %s", word, says)
            self._says = says
            return
        if off or self._is_off:  # at the start it may be on already
            log.info("the screen is %s%s", word, ": it is closed" if off else " again")
        self._is_off, self._failed, self._says = off, None, ""
