"""sway as the kiosks of several screens need it: its configuration. Pure, but for finding sway.

cage gives all screens of a machine to one window, and only one compositor can have the graphics
device of a seat. cage 0.1 neither scales a screen nor switches it off. So a machine with two
kiosks, or with a screen that is turned, scaled or goes dark while it is closed, has sway
instead of cage. Each kiosk's browser names its window after its display; sway puts that window on
its screen's own workspace, which is full of it. Words are those of sway(5) and sway-output(5),
versions 1.7 (Debian bookworm) and 1.10 (trixie).
"""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from gpiobridge.config import Screen
from gpiobridge.errors import KioskError
from gpiobridge.system.commands import find_program
from gpiobridge.system.whole_files import replacing

PACKAGE = "sway"
"""Debian's package, and the program in it."""

OPTION = "--sway"
"""The option of a kiosk's command that makes it start sway."""

OWN_FILE = "sway.conf"
"""A file beside `config.toml` with the owner's own lines, which sway reads last."""

# No title bars. No X server, which cage 0.1 needs: nothing here is an X11 client. No bar with
# sway's own complaints about a line of the owner's. Without a key binding no key leads anywhere.
_ALWAYS = """\
xwayland disable
default_border none
swaynag_command -
"""

# sway starts a command once. The loop ends with sway, which then takes its socket away.
_AGAIN = 'exec "while [ -S $SWAYSOCK ]; do {command}; sleep 2; done"\n'


def window_of(name: str) -> str:
    """Return the name of the window (its app_id) of a display's browser."""
    return f"gpiobridge-{name}"


def criteria(name: str) -> str:
    """Return sway's criteria of the window of a display's browser."""
    return rf'[app_id="^(org\.)?{window_of(name)}$"]'  # cog's name must have a dot


def configuration(
    screens: Mapping[str, Screen],
    command: Sequence[str],
    own: Path | None = None,
    *,
    scaled: bool = True,
) -> str:
    """Write sway's configuration.

    Args:
        screens: the display of each screen: name -> screen.
        command: starts a kiosk; ``--display`` and its name are added.
        own: the file with the owner's own lines; it need not exist.
        scaled: whether sway makes everything larger, and not the browser itself.
    """
    text = _ALWAYS
    for name, screen in screens.items():
        output = screen.connector or "*"
        transform = str(screen.rotate) if screen.rotate else "normal"
        scale = screen.scale if scaled else 1
        text += f"\noutput {output} transform {transform} scale {scale:g}\n"
        window = criteria(name)
        if screen.connector:
            text += f"workspace {name} output {screen.connector}\n"
            text += f"assign {window} workspace {name}\n"
        text += f"for_window {window} fullscreen enable\n"
        text += _AGAIN.format(command=_quoted([*command, "--display", name]))
    return text + (f"\ninclude {shlex.quote(str(own))}\n" if own else "")


def start(text: str, environ: Mapping[str, str]) -> NoReturn:
    """Become sway; return only by an exception.

    Args:
        text: its configuration.
        environ: the environment: the file is written into ``RUNTIME_DIRECTORY``, else into
            ``XDG_RUNTIME_DIR``.

    Raises:
        KioskError: sway is not installed, or its configuration can't be written.
    """
    program = find_program((PACKAGE,))
    if program is None:
        raise KioskError(
            "several screens, and one that is turned, scaled or switched off, need sway, which is "
            "not installed: sudo apt install --no-install-recommends sway"
        )
    folder = environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or environ.get("XDG_RUNTIME_DIR")
    if not folder:
        raise KioskError(
            "there is no folder for sway's configuration: XDG_RUNTIME_DIR is not set; start it in "
            "a session, as the kiosk's unit does"
        )
    file = Path(folder, "sway.conf")
    try:
        with replacing(file) as new:
            new.write(text.encode())
    except OSError as error:
        raise KioskError(f"{file} can't be written: {error.strerror or error}") from error
    os.execve(program, [str(program), "--config", str(file)], dict(environ))


def _quoted(command: Sequence[str]) -> str:
    """Write a command within sway's double quotes."""
    return shlex.join(command).replace("\\", "\\\\").replace('"', '\\"')
