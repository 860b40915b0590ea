"""What every browser is started with. This module starts nothing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

STAGE = "/gpiobridge/stage"
"""The path of the stage: one page of the bridge that shows all others in frames."""

TICKET = "kiosk_ticket"
"""The name of a kiosk's ticket in its first address, as the bridge knows it."""


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
        audio: the sound device; empty for the system's own choice.
        window: the name of its window (its app_id); empty for the browser's own.
        scale: how much larger the browser itself makes everything.
        reduced_motion: whether pages are told that the viewer prefers less motion.
        more_contrast: whether pages are told that the viewer prefers more contrast.
    """

    program: Path
    profile: Path
    url: str
    wayland: bool
    little_memory: bool = False
    flags: Sequence[str] = ()
    camera: bool = False
    audio: str = ""
    window: str = ""
    scale: float = 1.0
    reduced_motion: bool = False
    more_contrast: bool = False


def page_address(base: str, name: str, token: str, ticket: str = "") -> str:
    """Return the address at which a display opens the start page.

    Args:
        base: the bridge's address.
        name: the display's name.
        token: the bridge's token, if it requires one.
        ticket: the kiosk's ticket, if it has proven itself (`proof`).
    """
    return f"{base}/?{urlencode({'display': name} | _secrets(token, ticket))}"


def stage_address(
    base: str,
    name: str,
    token: str = "",
    ticket: str = "",
    *,
    little_memory: bool,
    path: str = "",
    cursor: str = "",
) -> str:
    """Return the address at which a display opens the stage, with the start page on it.

    Args:
        base: the bridge's address.
        name: the display's name.
        token: the bridge's token, if it requires one.
        ticket: the kiosk's ticket, if it has proven itself (`proof`).
        little_memory: whether this machine has little memory: then the stage holds no page ready
            behind the one that is shown.
        path: that of the page to begin with in place of the start page.
        cursor: what this display has acted on, so that no press counts twice, and none is lost.
    """
    query = {"display": name}
    query |= {key: value for key, value in (("page", path), ("cursor", cursor)) if value}
    if little_memory:
        query["ahead"] = "0"
    return f"{base}{STAGE}?{urlencode(query | _secrets(token, ticket))}"


def _secrets(token: str, ticket: str) -> dict[str, str]:
    found = {"token": token, TICKET: ticket}
    return {name: value for name, value in found.items() if value}
