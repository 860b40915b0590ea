"""A visitor with a keyboard and a mouse: real events on an X server that cage draws on.

cage is an X client here, so each event takes the way of one that comes from a device: the X server,
cage's seat, Chromium. Keys are given by their place on the keyboard, as a device sends them.
"""

import contextlib
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gpiobridge.kiosk.chromium_policy import START_PAGE

from .screen import Screenshot, keyboard

# linux/input-event-codes.h, and 8 more, as X and xkeyboard-config count.
_CODES = {
    "Escape": 9, "1": 10, "2": 11, "9": 18, "0": 19, "minus": 20, "plus": 21, "BackSpace": 22,
    "Tab": 23, "q": 24, "w": 25, "e": 26, "r": 27, "t": 28, "y": 29, "u": 30, "i": 31, "o": 32,
    "p": 33, "Return": 36, "ctrl": 37, "a": 38, "s": 39, "d": 40, "f": 41, "g": 42, "h": 43,
    "j": 44, "k": 45, "l": 46, "shift": 50, "backslash": 51, "z": 52, "x": 53, "c": 54, "v": 55,
    "b": 56, "n": 57, "m": 58, "comma": 59, "period": 60, "slash": 61, "alt": 64, "space": 65,
    **{f"F{number}": 66 + number for number in range(1, 11)}, "F11": 95, "F12": 96,
    "rctrl": 105, "ralt": 108, "Home": 110, "Up": 111, "PageUp": 112, "Left": 113, "Right": 114,
    "End": 115, "Down": 116, "PageDown": 117, "Insert": 118, "Delete": 119, "super": 133,
    "Menu": 135, "XF86Find": 144, "XF86HomePage": 180, "XF86WWW": 158, "XF86Mail": 163,
    "XF86Favorites": 164, "XF86Back": 166, "XF86Forward": 167, "XF86Reload": 181,
    "XF86Close": 182, "XF86New": 189, "Print": 218, "XF86Search": 225,
}  # fmt: skip


class Visitor:
    """The keyboard and mouse of one X server.

    Args:
        display: such as ``:99``.
        picture: the file in which the server keeps what is on its screen.
    """

    def __init__(self, display: str, picture: Path) -> None:
        self.display = display
        self.picture = picture

    def look(self) -> Screenshot:
        """What is on the screen now, also of a page at rest, of which cage shows grim nothing new.

        The file is one of `xwd`: a head of numbers, colours of 12 bytes each, and four bytes for
        each pixel.
        """
        dump = self.picture.read_bytes()
        head = struct.unpack(">25I", dump[:100])
        start, width, height = head[0] + 12 * head[19], head[4], head[5]
        pixels = dump[start : start + 4 * width * height]
        found = bytearray(3 * width * height)
        for channel in range(3):
            found[channel::3] = pixels[2 - channel :: 4]
        return Screenshot(width, height, bytes(found))

    def press(self, combination: str) -> None:
        """Press keys together, and let them go: ``ctrl+shift+n``."""
        codes = [str(_CODES[name]) for name in combination.split("+")]
        self._do(*_held(codes, ()))

    def click(self, x: int, y: int, button: int = 1, holding: Sequence[str] = ()) -> None:
        """Click at a place: button 1 is the left one, 2 the middle one, 3 the right one."""
        codes = [str(_CODES[name]) for name in holding]
        self._do("mousemove", str(x), str(y), *_held(codes, ("click", str(button))))

    def hold(self, x: int, y: int, seconds: float) -> None:
        """Press the left button at a place for so long."""
        self._do(
            "mousemove", str(x), str(y), "mousedown", "1", "sleep", str(seconds), "mouseup", "1"
        )

    def turn(self, button: int, holding: Sequence[str] = ()) -> None:
        """Turn the wheel: button 4 is up, 5 is down."""
        self.click(500, 400, button, holding)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Move the mouse with its left button pressed."""
        words = ["mousemove", *map(str, start), "mousedown", "1"]
        for step in range(1, 6):
            at = [str(a + (b - a) * step // 5) for a, b in zip(start, end, strict=True)]
            words += ["mousemove", *at, "sleep", "0.05"]
        self._do(*words, "mouseup", "1")

    def _do(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words],
            env={**os.environ, "DISPLAY": self.display},
            check=True,
            timeout=10,
        )


def _held(codes: Sequence[str], inside: Sequence[str]) -> list[str]:
    down = [word for code in codes for word in ("keydown", code)]
    up = [word for code in reversed(codes) for word in ("keyup", code)]
    return [*down, *inside, *up]


@contextlib.contextmanager
def x_server(folder: Path, *, locked: bool) -> Iterator[Visitor]:
    """Run an X server of cage's size.

    Args:
        folder: for its log.
        locked: whether no key is a modifier. cage takes its state of the modifiers from here,
            where it would make it of the kiosk's keyboard with a real device.
    """
    reads, writes = os.pipe()
    with (folder / "xvfb.log").open("w") as log:
        server = subprocess.Popen(
            [
                *("Xvfb", "-displayfd", str(writes), "-noreset", "-screen", "0", "1024x768x24"),
                *("-fbdir", str(folder)),
            ],
            pass_fds=[writes],
            stderr=log,
        )
    os.close(writes)
    try:
        with os.fdopen(reads) as told:
            display = f":{told.readline().strip()}"
        if locked:
            clear = [
                word for name in ("control", "mod1", "mod4") for word in ("-e", f"clear {name}")
            ]
            environ = {**os.environ, "DISPLAY": display}
            subprocess.run(["xmodmap", *clear], env=environ, check=True, timeout=10)
        yield Visitor(display, folder / "Xvfb_screen0")
    finally:
        server.terminate()
        server.wait(10)


def environment(visitor: Visitor, folder: Path, *, locked: bool) -> dict[str, str]:
    """What cage needs beside the unit's own environment.

    Args:
        visitor: whose X server it draws on.
        folder: for the kiosk's keyboard.
        locked: whether it has the kiosk's keyboard.
    """
    rules = {} if locked else {"XKB_DEFAULT_RULES": "evdev"}
    return {
        "RUNTIME_DIRECTORY": str(Path(START_PAGE).parent),
        "DISPLAY": visitor.display,
        "WLR_BACKENDS": "x11",
        **keyboard(folder),
        **rules,
    }


def with_policy(config: Path, folder: Path) -> list[str]:
    """Make the policy as the unit does, and return the command that binds it over Chromium's.

    Args:
        config: the bridge's config.toml.
        folder: for the policy.
    """
    policy = folder / "policies" / "managed" / "gpiobridge.json"
    words = ["kiosk", "--config", str(config), "--write-policy", str(policy)]
    subprocess.run([sys.executable, "-m", "gpiobridge", *words], check=True, timeout=20)
    bind = (
        "mount -t tmpfs none /run && mkdir -m 700 /run/gpiobridge-kiosk && "
        "mount -t tmpfs none /etc/chromium && mkdir /etc/chromium/policies && "
        f'mount --bind {folder / "policies"} /etc/chromium/policies && exec "$@"'
    )
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, "--mount", "sh", "-c", bind, "sh"]
