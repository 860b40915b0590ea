"""cog as a kiosk needs it: where it is, its command line, its environment, its filter.

cog shows one page with WPE WebKit and has no window of its own around it: no tabs, menus, dialogs
or printing. Owns every option and its reason. Starts nothing; the caller's thread. Options and
variables are those of cog 0.16 (Debian bookworm) and 0.18 (trixie): cog-launcher.c and
docs/platform-wl.md of its source. cog ends at an option that it doesn't know, so each of
them is in both.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import browsers
from gpiobridge.net.hosts import DEFAULT_PORTS, origin_of

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
    for name in browsers.COG.programs:
        if found := shutil.which(name):
            return Path(found)
    raise KioskError(
        "there is no cog here; install it: sudo apt install --no-install-recommends cog "
        "(or take Chromium: leave --browser out)"
    )


def command(
    browser: Path,
    profile: Path,
    url: str,
    *,
    wayland: bool,
    small: bool,
    more: Sequence[str],
    camera: bool = False,
) -> list[str]:
    """Make the command line; the page's address is not in it (`environment`).

    Args:
        browser: cog.
        profile: the folder of its profile, with the filter (`prepare`).
        url: the page to open.
        wayland: whether there is a Wayland compositor.
        small: whether this machine is short of memory; cog does nothing else then.
        more: the owner's own options; they come last, so they win.
        camera: cog asks nobody, and has none.

    Raises:
        KioskError: the screen is X11's, for which Debian's cog has no plug-in.
    """
    if not wayland:
        raise KioskError(
            "cog needs a Wayland compositor, and WAYLAND_DISPLAY isn't set: start it in a Wayland "
            "session or under cage, or leave --browser out for Chromium"
        )
    sandbox = [_SANDBOX] if _has_sandbox_option(browser) else []
    return [str(browser), *_ALWAYS, *sandbox, f"--content-filter={profile / _FILTER}", *more]


def environment(profile: Path, url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Make its environment.

    Args:
        profile: the folder of its profile.
        url: the page to open: a token may stand in it, and only a command line can all read.
        environ: the rest.
    """
    return {
        **environ,
        "COG_URL": url,
        "COG_PLATFORM_WL_VIEW_FULLSCREEN": "1",
        "XDG_DATA_HOME": str(profile / "data"),
        "XDG_CACHE_HOME": str(profile / "cache"),
        # Without a session bus no second cog hands its page to the first and ends, and no other
        # program sends this one elsewhere.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        # WPE 2.48 keeps what a visitor downloads in the home folder, until the card is full.
        "XDG_CONFIG_HOME": environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config",
        "HOME": "/nonexistent",
    }


def start_address(folder: Path, base: str, name: str, token: str) -> str:
    """What cog opens first; its command line doesn't show it (`environment`).

    Args:
        folder: a private one, which it doesn't need.
        base: where the bridge is.
        name: what the display is called.
        token: what the bridge asks for, if it does.
    """
    query = urlencode({"display": name} | ({"token": token} if token else {}))
    return f"{base}/?{query}"


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
            for site in (base, *allow)
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
