"""Chromium as a kiosk needs it: where it is, its command line, its profile.

Owns every flag and its reason. Starts nothing; the caller's thread. Switches are those of
Chromium's ``*_switches.cc``. A release ignores one that it doesn't know, so a test looks each of
them up in the installed Chromium.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from gpiobridge.errors import KioskError
from gpiobridge.kiosk import browsers
from gpiobridge.kiosk.start import Start
from gpiobridge.system.commands import find_program

HAS_PIPE = True

_ALWAYS = (
    "--kiosk",
    "--start-maximized",  # else a screen that is plugged in again leaves a small window
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

# No spare renderer that waits for a second site. (Low-end device mode changes nothing on Linux.)
_SMALL = ("--renderer-process-limit=1",)

# For what no policy answers: MIDI, a page that wants to handle links. It would refuse the camera,
# too, to a page to which a policy gives it.
_NOTHING_ASKED = ("--deny-permission-prompts",)

_NO_FEATURES = (
    "Translate",
    # The suggestions of an address bar that a kiosk doesn't show: a process of 50 MB.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
)
# A page that is prerendered costs as much as the one that is shown; so it is only fetched ahead.
_NO_FEATURES_SMALL = ("Prerender2",)
_CRASHES = "crashes"
_FEATURES_FLAG = "--disable-features="


def find() -> Path:
    """Find Chromium (or Chrome) on the path.

    Raises:
        KioskError: there is none.
    """
    if program := find_program(browsers.CHROMIUM.programs):
        return program
    raise KioskError(
        "there is no Chromium here; install it: sudo apt install chromium "
        "(on Raspberry Pi OS bookworm: chromium-browser)"
    )


def command(start: Start) -> list[str]:
    """Make the command line."""
    flags = [*_ALWAYS, *(_SMALL if start.little_memory else ())]
    if not start.camera:
        flags += _NOTHING_ASKED
    if start.wayland:
        flags.append("--ozone-platform=wayland")
    if _asks_about_memory(start.program):
        flags.append("--no-memcheck")
    # Chromium takes only the last list of features, so the owner's is joined with ours.
    off = [*_NO_FEATURES, *(_NO_FEATURES_SMALL if start.little_memory else ())]
    for flag in start.flags:
        if flag.startswith(_FEATURES_FLAG):
            off.append(flag.removeprefix(_FEATURES_FLAG))
        else:
            flags.append(flag)
    return [
        str(start.program),
        f"--user-data-dir={start.profile}",
        *flags,
        _FEATURES_FLAG + ",".join(off),
        start.url,
    ]


def environment(start: Start, environ: Mapping[str, str]) -> dict[str, str]:
    """Make its environment: its crash reports go into the profile (there is no flag for none).

    Args:
        start: what it is started with.
        environ: the rest.
    """
    return {**environ, "BREAKPAD_DUMP_LOCATION": str(start.profile / _CRASHES)}


def first_address(folder: Path, address: str, *, secret: bool) -> str:
    """What Chromium opens first: where that is secret, a file that leads there.

    Args:
        folder: for that file; nobody else can read it.
        address: of the exhibit.
        secret: whether a token stands in it: all can read commands.

    Raises:
        KioskError: the file can't be written: the disk is full, for example.
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
            f"{page}, which lets the kiosk in, can't be written: {error.strerror or error}; make "
            "room on its disk"
        ) from error
    return page.as_uri()


def prepare(profile: Path, base: str, allow: Sequence[str]) -> None:
    """Make a profile ready for a new start; what may be shown, `chromium_policy` says."""
    tidy(profile)


def tidy(profile: Path) -> None:
    """Make a profile forget how Chromium's last run ended.

    Only while no Chromium uses it.

    Args:
        profile: its folder; one that isn't there needs nothing.
    """
    # A page that crashes again and again would fill the card within weeks.
    shutil.rmtree(profile / _CRASHES, ignore_errors=True)
    # A lock that a crash left names the machine: after its renaming Chromium would refuse to start.
    for lock in profile.glob("Singleton*"):
        lock.unlink(missing_ok=True)
    preferences = profile / "Default" / "Preferences"
    try:
        values = json.loads(preferences.read_bytes())
        values.setdefault("profile", {}).update(exit_type="Normal", exited_cleanly=True)
        # What a visitor has enlarged with Ctrl and the wheel.
        values.get("partition", {}).pop("per_host_zoom_levels", None)
    except FileNotFoundError:
        return
    except (ValueError, AttributeError, TypeError, RecursionError):  # cut off by a power failure
        preferences.unlink()  # Chromium makes new ones
        return
    preferences.write_text(json.dumps(values))


def _asks_about_memory(browser: Path) -> bool:
    """Whether it is Raspberry Pi's script, which stops at a warning where there is under 1 GB."""
    with browser.open("rb") as file:
        start = file.read(65_536)
    return start.startswith(b"#!") and b"memcheck" in start
