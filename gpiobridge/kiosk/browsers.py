"""Which browsers a kiosk can show pages with, and what little memory is: the facts alone.

The command line, the doctor and the installation ask here as the launcher does; how each browser is
started, `chromium` and `cog` know. Pure; any thread.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LITTLE_BYTES = 700 * 1024**2
_OPTION = re.compile(r"( --browser[ =])([^\s;]+)")


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser.

    Args:
        name: what the command line calls it.
        programs: names of its program on the path, the first one that is there is taken.
        packages: those of Debian that bring it.
    """

    name: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]


CHROMIUM = Browser(
    "chromium",
    ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"),
    ("chromium", "chromium-sandbox"),  # only recommended by the other one, and as necessary
)
COG = Browser("cog", ("cog",), ("cog",))

BROWSERS: Mapping[str, Browser] = {browser.name: browser for browser in (CHROMIUM, COG)}
DEFAULT_BROWSER = CHROMIUM


def has_little_memory(memory_bytes: int) -> bool:
    """Whether a machine has as little memory as a Pi Zero 2 W, for which cog is the better one.

    A Pi with 512 MB reports some 420 of them, one with 1 GB some 900.
    """
    return memory_bytes < _LITTLE_BYTES


def fitting(*, little_memory: bool) -> tuple[Browser, ...]:
    """List the browsers for a machine, the one that fits it best first."""
    return (COG, CHROMIUM) if little_memory else (CHROMIUM, COG)


def named_in(command: str) -> Browser:
    """Find the browser that a command of the kiosk names; the default if it names none we know.

    Args:
        command: as a unit has it, or as systemd shows it.
    """
    found = _OPTION.search(command)
    return BROWSERS.get(found[2], DEFAULT_BROWSER) if found else DEFAULT_BROWSER


def with_browser(command: str, browser: Browser) -> str:
    """Write a command of the kiosk for a browser; one that names none has no choice, and stays."""
    return _OPTION.sub(rf"\g<1>{browser.name}", command)
