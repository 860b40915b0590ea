"""The browsers that a kiosk can use, and how much memory counts as little. Only facts.

The command line, the doctor, the installation and the launcher use this module. `chromium` and
`cog` know how to start each browser. Pure; any thread.
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
        name: its name on the command line.
        programs: the names of its program; the first one found on the path is used.
        packages: the Debian packages that contain it.
    """

    name: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]


CHROMIUM = Browser(
    "chromium",
    ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"),
    ("chromium", "chromium-sandbox"),  # apt only recommends the sandbox, but Chromium needs it
)
COG = Browser("cog", ("cog",), ("cog",))

BROWSERS: Mapping[str, Browser] = {browser.name: browser for browser in (CHROMIUM, COG)}
DEFAULT_BROWSER = CHROMIUM


def has_little_memory(memory_bytes: int) -> bool:
    """Whether a machine has as little memory as a Pi Zero 2 W. There, cog is the better choice.

    A Pi with 512 MB reports about 420 MB, and a Pi with 1 GB about 900 MB.
    """
    return memory_bytes < _LITTLE_BYTES


def fitting(*, little_memory: bool) -> tuple[Browser, ...]:
    """List the browsers for a machine, the best one first."""
    return (COG, CHROMIUM) if little_memory else (CHROMIUM, COG)


def named_in(command: str) -> Browser:
    """Find the browser in a kiosk's command line; the default if it names no known browser.

    Args:
        command: the command line, as a unit contains it or systemd shows it.
    """
    found = _OPTION.search(command)
    return BROWSERS.get(found[2], DEFAULT_BROWSER) if found else DEFAULT_BROWSER


def with_browser(command: str, browser: Browser) -> str:
    """Put a browser into a kiosk's command line; a command without ``--browser`` stays as it is."""
    return _OPTION.sub(rf"\g<1>{browser.name}", command)
