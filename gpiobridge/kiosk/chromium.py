"""Chromium as a kiosk needs it: its program, its command line and its profile.

This module owns every flag and the reason for it. It starts nothing. It runs on the caller's
thread. The switches are those of Chromium's ``*_switches.cc``. Chromium ignores a switch that it
doesn't know, so a test looks for each of them in the installed Chromium.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import audio, browsers
from gpiobridge.kiosk.start import Start
from gpiobridge.system.commands import find_program

HAS_PIPE = True
TELLS_PAGES = True
SCALES_ITSELF = False  # with --force-device-scale-factor its window is too large for the screen

_ALWAYS = (
    "--kiosk",
    "--start-maximized",  # without it, a replugged screen leaves a small window
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-infobars",
    "--hide-crash-restore-bubble",
    "--disable-sync",
    "--disable-component-update",
    "--check-for-update-interval=31536000",  # a year, in seconds
    "--password-store=basic",  # the keyring would ask for a password, or delay the start
    "--autoplay-policy=no-user-gesture-required",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
)

# No spare renderer for a second site. (Low-end device mode changes nothing on Linux.)
_SMALL = ("--renderer-process-limit=1",)

# For permissions that no policy covers: MIDI, a page that wants to handle links. This flag would
# also refuse a camera that a policy allows.
_NOTHING_ASKED = ("--deny-permission-prompts",)

_NO_FEATURES = (
    "Translate",
    # Suggestions for an address bar that a kiosk doesn't show: a process of 50 MB.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
)
# A prerendered page needs as much memory as the visible one, so pages are only prefetched.
_NO_FEATURES_SMALL = ("Prerender2",)
_CRASHES = "crashes"
_FEATURES_FLAG = "--disable-features="
_SETTINGS_FLAG = "--blink-settings="
# `PreferredContrast::kMore`. There is a switch, --force-high-contrast, but it also replaces all the
# page's colours by the system's (`forced-colors`), as Windows does.
_MORE_CONTRAST = "preferredContrast=0"


def find() -> Path:
    """Find Chromium (or Chrome) on the path.

    Raises:
        KioskError: it is not installed.
    """
    if program := find_program(browsers.CHROMIUM.programs):
        return program
    raise KioskError(
        "Chromium is not installed; install it: sudo apt install chromium "
        "(on Raspberry Pi OS bookworm: chromium-browser)"
    )


def command(start: Start) -> list[str]:
    """Make the command line."""
    flags = [*_ALWAYS, *(_SMALL if start.little_memory else ())]
    if not start.camera:
        flags += _NOTHING_ASKED
    if audio.is_alsa(start.audio):
        flags.append(f"--alsa-output-device={start.audio}")
    if start.wayland:
        flags.append("--ozone-platform=wayland")
    if start.window:
        flags.append(f"--class={start.window}")
    if start.reduced_motion:
        flags.append("--force-prefers-reduced-motion")
    if _asks_about_memory(start.program):
        flags.append("--no-memcheck")
    # Chromium uses only the last list of features, so this joins the owner's list with ours. So do
    # the settings of its pages.
    off = [*_NO_FEATURES, *(_NO_FEATURES_SMALL if start.little_memory else ())]
    settings = [_MORE_CONTRAST] if start.more_contrast else []
    for flag in start.flags:
        if flag.startswith(_FEATURES_FLAG):
            off.append(flag.removeprefix(_FEATURES_FLAG))
        elif flag.startswith(_SETTINGS_FLAG):
            settings.append(flag.removeprefix(_SETTINGS_FLAG))
        else:
            flags.append(flag)
    if settings:
        flags.append(_SETTINGS_FLAG + ",".join(settings))
    return [
        str(start.program),
        f"--user-data-dir={start.profile}",
        *flags,
        _FEATURES_FLAG + ",".join(off),
        start.url,
    ]


def environment(start: Start, environ: Mapping[str, str]) -> dict[str, str]:
    """Make its environment: its sound device, and crash reports go into the profile.

    No flag switches crash reports off.

    Args:
        start: how to start it.
        environ: the other variables.
    """
    crashes = str(start.profile / _CRASHES)
    return {**environ, **audio.environment(start.audio), "BREAKPAD_DUMP_LOCATION": crashes}


def first_address(folder: Path, address: str, *, secret: bool) -> str:
    """Return what Chromium opens first: the address, or a file that leads to a secret address.

    Args:
        folder: the folder for that file; nobody else can read it.
        address: the exhibit's address.
        secret: whether the address contains a token or a ticket: every user can read command lines.

    Raises:
        KioskError: the file can't be written; the disk is full, for example.
    """
    if not secret:
        return address
    page = folder / "start.html"
    try:
        page.unlink(missing_ok=True)
        with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"<script>location.replace({json.dumps(address)})</script>\n")
    except OSError as error:
        raise KioskError(
            f"{page}, which has the address with its secrets for the browser, can't be written: "
            f"{error.strerror or error}; check that its disk is not full"
        ) from error
    return page.as_uri()


def prepare(profile: Path, base: str, allow: Sequence[str]) -> None:
    """Make a profile ready for a new start. `chromium_policy` says which pages may be shown."""
    tidy(profile)


def tidy(profile: Path) -> None:
    """Make a profile forget how Chromium's last run ended.

    Call it only while no Chromium uses the profile.

    Args:
        profile: the profile's folder; it need not exist.
    """
    # The reports of a page that crashes again and again would fill the card within weeks.
    shutil.rmtree(profile / _CRASHES, ignore_errors=True)
    # A crash leaves a lock with the machine's name. If the machine is renamed, Chromium would
    # refuse to start.
    for lock in profile.glob("Singleton*"):
        lock.unlink(missing_ok=True)
    preferences = profile / "Default" / "Preferences"
    try:
        values = json.loads(preferences.read_bytes())
        values.setdefault("profile", {}).update(exit_type="Normal", exited_cleanly=True)
        # A visitor may have zoomed with Ctrl and the mouse wheel.
        values.get("partition", {}).pop("per_host_zoom_levels", None)
    except FileNotFoundError:
        return
    except (ValueError, AttributeError, TypeError, RecursionError):  # damaged by a power failure
        preferences.unlink()  # Chromium makes new ones
        return
    preferences.write_text(json.dumps(values))


def _asks_about_memory(browser: Path) -> bool:
    """Whether it is Raspberry Pi's script, which stops at a warning with less than 1 GB."""
    with browser.open("rb") as file:
        start = file.read(65_536)
    return start.startswith(b"#!") and b"memcheck" in start
