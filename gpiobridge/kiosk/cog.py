"""cog as a kiosk needs it: where it is, its command line, its environment, its filter.

cog shows one page with WPE WebKit and has no window of its own around it: no tabs, menus, dialogs
or printing. Owns every option and its reason. Starts nothing; the caller's thread. Options and
variables are those of cog 0.16 (Debian bookworm) and 0.18 (trixie): cog-launcher.c and
docs/platform-wl.md of its source. cog ends at an option that it doesn't know, so each of
them is in both.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import browsers, home
from gpiobridge.kiosk.start import Start
from gpiobridge.net.hosts import DEFAULT_PORTS, origin_of
from gpiobridge.system.commands import find_program

HAS_PIPE = False

# Not --doc-viewer, which has no cache: a page with a large picture then took 130 ms instead of 55,
# and more memory. The cache hardly wears the card: 24 KB written in 13 such pages.
_ALWAYS = (
    "--platform=wl",
    "--webprocess-failure=exit",  # else an error page stays where the page has crashed
    "--media-playback-requires-user-gesture=false",
)
_SANDBOX = "--enable-sandbox"
_FILTER = "filter.json"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def find() -> Path:
    """Find cog on the path.

    Raises:
        KioskError: there is none.
    """
    if program := find_program(browsers.COG.programs):
        return program
    raise KioskError(
        "there is no cog here; install it: sudo apt install --no-install-recommends cog "
        "(or take Chromium: leave --browser out)"
    )


def command(start: Start) -> list[str]:
    """Make the command line; the page's address is not in it (`environment`).

    cog does nothing else with little memory, and asks nobody for a camera.

    Args:
        start: with a profile that has the filter (`prepare`).

    Raises:
        KioskError: the screen is X11's, for which Debian's cog has no plug-in.
    """
    if not start.wayland:
        raise KioskError(
            "cog needs a Wayland compositor, and WAYLAND_DISPLAY isn't set: start it in a Wayland "
            "session or under cage, or leave --browser out for Chromium"
        )
    sandbox = [_SANDBOX] if _has_sandbox_option(start.program) else []
    rules = f"--content-filter={start.profile / _FILTER}"
    return [str(start.program), *_ALWAYS, *sandbox, rules, *start.flags]


def environment(start: Start, environ: Mapping[str, str]) -> dict[str, str]:
    """Make its environment.

    Args:
        start: with the page to open: a token may stand in it, and only a command line can all read.
        environ: the rest.
    """
    return {
        **environ,
        "COG_URL": start.url,
        "COG_PLATFORM_WL_VIEW_FULLSCREEN": "1",
        "XDG_DATA_HOME": str(start.profile / "data"),
        "XDG_CACHE_HOME": str(start.profile / "cache"),
        # Without a session bus no second cog hands its page to the first and ends, and no other
        # program sends this one elsewhere.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        # WPE 2.48 keeps what a visitor downloads in the home folder, until the card is full.
        "XDG_CONFIG_HOME": environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config",
        "HOME": "/nonexistent",
    }


def first_address(folder: Path, address: str, *, secret: bool) -> str:
    """What cog opens first: the exhibit's address itself, which its command line doesn't show."""
    return address


def prepare(profile: Path, base: str, allow: Sequence[str] = ()) -> None:
    """Write the rules that keep cog's page on the bridge into its profile, for `command`.

    cog leaves nothing there that would hinder its next start.

    Args:
        profile: its folder.
        base: where the bridge is.
        allow: addresses of other sites that may be shown.

    Raises:
        KioskError: the disk is full, for example.
    """
    file, text = profile / _FILTER, json.dumps(content_filter(base, allow), indent=1)
    try:
        if file.is_file() and file.read_text("utf-8", errors="replace") == text:
            return  # so that a full card stops no kiosk
        file.write_text(text, "utf-8")
    except OSError as error:
        raise KioskError(
            f"{file} can't be written: {error.strerror or error}; without it cog would show "
            "pages of any site"
        ) from error


def content_filter(base: str, allow: Sequence[str] = ()) -> list[dict[str, object]]:
    """Make the rules by which no page of another site is shown; images, frames and such are free.

    WebKit's content blockers: the last rule that fits wins. An address is compared as WebKit
    writes it, in lower case and without the scheme's own port.

    Args:
        base: where the bridge is, such as ``http://127.0.0.1:8000``.
        allow: addresses of other sites that may be shown, such as ``https://example.org``.
    """
    pages = {"resource-type": ["document"], "load-context": ["top-frame"]}
    return [
        {"trigger": {"url-filter": "^https?://", **pages}, "action": {"type": "block"}},
        *(
            {
                "trigger": {"url-filter": "^" + re.sub(r"[][.]", r"\\\g<0>", origin), **pages},
                "action": {"type": "ignore-previous-rules"},
            }
            for site in (*home.origins(base), *allow)
            for origin in _origins(site)
        ),
    ]


def _origins(site: str) -> list[str]:
    """Write a site's beginning as WebKit does, by each of its names on this machine."""
    scheme, _, place = origin_of(site).partition("://")
    host, _, port = place.rpartition(":")
    end = "" if int(port or 0) == DEFAULT_PORTS.get(scheme) else f":{port}"
    hosts = _LOOPBACK if host in _LOOPBACK else (host,)
    return [f"{scheme}://{name}{end}/" for name in hosts]


def _has_sandbox_option(browser: Path) -> bool:
    """Whether its web process is only put into a sandbox when asked: newer ones always do."""
    try:
        return b"enable-sandbox\0" in browser.read_bytes()
    except OSError:  # an upgrade is replacing it
        return False
