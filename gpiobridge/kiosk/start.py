"""What every browser is started with. This module starts nothing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

STAGE = "/gpiobridge/stage"
"""The path of the stage: one page of the bridge that shows all others in frames."""


@dataclass(frozen=True, slots=True)
class Start:
    """The values for a browser's command line and environment.

    Args:
        program: the browser, or the distribution's script that starts it.
        profile: the folder of its profile.
        url: the address that it opens first.
        wayland: whether there is a Wayland compositor; otherwise the screen is an X11 screen.
        little_memory: whether this machine has little memory (`browsers.has_little_memory`).
        flags: the owner's own flags; they come last, so they win.
        camera: whether a page may use camera and microphone.
    """

    program: Path
    profile: Path
    url: str
    wayland: bool
    little_memory: bool = False
    flags: Sequence[str] = ()
    camera: bool = False


def page_address(base: str, name: str, token: str) -> str:
    """Return the address at which a display opens the start page.

    Args:
        base: the bridge's address.
        name: the display's name.
        token: the bridge's token, if it requires one.
    """
    query = urlencode({"display": name} | ({"token": token} if token else {}))
    return f"{base}/?{query}"


def stage_address(base: str, name: str, token: str, *, little_memory: bool) -> str:
    """Return the address at which a display opens the stage, with the start page on it.

    Args:
        base: the bridge's address.
        name: the display's name.
        token: the bridge's token, if it requires one.
        little_memory: whether this machine has little memory: then the stage holds no page ready
            behind the one that is shown.
    """
    query = {"display": name}
    if little_memory:
        query["ahead"] = "0"
    if token:
        query["token"] = token
    return f"{base}{STAGE}?{urlencode(query)}"
