"""cog as a kiosk needs it: its program, command line, environment and filter.

cog shows one page with WPE WebKit, without a window around it: no tabs, menus, dialogs or printing.
This module owns every option and the reason for it. It starts nothing. It runs on the caller's
thread. Options and variables are those of cog 0.16 (Debian bookworm) and 0.18 (trixie), from
cog-launcher.c and docs/platform-wl.md of its source. cog stops at an option that it doesn't know,
so this module uses only options that both versions have.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import audio, browsers, home
from gpiobridge.kiosk.start import Start
from gpiobridge.net.hosts import DEFAULT_PORTS, origin_of
from gpiobridge.system.commands import find_program

HAS_PIPE = False
TELLS_PAGES = False
SCALES_ITSELF = True  # cog 0.16 crashes (SIGSEGV) on an output of sway's that is scaled by 2

# Not --doc-viewer: it has no cache. A page with a large picture then took 130 ms instead of 55,
# and more memory. The cache hardly wears out the card: 24 KB written for 13 such pages.
_ALWAYS = (
    "--platform=wl",
    "--webprocess-failure=exit",  # otherwise an error page stays after a crash
    "--media-playback-requires-user-gesture=false",
)
_SANDBOX = "--enable-sandbox"
_FILTER = "filter.json"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def find() -> Path:
    """Find cog on the path.

    Raises:
        KioskError: it is not installed.
    """
    if program := find_program(browsers.COG.programs):
        return program
    raise KioskError(
        "cog is not installed; install it: sudo apt install --no-install-recommends cog "
        "(or leave --browser out for Chromium)"
    )


def command(start: Start) -> list[str]:
    """Make the command line, without the page's address (`environment` has it).

    Little memory changes nothing for cog, and cog asks for no camera permission.

    Args:
        start: how to start it; its profile contains the filter (`prepare`).

    Raises:
        KioskError: the screen is an X11 screen. Debian's cog has no X11 plug-in.
    """
    if not start.wayland:
        raise KioskError(
            "cog needs a Wayland compositor, and WAYLAND_DISPLAY isn't set: start it in a Wayland "
            "session or under cage, or leave --browser out for Chromium"
        )
    sandbox = [_SANDBOX] if _has_sandbox_option(start.program) else []
    rules = f"--content-filter={start.profile / _FILTER}"
    # GApplication's name is that of the window, and must have a dot.
    window = [f"--gapplication-app-id=org.{start.window}"] if start.window else []
    scale = [] if start.scale == 1 else [f"--scale={start.scale:g}"]
    return [str(start.program), *_ALWAYS, *window, *scale, *sandbox, rules, *start.flags]


def environment(start: Start, environ: Mapping[str, str]) -> dict[str, str]:
    """Make its environment.

    Args:
        start: how to start it, with the page's address. The address may contain a token: every
            user can read a command line, but not an environment.
        environ: the other variables.
    """
    card = audio.card(start.audio)
    return {
        **environ,
        **audio.environment(start.audio),
        **({"ALSA_CARD": card} if card else {}),
        "COG_URL": start.url,
        "COG_PLATFORM_WL_VIEW_FULLSCREEN": "1",
        "XDG_DATA_HOME": str(start.profile / "data"),
        "XDG_CACHE_HOME": str(start.profile / "cache"),
        # With a session bus, a second cog would hand its page to the first one and end, and any
        # program could send this cog to another page.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        # WPE 2.48 stores a visitor's downloads in the home folder, until the card is full.
        "XDG_CONFIG_HOME": environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config",
        "HOME": "/nonexistent",
    }


def first_address(folder: Path, address: str, *, secret: bool) -> str:
    """Return what cog opens first: the exhibit's own address; its command line doesn't show it."""
    return address


def prepare(profile: Path, base: str, allow: Sequence[str] = ()) -> None:
    """Write the filter that keeps cog on the bridge's pages into its profile, for `command`.

    cog leaves nothing in the profile that could prevent its next start.

    Args:
        profile: the profile's folder.
        base: the bridge's address.
        allow: the addresses of other sites that may be shown.

    Raises:
        KioskError: the filter can't be written; the disk is full, for example.
    """
    file, text = profile / _FILTER, json.dumps(content_filter(base, allow), indent=1)
    try:
        if file.is_file() and file.read_text("utf-8", errors="replace") == text:
            return  # write nothing: a full card must not stop the kiosk
        file.write_text(text, "utf-8")
    except OSError as error:
        raise KioskError(
            f"{file}, which keeps cog on the bridge's pages, can't be written: "
            f"{error.strerror or error}; check that its disk is not full"
        ) from error


def content_filter(base: str, allow: Sequence[str] = ()) -> list[dict[str, object]]:
    """Make the rules that block pages of other sites; images, frames and the like are allowed.

    They are rules of WebKit's content blockers: the last matching rule wins. WebKit compares
    addresses in lower case and without the scheme's default port.

    Args:
        base: the bridge's address, such as ``http://127.0.0.1:8000``.
        allow: the addresses of other sites that may be shown, such as ``https://example.org``.
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
    """Return the start of a site's addresses as WebKit writes it, for each of its local names."""
    scheme, _, place = origin_of(site).partition("://")
    host, _, port = place.rpartition(":")
    end = "" if int(port or 0) == DEFAULT_PORTS.get(scheme) else f":{port}"
    hosts = _LOOPBACK if host in _LOOPBACK else (host,)
    return [f"{scheme}://{name}{end}/" for name in hosts]


def _has_sandbox_option(browser: Path) -> bool:
    """Whether cog has the option for the sandbox of its web process; newer ones always use it."""
    try:
        return b"enable-sandbox\0" in browser.read_bytes()
    except OSError:  # an upgrade is replacing it
        return False
