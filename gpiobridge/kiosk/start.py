"""What a browser is started with, whichever it is. Starts nothing; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Start:
    """What a browser's command line and environment are made of.

    Args:
        program: the browser, or the distribution's script that starts it.
        profile: the folder of its profile.
        url: what it opens first.
        wayland: whether there is a Wayland compositor; else the screen is X11's.
        little_memory: whether this machine has little (`browsers.has_little_memory`).
        flags: the owner's own; they come last, so they win.
        camera: whether a page may ask for camera and microphone.
    """

    program: Path
    profile: Path
    url: str
    wayland: bool
    little_memory: bool = False
    flags: Sequence[str] = ()
    camera: bool = False


def page_address(base: str, name: str, token: str) -> str:
    """Write the address at which a display begins.

    Args:
        base: where the bridge is.
        name: what the display is called.
        token: what the bridge asks for, if it does.
    """
    query = urlencode({"display": name} | ({"token": token} if token else {}))
    return f"{base}/?{query}"
